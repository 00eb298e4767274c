"""Public keys as they stand in proofs, and one signature checked under one of them.

Three kinds: Ed25519 (what the SDK and the service use), ECDSA on P-256 (what most hardware keys and cloud key stores
offer) and ML-DSA-44 (FIPS 204). Anything else is refused.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ledger.errors import Misuse, Untrusted

KnownKey = Ed25519PublicKey | ec.EllipticCurvePublicKey | MLDSA44PublicKey

_ED25519_PRIME = 2**255 - 19
_ED25519_Y8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
# y of the points of order 1, 2, 4 and 8. Under such a key one signature fits every message, so whoever enrolled it
# could deny everything; OpenSSL accepts them.
_ED25519_LOW_ORDER_Y = frozenset({0, 1, _ED25519_PRIME - 1, _ED25519_Y8, _ED25519_PRIME - _ED25519_Y8})


def keyid(spki_der: bytes) -> str:
    """SHA-256 of the DER SubjectPublicKeyInfo, 64 lower-case hex digits (DESIGN section 3)."""
    return hashlib.sha256(spki_der).hexdigest()


def ed25519_public_key(raw: bytes) -> Ed25519PublicKey:
    """The key in 32 bytes (RFC 8032); raises Misuse `key_unsupported` for a weak or non-canonical one."""
    y = int.from_bytes(raw, "little") & (2**255 - 1)
    if len(raw) != 32 or y >= _ED25519_PRIME or y in _ED25519_LOW_ORDER_Y:
        raise _key_unsupported("an Ed25519 key of low order, or not 32 canonical bytes")
    return Ed25519PublicKey.from_public_bytes(raw)


@lru_cache(maxsize=1_024)  # reading the DER costs a tenth of the verification; a refusal is not kept
def public_key(spki_der: bytes) -> KnownKey:
    """The key in `spki_der`; raises Misuse `key_unsupported` unless it is one of the three kinds above."""
    try:
        key = load_der_public_key(spki_der)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _key_unsupported("no SubjectPublicKeyInfo that can be read") from error
    if isinstance(key, Ed25519PublicKey):
        return ed25519_public_key(key.public_bytes_raw())
    if isinstance(key, MLDSA44PublicKey):
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise _key_unsupported(type(key).__name__)


def verify_signature(spki_der: bytes, signature: bytes, message: bytes) -> None:
    """Raises Untrusted `signature_invalid` unless `signature` over `message` is by the key in `spki_der`.

    ECDSA signatures are DER (RFC 3279) over SHA-256; ML-DSA-44 is pure, with an empty context.
    """
    key = public_key(spki_der)
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        else:
            key.verify(signature, message)
    except InvalidSignature as error:
        raise Untrusted("signature_invalid", f"The signature by key {keyid(spki_der)} does not fit.") from error


def _key_unsupported(what: str) -> Misuse:
    return Misuse("key_unsupported", f"Not a key that we accept: {what}.", "Use Ed25519, ECDSA P-256 or ML-DSA-44.")
