"""A clearance is written only if the rules, weighed again at the door, say the same; and only a standing one counts."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from ledger.errors import Conflict, LedgerError, Refused
from ledger.history import History
from ledger.rules.clearances import standing
from ledger.rules.decision import decide
from ledger.rules.proposal import CLOCK_SKEW_MAX
from schemas.statements.clearance import ClearanceIssued, ClearanceRefused, ClearanceRevoked
from schemas.statements.consent import ConsentWithdrawn
from tests.house_of import House, raises_code


def withdrawal(house: House, consent: str) -> ConsentWithdrawn:
    return ConsentWithdrawn(consent=consent, person=house.granted(consent).person, reason="changed my mind")


def revocation(asset: str, clearance: str, consent: str | None = None, cause: str = "by-hand") -> ClearanceRevoked:
    return ClearanceRevoked.model_validate(
        {"clearance": clearance, "asset": asset, "cause": cause, "consent": consent, "detail": "no longer"}
    )


def test_a_yes_that_the_rules_do_not_give_is_refused_with_every_reason(house: House) -> None:
    asset, consent = house.clip()
    house.say_as("ines", withdrawal(house, consent))
    ended = house.size - 1
    body = house.verdict(house.decision(asset, territory="US", use="training"), kind=ClearanceIssued)
    error = raises_code("consent_withdrawn", lambda: house.ledger.say(body))
    assert [reason.code for reason in error.reasons] == [
        "consent_withdrawn",
        "use_out_of_scope",
        "territory_out_of_scope",
    ]
    assert error.reasons[0].entry_index == ended


def test_a_no_that_the_rules_do_not_give_is_refused(house: House) -> None:
    body = house.verdict(house.decision(house.clip()[0]), kind=ClearanceRefused)
    raises_code("refusal_unfounded", lambda: house.ledger.say(body))


def test_a_no_is_recorded_with_every_rule_that_was_weighed(house: House) -> None:
    decision = house.decision(house.clip()[0], territory="US")
    receipt = house.ledger.say(house.verdict(decision))
    (said,) = house.ledger.read(after=receipt.index)
    assert isinstance(said.body, ClearanceRefused) and said.body.weighed == decision.weighed


@pytest.mark.parametrize("spoil", ["drop", "detail", "entries", "consents", "order"])
@pytest.mark.parametrize("territory", ["DE", "US"])
def test_a_verdict_that_says_something_else_than_the_rules_is_refused(house: House, spoil: str, territory: str) -> None:
    asset, consent = house.clip()
    body = house.verdict(house.decision(asset, territory=territory))
    weighed: tuple[Any, ...] = body.weighed
    changes: dict[str, Any] = {
        "drop": {"weighed": weighed[1:]},
        "detail": {"weighed": (weighed[0].model_copy(update={"detail": "as I please"}), *weighed[1:])},
        "entries": {"weighed": (weighed[0].model_copy(update={"entries": ()}), *weighed[1:])},
        "consents": {"consents": (house.new_id(), consent)},
        "order": {"weighed": weighed[::-1]},
    }[spoil]
    raises_code("verdict_differs", lambda: house.ledger.say(body.model_copy(update=changes)))


def test_a_clearance_is_decided_once(house: House) -> None:
    asset, _ = house.clip()
    body = house.verdict(house.decision(asset))
    house.ledger.say(body)
    again = house.verdict(house.decision(asset)).model_copy(update={"clearance": body.clearance})
    raises_code("clearance_known", lambda: house.ledger.say(again))


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_verdict_from_another_hour_is_stale(house: House, sign: int) -> None:
    asset, _ = house.clip()
    at = house.now() + sign * (CLOCK_SKEW_MAX + timedelta(seconds=1))
    decision = decide(house.ledger.history(), house.question(asset), at)
    raises_code("decision_stale", lambda: house.ledger.say(house.verdict(decision)))


def test_only_the_service_answers(house: House) -> None:
    body = house.verdict(house.decision(house.clip()[0]))
    for actor in ("mara", "lena", "ivy", "pia"):
        raises_code("role_not_permitted", lambda a=actor: house.say_as(a, body))


# -- at the same instant -------------------------------------------------------------------------------------------


def test_a_withdrawal_between_the_weighing_and_the_writing_wins(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    asset, consent = house.clip()
    body = house.verdict(house.decision(asset))
    write = house.ledger._writer.write

    def withdraw_first(pending: Any) -> Any:
        monkeypatch.setattr(house.ledger._writer, "write", write)
        house.say_as("ines", withdrawal(house, consent))
        return write(pending)

    monkeypatch.setattr(house.ledger._writer, "write", withdraw_first)
    error = raises_code("boundary_moved", lambda: house.ledger.say(body))
    assert isinstance(error, Conflict)
    assert raises_code("consent_withdrawn", lambda: house.ledger.say(body)).reasons
    assert list(house.ledger.read(types=["clearance.issued.v1"])) == []


@pytest.mark.parametrize("round_", range(8))
def test_withdrawal_and_clearance_at_once_never_leave_a_clearance_after_the_withdrawal(
    house: House, round_: int
) -> None:
    asset, consent = house.clip()
    body, end, gate, outcomes = (
        house.verdict(house.decision(asset)),
        withdrawal(house, consent),
        threading.Barrier(2),
        [],
    )

    def run(say: Any) -> None:
        gate.wait(30)
        try:
            outcomes.append(say())
        except Refused as error:
            outcomes.append(error)

    threads = [
        threading.Thread(target=run, args=(lambda: house.ledger.say(body),)),
        threading.Thread(target=run, args=(lambda: house.say_as("ines", end),)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    order = [said.type for said in house.ledger.read(f"consent:{consent}")]
    assert "consent.withdrawn.v1" in order
    if "clearance.issued.v1" in order:
        assert order.index("clearance.issued.v1") < order.index("consent.withdrawn.v1")
    else:
        (refused,) = [one for one in outcomes if isinstance(one, LedgerError)]
        assert refused.code in ("boundary_moved", "consent_withdrawn")


def test_of_many_who_ask_for_one_thing_one_gets_it_and_a_retry_tells_the_others_why(house: House) -> None:
    drafted = house.say_as("mara", _draft(house))
    approval, actors, outcomes = house.approval(drafted), [f"eye-{n}" for n in range(6)], []
    for actor in actors:
        house.enrol(actor, "reviewer")
    gate = threading.Barrier(len(actors))

    def approve(actor: str) -> None:
        envelope, _ = house.signed(actor, approval)
        gate.wait(30)
        while True:
            try:
                outcomes.append(house.ledger.append(envelope).index)
                return
            except Conflict:
                continue
            except Refused as error:
                outcomes.append(error.code)
                return

    threads = [threading.Thread(target=approve, args=(actor,)) for actor in actors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, outcomes)) == sorted([str(drafted.index + 7), *["brief_approved_already"] * 5])


def _draft(house: House) -> Any:
    from schemas.statements.brief import BriefDrafted

    return BriefDrafted.example().model_copy(update={"brief": house.new_id()})


def test_statements_that_have_nothing_to_do_with_each_other_never_conflict(house: House) -> None:
    envelopes = [house.signed("mara", _draft(house))[0] for _ in range(40)]
    outcomes = house.ledger.append_many([(envelope, {}) for envelope in envelopes])
    assert not [one for one in outcomes if isinstance(one, LedgerError)]


# -- standing ------------------------------------------------------------------------------------------------------


def stands(house: House, asset: str, **overrides: Any) -> str:
    at = house.now()
    return standing(house.ledger.history(), house.question(asset, **overrides), at)[0].code


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({}, "clearance_in_force"),
        ({"valid_from": "2026-10-06T00:00:00Z", "valid_until": "2026-10-07T00:00:00Z"}, "clearance_in_force"),
        ({"valid_from": "2026-10-04T23:59:59.999999Z"}, "clearance_outside_window"),
        ({"valid_until": "2026-11-01T00:00:00.000001Z"}, "clearance_outside_window"),
        ({"territory": "FR"}, "clearance_missing"),
        ({"channel": "cinema"}, "clearance_missing"),
        ({"use": "training"}, "clearance_missing"),
    ],
)
def test_a_clearance_stands_for_exactly_what_was_asked(house: House, overrides: dict[str, str], expected: str) -> None:
    asset, _ = house.clip()
    house.cleared(asset)
    assert stands(house, asset, **overrides) == expected


def test_a_revoked_clearance_stands_no_more_and_a_newer_one_does(house: House) -> None:
    asset, _ = house.clip()
    first = house.cleared(asset)
    house.say_as("lena", revocation(asset, first))
    assert stands(house, asset) == "clearance_revoked"
    house.cleared(asset)
    assert stands(house, asset) == "clearance_in_force"


def test_a_clearance_is_revoked_once_and_only_if_it_was_issued(house: House) -> None:
    asset, _ = house.clip()
    first = house.cleared(asset)
    house.say_as("lena", revocation(asset, first))
    raises_code("clearance_revoked_already", lambda: house.ledger.say(revocation(asset, first)))
    with pytest.raises(Refused):
        house.ledger.say(revocation(asset, house.new_id()))


def test_a_revocation_for_an_ended_consent_needs_one_that_ended_and_was_relied_on(house: House) -> None:
    asset, consent = house.clip()
    clearance, other = house.cleared(asset), house.consent()
    cause = "consent-ended"
    raises_code("consent_not_ended", lambda: house.ledger.say(revocation(asset, clearance, consent, cause)))
    for wrong in (None, other):
        body = revocation(asset, clearance, wrong, cause)
        raises_code("revocation_without_consent", lambda b=body: house.ledger.say(b))
    house.say_as("ines", withdrawal(house, consent))
    house.ledger.say(revocation(asset, clearance, consent, cause))


def test_a_revocation_names_the_file_that_was_cleared(house: House) -> None:
    asset, _ = house.clip()
    clearance = house.cleared(asset)
    with pytest.raises(Refused):
        house.say_as("lena", revocation(house.asset(), clearance))
    assert stands(house, asset) == "clearance_in_force"


# -- the boundary --------------------------------------------------------------------------------------------------


def test_the_boundary_is_everything_that_was_asked(house: House) -> None:
    asset, consent = house.clip()
    history = house.ledger.history()
    assert isinstance(history, History)
    decide(history, house.question(asset), house.now())
    tags = {query.tags[0] for query in history.boundary}
    assert {f"asset:{asset}", f"consent:{consent}"} <= tags
    assert all(query.types and len(query.tags) == 1 for query in history.boundary)
