"""Signed statements: DSSE envelopes (Dead Simple Signing Envelope, protocol v1.0.2).

The payload's bytes are kept as they were signed and never re-serialised. What is signed is `pae(type, payload)`, so a
signature for one payload type says nothing about another.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ledger.errors import Misuse, TooLarge, Untrusted
from ledger.proof.canonical import canonical, parse_json
from ledger.proof.encoding import base64_bytes, base64_text
from ledger.proof.keys import keyid, verify_signature
from ledger.proof.passkey import Assertion, Passkey, passkey_challenge, verify_assertion

__all__ = ["PAYLOAD_BYTES_MAX", "PAYLOAD_TYPE", "Envelope", "Signature", "keyid", "pae", "sign", "verify"]

PAYLOAD_TYPE = "application/vnd.countersign.statement+json"
PAYLOAD_BYTES_MAX = 48 * 2**10  # what base64 can carry in an entry of 65,535 bytes; larger things are blobs
SIGNATURE_BYTES_MAX = 4 * 2**10  # ML-DSA-44 takes 2,420; a passkey's assertion about 600
ENVELOPE_SIGNATURES_MAX = 8  # an actor, the service, and room for joint signatures
ENVELOPE_BYTES_MAX = 128 * 2**10  # the largest payload and eight of the largest signatures, in base64

_KEYID = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Signature:
    """One signature: which key says it made it, and the raw signature bytes."""

    keyid: str
    sig: bytes


@dataclass(frozen=True)
class Envelope:
    """A payload, its type, and one to eight signatures by different keys. Parsed is not verified."""

    payload_type: str
    payload: bytes
    signatures: tuple[Signature, ...]

    def is_well_formed(self) -> bool:
        """Whether `parse` could have given this: a statement's envelope within every bound."""
        signers = {one.keyid for one in self.signatures}
        return (
            self.payload_type == PAYLOAD_TYPE
            and 0 < len(self.payload) <= PAYLOAD_BYTES_MAX
            and 0 < len(self.signatures) == len(signers) <= ENVELOPE_SIGNATURES_MAX
            and all(0 < len(one.sig) <= SIGNATURE_BYTES_MAX and _KEYID.fullmatch(one.keyid) for one in self.signatures)
        )

    def to_json(self) -> dict[str, Any]:
        """The DSSE JSON object, base64 in the standard alphabet with padding."""
        return {
            "payload": base64_text(self.payload),
            "payloadType": self.payload_type,
            "signatures": [{"keyid": one.keyid, "sig": base64_text(one.sig)} for one in self.signatures],
        }

    def to_bytes(self) -> bytes:
        """`to_json` as RFC 8785 bytes, put together by hand: base64 and hex need no escapes."""
        signatures = b",".join(
            b'{"keyid":%b,"sig":"%b"}' % (_text(one.keyid), b64encode(one.sig)) for one in self.signatures
        )
        payload, said_type = b64encode(self.payload), _text(self.payload_type)
        return b'{"payload":"%b","payloadType":%b,"signatures":[%b]}' % (payload, said_type, signatures)

    @classmethod
    def parse(
        cls, raw: bytes | dict[str, Any], payload_type: str = PAYLOAD_TYPE, payload_bytes_max: int = PAYLOAD_BYTES_MAX
    ) -> Envelope:
        """The envelope in JSON bytes or in an already strictly parsed object.

        `payload_bytes_max`: a signed document that is no statement (it never becomes an entry) may be larger. Raises
        Misuse `envelope_malformed`, `envelope_payload_type`, TooLarge `envelope_too_large`, and the codes of
        `parse_json`.
        """
        envelope_bytes_max = ENVELOPE_BYTES_MAX + 2 * (payload_bytes_max - PAYLOAD_BYTES_MAX)
        document = _parsed_envelope_json(raw, envelope_bytes_max) if isinstance(raw, bytes) else raw
        payload_text, said_type, signatures = _exact_members(document, ("payload", "payloadType", "signatures"))
        if said_type != payload_type:
            raise Misuse("envelope_payload_type", "The payload is of another type.", f"Send {payload_type}.")
        payload = _envelope_base64(payload_text, payload_bytes_max)
        return cls(payload_type, payload, _parsed_signatures(signatures))


@lru_cache(maxsize=256)  # payload types and key ids: the same few again and again
def _text(value: str) -> bytes:
    return canonical(value)


