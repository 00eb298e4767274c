"""Which blobs go into a pack, and why the others don't. Media and documents about people stay out unless they are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ledger.blobs import Blobs
from ledger.proof.logentry import LogEntry
from ledger.proof.packdigests import document_digests, named_digests
from ledger.statement import Said
from schemas.evidence import PackOmission
from schemas.statements.asset import AssetDerived, AssetImported
from schemas.statements.dispute import DisputeSighted
from schemas.statements.erasure import SubjectErased, SubjectErasureBegun
from schemas.statements.generation import GenerationRequested
from schemas.statements.opinion import OpinionAsked

REPORT_BLOB_BYTES_MAX = 64 * 2**20  # examinations and manifest stores have some MB; anything larger is a mistake
MEDIA_BYTES_MAX = 2 * 2**30  # as large as the ledger takes a file in
PACK_BLOBS_BYTES_MAX = 3 * 2**30  # all together; a pack has to stay below 4 GiB, where zip needs other structures

PRIVATE = "a document about people or a contract, left out by default; whoever holds it compares its SHA-256"
ERASED = "a document about somebody who was erased"
_PUBLIC = frozenset({"trust.list-imported.v1"})


@dataclass(frozen=True)
class PackBlobs:
    """`present`: file by digest; `omitted`: the rest of what the entries name, in the order of the digests."""

    present: dict[str, Path]
    omitted: tuple[PackOmission, ...]


def blobs_of(
    found: Sequence[Said],
    blobs: Blobs,
    *,
    with_media: bool,
    with_documents: bool = False,
    withheld: Mapping[str, str] = MappingProxyType({}),
) -> PackBlobs:
    """Every digest that the entries name, either with its bytes or with the reason why not. `withheld`: reasons by digest that
    count before any other.
    """
    media, read = _media(found), [LogEntry.parse(said.index, said.entry) for said in found]
    documents = {digest for entry in read if entry.type not in _PUBLIC for digest in document_digests(entry)}
    named = {digest for entry in read for digest in named_digests(entry) | document_digests(entry)}
    withheld = {**dict.fromkeys(_of_the_erased(found, read), ERASED), **withheld}
    present: dict[str, Path] = {}
    omitted: list[PackOmission] = []
    left = PACK_BLOBS_BYTES_MAX
    for digest in sorted(named, key=lambda digest: (digest in media, digest)):  # reports first, media if there is room
        why = withheld.get(digest) or (PRIVATE if digest in documents and not with_documents else None)
        why = why or _why_not(blobs, digest, digest in media, with_media, left)
        if why is None:
            present[digest] = blobs.path(digest)
            left -= present[digest].stat().st_size
        else:
            omitted.append(PackOmission(sha256=digest, why=why))
    return PackBlobs(present, tuple(sorted(omitted, key=lambda one: one.sha256)))


def _of_the_erased(found: Sequence[Said], read: Sequence[LogEntry]) -> set[str]:
    """Documents about people whose erasure has begun, by the entries of the pack itself."""
    kinds = (SubjectErasureBegun, SubjectErased)
    gone = {f"person:{said.body.person}" for said in found if isinstance(said.body, kinds)}
    return {
        digest for entry in read if not gone.isdisjoint(entry.statement["tags"]) for digest in document_digests(entry)
    }


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
