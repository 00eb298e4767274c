"""Envelopes: what parses, what verifies, and under which code everything else fails."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ledger.errors import Misuse, TooLarge, Untrusted
from ledger.proof.dsse import PAYLOAD_BYTES_MAX, PAYLOAD_TYPE, Envelope, Signature, keyid, pae, sign, verify

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "proof"
KEY = Ed25519PrivateKey.from_private_bytes(b"\x03" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"\x04" * 32)


def spki(private_key: Any) -> bytes:
    encoded: bytes = private_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return encoded


def keys(*private_keys: Any) -> dict[str, bytes]:
    return {keyid(spki(key)): spki(key) for key in private_keys}


def test_pae_is_the_specification_s_example() -> None:
    expected = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    assert pae("http://example.com/HelloWorld", b"hello world") == expected


def test_pae_counts_bytes_not_characters() -> None:
    assert pae("é", "ü".encode()) == b"DSSEv1 2 \xc3\xa9 2 \xc3\xbc"


def test_frozen_envelope_is_signed_again_byte_for_byte() -> None:
    raw = (VECTORS / "envelope.json").read_bytes()
    envelope = Envelope.parse(raw)
    assert (VECTORS / "envelope.spki").read_bytes() == spki(KEY)
    assert verify(envelope, keys(KEY)) == (keyid(spki(KEY)),)
    assert sign(envelope.payload, PAYLOAD_TYPE, KEY).to_bytes() == raw
    assert Envelope.parse(json.loads(raw)) == envelope


def test_joint_signatures_come_back_in_order_and_strangers_are_passed_over() -> None:
    first, second = sign(b"x", PAYLOAD_TYPE, KEY), sign(b"x", PAYLOAD_TYPE, OTHER)
    joint = Envelope(PAYLOAD_TYPE, b"x", second.signatures + first.signatures)
    assert verify(joint, keys(KEY, OTHER)) == (keyid(spki(OTHER)), keyid(spki(KEY)))
    assert verify(joint, keys(KEY)) == (keyid(spki(KEY)),)


def test_one_bad_signature_by_a_known_key_spoils_the_good_one() -> None:
    good = sign(b"x", PAYLOAD_TYPE, KEY)
    bad = Signature(keyid(spki(OTHER)), bytes(64))
    with pytest.raises(Untrusted) as caught:
        verify(Envelope(PAYLOAD_TYPE, b"x", (*good.signatures, bad)), keys(KEY, OTHER))
    assert caught.value.code == "signature_invalid"


def test_signature_by_nobody_we_know_is_refused() -> None:
    with pytest.raises(Untrusted) as caught:
        verify(sign(b"x", PAYLOAD_TYPE, KEY), keys(OTHER))
    assert caught.value.code == "signature_unknown_key"


def test_key_filed_under_a_foreign_id_is_refused() -> None:
    """Else a forged key list could let one key speak in another's name."""
    forged = sign(b"x", PAYLOAD_TYPE, OTHER)
    renamed = Envelope(PAYLOAD_TYPE, b"x", (Signature(keyid(spki(KEY)), forged.signatures[0].sig),))
    with pytest.raises(Untrusted) as caught:
        verify(renamed, {keyid(spki(KEY)): spki(OTHER)})
    assert caught.value.code == "key_id_mismatch"


def test_signature_for_another_payload_type_does_not_carry_over() -> None:
    envelope = sign(b"x", "application/json", KEY)
    with pytest.raises(Untrusted):
        verify(Envelope(PAYLOAD_TYPE, envelope.payload, envelope.signatures), keys(KEY))


def test_p256_and_mldsa44_signatures_verify() -> None:
    p256, mldsa = ec.generate_private_key(ec.SECP256R1()), MLDSA44PrivateKey.generate()
    message = pae(PAYLOAD_TYPE, b"x")
    signatures = (
        Signature(keyid(spki(p256)), p256.sign(message, ec.ECDSA(hashes.SHA256()))),
        Signature(keyid(spki(mldsa)), mldsa.sign(message)),
    )
    envelope = Envelope.parse(Envelope(PAYLOAD_TYPE, b"x", signatures).to_bytes())
    assert verify(envelope, keys(p256, mldsa)) == (keyid(spki(p256)), keyid(spki(mldsa)))


