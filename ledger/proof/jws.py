"""Compact JSON Web Signatures (RFC 7515) by the keys that sign statements: for words that live for minutes, outside the log.

The signing input begins with `eyJ`, a statement's with `DSSEv1 `: no signature of the one can be shown as the other. Which
algorithm it is follows from the key alone, never from the header, so that nobody chooses a weaker one.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from ledger.errors import LedgerError, Untrusted
from ledger.proof.canonical import canonical, parse_json
from ledger.proof.keys import public_key, verify_signature

JWS_BYTES_MAX = 4 * 2**20  # a status list of a million consents with nothing to compress in it takes a quarter of this
_P256_BYTES = 32


def sign_jws(claims: dict[str, Any], typ: str, spki: bytes, keyid: str, sign: Callable[[bytes], bytes]) -> str:
    """`header.claims.signature`. `sign` is the private side of `spki`: Ed25519, or ECDSA P-256 giving DER."""
    header = {"alg": _algorithm(spki), "kid": keyid, "typ": typ}
    text = f"{base64url_text(canonical(header))}.{base64url_text(canonical(claims))}"
    return f"{text}.{base64url_text(_as_jose(spki, sign(text.encode('ascii'))))}"


def verify_jws(token: str, keys: Mapping[str, bytes], typ: str) -> dict[str, Any]:
    """The claims, if a key in `keys` (keyid -> SubjectPublicKeyInfo) signed them as a `typ`.

    Raises Untrusted `jws_malformed`, `jws_other_type`, `signature_unknown_key`, `signature_invalid`. When it was signed and
    until when it counts is for the caller to ask.
    """
    header, claims, signature = _parts(token)
    if header.get("typ") != typ:
        raise Untrusted("jws_other_type", f"this is not a {typ}", "Ask for the right one.")
    spki = keys.get(str(header.get("kid")))
    if spki is None:
        raise Untrusted(
            "signature_unknown_key", "it was signed by a key that you don't hold", "Get the log's keys anew."
        )
    if header.get("alg") != _algorithm(spki) or header.keys() != {"alg", "kid", "typ"}:
        raise Untrusted("jws_malformed", "its header names another algorithm than the key's, or asks for more")
    signed = token.rpartition(".")[0].encode("ascii")
    verify_signature(spki, _as_der(spki, signature), signed)
    return claims


def base64url_text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def base64url_bytes(text: str) -> bytes:
    """Raises ValueError unless `text` is the one spelling of its bytes."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("not base64url") from error
    if base64url_text(data) != text:
        raise ValueError("another spelling")
    return data


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    try:
        if len(token) > JWS_BYTES_MAX or not token.isascii():
            raise ValueError("too long")
        header, claims, signature = map(base64url_bytes, token.split("."))
        parsed = parse_json(header), parse_json(claims)
        if not all(isinstance(one, dict) for one in parsed):
            raise ValueError("no objects")
    except (ValueError, LedgerError) as error:
        raise Untrusted("jws_malformed", "this is not a compact JSON Web Signature", "Ask for it again.") from error
    return *parsed, signature


def _algorithm(spki: bytes) -> str:
    key = public_key(spki)
    if isinstance(key, Ed25519PublicKey):
        return "Ed25519"  # RFC 9864; "EdDSA" of RFC 8037 leaves the curve open
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "ES256"
    raise Untrusted("jws_malformed", "no JSON Web Signature is made with such a key")


def _as_jose(spki: bytes, signature: bytes) -> bytes:
    """ECDSA as r ‖ s of fixed length (RFC 7518 section 3.4)."""
    if _algorithm(spki) != "ES256":
        return signature
    r, s = decode_dss_signature(signature)
    return r.to_bytes(_P256_BYTES, "big") + s.to_bytes(_P256_BYTES, "big")


def _as_der(spki: bytes, signature: bytes) -> bytes:
    if _algorithm(spki) != "ES256":
        return signature
    if len(signature) != 2 * _P256_BYTES:
        raise Untrusted("signature_invalid", "an ES256 signature has 64 bytes")
    return encode_dss_signature(
        int.from_bytes(signature[:_P256_BYTES], "big"), int.from_bytes(signature[_P256_BYTES:], "big")
    )
