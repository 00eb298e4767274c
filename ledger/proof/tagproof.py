"""What the tag index says of one tag, shown to somebody who has nothing but its root (SPEC S7.14).

    {"tag", "types": {type: {"chain", "count", "last"}} or null, "other": {"key", "record"} or null, "path": [hex, …]}

`types` is the record of a tag that is there. For one that is not, its way through the map ends in an empty subtree
(`other` is null) or at another key alone in its subtree. `path` are the siblings, the deepest first. A root and a tag admit
one proof only: presence and absence can't both be shown, whoever computed the root.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ledger.errors import LedgerError, Untrusted
from ledger.proof.logentry import STATEMENT_TAG, hex_digest
from ledger.proof.tagmap import EMPTY_SUBTREE, TAG_KEY_BITS, key_bits, record_digest, tag_key, tag_leaf, tag_node
from ledger.proof.tagrecord import TagTypes, parse_tag_types, tag_record

_TAG_PROOF_MEMBERS = frozenset({"tag", "types", "other", "path"})


@dataclass(frozen=True)
class TagProof:
    """A parsed proof; nothing in it is verified. `types` None: absent. `other`: (key, record digest) where the way ends."""

    tag: str
    types: TagTypes | None
    other: tuple[bytes, bytes] | None
    path: tuple[bytes, ...]

    def as_json(self) -> dict[str, Any]:
        types = None if self.types is None else {name: one.as_json() for name, one in self.types.items()}
        other = {"key": self.other[0].hex(), "record": self.other[1].hex()} if self.other else None
        return {"tag": self.tag, "types": types, "other": other, "path": [one.hex() for one in self.path]}

    @classmethod
    def parse(cls, value: Any) -> TagProof:
        """Raises Untrusted `tag_proof_malformed`."""
        try:
            if not isinstance(value, dict) or value.keys() != _TAG_PROOF_MEMBERS:
                raise _tag_proof_malformed("other members")
            tag, types, other, path = value["tag"], value["types"], value["other"], value["path"]
            if not isinstance(tag, str) or not STATEMENT_TAG.fullmatch(tag):
                raise _tag_proof_malformed("the tag is malformed")
            if not isinstance(path, list) or len(path) > TAG_KEY_BITS or (types is not None and other is not None):
                raise _tag_proof_malformed("a path that is too long, or a tag both there and not")
            return cls(
                tag,
                None if types is None else parse_tag_types(types),
                None if other is None else _other_leaf(other),
                tuple(bytes.fromhex(hex_digest(one)) for one in path),
            )
        except LedgerError as error:
            raise _tag_proof_malformed(error.what) from error

    def root(self) -> bytes:
        """The root that the map must have if this holds. Raises Untrusted `tag_proof_malformed` for an impossible way."""
        key = tag_key(self.tag)
        bits, depth = key_bits(key), len(self.path)
        if depth and self.path[0] == EMPTY_SUBTREE:
            raise _tag_proof_malformed("its way goes deeper than the map does")
        computed = self._end(key, bits[:depth])
        for sibling, bit in zip(self.path, reversed(bits[:depth]), strict=True):
            computed = tag_node(sibling, computed) if bit == "1" else tag_node(computed, sibling)
        return computed

    def _end(self, key: bytes, way: str) -> bytes:
        if self.types is not None:
            return tag_leaf(key, record_digest(tag_record(self.tag, self.types)))
        if self.other is None:
            return EMPTY_SUBTREE
        if self.other[0] == key or not key_bits(self.other[0]).startswith(way):
            raise _tag_proof_malformed("the other key is the tag's own, or stands elsewhere")
        return tag_leaf(*self.other)


def verify_tag_proof(proof: TagProof, root: bytes, size: int) -> TagTypes:
    """What the first `size` entries hold about the tag, by type; empty if none carries it.

    Raises Untrusted `tag_proof_invalid`, `tag_proof_malformed`.
    """
    if proof.root() != root:
        raise Untrusted("tag_proof_invalid", f"nothing shows what the index says of {proof.tag}")
    types = proof.types or {}
    if any(one.last >= size for one in types.values()):
        raise Untrusted("tag_proof_invalid", f"the index counts entries about {proof.tag} that it can't have seen")
    return types


def _other_leaf(value: Any) -> tuple[bytes, bytes]:
    if not isinstance(value, dict) or value.keys() != {"key", "record"}:
        raise _tag_proof_malformed("the other key comes without its record")
    return bytes.fromhex(hex_digest(value["key"])), bytes.fromhex(hex_digest(value["record"]))


def _tag_proof_malformed(what: str) -> Untrusted:
    return Untrusted("tag_proof_malformed", f"not a proof of the tag index: {what}")
