"""The auditor's own fold of who held which key, against a log in which keys were turned and revoked."""

from __future__ import annotations

import pytest

from ledger.errors import Forbidden, LedgerError, Untrusted
from ledger.keys import new_signing_key
from ledger.proof.logentry import LogEntry
from ops.auditing.speakers import Speakers
from schemas.base import format_instant
from schemas.statements.actor import ActorKeyRevoked, ActorKeyRotated
from schemas.statements.brief import BriefDrafted
from tests.house_of import House, spki


def entries(house: House) -> list[LogEntry]:
    return [LogEntry.parse(one.index, one.entry) for one in house.ledger.store.read_entries()]


def judged(found: list[LogEntry]) -> dict[int, str]:
    """Why each entry is not believed, by index."""
    speakers, faults = Speakers(), {}
    for entry in found:
        try:
            speakers.judge(entry)
        except LedgerError as error:
            faults[entry.index] = error.code
        speakers.take(entry)
    return faults


def rotate(house: House) -> None:
    old, new = house.keys["mara"], new_signing_key()
    house.say_as("mara", ActorKeyRotated(actor="mara", old_keyid=old.keyid, spki=spki(new)))
    house.keys["mara"] = new


def revoke(house: House, actor: str) -> None:
    body = {
        "actor": actor,
        "keyid": house.keys[actor].keyid,
        "effective_at": format_instant(house.now()),
        "reason": "laptop lost on a train",
    }
    house.say_as("operator", ActorKeyRevoked.model_validate(body))


def test_everything_that_the_door_accepted_is_believed(house: House) -> None:
    house.clip()
    rotate(house)
    house.brief()
    revoke(house, "paul")
    house.ledger.say(BriefDrafted.example(), actor="mara", method="token")
    assert judged(entries(house)) == {}


def test_a_key_does_not_speak_before_it_was_enrolled_nor_after_it_ended(house: House) -> None:
    house.brief()
    rotate(house)
    early, late = entries(house), house.size
    draft = next(entry for entry in early if entry.type == "brief.drafted.v1")
    assert judged([*early, LogEntry(late, draft.envelope, house.now(), draft.statement)]) == {late: "key_revoked"}
    opening, *rest = early
    moved = LogEntry(1, draft.envelope, draft.recorded_at, draft.statement)
    assert judged([opening, moved, *rest])[1] == "signature_unknown_key"


def test_a_statement_that_its_actor_may_not_say_is_not_believed(house: House) -> None:
    house.brief()
    found = entries(house)
    draft = next(entry for entry in found if entry.type == "brief.drafted.v1")
    speakers = Speakers()
    for entry in found:
        speakers.take(entry)
    speakers.judge(draft)
    speakers.roles["mara"] = frozenset({"finance"})
    with pytest.raises(Forbidden, match="role_not_permitted"):
        speakers.judge(draft)


def test_somebody_elses_key_is_not_the_actors(house: House) -> None:
    house.brief()
    found = entries(house)
    draft = next(entry for entry in found if entry.type == "brief.drafted.v1")
    stolen = LogEntry(draft.index, draft.envelope, draft.recorded_at, {**draft.statement, "actor": "paul"})
    speakers = Speakers()
    for entry in found:
        speakers.take(entry)
    with pytest.raises(Untrusted, match="signature_unknown_key"):
        speakers.judge(stolen)
