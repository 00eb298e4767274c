"""An assertion by a passkey as a signature (SPEC S3.6): every way in which it may be wrong has its code."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ledger.errors import LedgerError, Misuse, Untrusted
from ledger.proof.canonical import canonical
from ledger.proof.dsse import PAYLOAD_TYPE, Envelope, Signature, pae, sign, verify
from ledger.proof.encoding import base64_text
from ledger.proof.passkey import (
    ASSERTION_BYTES_MAX,
    CLIENT_DATA_BYTES_MAX,
    Assertion,
    is_assertion,
    passkey_challenge,
    passkey_public_key,
    verify_assertion,
)
from tests.authenticator_of import ATTESTED, BACKED_UP, ELIGIBLE, EXTENDED, PRESENT, VERIFIED, Authenticator
from tests.house_of import raises_code

RSA = rsa.generate_private_key(65537, 2048)  # once: a tenth of a second
CHALLENGE = passkey_challenge(b"what is signed")
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.fixture(scope="module")
def key() -> Authenticator:
    return Authenticator()


def refused(code: str, key: Authenticator, assertion: Assertion, challenge: bytes = CHALLENGE) -> None:
    error = raises_code(code, lambda: verify_assertion(key.passkey, assertion, challenge))
    assert isinstance(error, Untrusted)


@pytest.mark.parametrize("private", [None, Ed25519PrivateKey.generate(), RSA], ids=["ES256", "Ed25519", "RS256"])
def test_a_passkey_signs_a_payload(private: Any) -> None:
    key = Authenticator(private) if private else Authenticator()
    envelope = key.envelope(b"{}")
    assert verify(Envelope.parse(envelope.to_bytes()), {key.keyid: key.passkey}) == (key.keyid,)
    assert is_assertion(base64_text(envelope.signatures[0].sig))


def test_an_assertion_has_one_spelling_and_comes_back_from_it(key: Authenticator) -> None:
    assertion = key.assertion(CHALLENGE)
    assert Assertion.parse(assertion.to_bytes()) == assertion


def test_what_is_signed_is_the_envelopes_own_encoding(key: Authenticator) -> None:
    """SPEC S3.6: the challenge is SHA-256 of PAE, so that payload type and payload both stand under it."""
    client = json.loads(Assertion.parse(key.envelope(b"{}").signatures[0].sig).client_data_json)
    wanted = hashlib.sha256(b"DSSEv1 %d %b 2 {}" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode())).digest()
    assert client["challenge"] == __import__("base64").urlsafe_b64encode(wanted).decode().rstrip("=")


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("passkey_type", {"kind": "webauthn.create"}),
        ("passkey_type", {"type": None}),
        ("passkey_type", {"type": "payment.get"}),
        ("passkey_challenge", {"challenge": None}),
        ("passkey_challenge", {"challenge": ["x"]}),
        ("passkey_origin", {"origin": "https://ledger.example.evil.example"}),
        ("passkey_origin", {"origin": "https://ledger.example:444"}),
        ("passkey_origin", {"origin": "http://ledger.example"}),
        ("passkey_origin", {"origin": "https://LEDGER.example"}),
        ("passkey_origin", {"origin": None}),
        ("passkey_cross_origin", {"crossOrigin": True}),
        ("passkey_cross_origin", {"crossOrigin": "false"}),
        ("passkey_cross_origin", {"crossOrigin": 0}),
        ("passkey_cross_origin", {"topOrigin": "https://elsewhere.example"}),
    ],
)
def test_client_data_that_is_not_of_this_page_and_statement(key: Authenticator, code: str, changes: Any) -> None:
    refused(code, key, key.assertion(CHALLENGE, **changes))


def test_a_challenge_of_another_statement_or_in_another_spelling(key: Authenticator) -> None:
    refused("passkey_challenge", key, key.assertion(passkey_challenge(b"something else")))
    refused("passkey_challenge", key, key.assertion(b"", challenge=hashlib.sha256(b"what is signed").hexdigest()))
    padded = __import__("base64").urlsafe_b64encode(CHALLENGE).decode()
    refused("passkey_challenge", key, key.assertion(CHALLENGE, challenge=padded))


def test_members_that_browsers_add_are_passed_over(key: Authenticator) -> None:
    """Chromium adds one now and then, so that nobody compares clientDataJSON with a template."""
    told = {"other_keys_can_be_added_here": "do not compare clientDataJSON against a template", "crossOrigin": None}
    verify_assertion(key.passkey, key.assertion(CHALLENGE, **told), CHALLENGE)


@pytest.mark.parametrize(
    "client",
    [
        b"",
        b"[]",
        b"null",
        b'{"type":"webauthn.get","type":"webauthn.get"}',
        b'{"type":"webauthn.get"',
        b'\xef\xbb\xbf{"type":"webauthn.get"}',
        b'{"type":"webauthn.get\xff"}',
        b"[" * 100_0 + b"]" * 100_0,
    ],
)
def test_client_data_that_is_no_strict_json_object(key: Authenticator, client: bytes) -> None:
    refused("passkey_malformed", key, key.assertion(CHALLENGE, client=client))


@pytest.mark.parametrize(
    ("code", "flags"),
    [
        ("passkey_user_absent", VERIFIED),
        ("passkey_user_unverified", PRESENT),
        ("passkey_user_absent", 0),
        ("passkey_flags", PRESENT | VERIFIED | BACKED_UP),
        ("passkey_flags", PRESENT | VERIFIED | EXTENDED),
        ("passkey_flags", PRESENT | VERIFIED | ATTESTED),
        ("passkey_flags", PRESENT | VERIFIED | 0x02),
        ("passkey_flags", PRESENT | VERIFIED | 0x20),
    ],
)
def test_flags_that_say_that_nobody_was_there_or_that_more_comes_along(
    key: Authenticator, code: str, flags: int
) -> None:
    refused(code, key, key.assertion(CHALLENGE, told=key.authenticator_data(flags)))


@pytest.mark.parametrize("flags", [ELIGIBLE, ELIGIBLE | BACKED_UP])
def test_a_passkey_that_is_synced_between_devices_is_one_too(key: Authenticator, flags: int) -> None:
    told = key.authenticator_data(PRESENT | VERIFIED | flags)
    verify_assertion(key.passkey, key.assertion(CHALLENGE, told=told), CHALLENGE)


def test_authenticator_data_for_another_rp_id(key: Authenticator) -> None:
    refused("passkey_rp", key, key.assertion(CHALLENGE, told=key.authenticator_data(rp_id="evil.example")))


def test_truncated_or_longer_authenticator_data(key: Authenticator) -> None:
    whole = key.authenticator_data()
    for told in (b"", whole[:32], whole[:36], whole + b"\x00", key.authenticator_data(0x85, tail=b"\xa1\x61\x61\x01")):
        raw = key.assertion(CHALLENGE, told=told).to_bytes()
        raises_code("passkey_malformed", lambda r=raw: Assertion.parse(r))


def test_a_signature_over_anything_else(key: Authenticator) -> None:
    good = key.assertion(CHALLENGE)
    bare = key.sign(good.authenticator_data + good.client_data_json)
    other = Authenticator().assertion(CHALLENGE).signature
    for signature in (bare, other, b"", b"\x30\x00", good.signature[:-1], good.signature + b"\x00"):
        refused("signature_invalid", key, replace(good, signature=signature))


def test_a_der_signature_in_another_spelling(key: Authenticator) -> None:
    good = key.assertion(CHALLENGE)
    der = good.signature
    long_form = b"\x30\x81" + der[1:]
    padded = b"\x30" + bytes([der[1] + 1]) + b"\x02" + bytes([der[3] + 1]) + b"\x00" + der[4:]
    for signature in (long_form, padded):
        refused("signature_invalid", key, replace(good, signature=signature))


def test_both_halves_of_s_are_signatures_because_authenticators_make_both(key: Authenticator) -> None:
    """ECDSA allows (r, s) and (r, n - s). Which of them came is in the entry, and the statement's id allows one entry only."""
    good = key.assertion(CHALLENGE)
    r, s = decode_dss_signature(good.signature)
    twin = replace(good, signature=encode_dss_signature(r, P256_ORDER - s))
    verify_assertion(key.passkey, twin, CHALLENGE)