@pytest.mark.parametrize(
    "make", [lambda: rsa.generate_private_key(65537, 2048), lambda: ec.generate_private_key(ec.SECP384R1())]
)
def test_other_kinds_of_key_are_refused(make: Any) -> None:
    key = make()
    with pytest.raises(Misuse) as caught:
        verify(Envelope(PAYLOAD_TYPE, b"x", (Signature(keyid(spki(key)), b"s"),)), keys(key))
    assert caught.value.code == "key_unsupported"


def test_key_under_which_one_signature_fits_every_message_is_refused() -> None:
    identity = (1).to_bytes(32, "little")
    anything = identity + bytes(32)
    weak = Ed25519PublicKey.from_public_bytes(identity)
    weak.verify(anything, b"any message")  # the library underneath lets it pass
    der = weak.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(Misuse) as caught:
        verify(Envelope(PAYLOAD_TYPE, b"x", (Signature(keyid(der), anything),)), {keyid(der): der})
    assert caught.value.code == "key_unsupported"


def document(**changes: Any) -> dict[str, Any]:
    return sign(b"x", PAYLOAD_TYPE, KEY).to_json() | changes


def signature(**changes: Any) -> dict[str, Any]:
    one: dict[str, Any] = sign(b"x", PAYLOAD_TYPE, KEY).to_json()["signatures"][0]
    return one | changes


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"extra": 1}, "envelope_malformed"),
        ({"payload": 7}, "envelope_malformed"),
        ({"payload": ""}, "envelope_malformed"),
        ({"payload": "eA"}, "envelope_malformed"),
        ({"payload": "eB=="}, "envelope_malformed"),
        ({"payload": "e A=="}, "envelope_malformed"),
        ({"payload": "-_=="}, "envelope_malformed"),
        ({"payload": "é==="}, "envelope_malformed"),
        ({"payloadType": "application/json"}, "envelope_payload_type"),
        ({"payloadType": None}, "envelope_payload_type"),
        ({"signatures": []}, "envelope_malformed"),
        ({"signatures": {}}, "envelope_malformed"),
        ({"signatures": ["a"]}, "envelope_malformed"),
        ({"signatures": [signature()] * 2}, "envelope_malformed"),
        ({"signatures": [signature(keyid=f"{n:064x}") for n in range(9)]}, "envelope_malformed"),
        ({"signatures": [signature(keyid="A" * 64)]}, "envelope_malformed"),
        ({"signatures": [signature(keyid=None)]}, "envelope_malformed"),
        ({"signatures": [signature(cert="x")]}, "envelope_malformed"),
        ({"signatures": [signature(sig="A" * 6000)]}, "envelope_too_large"),
    ],
)
def test_malformed_envelope_has_its_code(changes: dict[str, Any], code: str) -> None:
    for raw in (document(**changes), json.dumps(document(**changes)).encode()):
        with pytest.raises(Misuse) as caught:
            Envelope.parse(raw)
        assert caught.value.code == code


def test_missing_member_and_duplicate_member_are_refused() -> None:
    short = document()
    del short["payload"]
    with pytest.raises(Misuse, match="envelope_malformed"):
        Envelope.parse(short)
    with pytest.raises(Misuse, match="json_duplicate_key"):
        Envelope.parse(b'{"payload":"eA==",' + json.dumps(document()).encode()[1:])


def test_payload_bound_is_exact() -> None:
    largest = sign(bytes(PAYLOAD_BYTES_MAX), PAYLOAD_TYPE, KEY)
    assert Envelope.parse(largest.to_bytes()) == largest
    with pytest.raises(TooLarge):
        sign(bytes(PAYLOAD_BYTES_MAX + 1), PAYLOAD_TYPE, KEY)
    with pytest.raises(TooLarge):
        Envelope.parse(document(payload=base64.b64encode(bytes(PAYLOAD_BYTES_MAX + 1)).decode()))
    with pytest.raises(TooLarge):
        Envelope.parse(b" " * (128 * 1024 + 1))


def test_caller_may_name_a_larger_payload_bound_and_it_is_exact_too() -> None:
    bound = 4 * PAYLOAD_BYTES_MAX
    large = sign(bytes(bound), PAYLOAD_TYPE, KEY, payload_bytes_max=bound)
    assert Envelope.parse(large.to_bytes(), payload_bytes_max=bound) == large
    with pytest.raises(TooLarge):
        Envelope.parse(large.to_bytes())
    with pytest.raises(TooLarge):
        sign(bytes(bound + 1), PAYLOAD_TYPE, KEY, payload_bytes_max=bound)
    with pytest.raises(TooLarge):
        Envelope.parse(document(payload=base64.b64encode(bytes(bound + 1)).decode()), payload_bytes_max=bound)
