"""Soft bindings as they travel: our algorithm's value taken apart, a manifest's own bindings, and when two of them match.

docs/soft-binding.md says how others compute a value. Nothing in here decides on rights.
"""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ledger.media.c2pa_claims import soft_bindings
from ledger.media.claim import SOFT_BINDING_FRAMES_MAX, SOFT_BINDING_PDQ
from ledger.media.findings import Fingerprints, FrameCode

CODE_BYTES: Final = 32
MATCH_BITS_MAX: Final = 31  # PDQ's own advice for the same picture; a manifest is recovered for copies alone
MATCH_SHARE_MIN: Final = 0.3  # of the shorter side's codes (FORMATS 8): an excerpt is still that clip
CODES_MATCHED_MIN: Final = 2  # a clip is not known by one frame
_STEP_MS: Final = 500  # codes in a value carry no times; their order is what counts
_VOTING: Final = 100


@dataclass(frozen=True)
class AskedBindings:
    """What somebody looks for: codes of our algorithm in hex, in order, and values of others word by word."""

    codes: tuple[str, ...]
    others: frozenset[tuple[str, str]] = frozenset()

    def matches(self, bindings: Iterable[tuple[str, str]]) -> bool:
        """Whether **every** one of a manifest's bindings is among them; a manifest without any is never recovered."""
        found = [self._has(alg, value) for alg, value in bindings]
        return bool(found) and all(found)

    def _has(self, alg: str, value: str) -> bool:
        if alg != SOFT_BINDING_PDQ:
            return (alg, value) in self.others
        try:
            bound = codes_of(value)
        except ValueError:
            return False
        asked = [int(code, 16) for code in self.codes]
        near = sum(any((int(one, 16) ^ other).bit_count() <= MATCH_BITS_MAX for other in asked) for one in bound)
        shorter = min(len(bound), len(self.codes))
        return near >= min(CODES_MATCHED_MIN, shorter) > 0 and near >= MATCH_SHARE_MIN * shorter


def codes_of(value: str) -> tuple[str, ...]:
    """The codes in a value of our algorithm, in hex. Raises ValueError for anything else."""
    try:
        octets = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("not base64") from error
    if not octets or len(octets) % CODE_BYTES or len(octets) > CODE_BYTES * SOFT_BINDING_FRAMES_MAX:
        raise ValueError(f"not 1 to {SOFT_BINDING_FRAMES_MAX} codes of {CODE_BYTES} bytes")
    return tuple(octets[at : at + CODE_BYTES].hex() for at in range(0, len(octets), CODE_BYTES))


def as_fingerprints(codes: Sequence[str]) -> Fingerprints:
    """Codes as the index is asked with them, in their order."""
    from ledger.media.fingerprints import PDQ_ALGORITHM  # loads decoders, which only this question needs

    frames = tuple(FrameCode(n * _STEP_MS, code, _VOTING, "00" * CODE_BYTES) for n, code in enumerate(codes))
    return Fingerprints(PDQ_ALGORITHM, "as given", frames)


def bindings_of(report: dict[str, Any]) -> list[tuple[str, str]]:
    """(alg, value) of each block of each soft binding of the active manifest, as the engine's report tells them; what
    can't be read is a binding that nothing matches."""
    manifests, label = report.get("manifests"), report.get("active_manifest")
    manifest = manifests.get(label) if isinstance(manifests, dict) else None
    return list(soft_bindings(manifest)) if isinstance(manifest, dict) else []


def active_alone(store: bytes) -> bytes:
    """The manifest store with its active manifest only, which is the last one in it. Raises ValueError when it is no store."""
    kind, body = next(_boxes(store))
    inner = list(_boxes(body))
    if kind != b"jumb" or len(inner) < 2 or inner[0][0] != b"jumd" or inner[-1][0] != b"jumb":
        raise ValueError("not a manifest store")
    return _box(b"jumb", b"".join(_box(*one) for one in (inner[0], inner[-1])))


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(data):
        if at + 8 > len(data):
            raise ValueError("cut off")
        size, kind = struct.unpack_from(">I4s", data, at)
        if size < 8 or at + size > len(data):
            raise ValueError("a box that does not fit")
        yield kind, data[at + 8 : at + size]
        at += size


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body) + 8, kind) + body