def test_every_byte_counts(key: Authenticator) -> None:
    good = key.assertion(CHALLENGE)
    for name in ("authenticator_data", "client_data_json", "signature"):
        value = getattr(good, name)
        for place in range(len(value)):
            spoiled = bytes(b ^ (0x01 if n == place else 0) for n, b in enumerate(value))
            with pytest.raises(LedgerError):
                verify_assertion(key.passkey, replace(good, **{name: spoiled}), CHALLENGE)


def test_a_signature_that_is_not_the_canonical_object(key: Authenticator) -> None:
    good = json.loads(key.assertion(CHALLENGE).to_bytes())
    spellings = [
        b"",
        b"{}",
        b"[]",
        b"\xff" * 64,
        json.dumps(good).encode(),
        canonical(good | {"user_handle": ""}),
        canonical({k: v for k, v in good.items() if k != "signature"}),
        canonical(good | {"signature": 7}),
        canonical(good | {"signature": good["signature"].rstrip("=") + " "}),
        canonical(good | {"signature": "A" * ASSERTION_BYTES_MAX}),
        canonical(good)[:-1] + b',"signature":""}',
    ]
    for raw in spellings:
        error = raises_code("passkey_malformed", lambda r=raw: Assertion.parse(r))
        assert isinstance(error, Untrusted)


