"""What the tag index counts: the entries of each type that carry a tag, and a chain over them (SPEC S7.12)."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ledger.errors import LedgerError, Untrusted
from ledger.proof.canonical import JSON_INT_MAX
from ledger.proof.logentry import STATEMENT_TAG, STATEMENT_TYPE, hex_digest
from ledger.proof.merkle import HASH_BYTES, leaf_hash

CHAIN_START = bytes(HASH_BYTES)
CHAIN_PREFIX = b"\x10"  # 0x00 and 0x01 are the log's tree's, 0x11 to 0x13 the map's


@dataclass(frozen=True)
class TypeRecord:
    """What the index says of one type under one tag: how many entries, the last one's index, and a chain over all."""

    count: int = 0
    last: int = -1
    chain: bytes = CHAIN_START

    def then(self, index: int, leaf: bytes) -> TypeRecord:
        """With one more entry, whose leaf hash is `leaf`."""
        link = hashlib.sha256(CHAIN_PREFIX + self.chain + index.to_bytes(8, "big") + leaf).digest()
        return TypeRecord(self.count + 1, index, link)

    def as_json(self) -> dict[str, Any]:
        return {"chain": self.chain.hex(), "count": self.count, "last": self.last}

    @classmethod
    def parse(cls, value: Any) -> TypeRecord:
        """Raises Untrusted `tag_record_malformed`."""
        if not isinstance(value, dict) or value.keys() != {"chain", "count", "last"}:
            raise _tag_record_malformed("a type's members are not chain, count and last")
        count, last = value["count"], value["last"]
        if type(count) is not int or type(last) is not int or not 0 < count <= last + 1 <= JSON_INT_MAX:
            raise _tag_record_malformed("a count and a last index that no log can have")
        return cls(count, last, bytes.fromhex(hex_digest(value["chain"])))


TagTypes = Mapping[str, TypeRecord]
"""A tag's record: by statement type."""


def tag_record(tag: str, types: TagTypes) -> bytes:
    """The record's canonical JSON; all names in it are ASCII, so that plain sorting is RFC 8785's."""
    value = {"tag": tag, "types": {name: one.as_json() for name, one in types.items()}}
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode("ascii")


def parse_tag_types(value: Any) -> dict[str, TypeRecord]:
    """The types of a record. Raises Untrusted `tag_record_malformed`."""
    if not isinstance(value, dict) or not value:
        raise _tag_record_malformed("a tag that is present has types")
    try:
        if not all(STATEMENT_TYPE.fullmatch(name) for name in value):
            raise _tag_record_malformed("a type's name is malformed")
        return {name: TypeRecord.parse(one) for name, one in value.items()}
    except LedgerError as error:
        raise _tag_record_malformed(error.what) from error


def counted(entries: Iterable[tuple[int, bytes]]) -> TypeRecord:
    """The record that these entries give, as (index, leaf hash) in the log's order."""
    record = TypeRecord()
    for index, leaf in entries:
        record = record.then(index, leaf)
    return record


@dataclass(frozen=True)
class TaggedEntry:
    """What the index takes of an entry: its place, its leaf hash, its type and its tags, each once."""

    index: int
    leaf: bytes
    type: str
    tags: tuple[str, ...]

    @classmethod
    def read(cls, index: int, entry: bytes) -> TaggedEntry:
        """From the entry's own bytes, which the log's root covers; a store's columns are not asked.

        The form is the door's to check, and the verifier's. Raises Untrusted `entry_malformed`.
        """
        try:
            statement = json.loads(b64decode(json.loads(entry)["envelope"]["payload"]))
            kind, tags = statement["type"], tuple(dict.fromkeys(statement["tags"]))
            if not STATEMENT_TYPE.fullmatch(kind) or not all(map(STATEMENT_TAG.fullmatch, tags)):
                raise ValueError("a type or a tag that no statement has")
        except (ValueError, KeyError, TypeError) as error:
            raise Untrusted("entry_malformed", f"entry {index} has no type and tags", "Run fsck.") from error
        return cls(index, leaf_hash(entry), kind, tags)


def _tag_record_malformed(what: str) -> Untrusted:
    return Untrusted("tag_record_malformed", f"not a record of the tag index: {what}")
