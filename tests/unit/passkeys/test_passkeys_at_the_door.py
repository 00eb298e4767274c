"""Passkeys at the door: who may add one, what it then says, and when it stops (SPEC S3.6, ADR 014)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from ledger.door import Receipt
from ledger.errors import Forbidden, Refused, Untrusted
from ledger.keys import signing_key
from ledger.proof.dsse import PAYLOAD_TYPE, Envelope, sign
from ledger.proof.encoding import base64_text
from ledger.proof.passkey import is_assertion
from ledger.rules import actors
from ledger.rules.actors import actor_state
from ledger.statement import finish_entry
from schemas.base import PAYLOAD_BYTES_MAX, Body
from schemas.statements.actor import ActorEnrolled, ActorKeyRevoked, ActorKeyRotated
from schemas.statements.brief import BriefDrafted
from schemas.statements.consent import ConsentGranted, ConsentWithdrawn
from schemas.statements.passkey import ActorAdmitted, ActorPasskeyAdded
from tests.authenticator_of import Authenticator
from tests.house_of import ADMIN, CONSENT, SERVICE, House, raises_code, spki


def with_passkey(house: House, actor: str, by: str = ADMIN) -> Authenticator:
    key = Authenticator()
    house.say_as(by, key.added(actor))
    return key


def say(house: House, actor: str, key: Authenticator, body: Body, **changes: Any) -> Receipt:
    draft = house.draft(actor, body)
    return house.ledger.append(key.envelope(draft.payload, **changes).to_bytes(), draft.openings)


def brief(house: House) -> BriefDrafted:
    return BriefDrafted.example().model_copy(update={"brief": house.new_id()})


def revoke(house: House, actor: str, keyid: str, **changes: Any) -> ActorKeyRevoked:
    body = {"actor": actor, "keyid": keyid, "effective_at": house.now(), "reason": "phone lost"}
    return ActorKeyRevoked.model_validate(body | changes)


# -- speaking -----------------------------------------------------------------------------------------------------


def test_a_person_gives_and_takes_back_a_consent_by_passkey(house: House) -> None:
    key, consent = with_passkey(house, "ines"), house.consent(granted=False)
    scope = house.requested(consent)
    grant = ConsentGranted.model_validate({**CONSENT, "consent": consent, "person": scope.person})
    receipt = say(house, "ines", key, grant)
    (signature,) = Envelope.parse(json.loads(receipt.entry)["envelope"]).signatures
    assert signature.keyid == key.keyid and is_assertion(base64_text(signature.sig))
    say(house, "ines", key, ConsentWithdrawn(consent=consent, person=scope.person, reason="changed my mind"))


def test_a_passkeys_word_is_the_persons_own(house: House) -> None:
    """`own_key_required` refuses the service on their behalf and lets the passkey through."""
    key, consent = with_passkey(house, "ines"), house.consent(granted=False)
    body = ConsentGranted.model_validate({**CONSENT, "consent": consent, "person": house.requested(consent).person})
    raises_code("own_key_required", lambda: house.ledger.say(body, actor="ines", method="passkey"))
    say(house, "ines", key, body)


def test_somebody_admitted_without_a_key_first_speaks_by_passkey(house: House) -> None:
    house.say_as(ADMIN, ActorAdmitted(actor="noor", roles=("producer",)))
    key = Authenticator()
    raises_code("signature_unknown_key", lambda: say(house, "noor", key, brief(house)))
    house.say_as(ADMIN, key.added("noor"))
    say(house, "noor", key, brief(house))
    assert actor_state(house.ledger.history(), "noor").roles == {"producer"}


def test_a_passkey_that_signs_twice_over_is_said_once(house: House) -> None:
    key = with_passkey(house, "mara")
    draft = house.draft("mara", brief(house))
    first = house.ledger.append(key.envelope(draft.payload).to_bytes())
    again = house.ledger.append(key.envelope(draft.payload).to_bytes())  # another signature over the same payload
    assert again.existing and again.index == first.index


def test_the_largest_payload_fits_an_entry_under_an_assertion_and_not_under_eight() -> None:
    keys = [Authenticator() for _ in range(8)]
    payload = b"x" * PAYLOAD_BYTES_MAX
    signatures = tuple(key.envelope(payload, filler="x" * 1_800).signatures[0] for key in keys)
    entry = finish_entry(Envelope(PAYLOAD_TYPE, payload, signatures[:1]).to_bytes(), "2026-10-01T09:00:00.000000Z")
    assert len(entry) < 65_535
    whole = Envelope(PAYLOAD_TYPE, payload, signatures)
    raises_code("entry_too_large", lambda: finish_entry(whole.to_bytes(), "2026-10-01T09:00:00.000000Z"))


def test_a_counter_that_goes_back_stops_no_statement(house: House) -> None:
    """Statements may come in another order than they were signed; the audit remarks on it (see its test)."""
    key = with_passkey(house, "mara")
    for counter in (7, 3):
        key.counter = counter
        say(house, "mara", key, brief(house))


# -- not speaking ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("passkey_origin", {"origin": "https://evil.example"}),
        ("passkey_type", {"kind": "webauthn.create"}),
        ("passkey_challenge", {"challenge": "AAAA"}),
        ("passkey_cross_origin", {"crossOrigin": True}),
    ],
)
def test_an_assertion_that_is_not_right_is_refused_at_the_door(house: House, code: str, changes: Any) -> None:
    key = with_passkey(house, "mara")
    size = house.size
    assert isinstance(raises_code(code, lambda: say(house, "mara", key, brief(house), **changes)), Untrusted)
    assert house.size == size


def test_an_assertion_for_one_statement_does_not_say_another(house: House) -> None:
    key = with_passkey(house, "mara")
    one, other = house.draft("mara", brief(house)), house.draft("mara", brief(house))
    moved = Envelope(PAYLOAD_TYPE, other.payload, key.envelope(one.payload).signatures)
    raises_code("passkey_challenge", lambda: house.ledger.append(moved.to_bytes()))


def test_a_passkey_of_somebody_else_says_nothing(house: House) -> None:
    key = with_passkey(house, "paul")
    raises_code("signature_unknown_key", lambda: say(house, "mara", key, brief(house)))


def test_an_ordinary_key_never_speaks_through_an_assertion(house: House) -> None:
    key = Authenticator(house.keys["mara"].private)
    raises_code("signature_invalid", lambda: say(house, "mara", key, brief(house)))


def test_a_passkey_never_speaks_as_an_ordinary_key(house: House) -> None:
    key = Authenticator(Ed25519PrivateKey.generate())
    house.say_as(ADMIN, key.added("mara"))
    envelope = sign(house.draft("mara", brief(house)).payload, PAYLOAD_TYPE, key.key)
    raises_code("passkey_malformed", lambda: house.ledger.append(envelope.to_bytes()))


# -- adding -----------------------------------------------------------------------------------------------------------


def test_an_actor_adds_a_passkey_with_a_key_that_they_have(house: House) -> None:
    first = with_passkey(house, "ines", by="ines")
    second = Authenticator()
    say(house, "ines", first, second.added("ines"))  # by passkey, too
    consent = house.consent()
    say(house, "ines", second, ConsentWithdrawn(consent=consent, person=house.granted(consent).person, reason="no"))


def test_nobody_adds_a_passkey_to_somebody_else(house: House) -> None:
    error = raises_code("role_not_permitted", lambda: with_passkey(house, "ines", by="mara"))
    assert isinstance(error, Forbidden)


@pytest.mark.parametrize("speaker", [ADMIN, "ines"])
def test_the_service_adds_no_passkey_on_anybodys_behalf(house: House, speaker: str) -> None:
    """A stolen token must not become a voice that can't be denied."""
    body = Authenticator().added("ines")
    error = raises_code("own_key_required", lambda: house.ledger.say(body, actor=speaker, method="bearer"))
    assert isinstance(error, Refused)


