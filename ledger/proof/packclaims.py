"""pack.json: what an evidence pack claims to hold (SPEC S8.2). Strict, because nothing else says what is missing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ledger.errors import LedgerError, Untrusted
from ledger.proof.canonical import canonical, parse_json
from ledger.proof.logentry import STATEMENT_TAG, hex_digest, instant
from ledger.proof.packfile import PACK_ENTRIES_MAX, PACK_NAMES, PACK_NAMES_2, PACK_UNCOVERED, member_bytes_max
from ledger.proof.packframes import require_frames
from ledger.proof.tagmap import tag_key

PACK_FORMAT_1, PACK_FORMAT = "countersign.evidence/1", "countersign.evidence/2"
PACK_PAYLOAD_TYPE = "application/vnd.countersign.pack+json"

WITNESSED_NAMES = ("witnessed/checkpoint", "witnessed/policy", "witnessed/consistency")
"""All three or none: what witnesses cosigned, under which policy, and that the pack's tree begins with it."""


_PACK_JSON_MEMBERS = frozenset(
    {"format", "origin", "made_at", "rules", "size", "subject", "claims", "entries", "omitted", "gaps", "members"}
)
_PACK_JSON_INDEX = frozenset({"index", "complete"})  # since format 2
_PACK_JSON_MAY = frozenset({"known", "reader", "frames"})
KNOWN_NAME = "known/consistency"
PACK_SUBJECT_MAX = 20  # files in one dispute (schemas.statements.evidence.PACK_ASSETS_MAX)
PACK_STAMPS_MAX = 8  # one that is as near as can be and the newest are enough; each costs two signatures to check
_STAMP_NAME = re.compile(r"stamps/([0-9]+)/.+")
_TOPIC = re.compile(r"[a-z]+(-[a-z]+)*")
_ACTOR = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_ENTRY_NAME = re.compile(r"entries/([0-9]+)\.json")


Topics = frozenset[str]
"""First words of statement types; none: every type."""


@dataclass(frozen=True)
class PackIndexClaim:
    """Entry `entry` names the index's root at `size`; `complete`: what the pack holds all of, topics by tag (SPEC S8.9)."""

    entry: int
    size: int
    complete: dict[str, Topics]


@dataclass(frozen=True)
class PackKnownClaim:
    """The pack tells what was known at `at`: of the log's first `size` entries, whose tree has this root (SPEC S8.12)."""

    at: datetime
    size: int
    root: bytes


@dataclass(frozen=True)
class PackClaims:
    """The parts of pack.json that the check works with. `entries`: type by index; `members`: SHA-256 by name."""

    origin: str
    made_at: str
    size: int
    assets: tuple[str, ...]
    dispute: str | None
    entries: dict[int, str]
    omitted: frozenset[str]
    members: dict[str, str]
    index: PackIndexClaim | None = None
    """None in format 1."""
    witnessed: bool = False
    stamps: tuple[int, ...] = ()
    """Whether it has a checkpoint that witnesses cosigned, and the sizes of those that were time-stamped. Never in format 1."""
    known: PackKnownClaim | None = None
    reader: str | None = None
    """To whom fields are shown in `disclosures/`."""

    @property
    def disclosures(self) -> list[str]:
        return sorted(name for name in self.members if name.startswith("disclosures/"))

    @classmethod
    def parse(cls, raw: bytes) -> PackClaims:
        """Raises Untrusted `pack_json_malformed`, saying what is wrong."""
        try:
            value = parse_json(raw)
            _require(canonical(value) == raw, "it is not in canonical form")
            return _claims_of(value)
        except LedgerError as error:
            raise Untrusted("pack_json_malformed", f"it is no list of contents: {error.what}") from error


def entry_name(index: int) -> str:
    return f"entries/{index}.json"


def proof_name(index: int) -> str:
    return f"proofs/{index}.tlog-proof"


def index_name(tag: str) -> str:
    """The member with the index's proof about a tag."""
    return f"index/{tag_key(tag).hex()}.json"


def stamp_names(size: int) -> tuple[str, str, str]:
    """A time stamp's members: the checkpoint of so many entries, the token over it, and the way to the pack's tree."""
    return f"stamps/{size}/checkpoint", f"stamps/{size}/token.tsr", f"stamps/{size}/consistency"


