"""Which blobs go into a pack, and why the others don't. Media stay out unless asked for: they are large and show faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ledger.blobs import Blobs
from ledger.proof.logentry import LogEntry
from ledger.proof.packclaims import named_digests
from ledger.statement import Said
from schemas.evidence import PackOmission
from schemas.statements.asset import AssetDerived, AssetImported
from schemas.statements.dispute import DisputeSighted
from schemas.statements.generation import GenerationRequested
from schemas.statements.opinion import OpinionAsked

REPORT_BLOB_BYTES_MAX = 64 * 2**20  # examinations and manifest stores have some MB; anything larger is a mistake
MEDIA_BYTES_MAX = 2 * 2**30  # as large as the ledger takes a file in
PACK_BLOBS_BYTES_MAX = 3 * 2**30  # all together; a pack has to stay below 4 GiB, where zip needs other structures


@dataclass(frozen=True)
class PackBlobs:
    """`present`: file by digest; `omitted`: the rest of what the entries name, in the order of the digests."""

    present: dict[str, Path]
    omitted: tuple[PackOmission, ...]


def blobs_of(
    found: Sequence[Said], blobs: Blobs, with_media: bool, withheld: Mapping[str, str] = MappingProxyType({})
) -> PackBlobs:
    """Every digest that the entries name, either with its bytes or with the reason why not. `withheld`: reasons by digest that
    count before any other.
    """
    media = _media(found)
    named = {digest for said in found for digest in named_digests(LogEntry.parse(said.index, said.entry))}
    present: dict[str, Path] = {}
    omitted: list[PackOmission] = []
    left = PACK_BLOBS_BYTES_MAX
    for digest in sorted(named, key=lambda digest: (digest in media, digest)):  # reports first, media if there is room
        why = withheld.get(digest) or _why_not(blobs, digest, digest in media, with_media, left)
        if why is None:
            present[digest] = blobs.path(digest)
            left -= present[digest].stat().st_size
        else:
            omitted.append(PackOmission(sha256=digest, why=why))
    return PackBlobs(present, tuple(sorted(omitted, key=lambda one: one.sha256)))


def _media(found: Sequence[Said]) -> set[str]:
    """Files, references and what was captured of copies: what can show somebody."""
    media: set[str] = set()
    for said in found:
        if isinstance(said.body, AssetImported | AssetDerived):
            media.add(said.body.asset)
        elif isinstance(said.body, GenerationRequested):
            media |= {reference.sha256 for reference in said.body.references}
        elif isinstance(said.body, OpinionAsked):
            media |= {sent.sha256 for sent in said.body.sent}
        elif isinstance(said.body, DisputeSighted):
            media.add(said.body.captured_sha256)
    return media


def _why_not(blobs: Blobs, digest: str, is_media: bool, with_media: bool, left: int) -> str | None:
    if is_media and not with_media:
        return "media, left out by default; whoever holds the file compares its SHA-256"
    if not blobs.has(digest):
        return "these bytes are not held by the ledger that wrote the pack"
    size, most = blobs.path(digest).stat().st_size, MEDIA_BYTES_MAX if is_media else REPORT_BLOB_BYTES_MAX
    if size > min(most, left):
        return f"{size} bytes are more than a pack takes in"
    return None