def test_client_data_over_its_bound(key: Authenticator) -> None:
    raw = key.assertion(CHALLENGE, filler="x" * CLIENT_DATA_BYTES_MAX).to_bytes()
    raises_code("passkey_malformed", lambda: Assertion.parse(raw))


# -- no confusion between the two kinds of key ------------------------------------------------------------------------


def test_a_passkey_that_signs_as_an_ordinary_key_says_nothing() -> None:
    key = Authenticator(Ed25519PrivateKey.generate())
    envelope = sign(b"{}", PAYLOAD_TYPE, key.key)
    verify(envelope, {key.keyid: key.spki})  # the signature itself is good
    raises_code("passkey_malformed", lambda: verify(envelope, {key.keyid: key.passkey}))


def test_an_ordinary_key_that_signs_through_an_assertion_says_nothing() -> None:
    for private in (None, Ed25519PrivateKey.generate()):
        key = Authenticator(private) if private else Authenticator()
        raises_code("signature_invalid", lambda k=key: verify(k.envelope(b"{}"), {k.keyid: k.spki}))


def test_a_passkey_listed_under_another_keys_id(key: Authenticator) -> None:
    envelope = Envelope(PAYLOAD_TYPE, b"{}", (Signature("0" * 64, key.envelope(b"{}").signatures[0].sig),))
    raises_code("key_id_mismatch", lambda: verify(envelope, {"0" * 64: key.passkey}))


def test_an_assertion_for_another_payload_type_says_nothing(key: Authenticator) -> None:
    sig = key.assertion(passkey_challenge(pae("application/other", b"{}"))).to_bytes()
    envelope = Envelope(PAYLOAD_TYPE, b"{}", (Signature(key.keyid, sig),))
    raises_code("passkey_challenge", lambda: verify(envelope, {key.keyid: key.passkey}))


def test_rsa_is_for_passkeys_only_and_only_strong() -> None:
    key = Authenticator(RSA)
    spoiled = replace(key.assertion(CHALLENGE), signature=key.sign(b"something else"))
    refused("signature_invalid", key, spoiled)
    raises_code("key_unsupported", lambda: verify(key.envelope(b"{}"), {key.keyid: key.spki}))
    modulus = RSA.public_key().public_numbers().n
    short = modulus % 2**1023 | 2**1023 | 1
    for numbers in (rsa.RSAPublicNumbers(3, modulus), rsa.RSAPublicNumbers(65537, short)):
        weak = numbers.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        raises_code("key_unsupported", lambda spki=weak: passkey_public_key(spki))


def test_keys_that_no_passkey_has() -> None:
    weak = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00" + b"\x01" + bytes(31)
    other_curve = ec.generate_private_key(ec.SECP384R1()).public_key()
    compressed = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200") + _compressed_point()
    spkis = [
        weak,
        compressed,
        b"",
        Authenticator().spki + b"\x00",
        other_curve.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        MLDSA44PrivateKey.generate().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    ]
    for spki in spkis:
        error = raises_code("key_unsupported", lambda s=spki: passkey_public_key(s))
        assert isinstance(error, Misuse)


def _compressed_point() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