def test_the_service_and_strangers_have_no_passkey(house: House) -> None:
    raises_code("role_reserved", lambda: with_passkey(house, SERVICE))
    raises_code("actor_unknown", lambda: with_passkey(house, "nobody"))


def test_a_passkey_is_one_actors_once(house: House) -> None:
    key = with_passkey(house, "ines")
    for actor in ("ines", "paul"):
        raises_code("key_in_use", lambda a=actor: house.say_as(ADMIN, key.added(a)))
    ordinary = Authenticator(house.keys["mara"].private)
    raises_code("key_in_use", lambda: house.say_as(ADMIN, ordinary.added("mara")))
    software = Authenticator(Ed25519PrivateKey.generate())
    house.say_as(ADMIN, software.added("paul"))
    raises_code("key_in_use", lambda: house.enrol("twin", "producer", key=signing_key(software.key)))


def test_a_passkey_that_is_none(house: House) -> None:
    body = Authenticator().added("ines", spki="MAA=")
    raises_code("key_unsupported", lambda: house.say_as(ADMIN, body))


def test_an_actor_has_a_bounded_number_of_passkeys(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actors, "PASSKEYS_MAX", 3)
    keys = [with_passkey(house, "ines") for _ in range(3)]
    raises_code("passkeys_too_many", lambda: with_passkey(house, "ines"))
    house.say_as(ADMIN, revoke(house, "ines", keys[0].keyid))
    with_passkey(house, "ines")


