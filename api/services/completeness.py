"""Naming the roots of the tag index in the log, and proving with one what the log holds about a tag (SPEC S7.15, S7.17)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from api.services.erasure_certificate import with_keys
from ledger.door import Ledger
from ledger.errors import LedgerError, Misuse, Refused, TooLarge, Unavailable
from ledger.history import History
from ledger.proof.completeness import COMPLETENESS_BYTES_MAX, INDEXED_TYPE, format_completeness
from ledger.proof.encoding import base64_text
from ledger.proof.logentry import STATEMENT_TAG
from ledger.proof.logged import logged_json
from ledger.proof.merkle import inclusion_proof
from ledger.proof.tlogproof import format_proof
from ledger.statement import Said, read_entry
from ledger.store.contract import Query
from projections.tag_index import IndexLook, TagIndex
from schemas.catalogue import TYPES
from schemas.statements.index import LogIndexed

Enough = Callable[[Said, int], bool]
"""Of an entry that names a root, and the size that it is the root of."""
NAMING_TRIES = 5  # another process may take the file further, or name the same size, each time just before us


def name_root(ledger: Ledger, index: TagIndex) -> Said:
    """The entry that names the newest root: one that is there already if nothing but such entries came since.

    Raises Unavailable `index_busy`, and what the index and the door raise.
    """
    with named_look(ledger, index) as (said, _):
        return said


@contextmanager
def named_look(ledger: Ledger, index: TagIndex, enough: Enough | None = None) -> Iterator[tuple[Said, IndexLook]]:
    """The index under a root that the log names, and the entry that names it; as new as the log is, or a moment older.

    `enough` says of the newest root that is named whether it will do; without it only one of the whole log does.
    """
    will_do = enough or (lambda _said, size: not _grown(ledger, size))
    for _ in range(NAMING_TRIES):
        size = _settle(ledger, index, will_do)
        with index.look() as look:
            said = _naming(ledger, look)
            if said is not None and look.size >= size:
                try:
                    yield said, look
                except Unavailable as error:
                    if error.code == "tag_index_damaged":
                        index.begin_anew()
                    raise
                return
    raise Unavailable("index_busy", "other processes keep moving the tag index", "Try again.")


def _settle(ledger: Ledger, index: TagIndex, will_do: Enough) -> int:
    """Brings the index up to the log and has the log name its root, unless the one that is named will do."""
    with index.look() as look:
        said = _naming(ledger, look)
        if said is not None and will_do(said, look.size):
            return look.size
    index.catch_up()
    with index.look() as look:
        size, root = look.size, look.root.hex()
        if _naming(ledger, look) is not None:
            return size
    try:
        ledger.say(LogIndexed(size=size, root=root))
    except Refused as error:
        if error.code != "index_known":
            raise
    return size


def _naming(ledger: Ledger, look: IndexLook) -> Said | None:
    """The entry that names this size with this root."""
    query = Query(types=[INDEXED_TYPE], tags=[f"index:{look.size}"])
    for stored in ledger.store.read_entries([query], limit=1):
        said = read_entry(stored)
        if isinstance(said.body, LogIndexed) and said.body.root == look.root.hex():
            return said
    return None


def _grown(ledger: Ledger, size: int) -> bool:
    """Whether anything but names of roots came since: an idle log does not talk to itself."""
    return any(stored.type != INDEXED_TYPE for stored in ledger.store.read_entries(after=size))


def recent_proofs(
    ledger: Ledger, index: TagIndex, tags: Sequence[str], since: datetime
) -> tuple[Said, list[dict[str, Any]]]:
    """The entry that names a root, recorded at `since` or later, before which nothing about these tags is left out; and their
    proofs under it. Raises as `named_look`.
    """
    asked = [Query(tags=[tag]) for tag in tags]

    def enough(said: Said, size: int) -> bool:
        newer = ledger.store.read_entries(asked, after=size, limit=1)
        return said.recorded_at >= since and next(iter(newer), None) is None

    with named_look(ledger, index, enough) as (said, look):
        return said, [look.prove(tag).as_json() for tag in tags]


def completeness(ledger: Ledger, index: TagIndex, tag: str, asked: str | None = None, *, entries: bool = True) -> bytes:
    """The document about one tag (SPEC S7.17), under the log's newest checkpoint.

    Raises Misuse `tag_malformed`, `type_unknown`, TooLarge `completeness_too_large`, and what `named_look` raises.
    """
    if not STATEMENT_TAG.fullmatch(tag):
        raise Misuse("tag_malformed", "a tag is a word, a colon and a value", "Write it as consent:0190….")
    if asked is not None and asked not in TYPES:
        raise Misuse("type_unknown", f"{asked} is not in the catalogue", "See the list of statement types.")
    with named_look(ledger, index) as (said, look):
        proof = look.prove(tag)
        shown = list(_entries(ledger, tag, asked, look.size)) if entries else None
    indexed, keys = _under_one_checkpoint(ledger, said)
    raw = format_completeness(asked, indexed, keys, proof, shown)
    if len(raw) > COMPLETENESS_BYTES_MAX:
        raise _too_large()
    return raw


def _under_one_checkpoint(ledger: Ledger, said: Said) -> tuple[dict[str, object], list[dict[str, object]]]:
    """The entry that names the root, and those that bring the keys of the service that signed it."""
    size, checkpoint = ledger.head()

    def proven(one: Said) -> dict[str, object]:
        hashes = inclusion_proof(one.index, size, ledger.store)
        return logged_json(one.index, one.entry, format_proof(one.index, hashes, checkpoint))

    about_keys = [one for one in with_keys(History(ledger.store, size), [said]) if one.index != said.index]
    return proven(said), [proven(one) for one in about_keys]


def _entries(ledger: Ledger, tag: str, asked: str | None, size: int) -> Iterator[tuple[int, str]]:
    query, total = Query(types=[asked] if asked else [], tags=[tag]), 0
    for stored in ledger.store.read_entries([query], upto=size):
        total += len(stored.entry) * 4 // 3
        if total > COMPLETENESS_BYTES_MAX:
            raise _too_large()
        yield stored.index, base64_text(stored.entry)


def _too_large() -> LedgerError:
    what = f"the entries about this tag don't fit {COMPLETENESS_BYTES_MAX} bytes"
    return TooLarge("completeness_too_large", what, "Ask for one type, or leave the entries out.")