def pae(payload_type: str, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding: what is really signed. Lengths in bytes, decimal."""
    type_bytes = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(type_bytes), type_bytes, len(payload), payload)


def sign(
    payload: bytes, payload_type: str, private_key: Ed25519PrivateKey, payload_bytes_max: int = PAYLOAD_BYTES_MAX
) -> Envelope:
    """`payload` under one signature. Raises TooLarge `envelope_too_large`."""
    spki_der = private_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return signed_by(payload, payload_type, keyid(spki_der), private_key.sign, payload_bytes_max)


def signed_by(
    payload: bytes,
    payload_type: str,
    key_id: str,
    sign_bytes: Callable[[bytes], bytes],
    payload_bytes_max: int = PAYLOAD_BYTES_MAX,
) -> Envelope:
    """`sign`, by a key that may lie elsewhere. Raises TooLarge `envelope_too_large` and what `sign_bytes` raises."""
    if len(payload) > payload_bytes_max:
        raise _envelope_too_large("payload", payload_bytes_max)
    return Envelope(payload_type, payload, (Signature(key_id, sign_bytes(pae(payload_type, payload))),))


def verify(envelope: Envelope, keys: Mapping[str, bytes | Passkey]) -> tuple[str, ...]:
    """The ids of the keys that signed, in the envelope's order, at least one.

    `keys` maps key id to DER SubjectPublicKeyInfo, or to a passkey, which signs through assertions and in no other way
    (SPEC S3.6). Signatures by other keys are passed over, as DSSE says. Raises Untrusted `signature_invalid` or
    `passkey_…` when any signature by a key in `keys` fails, `signature_unknown_key` when none is by such a key,
    `key_id_mismatch` when `keys` files a key under an id that is not its own; Misuse `key_unsupported`.
    """
    message = pae(envelope.payload_type, envelope.payload)
    known = [signature for signature in envelope.signatures if signature.keyid in keys]
    if not known:
        raise Untrusted("signature_unknown_key", "No signature is by a key that we know.", "Enrol the key first.")
    for signature in known:
        key = keys[signature.keyid]
        if keyid(key if isinstance(key, bytes) else key.spki) != signature.keyid:
            raise Untrusted("key_id_mismatch", f"The key listed as {signature.keyid} is another key.")
        if isinstance(key, Passkey):
            verify_assertion(key, Assertion.parse(signature.sig), passkey_challenge(message))
        else:
            verify_signature(key, signature.sig, message)
    return tuple(signature.keyid for signature in known)


def _parsed_envelope_json(raw: bytes, bytes_max: int) -> Any:
    if len(raw) > bytes_max:
        raise _envelope_too_large("envelope", bytes_max)
    return parse_json(raw)


def _parsed_signatures(documents: Any) -> tuple[Signature, ...]:
    if not isinstance(documents, list) or not documents:
        raise _envelope_malformed("`signatures` is not a list with at least one signature")
    if len(documents) > ENVELOPE_SIGNATURES_MAX:
        raise _envelope_malformed(f"more than {ENVELOPE_SIGNATURES_MAX} signatures")
    signatures = tuple(_parsed_signature(document) for document in documents)
    if len({signature.keyid for signature in signatures}) != len(signatures):
        raise _envelope_malformed("two signatures by one key")
    return signatures


def _parsed_signature(document: Any) -> Signature:
    signer, sig = _exact_members(document, ("keyid", "sig"))
    if not isinstance(signer, str) or not _KEYID.fullmatch(signer):
        raise _envelope_malformed("`keyid` is not 64 lower-case hex digits")
    return Signature(signer, _envelope_base64(sig, SIGNATURE_BYTES_MAX))


def _exact_members(document: Any, names: tuple[str, ...]) -> tuple[Any, ...]:
    if not isinstance(document, dict) or document.keys() != set(names):
        raise _envelope_malformed(f"an object does not have exactly the members {', '.join(names)}")
    return tuple(document[name] for name in names)


def _envelope_base64(text: Any, bytes_max: int) -> bytes:
    """Bounded before it is decoded; empty is malformed, since nothing we sign or make is empty."""
    if not isinstance(text, str) or not text:
        raise _envelope_malformed("a base64 member is missing its text")
    if len(text) > 4 * ((bytes_max + 2) // 3):
        raise _envelope_too_large("payload or signature", bytes_max)
    try:
        return base64_bytes(text)
    except ValueError as error:
        raise _envelope_malformed("a member is not padded standard base64") from error


def _envelope_malformed(what: str) -> Misuse:
    return Misuse("envelope_malformed", f"Not a DSSE envelope: {what}.", "See DSSE's envelope.md.")


def _envelope_too_large(what: str, bytes_max: int) -> TooLarge:
    return TooLarge("envelope_too_large", f"The {what} has more than {bytes_max} bytes.", "Send it as a blob.")
