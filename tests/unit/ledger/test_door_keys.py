"""Keys that were good once, keys of others, and who may turn them (SPEC S3)."""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ledger.errors import Untrusted
from ledger.keys import new_signing_key
from schemas.statements.actor import ActorEnrolled, ActorKeyRotated
from schemas.statements.brief import BriefDrafted
from tests.house_of import ADMIN, SERVICE, House, raises_code, spki
from tests.unit.ledger.knocks import brief, revoke


def rotate(house: House, actor: str, by: str | None = None) -> Any:
    new = new_signing_key()
    body = ActorKeyRotated(actor=actor, old_keyid=house.keys[actor].keyid, spki=spki(new))
    house.say_as(by or actor, body)
    return new


def test_a_revoked_key_says_nothing_more(house: House) -> None:
    prepared = brief(house)
    revoke(house, "mara")
    size = house.size
    for envelope in (prepared, brief(house)):
        assert isinstance(raises_code("key_revoked", lambda e=envelope: house.ledger.append(e)), Untrusted)
    assert house.size == size


def test_a_key_revoked_from_tomorrow_still_speaks_today(house: House) -> None:
    tomorrow = house.now() + timedelta(days=1)
    revoke(house, "mara", effective_at=tomorrow)
    house.ledger.append(brief(house))
    house.move_to(tomorrow)
    raises_code("key_revoked", lambda: house.ledger.append(brief(house)))


def test_the_service_does_not_speak_with_a_revoked_key(house: House) -> None:
    revoke(house, SERVICE)
    raises_code("key_revoked", lambda: house.ledger.say(BriefDrafted.example(), actor="mara"))


def test_a_rotated_key_says_nothing_more_and_the_new_one_speaks(house: House) -> None:
    prepared = brief(house)
    new = rotate(house, "mara")
    raises_code("key_revoked", lambda: house.ledger.append(prepared))
    house.keys["mara"] = new
    house.ledger.append(brief(house))


def test_a_rotation_holds_from_its_place_in_the_log_whatever_the_clock_says(house: House) -> None:
    """A machine's clock may be set back; that must not give an old key its voice again."""
    new = rotate(house, "mara")
    before = house.clock.now() - timedelta(hours=1)
    house.clock._now = before
    raises_code("key_revoked", lambda: house.ledger.append(brief(house)))
    house.keys["mara"] = new
    house.ledger.append(brief(house))


def test_an_old_key_can_not_be_rotated_in_again(house: House) -> None:
    old = house.keys["mara"]
    house.keys["mara"] = rotate(house, "mara")
    body = ActorKeyRotated(actor="mara", old_keyid=house.keys["mara"].keyid, spki=spki(old))
    raises_code("key_in_use", lambda: house.say_as("mara", body))


def test_a_key_speaks_for_one_actor_only(house: House) -> None:
    raises_code("key_in_use", lambda: house.enrol("twin", "producer", key=house.keys["mara"]))
    raises_code("key_in_use", lambda: house.enrol("twin", "producer", key=house.keys[SERVICE]))


def test_nobody_turns_somebody_elses_key(house: House) -> None:
    body = ActorKeyRotated(actor="mara", old_keyid=house.keys["mara"].keyid, spki=spki(new_signing_key()))
    raises_code("role_not_permitted", lambda: house.say_as("paul", body))
    rotate(house, "mara", by=ADMIN)


def test_a_key_of_somebody_else_is_not_ended_by_mistake(house: House) -> None:
    body = ActorKeyRotated(actor="mara", old_keyid=house.keys["paul"].keyid, spki=spki(new_signing_key()))
    size = house.size
    raises_code("signature_unknown_key", lambda: house.say_as(ADMIN, body))
    raises_code("signature_unknown_key", lambda: revoke(house, "mara", keyid=house.keys["paul"].keyid))
    assert house.size == size


def test_an_enrolled_key_must_be_ed25519(house: House) -> None:
    other = generate_private_key(SECP256R1()).public_key()
    der = other.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    good = b64decode(spki(new_signing_key()))
    for content in (der, good[:-1], good + b"\x00", b"\x30\x00"):
        body = ActorEnrolled(actor="eve", roles=("producer",), spki=b64encode(content).decode())
        raises_code("key_unsupported", lambda b=body: house.say_as(ADMIN, b))
