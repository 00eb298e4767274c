"""All that a log holds about one tag, up to a size: a document that can be checked offline (SPEC S7.17).

    (1) it is canonical JSON with exactly its members
    (2) the log itself names the root of its tag index: a `log.indexed.v1` that is included under the log's keys, and signed by
        the log's service, whose keys the entries in `keys` bring
    (3) the index has the tag with these records, or does not have it, under that root
    (4) the entries shown are all that the index counts, of the type that was asked for or of every type

So an entry that was left out is named by its tag and type. Who signed the entries shown is for an evidence pack to show.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ledger.errors import LedgerError, Untrusted
from ledger.proof.canonical import canonical
from ledger.proof.encoding import base64_bytes
from ledger.proof.logentry import STATEMENT_TYPE, LogEntry, hex_digest
from ledger.proof.logged import document_members, verify_logged
from ledger.proof.logkeys import LogKeys
from ledger.proof.merkle import leaf_hash
from ledger.proof.note import NoteSignature, NoteVerifier
from ledger.proof.servicechain import verify_service_chain
from ledger.proof.tagproof import TagProof, verify_tag_proof
from ledger.proof.tagrecord import TagTypes, TypeRecord, counted

COMPLETENESS_FORMAT = "countersign.completeness/1"
COMPLETENESS_BYTES_MAX = 16 * 2**20  # some thousand entries in base64; a longer story is the log's to tell
INDEXED_TYPE = "log.indexed.v1"

_COMPLETENESS_MEMBERS = frozenset({"format", "type", "indexed", "keys", "proof", "entries"})


@dataclass(frozen=True)
class NamedRoot:
    """The tag index over the log's first `size` entries has this root, as entry `index` says."""

    index: int
    size: int
    root: bytes

    @classmethod
    def of(cls, entry: LogEntry) -> NamedRoot:
        """Raises Untrusted `index_malformed`."""
        body = entry.body
        size = body.get("size")
        if entry.type != INDEXED_TYPE or body.keys() != {"size", "root"} or type(size) is not int:
            raise Untrusted("index_malformed", f"entry {entry.index} names no root of the tag index")
        if not 0 < size <= entry.index:
            raise Untrusted("index_malformed", f"entry {entry.index} speaks of entries after it")
        return cls(entry.index, size, bytes.fromhex(hex_digest(body["root"])))


@dataclass(frozen=True)
class TagStory:
    """What was shown of a tag: `types` is what the log's first `size` entries hold, `entries` those that are all here.

    `asked`: the one type that was asked for; None: every type. `signatures`: on the checkpoint.
    """

    tag: str
    asked: str | None
    types: TagTypes
    entries: tuple[LogEntry, ...] | None
    origin: str
    size: int
    named_at: int
    signatures: tuple[NoteSignature, ...]
    named_by: str
    """The service, with whose key the root is signed."""

    @property
    def count(self) -> int:
        """How many entries answer the question."""
        return sum(one.count for name, one in self.types.items() if self.asked in (None, name))

    @property
    def sentence(self) -> str:
        within = f"The log's first {self.size:,} entries hold" if self.size > 1 else "The log's first entry holds"
        about = f"{within} {_how_many(sum(one.count for one in self.types.values()))} about {self.tag}"
        if self.asked is None:
            return about
        return f"{about}, {f'{self.count:,}' if self.count else 'none'} of type {self.asked}"


def format_completeness(
    asked: str | None,
    indexed: dict[str, Any],
    keys: Sequence[dict[str, Any]],
    proof: TagProof,
    entries: Iterable[tuple[int, str]] | None,
) -> bytes:
    """The document. `indexed` and `keys` as `logged_json` gives them, `keys` bringing those of the service; `entries`: (index,
    base64 of the entry), None to show none.
    """
    shown = None if entries is None else [{"index": index, "entry": entry} for index, entry in entries]
    said = {"format": COMPLETENESS_FORMAT, "type": asked, "indexed": indexed, "keys": keys, "proof": proof.as_json()}
    return canonical({**said, "entries": shown})


