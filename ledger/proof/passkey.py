"""A statement's signature by a passkey: a WebAuthn assertion whose challenge is the statement (SPEC S3.6).

    (1) the signature is one canonical JSON object of three members, each base64, within its bound
    (2) clientDataJSON is strict JSON of type webauthn.get, made in the page itself and in no frame of another
    (3) its challenge is the SHA-256 of what is signed, and its origin one that the passkey was added for
    (4) authenticatorData is 37 bytes: the RP ID's hash, the flags, the counter
    (5) somebody was present and verified; no other data comes along
    (6) the signature over authenticatorData and SHA-256(clientDataJSON) is by the passkey

Members that clientDataJSON has besides are passed over: browsers add some on purpose (WebAuthn L3 5.8.1.2). The counter is
read and not judged: passkeys that are synced between devices do not count, and entries need not stand in signing order.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from ledger.errors import LedgerError, Misuse, Untrusted
from ledger.proof.canonical import canonical, parse_json
from ledger.proof.encoding import base64_bytes, base64_text
from ledger.proof.keys import KnownKey, public_key, verify_signature

ASSERTION_BYTES_MAX = 4 * 2**10  # the whole object; real ones have about 600
CLIENT_DATA_BYTES_MAX = 2 * 2**10  # type, challenge and origin take 200; browsers add a sentence
RSA_BITS_MIN, RSA_BITS_MAX, RSA_EXPONENT = 2_048, 4_096, 65_537  # what authenticators make; larger only costs time
AUTHENTICATOR_DATA_BYTES = 37  # RP ID hash, flags, counter; no extensions were asked for

_FLAG_USER_PRESENT, _FLAG_USER_VERIFIED = 0x01, 0x04
_FLAG_BACKUP_ELIGIBLE, _FLAG_BACKED_UP = 0x08, 0x10
_FLAGS_KNOWN = _FLAG_USER_PRESENT | _FLAG_USER_VERIFIED | _FLAG_BACKUP_ELIGIBLE | _FLAG_BACKED_UP
_ASSERTION_BEGINNING = "eyJhdXRoZW50aWNhdG9yX2RhdGEi"  # base64 of {"authenticator_data"
_ASSERTION_MEMBERS = ("authenticator_data", "client_data_json", "signature")


@dataclass(frozen=True)
class Passkey:
    """A key that speaks through assertions only, for one RP ID and from these origins."""

    spki: bytes
    rp_id: str
    origins: tuple[str, ...]


@dataclass(frozen=True)
class Assertion:
    """What an authenticator and its browser signed, as three byte strings. Parsed is not verified."""

    authenticator_data: bytes
    client_data_json: bytes
    signature: bytes

    @property
    def counter(self) -> int:
        """How often the authenticator says that it signed; 0 for one that does not count."""
        return int.from_bytes(self.authenticator_data[33:37], "big")

    def to_bytes(self) -> bytes:
        """The one spelling in which an assertion is a signature of an envelope."""
        values = (self.authenticator_data, self.client_data_json, self.signature)
        return canonical({name: base64_text(value) for name, value in zip(_ASSERTION_MEMBERS, values, strict=True)})

    @classmethod
    def parse(cls, raw: bytes) -> Assertion:
        """Raises Untrusted `passkey_malformed`."""
        try:
            if len(raw) > ASSERTION_BYTES_MAX:
                raise ValueError(f"more than {ASSERTION_BYTES_MAX} bytes")
            value = parse_json(raw)
            if not isinstance(value, dict) or value.keys() != set(_ASSERTION_MEMBERS) or canonical(value) != raw:
                raise ValueError("not the three members of an assertion in canonical form")
            found = cls(*(base64_bytes(value[name]) for name in _ASSERTION_MEMBERS))
        except (LedgerError, ValueError, TypeError) as error:
            raise _malformed("the signature", error.what if isinstance(error, LedgerError) else str(error)) from error
        if len(found.client_data_json) > CLIENT_DATA_BYTES_MAX:
            raise _malformed("clientDataJSON", f"more than {CLIENT_DATA_BYTES_MAX} bytes")
        if len(found.authenticator_data) != AUTHENTICATOR_DATA_BYTES:
            what = f"{len(found.authenticator_data)} bytes, not {AUTHENTICATOR_DATA_BYTES} without extensions"
            raise _malformed("authenticatorData", what)
        return found


def is_assertion(sig: str) -> bool:
    """Whether a signature that was verified, in the envelope's base64, is by a passkey: no other kind begins like this."""
    return sig.startswith(_ASSERTION_BEGINNING)


def passkey_challenge(message: bytes) -> bytes:
    """What an authenticator is given to sign for `message`: its SHA-256, so that the assertion is about it alone."""
    return hashlib.sha256(message).digest()


