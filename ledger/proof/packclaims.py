"""pack.json: what an evidence pack claims to hold (SPEC S8.2). Strict, because nothing else says what is missing."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ledger.errors import LedgerError, Untrusted
from ledger.proof.canonical import canonical, parse_json
from ledger.proof.logentry import LogEntry, hex_digest, instant
from ledger.proof.packfile import PACK_ENTRIES_MAX, PACK_NAMES, PACK_UNCOVERED, member_bytes_max

PACK_FORMAT = "countersign.evidence/1"
PACK_PAYLOAD_TYPE = "application/vnd.countersign.pack+json"

_PACK_JSON_MEMBERS = frozenset(
    {"format", "origin", "made_at", "rules", "size", "subject", "claims", "entries", "omitted", "gaps", "members"}
)
_ENTRY_NAME = re.compile(r"entries/([0-9]+)\.json")


@dataclass(frozen=True)
class PackClaims:
    """The parts of pack.json that the check works with. `entries`: type by index; `members`: SHA-256 by name."""

    origin: str
    made_at: str
    size: int
    asset: str
    entries: dict[int, str]
    omitted: frozenset[str]
    members: dict[str, str]

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


def entry_index(name: str) -> int | None:
    """The index in the name of an entry's member; None for any other member."""
    match = _ENTRY_NAME.fullmatch(name)
    return int(match[1]) if match else None


def named_digests(entry: LogEntry) -> set[str]:
    """The blobs that an entry names by SHA-256 (SPEC S8.5). Raises Untrusted `digest_malformed`."""
    read = _NAMING.get(entry.type)
    try:
        return {hex_digest(value) for value in read(entry.body) if value is not None} if read else set()
    except (KeyError, TypeError, AttributeError) as error:
        raise Untrusted("digest_malformed", "its body lacks the digests that its type names") from error


_NAMING: dict[str, Callable[[dict[str, Any]], list[Any]]] = {
    "asset.imported.v1": lambda body: [body["asset"]],
    "asset.examined.v1": lambda body: [body["examination_sha256"], body.get("manifest_sha256")],
    "asset.derived.v1": lambda body: [body["asset"], body.get("manifest_sha256")],
    "generation.requested.v1": lambda body: [reference["sha256"] for reference in body.get("references", [])],
}


def _claims_of(value: Any) -> PackClaims:
    _require(isinstance(value, dict) and value.keys() == _PACK_JSON_MEMBERS, "other members than the format's")
    _require(value["format"] == PACK_FORMAT, f"its format is not {PACK_FORMAT}")
    _require(isinstance(value["origin"], str), "its origin is not text")
    instant(value["made_at"])
    _require(isinstance(value["rules"], str), "its rules are not a version")
    size, subject = value["size"], value["subject"]
    _require(isinstance(size, int) and not isinstance(size, bool), "its size is not a number")
    _require(isinstance(subject, dict) and subject.keys() == {"asset"}, "its subject is not one asset")
    for name in ("claims", "gaps"):
        _require(_is_list_of_objects(value[name]), f"its {name} are not a list of objects")
    entries, members = _claimed_entries(value["entries"], size), _claimed_members(value["members"])
    _require(
        {entry_name(index) for index in entries} == {name for name in members if entry_index(name) is not None}
        and {proof_name(index) for index in entries} == {name for name in members if name.startswith("proofs/")},
        "its entries are not those among its members, each with its proof",
    )
    omitted = _claimed_omissions(value["omitted"])
    asset = hex_digest(subject["asset"])
    return PackClaims(value["origin"], value["made_at"], size, asset, entries, omitted, members)


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