def verify_completeness(
    raw: bytes, log_keys: LogKeys | Sequence[NoteVerifier], cosigners: Sequence[NoteVerifier] = ()
) -> TagStory:
    """The steps above. Raises Untrusted `document_malformed`, `index_malformed`, `tag_proof_…`, `completeness_…`, and what
    `verify_service_chain` and its `require_said` raise.
    """
    shown = document_members(raw, COMPLETENESS_FORMAT, _COMPLETENESS_MEMBERS, COMPLETENESS_BYTES_MAX)  # (1)
    asked = shown["type"]
    if asked is not None and not (isinstance(asked, str) and STATEMENT_TYPE.fullmatch(asked)):
        raise Untrusted("document_malformed", "the type that it answers for is malformed")
    service = verify_service_chain(shown["keys"], log_keys, cosigners)  # (2)
    logged = verify_logged(shown["indexed"], service.log_keys, cosigners)
    named = NamedRoot.of(logged.entry)
    service.require_said(logged)
    proof = TagProof.parse(shown["proof"])
    types = verify_tag_proof(proof, named.root, named.size)  # (3)
    entries = None if shown["entries"] is None else _shown_entries(shown["entries"])
    if entries is not None:  # (4)
        check_all_there(proof.tag, {name: one for name, one in types.items() if asked in (None, name)}, entries)
    return TagStory(
        tag=proof.tag,
        asked=asked,
        types=types,
        entries=None if entries is None else tuple(entry for entry, _ in entries),
        origin=logged.head.checkpoint.origin,
        size=named.size,
        named_at=named.index,
        signatures=logged.head.signatures,
        named_by=logged.entry.actor,
    )


def check_all_there(tag: str, wanted: TagTypes, entries: Sequence[tuple[LogEntry, bytes]]) -> None:
    """These entries, each with its leaf hash and in the log's order, are all that the index counts and no others.

    Raises Untrusted `completeness_missing`, `completeness_extra`, `completeness_differs`, naming tag and type.
    """
    found: dict[str, list[tuple[int, bytes]]] = {}
    for entry, leaf in entries:
        if tag not in entry.statement["tags"]:
            raise Untrusted("completeness_extra", f"entry {entry.index} is not about {tag}")
        found.setdefault(entry.type, []).append((entry.index, leaf))
    for kind in sorted(wanted.keys() | found.keys()):
        missing_of_type(tag, kind, wanted, found.get(kind, []))


def missing_of_type(tag: str, kind: str, wanted: Mapping[str, TypeRecord], shown: Sequence[tuple[int, bytes]]) -> None:
    """The entries of one type, as (index, leaf hash). Raises as `check_all_there`."""
    there, here = wanted.get(kind, TypeRecord()), counted(shown)
    if there == here:
        return
    what = f"{tag}: of {kind} the log holds {_how_many(there.count)}, and {_how_many(here.count)} are here"
    if there.count > here.count:
        raise Untrusted("completeness_missing", f"{what}; the last one there is entry {there.last}")
    if there.count < here.count:
        raise Untrusted("completeness_extra", what)
    raise Untrusted("completeness_differs", f"{tag}: the entries of {kind} are not those that the log's index counts")


def _shown_entries(value: Any) -> list[tuple[LogEntry, bytes]]:
    entries = []
    try:
        for one in value:
            if one.keys() != {"index", "entry"} or type(one["index"]) is not int:
                raise ValueError("other members")
            raw = base64_bytes(one["entry"])
            entries.append((LogEntry.parse(one["index"], raw), leaf_hash(raw)))
    except LedgerError as error:
        raise Untrusted("completeness_malformed", error.what) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Untrusted("completeness_malformed", "an entry is not shown with its index") from error
    indices = [entry.index for entry, _ in entries]
    if indices != sorted(set(indices)):
        raise Untrusted("completeness_malformed", "the entries do not rise")
    return entries


def _how_many(count: int) -> str:
    return "no entry" if count == 0 else "1 entry" if count == 1 else f"{count:,} entries"