def verify_assertion(passkey: Passkey, assertion: Assertion, challenge: bytes) -> None:
    """Steps (2) to (6). Raises Untrusted `passkey_malformed`, `passkey_type`, `passkey_cross_origin`, `passkey_challenge`,
    `passkey_origin`, `passkey_rp`, `passkey_user_absent`, `passkey_user_unverified`, `passkey_flags`, `signature_invalid`.
    """
    _check_client_data(_client_data(assertion.client_data_json), passkey, challenge)
    _check_authenticator_data(assertion.authenticator_data, passkey)
    key = passkey_public_key(passkey.spki)
    signed = assertion.authenticator_data + hashlib.sha256(assertion.client_data_json).digest()
    if isinstance(key, rsa.RSAPublicKey):
        _verify_rs256(key, assertion.signature, signed)
    else:
        verify_signature(passkey.spki, assertion.signature, signed)


def passkey_public_key(spki_der: bytes) -> KnownKey | rsa.RSAPublicKey:
    """Raises Misuse `key_unsupported` unless this is a key for ES256, Ed25519 or RS256 (2,048 to 4,096 bits, exponent 65,537;
    older Windows makes no other), in the one DER spelling of its SubjectPublicKeyInfo.
    """
    key = _rsa_key(spki_der) or public_key(spki_der)
    spelled = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if isinstance(key, MLDSA44PublicKey) or spelled != spki_der:
        raise Misuse("key_unsupported", "Not a key of a passkey that we accept.", "Use ES256, Ed25519 or RS256.")
    return key


def _rsa_key(spki_der: bytes) -> rsa.RSAPublicKey | None:
    """The key if it is RSA, and strong. Nowhere else is RSA accepted."""
    try:
        key = load_der_public_key(spki_der)
    except (ValueError, UnsupportedAlgorithm):
        return None  # `public_key` says so
    if not isinstance(key, rsa.RSAPublicKey):
        return None
    if not RSA_BITS_MIN <= key.key_size <= RSA_BITS_MAX or key.public_numbers().e != RSA_EXPONENT:
        what = f"An RSA key of a passkey has {RSA_BITS_MIN} to {RSA_BITS_MAX} bits and the exponent {RSA_EXPONENT}."
        raise Misuse("key_unsupported", what, "Use ES256, Ed25519 or a stronger key.")
    return key


def _verify_rs256(key: rsa.RSAPublicKey, signature: bytes, message: bytes) -> None:
    try:
        key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature as error:
        raise Untrusted("signature_invalid", "The signature by the passkey does not fit.") from error


def _client_data(raw: bytes) -> dict[str, Any]:
    try:
        value = parse_json(raw)
    except LedgerError as error:
        raise _malformed("clientDataJSON", error.what) from error
    if not isinstance(value, dict):
        raise _malformed("clientDataJSON", "not an object")
    return value


def _check_client_data(data: dict[str, Any], passkey: Passkey, challenge: bytes) -> None:
    if data.get("type") != "webauthn.get":
        raise Untrusted(
            "passkey_type", "it is not an assertion: its type is not webauthn.get", "Sign it, don't register."
        )
    if data.get("crossOrigin", False) is not False or "topOrigin" in data:
        raise Untrusted("passkey_cross_origin", "it was made inside another site's page", "Open the page itself.")
    if data.get("challenge") != urlsafe_b64encode(challenge).decode("ascii").rstrip("="):
        raise Untrusted(
            "passkey_challenge", "it signs something else: its challenge is another", "Sign this statement."
        )
    if data.get("origin") not in passkey.origins:
        raise Untrusted(
            "passkey_origin", "it was made at an origin that this passkey was not added for", "See SPEC S3.6."
        )


def _check_authenticator_data(data: bytes, passkey: Passkey) -> None:
    flags = data[32]
    if data[:32] != hashlib.sha256(passkey.rp_id.encode("utf-8")).digest():
        raise Untrusted("passkey_rp", f"it was made for another RP ID than {passkey.rp_id}", "See SPEC S3.6.")
    if not flags & _FLAG_USER_PRESENT:
        raise Untrusted("passkey_user_absent", "nobody was present when it was made", "Touch the authenticator.")
    if not flags & _FLAG_USER_VERIFIED:
        what = "whoever was present was not verified by PIN, finger or face"
        raise Untrusted("passkey_user_unverified", what, "Ask for user verification.")
    if flags & ~_FLAGS_KNOWN or (flags & _FLAG_BACKED_UP and not flags & _FLAG_BACKUP_ELIGIBLE):
        raise Untrusted("passkey_flags", f"its flags are {flags:#04x}, which no assertion without extensions has")


def _malformed(where: str, what: str) -> Untrusted:
    return Untrusted("passkey_malformed", f"{where} is not that of a passkey: {what}", "See SPEC S3.6.")