def entry_index(name: str) -> int | None:
    """The index in the name of an entry's member; None for any other member."""
    match = _ENTRY_NAME.fullmatch(name)
    return int(match[1]) if match else None


def _claims_of(value: Any) -> PackClaims:
    _require(isinstance(value, dict), "it is not an object")
    first = value.get("format") == PACK_FORMAT_1
    _require(first or value.get("format") == PACK_FORMAT, f"its format is not {PACK_FORMAT}, nor {PACK_FORMAT_1}")
    wanted = _PACK_JSON_MEMBERS if first else _PACK_JSON_MEMBERS | _PACK_JSON_INDEX
    may = frozenset() if first else _PACK_JSON_MAY
    _require(wanted <= value.keys() <= wanted | may, "other members than the format's")
    _require(isinstance(value["origin"], str), "its origin is not text")
    instant(value["made_at"])
    _require(isinstance(value["rules"], str), "its rules are not a version")
    size = value["size"]
    _require(isinstance(size, int) and not isinstance(size, bool), "its size is not a number")
    assets, dispute = _claimed_subject(value["subject"], first)
    for name in ("claims", "gaps"):
        _require(_is_list_of_objects(value[name]), f"its {name} are not a list of objects")
    entries, members = _claimed_entries(value["entries"], size), _claimed_members(value["members"])
    _require(
        {entry_name(index) for index in entries} == {name for name in members if entry_index(name) is not None}
        and {proof_name(index) for index in entries} == {name for name in members if name.startswith("proofs/")},
        "its entries are not those among its members, each with its proof",
    )
    omitted = _claimed_omissions(value["omitted"])
    names = PACK_NAMES_2.keys() if not first else set()
    _require(names <= members.keys(), "a member that every pack has since format 2 is not listed")
    index = None if first else _claimed_index(value["index"], value["complete"], entries)
    proofs = {index_name(tag) for tag in index.complete} if index else set()
    _require(proofs == {name for name in members if name.startswith("index/")}, "what it calls complete has no proof")
    witnessed, stamps = _claimed_bounds(members, size, first)
    known, reader = _claimed_known(value.get("known"), index, members), value.get("reader")
    shown = any(name.startswith("disclosures/") for name in members)
    _require(reader is None or (isinstance(reader, str) and _ACTOR.fullmatch(reader) is not None), "its reader")
    _require(reader is not None or not shown, "fields are shown to nobody who is named")
    require_frames(value.get("frames", []), entries, members)
    return PackClaims(
        origin=value["origin"],
        made_at=value["made_at"],
        size=size,
        assets=assets,
        dispute=dispute,
        entries=entries,
        omitted=omitted,
        members=members,
        index=index,
        witnessed=witnessed,
        stamps=stamps,
        known=known,
        reader=reader,
    )


def _claimed_subject(subject: Any, first: bool) -> tuple[tuple[str, ...], str | None]:
    _require(isinstance(subject, dict), "its subject is not an object")
    if first:
        _require(subject.keys() == {"asset"}, "its subject is not one asset")
        return (hex_digest(subject["asset"]),), None
    _require({"assets"} <= subject.keys() <= {"assets", "dispute"}, "its subject is not a list of assets")
    named = subject["assets"]
    _require(isinstance(named, list) and 0 < len(named) <= PACK_SUBJECT_MAX, "its assets are not a list in bounds")
    assets = tuple(map(hex_digest, named))
    _require(list(assets) == sorted(set(assets)), "its assets do not rise")
    dispute = subject.get("dispute")
    tag = f"dispute:{dispute}"
    _require(dispute is None or (isinstance(dispute, str) and STATEMENT_TAG.fullmatch(tag) is not None), "its dispute")
    return assets, dispute


