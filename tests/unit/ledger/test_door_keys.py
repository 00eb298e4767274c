"""Keys that were good once, keys of others, and who may turn them (SPEC S3)."""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from ledger.errors import Untrusted
from ledger.keys import new_signing_key
from ledger.proof.dsse import PAYLOAD_TYPE, signed_by
from ledger.proof.keys import keyid
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


def test_the_service_does_not_speak_with_a_rotated_key(house: House) -> None:
    rotate(house, SERVICE, by=ADMIN)
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


def test_the_service_brings_no_key_on_anybodys_behalf(house: House) -> None:
    """A stolen token, or the service's own operator, must not become a voice that can't be denied."""
    turned = ActorKeyRotated(actor="mara", old_keyid=house.keys["mara"].keyid, spki=spki(new_signing_key()))
    for actor in ("mara", ADMIN):
        raises_code("own_key_required", lambda a=actor: house.ledger.say(turned, actor=a, method="bearer"))
    enrolled = ActorEnrolled(actor="eve", roles=("legal",), spki=spki(new_signing_key()))
    raises_code("own_key_required", lambda: house.ledger.say(enrolled, actor=ADMIN, method="bearer"))


def test_a_key_of_somebody_else_is_not_ended_by_mistake(house: House) -> None:
    body = ActorKeyRotated(actor="mara", old_keyid=house.keys["paul"].keyid, spki=spki(new_signing_key()))
    size = house.size
    raises_code("signature_unknown_key", lambda: house.say_as(ADMIN, body))
    raises_code("signature_unknown_key", lambda: revoke(house, "mara", keyid=house.keys["paul"].keyid))
    assert house.size == size


# -- kinds of keys -------------------------------------------------------------------------------------------------


def enrolled(house: House, der: bytes, actor: str = "eve") -> Any:
    body = ActorEnrolled(actor=actor, roles=("producer",), spki=b64encode(der).decode())
    return house.say_as(ADMIN, body)


def p256_der(key: Any = None) -> bytes:
    public = (key or generate_private_key(SECP256R1())).public_key()
    return bytes(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def test_what_is_no_ed25519_or_p256_key_is_not_enrolled(house: House) -> None:
    good = b64decode(spki(new_signing_key()))
    p384 = p256_der(generate_private_key(SECP384R1()))
    mldsa = MLDSA44PrivateKey.generate().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for content in (p384, mldsa, good[:-1], good + b"\x00", b"\x30\x00", p256_der() + b"\x00"):
        raises_code("key_unsupported", lambda der=content: enrolled(house, der))


def test_a_second_spelling_of_a_p256_key_is_not_a_second_key(house: House) -> None:
    """Compressed, the same point has another keyid: two actors could hold one key, and each deny it."""
    key = generate_private_key(SECP256R1())
    compressed = key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    der = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200") + compressed
    assert load_der_public_key(der) == key.public_key()
    raises_code("key_unsupported", lambda: enrolled(house, der))
    enrolled(house, p256_der(key))
    raises_code("key_in_use", lambda: enrolled(house, p256_der(key), "adam"))


def test_a_p256_key_speaks_for_its_actor(house: House) -> None:
    key = generate_private_key(SECP256R1())
    der = p256_der(key)
    enrolled(house, der)
    draft = house.draft("eve", BriefDrafted.example().model_copy(update={"brief": house.new_id()}))

    def envelope(sign: Any) -> bytes:
        return signed_by(draft.payload, PAYLOAD_TYPE, keyid(der), sign).to_bytes()

    raises_code("signature_invalid", lambda: house.ledger.append(envelope(lambda m: key.sign(m, ECDSA(SHA384())))))
    raises_code(
        "signature_invalid", lambda: house.ledger.append(envelope(lambda m: key.sign(m, ECDSA(SHA256())) + b"\0"))
    )
    receipt = house.ledger.append(envelope(lambda m: key.sign(m, ECDSA(SHA256()))))
    assert not receipt.existing
    twin = envelope(lambda m: mirrored(key.sign(m, ECDSA(SHA256()))))
    assert house.ledger.append(twin).index == receipt.index  # s or n - s: another signature, the same word, one entry


def mirrored(signature: bytes) -> bytes:
    """The other signature that ECDSA allows: (r, n - s)."""
    r, s = decode_dss_signature(signature)
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    return encode_dss_signature(r, order - s)


# -- revocations ---------------------------------------------------------------------------------------------------


def test_a_key_that_was_turned_can_still_be_revoked_from_before(house: House) -> None:
    """That it was stolen is often learnt later."""
    stolen_at = house.now()
    old = house.keys["mara"].keyid
    house.keys["mara"] = rotate(house, "mara")
    later = house.now() + timedelta(days=1)
    raises_code("key_revoked", lambda: revoke(house, "mara", keyid=old, effective_at=later))
    revoke(house, "mara", keyid=old, effective_at=stolen_at)
    house.ledger.append(brief(house))


def test_the_services_only_key_is_turned_before_it_is_revoked(house: House) -> None:
    raises_code("service_key_last", lambda: revoke(house, SERVICE))
    old = house.keys[SERVICE].keyid
    stolen_at = house.now()
    rotate(house, SERVICE, by=ADMIN)
    revoke(house, SERVICE, keyid=old, effective_at=stolen_at)
