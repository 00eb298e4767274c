"""Consent: asked for, given by the person's own key to that or less, and ended by them, by others or by time (S4)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ledger.rules.consents import SIGNED_IN, consent_state
from schemas.statements.consent import (
    ConsentExpired,
    ConsentGranted,
    ConsentRefused,
    ConsentRequested,
    ConsentRevoked,
    ConsentWithdrawn,
)
from tests.house_of import CONSENT, House, raises_code

UNTIL = datetime(2026, 12, 1, tzinfo=UTC)
MICRO = timedelta(microseconds=1)


def state(house: House, consent: str, at: datetime | None = None) -> str:
    return consent_state(house.ledger.history(), consent, at or house.now()).state


def grant(house: House, consent: str, /, **changes: Any) -> ConsentGranted:
    return ConsentGranted.model_validate({**house.requested(consent).as_json(), **changes})


def ended(house: House, consent: str, kind: type, **changes: Any) -> Any:
    person = house.requested(consent).person
    return kind.model_validate({"consent": consent, "person": person, "reason": "changed my mind", **changes})


def expiry(house: House, consent: str, at: str = "2026-12-01T00:00:00Z") -> ConsentExpired:
    return ConsentExpired.model_validate(
        {"consent": consent, "person": house.requested(consent).person, "expired_at": at}
    )


def codes(error: Any) -> list[str]:
    return [reason.code for reason in error.reasons]


# -- by time -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(2026, 9, 30, 23, 59, 59, 999999, tzinfo=UTC), "not_yet"),
        (datetime(2026, 10, 1, tzinfo=UTC), "given"),
        (UNTIL - MICRO, "given"),
        (UNTIL, "expired"),
        (UNTIL + MICRO, "expired"),
    ],
)
def test_the_window_begins_with_its_first_instant_and_ends_before_its_last(
    house: House, at: datetime, expected: str
) -> None:
    assert state(house, house.consent(), at) == expected


def test_a_consent_that_nobody_asked_for_is_unknown(house: House) -> None:
    assert state(house, house.new_id()) == "unknown"


def test_a_request_alone_gives_nothing(house: House) -> None:
    assert state(house, house.consent(granted=False)) == "requested"


def test_expiry_is_recorded_at_the_instant_and_not_before(house: House) -> None:
    consent = house.consent()
    house.move_to(UNTIL - 10 * MICRO)
    raises_code("expiry_not_due", lambda: house.ledger.say(expiry(house, consent)))
    house.move_to(UNTIL)
    house.ledger.say(expiry(house, consent))
    assert state(house, consent) == "expired"


def test_expiry_is_recorded_once(house: House) -> None:
    consent = house.consent()
    house.move_to(UNTIL)
    house.ledger.say(expiry(house, consent))
    raises_code("expiry_not_due", lambda: house.ledger.say(expiry(house, consent)))


def test_an_expiry_bears_the_grants_own_end(house: House) -> None:
    consent = house.consent()
    house.move_to(UNTIL + timedelta(days=3))
    raises_code("expiry_misdated", lambda: house.ledger.say(expiry(house, consent, "2026-12-01T00:00:00.000001Z")))


def test_what_was_never_given_does_not_expire(house: House) -> None:
    consent = house.consent(granted=False)
    house.move_to(UNTIL)
    raises_code("expiry_not_due", lambda: house.ledger.say(expiry(house, consent)))


@pytest.mark.parametrize(("actor", "kind"), [("ines", ConsentWithdrawn), ("lena", ConsentRevoked)])
def test_what_was_taken_back_does_not_expire(house: House, actor: str, kind: type) -> None:
    consent = house.consent()
    house.say_as(actor, ended(house, consent, kind))
    house.move_to(UNTIL)
    raises_code("expiry_not_due", lambda: house.ledger.say(expiry(house, consent)))
    assert state(house, consent) == ("withdrawn" if kind is ConsentWithdrawn else "revoked")


# -- asking --------------------------------------------------------------------------------------------------------


def test_a_consent_is_asked_for_once(house: House) -> None:
    consent = house.consent(granted=False)
    raises_code("consent_known", lambda: house.say_as("mara", house.requested(consent)))


def test_a_request_names_somebody_registered(house: House) -> None:
    raises_code("person_unknown", lambda: house.consent(person="p-nobody"))


def test_a_window_that_has_passed_is_not_asked_for(house: House) -> None:
    person = house.person()
    house.move_to(UNTIL)
    raises_code("window_passed", lambda: house.consent(person=person))


# -- giving --------------------------------------------------------------------------------------------------------


def test_less_than_was_asked_for_may_be_given(house: House) -> None:
    consent = house.consent(granted=False)
    house.say_as("ines", grant(house, consent, territories=["FR"], valid_until="2026-11-01T00:00:00Z"))
    assert state(house, consent, datetime(2026, 11, 1, tzinfo=UTC)) == "expired"


def test_one_country_may_be_given_where_the_world_was_asked_for(house: House) -> None:
    consent = house.consent(granted=False, territories=["WORLD"])
    house.say_as("ines", grant(house, consent, territories=["PT"]))


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({"uses": ["advertising", "training"]}, ["uses_beyond_request"]),
        ({"channels": ["cinema"]}, ["channels_beyond_request"]),
        ({"territories": ["DE", "US"]}, ["territories_beyond_request"]),
        ({"territories": ["WORLD"]}, ["territories_beyond_request"]),
        ({"media": ["video", "audio"]}, ["media_beyond_request"]),
        ({"valid_from": "2026-09-30T23:59:59.999999Z"}, ["window_beyond_request"]),
        ({"valid_until": "2026-12-01T00:00:00.000001Z"}, ["window_beyond_request"]),
        ({"specific_description": CONSENT["specific_description"] + " Or more."}, ["description_differs"]),
        (
            {
                "uses": ["training"],
                "channels": ["cinema"],
                "territories": ["US"],
                "media": ["audio"],
                "valid_until": "2027-01-01T00:00:00Z",
                "specific_description": "Anything at all, in any way that anybody ever thinks of.",
            },
            [
                "uses_beyond_request",
                "channels_beyond_request",
                "territories_beyond_request",
                "media_beyond_request",
                "window_beyond_request",
                "description_differs",
            ],
        ),
    ],
)
def test_a_grant_beyond_the_request_is_refused_with_every_reason(
    house: House, changes: dict[str, Any], reasons: list[str]
) -> None:
    consent = house.consent(granted=False)
    request_index = house.size - 1
    error = raises_code(reasons[0], lambda: house.say_as("ines", grant(house, consent, **changes)))
    assert codes(error) == reasons
    assert {reason.entry_index for reason in error.reasons} == {request_index}
    assert state(house, consent) == "requested"


def test_a_grant_for_somebody_else_is_refused(house: House) -> None:
    consent, other = house.consent(granted=False), house.person()
    error = raises_code("person_mismatch", lambda: house.say_as("ines", grant(house, consent, person=other)))
    assert codes(error) == ["person_mismatch"]


def test_only_the_person_gives_it(house: House) -> None:
    house.enrol("joao", "talent")
    consent = house.consent(granted=False)
    raises_code("not_the_person", lambda: house.say_as("joao", grant(house, consent)))


def test_only_the_persons_own_key_gives_it(house: House) -> None:
    consent = house.consent(granted=False)
    for speak in (
        lambda: house.ledger.say(grant(house, consent), actor="ines", method="token"),
        lambda: house.ledger.say(ended(house, consent, ConsentRefused), actor="ines", method="process"),
    ):
        raises_code("own_key_required", speak)
    assert state(house, consent) == "requested"


@pytest.mark.parametrize("method", sorted(SIGNED_IN))
def test_taking_back_needs_no_key_only_the_person_signed_in(house: House, method: str) -> None:
    consent = house.consent()
    house.enrol("joao", "talent")
    raises_code(
        "not_the_person", lambda: house.ledger.say(ended(house, consent, ConsentWithdrawn), actor="joao", method=method)
    )
    house.ledger.say(ended(house, consent, ConsentWithdrawn), actor="ines", method=method)
    assert state(house, consent) == "withdrawn"


def test_a_process_takes_nothing_back_for_anybody(house: House) -> None:
    consent = house.consent()
    for method in ("process", "local", "token"):
        body = ended(house, consent, ConsentWithdrawn)
        raises_code("own_key_required", lambda b=body, m=method: house.ledger.say(b, actor="ines", method=m))
    assert state(house, consent) == "given"


def test_what_was_never_asked_for_is_not_given(house: House) -> None:
    other = house.consent(granted=False)
    body = grant(house, other, consent=house.new_id())
    raises_code("consent_not_requested", lambda: house.say_as("ines", body))


def test_it_is_given_once(house: House) -> None:
    consent = house.consent()
    raises_code("consent_not_requested", lambda: house.say_as("ines", grant(house, consent)))


@pytest.mark.parametrize(("actor", "kind"), [("ines", ConsentWithdrawn), ("lena", ConsentRevoked)])
def test_what_was_taken_back_is_not_given_again(house: House, actor: str, kind: type) -> None:
    consent = house.consent()
    house.say_as(actor, ended(house, consent, kind))
    raises_code("consent_not_requested", lambda: house.say_as("ines", grant(house, consent)))


# -- ending --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("actor", "kind", "expected"),
    [
        ("ines", ConsentWithdrawn, "withdrawn"),
        ("lena", ConsentRevoked, "revoked"),
        ("ivy", ConsentRevoked, "revoked"),
    ],
)
@pytest.mark.parametrize("begins", ["2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"])
def test_a_given_consent_ends_by_the_person_or_by_legal_also_before_it_begins(
    house: House, actor: str, kind: type, expected: str, begins: str
) -> None:
    consent = house.consent(valid_from=begins)
    house.say_as(actor, ended(house, consent, kind))
    assert state(house, consent) == expected
    for other, again in (("ines", ConsentWithdrawn), ("lena", ConsentRevoked)):
        raises_code("consent_not_open", lambda o=other, a=again: house.say_as(o, ended(house, consent, a)))


def test_a_request_is_refused_and_then_closed(house: House) -> None:
    consent = house.consent(granted=False)
    house.say_as("ines", ended(house, consent, ConsentRefused))
    assert state(house, consent) == "refused"
    raises_code("consent_not_requested", lambda: house.say_as("ines", grant(house, consent)))
    raises_code("consent_not_open", lambda: house.say_as("ines", ended(house, consent, ConsentRefused)))


@pytest.mark.parametrize(("actor", "kind"), [("ines", ConsentWithdrawn), ("lena", ConsentRevoked)])
def test_an_open_request_is_not_ended_but_refused(house: House, actor: str, kind: type) -> None:
    consent = house.consent(granted=False)
    raises_code("consent_not_open", lambda: house.say_as(actor, ended(house, consent, kind)))


def test_a_given_consent_is_not_refused_any_more(house: House) -> None:
    consent = house.consent()
    raises_code("consent_not_open", lambda: house.say_as("ines", ended(house, consent, ConsentRefused)))


def test_an_expired_consent_has_nothing_to_withdraw(house: House) -> None:
    consent = house.consent()
    house.move_to(UNTIL)
    raises_code("consent_not_open", lambda: house.say_as("ines", ended(house, consent, ConsentWithdrawn)))


@pytest.mark.parametrize(("actor", "kind"), [("ines", ConsentWithdrawn), ("lena", ConsentRevoked)])
def test_nobodys_consent_is_ended_under_another_name(house: House, actor: str, kind: type) -> None:
    consent, other = house.consent(), house.person()
    raises_code("person_mismatch", lambda: house.say_as(actor, ended(house, consent, kind, person=other)))
    assert state(house, consent) == "given"


def test_a_person_is_registered_once_and_spoken_for_by_talent(house: House) -> None:
    person = house.person()
    raises_code("person_known", lambda: house.person(name=person))
    raises_code("speaker_not_talent", lambda: house.person(speaks_as="mara"))
    raises_code("speaker_not_talent", lambda: house.person(speaks_as="nobody"))


def test_a_person_without_a_name_is_nobody(house: House) -> None:
    from schemas.statements.person import PersonRegistered

    body = PersonRegistered.model_validate({"person": "p-1", "person_class": "performer", "speaks_as": "ines"})
    raises_code("name_missing", lambda: house.say_as("ivy", body))
    raises_code(
        "name_missing",
        lambda: house.say_as("ivy", body, sealed={"/body/contact": "ines@talent.example"}, subject="p-1"),
    )


def test_a_request_for_a_body_that_no_person_can_read_is_no_request(house: House) -> None:
    scope = {**CONSENT, "consent": house.new_id(), "person": "p-1", "specific_description": "anything"}
    with pytest.raises(ValueError, match="specific_description"):
        ConsentRequested.model_validate(scope)