@pytest.mark.parametrize(
    "changes",
    [
        {"origins": ("https://other.example",)},
        {"origins": ("https://notledger.example",)},
        {"origins": ("http://ledger.example",)},
        {"origins": ("https://ledger.example/path",)},
        {"origins": ("https://Ledger.example",)},
        {"origins": ()},
        {"origins": ("https://ledger.example", "https://ledger.example")},
        {"rp_id": "Ledger.example"},
        {"rp_id": ""},
        {"credential_sha256": "xyz"},
    ],
)
def test_an_rp_id_and_origins_that_no_browser_would_join(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Authenticator().added("ines", **changes)


def test_an_rp_id_covers_the_pages_below_it_and_this_machine() -> None:
    Authenticator().added("ines", origins=("https://consent.ledger.example", "https://ledger.example:8443"))
    Authenticator(rp_id="localhost", origin="http://localhost:8400").added("ines")


def test_a_name_is_admitted_or_enrolled_once(house: House) -> None:
    house.say_as(ADMIN, ActorAdmitted(actor="noor", roles=("talent",)))
    raises_code("actor_known", lambda: house.enrol("noor", "talent"))
    raises_code("actor_known", lambda: house.say_as(ADMIN, ActorAdmitted(actor="mara", roles=("talent",))))
    raises_code("role_reserved", lambda: house.say_as(ADMIN, ActorAdmitted(actor="s", roles=("service",))))


# -- ending -----------------------------------------------------------------------------------------------------------


def test_a_revoked_passkey_says_nothing_more(house: House) -> None:
    key = with_passkey(house, "mara")
    house.say_as(ADMIN, revoke(house, "mara", key.keyid))
    raises_code("key_revoked", lambda: say(house, "mara", key, brief(house)))


def test_a_passkey_revokes_itself_with_its_last_word(house: House) -> None:
    key = with_passkey(house, "mara")
    say(house, "mara", key, revoke(house, "mara", key.keyid))
    raises_code("key_revoked", lambda: say(house, "mara", key, brief(house)))


def test_a_passkey_revoked_from_tomorrow_still_speaks_today(house: House) -> None:
    key, tomorrow = with_passkey(house, "mara"), house.now() + timedelta(days=1)
    house.say_as(ADMIN, revoke(house, "mara", key.keyid, effective_at=tomorrow))
    say(house, "mara", key, brief(house))
    house.move_to(tomorrow)
    raises_code("key_revoked", lambda: say(house, "mara", key, brief(house)))


def test_a_passkey_gives_way_to_an_ordinary_key(house: House) -> None:
    key, new = with_passkey(house, "mara"), signing_key(Ed25519PrivateKey.generate())
    say(house, "mara", key, ActorKeyRotated(actor="mara", old_keyid=key.keyid, spki=spki(new)))
    raises_code("key_revoked", lambda: say(house, "mara", key, brief(house)))
    house.keys["mara"] = new
    house.say_as("mara", brief(house))


def test_what_was_enrolled_as_an_ordinary_key_stays_one(house: House) -> None:
    new = signing_key(Ed25519PrivateKey.generate())
    house.say_as(ADMIN, ActorEnrolled.model_validate({"actor": "eve", "roles": ("producer",), "spki": spki(new)}))
    with pytest.raises(Refused, match="key_in_use"):
        house.say_as(ADMIN, ActorPasskeyAdded.model_validate(Authenticator(new.private).added("eve").as_json()))
