"""Step 11 of a pack's check: it holds all that the log holds about whatever its verdict hangs on (SPEC S8.9).

The pack names its own tags, and the topics that count under each; this page says which of them it must name at least. An entry
that was left out is told by its tag and type. What rules ask beyond this is for step 10 to see.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ledger.errors import LedgerError, Untrusted
from ledger.proof.canonical import canonical, parse_json
from ledger.proof.completeness import NamedRoot, missing_of_type
from ledger.proof.logentry import LogEntry
from ledger.proof.merkle import leaf_hash
from ledger.proof.packaccount import PackAccount
from ledger.proof.packclaims import PackClaims, PackIndexClaim, Topics, entry_name, index_name
from ledger.proof.packfile import PackFile
from ledger.proof.tagproof import TagProof, verify_tag_proof
from ledger.proof.tagrecord import TagTypes

PACK_INDEX_STEP = 11
EVERY_TOPIC: Topics = frozenset()

_KEY_TOPICS = frozenset({"actor", "log"})
_SCOPES: dict[str, Topics] = {
    "generation": EVERY_TOPIC,
    "brief": frozenset({"brief"}),
    "consent": frozenset({"consent"}),
    "person": frozenset({"person", "field", "hold", "subject"}),
    "clearance": frozenset({"clearance"}),
    "licence": frozenset({"licence"}),
    "notice": EVERY_TOPIC,
    "dispute": EVERY_TOPIC,
}
"""What counts under the tags that entries carry: other files' use of the same brief or consent is none of a pack's business."""


def in_topics(wire_type: str, topics: Topics) -> bool:
    """Whether a type counts: by the first word of its name, or always if no topic is named."""
    return not topics or wire_type.partition(".")[0] in topics


def merge_topics(into: dict[str, Topics], tag: str, topics: Topics) -> None:
    """Adds topics under a tag; every topic is more than any list of them."""
    held = into.get(tag)
    into[tag] = topics if held is None else (EVERY_TOPIC if not held or not topics else held | topics)


def required_tags(assets: Iterable[str], entries: Iterable[LogEntry]) -> dict[str, Topics]:
    """What a pack about `assets` with these entries must show completely, at the least: tags, each with its topics."""
    found, said = dict.fromkeys(("log:opened", "log:keys"), EVERY_TOPIC), list(entries)
    for asset in assets:
        found |= {f"asset:{name}": EVERY_TOPIC for name in _family(asset, said)}
    for entry in said:
        merge_topics(found, f"actor:{entry.actor}", _KEY_TOPICS)
        for signature in entry.envelope.signatures:
            merge_topics(found, f"key:{signature.keyid}", _KEY_TOPICS)
        for tag in entry.statement["tags"]:
            kind = tag.partition(":")[0]
            if kind in _SCOPES:
                merge_topics(found, tag, _SCOPES[kind])
    return found


def _family(asset: str, entries: Iterable[LogEntry]) -> set[str]:
    """The file, what it was made from and what was made from it, as the entries say."""
    made = [(str(one.body.get("asset")), _texts(one.body.get("parents"))) for one in entries if one.type == _DERIVED]
    up, down = {asset}, {asset}
    grown = True
    while grown:
        before = len(up) + len(down)
        up |= {parent for name, parents in made if name in up for parent in parents}
        down |= {name for name, parents in made if not down.isdisjoint(parents)}
        grown = len(up) + len(down) > before
    return up | down


_DERIVED = "asset.derived.v1"


def _texts(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


class PackIndexCheck:
    """`entries`: those that are well-formed, by index; `service`: who alone may name roots."""

    def __init__(
        self,
        file: PackFile,
        account: PackAccount,
        claims: PackClaims,
        entries: Mapping[int, LogEntry],
        service: str | None,
    ) -> None:
        self._file, self._account, self._claims = file, account, claims
        self._entries = {index: one for index, one in entries.items() if not account.spoiled(entry_name(index))}
        self._service = service
        self._leaves: dict[int, bytes] = {}
        self._tagged: dict[str, list[tuple[int, LogEntry]]] = {}
        for index, entry in sorted(self._entries.items()):
            for tag in dict.fromkeys(entry.statement["tags"]):
                self._tagged.setdefault(tag, []).append((index, entry))

    def run(self) -> None:
        """Nothing for a pack of format 1, which claims nothing of the kind."""
        claim = self._claims.index
        if claim is None:
            return
        self._account.start(PACK_INDEX_STEP)
        named = self._named(claim)
        for tag, topics in claim.complete.items():
            item = index_name(tag)
            if named is None or self._account.spoiled(item):
                self._account.skip(PACK_INDEX_STEP, item)
                continue
            types = self._account.attempt(PACK_INDEX_STEP, item, self._types, tag, named)
            if types is not None:
                self._compare(tag, topics, types, named.size)
        self._check_required(claim)

    def _named(self, claim: PackIndexClaim) -> NamedRoot | None:
        entry, item = self._entries.get(claim.entry), entry_name(claim.entry)
        if entry is None:
            return None
        named = self._account.attempt(PACK_INDEX_STEP, item, NamedRoot.of, entry)
        own = (
            self._service in (entry.actor, None) and not entry.on_behalf
        )  # None: entry 0 fails, which step 3 or 8 says
        if named is not None and (named.size != claim.size or not own):
            what = "the entry that it points at names another size, or is not the service's own word"
            self._account.fault(PACK_INDEX_STEP, "pack.json", "index_differs", what)
            return None
        return named

    def _types(self, tag: str, named: NamedRoot) -> TagTypes:
        raw = self._file.read(index_name(tag))
        value = parse_json(raw)
        proof = TagProof.parse(value)
        if canonical(value) != raw or proof.tag != tag:
            raise Untrusted("tag_proof_malformed", f"it is not the canonical proof of {tag}")
        return verify_tag_proof(proof, named.root, named.size)

    def _compare(self, tag: str, topics: Topics, types: TagTypes, size: int) -> None:
        """The pack's entries before `size`, type by type, against the index."""
        shown: dict[str, list[tuple[int, bytes]]] = {}
        for index, entry in self._tagged.get(tag, ()):
            if index < size and in_topics(entry.type, topics):
                shown.setdefault(entry.type, []).append((index, self._leaf(index)))
        wanted = {kind for kind in types if in_topics(kind, topics)}
        for kind in sorted(wanted | shown.keys()):
            try:
                missing_of_type(tag, kind, types, shown.get(kind, []))
            except LedgerError as error:
                item = index_name(tag)
                self._account.fault_unless_explained(PACK_INDEX_STEP, item, error.code, error.what)

    def _check_required(self, claim: PackIndexClaim) -> None:
        for tag, topics in sorted(required_tags(self._claims.assets, self._entries.values()).items()):
            held = claim.complete.get(tag)
            if held is None or (held and not topics <= held) or (held and not topics):
                what = f"it does not say that it holds all about {tag}"
                self._account.fault_unless_explained(PACK_INDEX_STEP, "pack.json", "completeness_not_claimed", what)

    def _leaf(self, index: int) -> bytes:
        if index not in self._leaves:
            self._leaves[index] = leaf_hash(self._file.read(entry_name(index)))
        return self._leaves[index]
