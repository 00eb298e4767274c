"""What becomes of a given consent, and the person's yes to a cut: who may, of what, when (SPEC S4.10 to S4.16)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ledger.rules.consents import consent_at, consent_state
from schemas.base import Body
from schemas.statements.consent import ConsentExpired, ConsentInvalidated, ConsentWithdrawn
from schemas.statements.consent_changes import (
    ConsentCutApproved,
    ConsentNarrowed,
    ConsentRenewed,
    ConsentResumed,
    ConsentSuspended,
)
from tests.house_of import House, digest, raises_code

UNTIL = datetime(2026, 12, 1, tzinfo=UTC)
LATER = datetime(2027, 2, 1, tzinfo=UTC)


def about(house: House, consent: str, kind: type[Body], **words: Any) -> Any:
    return kind.model_validate({"consent": consent, "person": house.requested(consent).person, **words})


def renewal(house: House, consent: str, since: datetime = UNTIL, until: datetime = LATER, **words: Any) -> Any:
    return about(house, consent, ConsentRenewed, valid_from=since, valid_until=until, **words)


def withdrawal(house: House, consent: str) -> Any:
    return about(house, consent, ConsentWithdrawn, reason="changed my mind")


def suspension(house: House, consent: str, cause: str = "dispute", number: str | None = None) -> Any:
    return about(
        house, consent, ConsentSuspended, suspension=number or house.new_id(), cause=cause, reason="looked into"
    )


def state(house: House, consent: str, at: datetime | None = None) -> str:
    return consent_state(house.ledger.history(), consent, at or house.now()).state


# -- renewing ------------------------------------------------------------------------------------------------------


def test_a_renewal_adds_a_term_and_nothing_else(house: House) -> None:
    consent = house.consent()
    house.say_as("ines", renewal(house, consent))
    found = consent_state(house.ledger.history(), consent, UNTIL)
    assert (found.state, found.valid_until, found.left("uses")) == ("renewed", LATER, ("advertising",))
    assert found.covers_window(datetime(2026, 11, 1, tzinfo=UTC), LATER)
    assert not found.covers_window(datetime(2026, 11, 1, tzinfo=UTC), LATER + timedelta(microseconds=1))


def test_terms_with_a_gap_between_them_do_not_cover_it(house: House) -> None:
    consent = house.consent()
    house.say_as("ines", renewal(house, consent, UNTIL + timedelta(microseconds=1)))
    found = consent_state(house.ledger.history(), consent, UNTIL)
    assert found.state == "not_yet" and not found.covers_window(UNTIL - timedelta(days=1), LATER)


def test_a_renewed_consent_expires_at_its_new_end(house: House) -> None:
    consent = house.consent()
    person = house.requested(consent).person
    house.say_as("ines", renewal(house, consent))
    house.move_to(UNTIL)
    expired = ConsentExpired(consent=consent, person=person, expired_at=UNTIL)
    raises_code("expiry_not_due", lambda: house.ledger.say(expired))
    house.move_to(LATER)
    raises_code("expiry_misdated", lambda: house.ledger.say(expired))
    house.ledger.say(ConsentExpired(consent=consent, person=person, expired_at=LATER))
    assert state(house, consent) == "expired"


def test_a_renewal_is_the_persons_own_word(house: House) -> None:
    consent = house.consent()
    house.enrol("joao", "talent")
    raises_code("not_the_person", lambda: house.say_as("joao", renewal(house, consent)))
    raises_code("own_key_required", lambda: house.ledger.say(renewal(house, consent), actor="ines", method="token"))
    house.say_as("ivy", renewal(house, consent, document={"sha256": "dd" * 32, "witnessed_by": "rob"}))


def test_a_renewal_reaches_further_and_not_back(house: House) -> None:
    consent = house.consent()
    raises_code(
        "renewal_adds_nothing",
        lambda: house.say_as("ines", renewal(house, consent, until=UNTIL, since=UNTIL - timedelta(days=9))),
    )
    house.move_to(datetime(2026, 12, 10, tzinfo=UTC))
    raises_code("renewal_backdated", lambda: house.say_as("ines", renewal(house, consent)))
    house.say_as("ines", renewal(house, consent, since=datetime(2026, 12, 10, tzinfo=UTC)))
    assert state(house, consent) == "renewed"


def test_what_was_taken_back_or_never_given_is_not_renewed(house: House) -> None:
    withdrawn, asked = house.consent(), house.consent(granted=False)
    house.say_as("ines", withdrawal(house, withdrawn))
    for consent in (withdrawn, asked):
        raises_code("consent_not_renewable", lambda c=consent: house.say_as("ines", renewal(house, c)))


def test_a_renewal_meets_todays_rules(house: House) -> None:
    consent = house.consent()
    error = raises_code(
        "term_too_long", lambda: house.say_as("ines", renewal(house, consent, until=UNTIL.replace(year=2037)))
    )
    assert "[house 2026.11 term;" in error.reasons[0].detail  # fmt: skip


# -- narrowing -----------------------------------------------------------------------------------------------------


def test_a_part_is_taken_back_for_good(house: House) -> None:
    consent = house.consent(uses=["advertising", "editorial"])
    narrow = about(house, consent, ConsentNarrowed, uses=["editorial"], territories=["FR"], reason="less")
    house.say_as("ines", narrow)
    found = consent_state(house.ledger.history(), consent, house.now())
    assert (found.left("uses"), found.left("territories")) == (("advertising",), ("DE",))
    error = raises_code("narrowing_not_agreed", lambda: house.say_as("ines", narrow))
    assert len(error.reasons) == 2


def test_nothing_is_left_only_by_withdrawing(house: House) -> None:
    consent = house.consent()
    body = about(house, consent, ConsentNarrowed, territories=["DE", "FR"], uses=["advertising"], reason="all")
    error = raises_code("narrowing_leaves_nothing", lambda: house.say_as("ines", body))
    assert len(error.reasons) == 2
    raises_code(
        "narrowing_not_agreed",
        lambda: house.say_as("ines", about(house, consent, ConsentNarrowed, training_use=True, reason="no")),
    )


def test_only_the_person_narrows_and_only_what_is_open(house: House) -> None:
    consent = house.consent()
    body = about(house, consent, ConsentNarrowed, territories=["FR"], reason="less")
    house.enrol("joao", "talent")
    raises_code("not_the_person", lambda: house.say_as("joao", body))
    house.say_as("ines", withdrawal(house, consent))
    raises_code("consent_not_open", lambda: house.say_as("ines", body))


def test_training_is_taken_back_alone(house: House) -> None:
    consent = house.consent(training_use=True)
    house.say_as("ines", about(house, consent, ConsentNarrowed, training_use=True, reason="no training"))
    assert not consent_state(house.ledger.history(), consent, house.now()).training_use
    assert state(house, consent) == "given"


# -- suspending ----------------------------------------------------------------------------------------------------


def test_each_lifts_their_own_suspension(house: House) -> None:
    consent, mine, theirs = house.consent(), house.new_id(), house.new_id()
    house.say_as("ines", suspension(house, consent, "by-person", mine))
    house.say_as("ivy", suspension(house, consent, "investigation", theirs))
    assert state(house, consent) == "suspended"
    lift = {number: about(house, consent, ConsentResumed, suspension=number, reason="ok") for number in (mine, theirs)}
    raises_code("not_the_person", lambda: house.say_as("lena", lift[mine]))
    raises_code("resumption_not_yours", lambda: house.say_as("ines", lift[theirs]))
    house.say_as("ines", lift[mine])
    assert state(house, consent) == "suspended"
    house.say_as("lena", lift[theirs])
    assert state(house, consent) == "given"
    raises_code("suspension_unknown", lambda: house.say_as("lena", lift[theirs]))


def test_a_suspension_has_a_number_of_its_own_and_a_cause_of_ones_own(house: House) -> None:
    consent, number = house.consent(), house.new_id()
    house.say_as("lena", suspension(house, consent, "dispute", number))
    raises_code("suspension_known", lambda: house.say_as("lena", suspension(house, consent, "dispute", number)))
    raises_code("suspension_not_yours", lambda: house.say_as("ines", suspension(house, consent, "dispute")))
    raises_code("not_the_person", lambda: house.say_as("lena", suspension(house, consent, "by-person")))


def test_a_suspended_consent_makes_nothing_and_clears_nothing(house: House) -> None:
    asset, consent = house.clip()
    house.say_as("lena", suspension(house, consent))
    raises_code("consent_suspended", lambda: house.generation(consents=[consent]))
    assert "consent_suspended" in [rule.code for rule in house.decision(asset).against]
    house.say_as("ines", withdrawal(house, consent))
    assert state(house, consent) == "withdrawn"


# -- never valid ---------------------------------------------------------------------------------------------------


def test_only_an_invalidation_reaches_back(house: House) -> None:
    consent = house.consent()
    before = house.now()
    house.say_as("ines", withdrawal(house, consent))
    history = house.ledger.history()
    assert consent_at(history, consent, before).state == "given"
    body = about(house, consent, ConsentInvalidated, cause="forged", reason="not her key")
    house.say_as("lena", body)
    history = house.ledger.history()
    assert consent_at(history, consent, before).state == "invalidated"
    assert consent_at(house.ledger.history(as_of=before), consent, before).state == "given"
    raises_code("consent_not_open", lambda: house.say_as("lena", body))


@pytest.mark.parametrize("granted", [True, False])
def test_what_was_never_given_is_not_found_invalid(house: House, granted: bool) -> None:
    consent = house.consent(granted=granted)
    body = about(house, consent, ConsentInvalidated, cause="coerced", reason="she says so")
    if granted:
        house.say_as("lena", body)
        assert state(house, consent) == "invalidated"
    else:
        raises_code("consent_not_open", lambda: house.say_as("lena", body))


# -- the cut -------------------------------------------------------------------------------------------------------


def test_a_cut_that_the_person_kept_for_themselves_needs_their_yes(house: House) -> None:
    asset, consent = house.clip([house.consent(final_approval=True)])
    assert [rule.code for rule in house.decision(asset).against] == ["cut_not_approved"]
    raises_code(
        "asset_unknown", lambda: house.say_as("ines", about(house, consent, ConsentCutApproved, asset=digest()))
    )
    house.say_as("ines", about(house, consent, ConsentCutApproved, asset=asset))
    assert house.decision(asset).allowed
    raises_code(
        "cut_approved_already", lambda: house.say_as("ines", about(house, consent, ConsentCutApproved, asset=asset))
    )
    other = house.approved(house.examined(house.derived(asset)), ("rights",))
    assert "cut_not_approved" in [rule.code for rule in house.decision(other).against]


def test_a_file_of_a_medium_that_was_not_agreed_to_is_not_used(house: House) -> None:
    asset, consent = house.clip([house.consent(media=["video", "still"])])
    house.say_as("ines", about(house, consent, ConsentNarrowed, media=["video"], reason="stills only"))
    assert [rule.code for rule in house.decision(asset).against] == ["medium_out_of_scope"]
    raises_code("consent_medium", lambda: house.generation(consents=[consent]))


def test_what_the_file_is_follows_from_its_examination_and_not_from_what_was_said_when_it_came(house: House) -> None:
    consent = house.consent(media=["video"])
    asset = house.asset(house.generation(consents=[consent]))  # said to be video/mp4
    row = next(rule for rule in house.decision(asset).weighed if rule.rule == "consent_medium")
    assert (row.outcome, row.code) == ("not_checked", "medium_unknown")
    house.approved(house.examined(asset, medium="audio"))
    assert [rule.code for rule in house.decision(asset).against] == ["medium_out_of_scope"]
    house.examined(asset)
    assert house.decision(asset).allowed