def _claimed_known(value: Any, index: PackIndexClaim | None, members: dict[str, str]) -> PackKnownClaim | None:
    """An earlier state of the log: of no more entries than the index speaks of, with the proof that it was one."""
    _require((value is not None) == (KNOWN_NAME in members), "what was known has no proof, or the other way round")
    if value is None or index is None:
        _require(value is None, "a pack of format 1 tells no earlier state")
        return None
    _require(
        isinstance(value, dict) and value.keys() == {"at", "size", "root"}, "known is not an instant, size and root"
    )
    size = value["size"]
    _require(type(size) is int and 0 < size <= index.size, "it tells a later state than the index speaks of")
    return PackKnownClaim(instant(value["at"]), size, bytes.fromhex(hex_digest(value["root"])))


def _claimed_bounds(members: dict[str, str], size: int, first: bool) -> tuple[bool, tuple[int, ...]]:
    """What others saw of the log: each with all of its parts, of no larger tree than the pack's."""
    there = {name for name in members if name.startswith(("witnessed/", "stamps/"))}
    stamps = sorted({int(match[1]) for name in there if (match := _STAMP_NAME.fullmatch(name))})
    witnessed = not there.isdisjoint(WITNESSED_NAMES)
    whole = {name for one in stamps for name in stamp_names(one)} | set(WITNESSED_NAMES if witnessed else ())
    _require(there == whole, "of what others saw of the log, a part is missing")
    _require(not (first and there), "a pack of format 1 holds nothing that others saw")
    _require(len(stamps) <= PACK_STAMPS_MAX, f"it has more than {PACK_STAMPS_MAX} time stamps")
    _require(all(one <= size for one in stamps), "a time stamp is of a larger log")
    return witnessed, tuple(stamps)


def _claimed_index(value: Any, complete: Any, entries: dict[int, str]) -> PackIndexClaim:
    _require(isinstance(value, dict) and value.keys() == {"entry", "size"}, "its index is not an entry and a size")
    entry, size = value["entry"], value["size"]
    _require(type(entry) is int and type(size) is int and entry in entries, "the entry of its index is not in it")
    _require(_is_list_of_objects(complete), "what it calls complete is not a list of objects")
    found: dict[str, Topics] = {}
    for one in complete:
        _require(one.keys() == {"tag", "topics"} and isinstance(one["topics"], list), "a tag comes without its topics")
        tag, topics = one["tag"], one["topics"]
        _require(isinstance(tag, str) and STATEMENT_TAG.fullmatch(tag) is not None, "a tag is malformed")
        _require(all(isinstance(word, str) and _TOPIC.fullmatch(word) for word in topics), "a topic is malformed")
        _require(topics == sorted(set(topics)), "topics are not in order")
        found[tag] = frozenset(topics)
    _require(list(found) == sorted(found) and len(found) == len(complete), "what it calls complete is not in order")
    return PackIndexClaim(entry, size, found)


def _claimed_entries(value: Any, size: int) -> dict[int, str]:
    _require(_is_list_of_objects(value) and 0 < len(value) <= PACK_ENTRIES_MAX, "its entries are not a list in bounds")
    for one in value:
        kinds = (type(one.get("index")), type(one.get("type")), type(one.get("why")))
        _require(
            one.keys() == {"index", "type", "why"} and kinds == (int, str, str), "an entry lacks index, type or why"
        )
    indices = [one["index"] for one in value]
    _require(indices == sorted(set(indices)) and indices[0] == 0, "its entries don't rise from entry 0")
    _require(indices[-1] < size, "an entry lies beyond the log's size")
    return {one["index"]: one["type"] for one in value}


def _claimed_members(value: Any) -> dict[str, str]:
    _require(isinstance(value, dict), "its members are not an object")
    _require(PACK_NAMES.keys() - PACK_UNCOVERED <= value.keys(), "a member that every pack has is not listed")
    for name, digest in value.items():
        _require(name not in PACK_UNCOVERED and member_bytes_max(name) is not None, "a member has an impossible name")
        hex_digest(digest)
    return dict(value)


def _claimed_omissions(value: Any) -> frozenset[str]:
    _require(_is_list_of_objects(value), "what it omits is not a list of objects")
    for one in value:
        _require(one.keys() == {"sha256", "why"} and isinstance(one["why"], str), "an omission lacks digest or reason")
    digests = [hex_digest(one["sha256"]) for one in value]
    _require(digests == sorted(set(digests)), "what it omits is not in order")
    return frozenset(digests)


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise Untrusted("pack_json_malformed", what)
