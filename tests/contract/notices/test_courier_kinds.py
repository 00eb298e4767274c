"""Every kind of notice travels alike: what it is about, what it asks and by when, signed and recorded once."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from projections.cascade import run_expiry
from schemas.base import format_instant
from schemas.statements.consent_changes import ConsentResumed, ConsentSuspended
from schemas.statements.contract import ContractTermRecorded
from tests.contract.notices.conftest import Desk
from tests.rights_of import HOLDER, TERMS, licence, right, used

SOURCE = {"system": "contracts", "ref": "C-7", "revision": "1"}


def sent(desk: Desk) -> list[dict[str, Any]]:
    """What a round of the cascade and one of the courier bring to the endpoint."""
    before = len(desk.endpoint.got)
    run_expiry(desk.house.ledger, desk.views, desk.house.now())
    desk.courier.run_once()
    assert desk.courier.run_once().as_json()["delivered"] == 0
    return [json.loads(body) for _, body in desk.endpoint.got[before:]]


def cleared(desk: Desk, **question: Any) -> str:
    verdict = desk.house.verdict(desk.house.decision(desk.asset, **question)).model_copy(update={"asked_by": "pia"})
    desk.house.ledger.say(verdict)
    return verdict.clearance


def test_a_pause_and_its_end_arrive_as_two_events(desk: Desk) -> None:
    person = desk.house.granted(desk.consent).person
    words = {"consent": desk.consent, "person": person, "suspension": desk.house.new_id(), "reason": "a question"}
    desk.house.say_as("lena", ConsentSuspended.model_validate({**words, "cause": "dispute"}))
    (pause,) = sent(desk)
    lifted = desk.house.say_as("lena", ConsentResumed.model_validate(words)).index
    (resumed,) = sent(desk)
    assert [one["type"] for one in (pause, resumed)] == [
        "countersign.notice.suspended.v1",
        "countersign.notice.resumed.v1",
    ]
    assert (pause["data"]["outcome"], pause["data"]["due_at"] is None) == ("pause", False)
    assert (resumed["data"]["about_entry"], resumed["data"]["outcome"], resumed["data"]["due_at"]) == (
        lifted,
        None,
        None,
    )
    assert person not in json.dumps([pause, resumed])


def test_a_changed_contract_arrives_about_the_licence(desk: Desk) -> None:
    of = right(desk.house)
    name = licence(desk.house, of, source=SOURCE, at_end={"outcome": "archive-only"})
    used(desk.house, desk.asset, of, name)
    lost = cleared(desk, territory="FR")
    terms = {**TERMS, "territories": ["DE"]}
    shape = {"source": {**SOURCE, "revision": "2"}, "terms": terms, "content_sha256": "bb" * 32}
    desk.house.ledger.say(ContractTermRecorded.model_validate(shape))
    (event,) = sent(desk)
    assert (event["type"], event["subject"]) == ("countersign.notice.contract-changed.v1", f"licence:{name}")
    assert (event["data"]["licence"], event["data"]["outcome"]) == (name, "archive-only")
    assert event["data"]["items"] == [{"asset": desk.asset, "clearance": lost}]


def test_a_right_that_ran_out_arrives_about_the_right(desk: Desk) -> None:
    end = datetime.fromisoformat("2026-10-20T00:00:00Z")
    of = right(desk.house, valid_until=format_instant(end))
    used(desk.house, desk.asset, of, user=HOLDER)
    cleared(desk, valid_until=end)
    desk.house.move_to(end)
    (event,) = sent(desk)
    assert (event["subject"], event["data"]["right"]) == (f"right:{of}", of)
    assert (event["data"]["outcome"], event["data"]["due_at"]) == (
        "takedown",
        format_instant(end + timedelta(hours=48)),
    )
