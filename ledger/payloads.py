"""Canonical JSON read and written quickly, where that is sure to give what `ledger.proof.canonical` gives.

The slow path says what is right, and names every fault. The quick one (msgspec) is taken only for documents of the common
kind, and only believed when writing its value again gives the very bytes that came: duplicate members, spaces, escapes
and another order can't survive that. What could survive it is kept out before: floats; whole numbers that could lie beyond
2**53 (16 digits in a row, wherever they stand); text beyond the basic plane, where UTF-16 orders member names in
another way than UTF-8 does; and deep nesting. tests/property/ledger/test_payloads.py holds the two paths against each other.
"""

from __future__ import annotations

from binascii import a2b_base64
from typing import Any, Final

import msgspec

from ledger.errors import LedgerError, Misuse
from ledger.proof.canonical import JSON_DEPTH_MAX, canonical, parse_json
from ledger.proof.dsse import Envelope, Signature

_DIGIT, _BEYOND, _OTHER = b"0", b"X", b" "
_KINDS: Final = bytes(
    (_DIGIT if chr(byte) in "0123456789" else _BEYOND if byte >= 0xF0 else _OTHER)[0] for byte in range(256)
)
_LONG_NUMBER: Final = _DIGIT * 16
_ENVELOPE_BYTES_MAX: Final = 66_000  # past an entry's own bound nothing is common


def _no_float(_: str) -> float:
    raise ValueError("a float")


_DECODER: Final = msgspec.json.Decoder(float_hook=_no_float)
_ENCODER: Final = msgspec.json.Encoder(order="sorted")


def read_canonical(raw: bytes) -> Any:
    """The value of a document that has to be in canonical form (SPEC S2.2).

    Raises Misuse `payload_not_canonical`, and what `parse_json` and `canonical` raise.
    """
    if (value := _read_quickly(raw)) is not None:
        return value
    value = parse_json(raw)
    if canonical(value) != raw:
        raise Misuse("payload_not_canonical", "the payload is not in RFC 8785 form", "Canonicalise, then sign.")
    return value


def _read_quickly(raw: bytes) -> Any | None:
    """The value, or None when the slow path has to say."""
    if not is_common(raw):
        return None
    try:
        value = _DECODER.decode(raw)
        return value if _ENCODER.encode(value) == raw else None
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


class _Signed(msgspec.Struct, forbid_unknown_fields=True):
    keyid: str
    sig: str


class _Enveloped(msgspec.Struct, forbid_unknown_fields=True):
    payload: str
    payloadType: str
    signatures: list[_Signed]


_ENVELOPES: Final = msgspec.json.Decoder(_Enveloped)


def read_envelope(raw: bytes) -> tuple[Envelope, bytes]:
    """An envelope and its canonical bytes, which are what came if it came canonical. Raises what `Envelope.parse` raises."""
    if (found := _envelope_quickly(raw)) is not None:
        return found, raw
    envelope = Envelope.parse(raw)
    return envelope, envelope.to_bytes()


def _envelope_quickly(raw: bytes) -> Envelope | None:
    """The envelope, when writing it again gives these bytes; None when the slow path has to say."""
    if len(raw) > _ENVELOPE_BYTES_MAX:
        return None
    try:
        found = _ENVELOPES.decode(raw)
        signatures = tuple(Signature(one.keyid, a2b_base64(one.sig)) for one in found.signatures)
        envelope = Envelope(found.payloadType, a2b_base64(found.payload), signatures)
        return envelope if envelope.is_well_formed() and envelope.to_bytes() == raw else None
    except (msgspec.MsgspecError, ValueError, LedgerError):
        return None


def is_common(raw: bytes) -> bool:
    """Whether nothing in these bytes could make the two paths differ. Brackets and digits inside texts count too."""
    kinds = raw.translate(_KINDS)
    return _LONG_NUMBER not in kinds and _BEYOND not in kinds and raw.count(b"[") + raw.count(b"{") <= JSON_DEPTH_MAX
