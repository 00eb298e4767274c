"""Which blobs the entries of a pack name by SHA-256: what must be accounted for, and documents that may be (SPEC S8.5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ledger.errors import Untrusted
from ledger.proof.logentry import LogEntry, hex_digest

_Naming = Mapping[str, Callable[[dict[str, Any]], list[Any]]]


def named_digests(entry: LogEntry) -> set[str]:
    """The blobs that an entry names: each is in the pack, or is said to be left out. Raises Untrusted `digest_malformed`."""
    return _digests(entry, _NAMING)


def document_digests(entry: LogEntry) -> set[str]:
    """Documents that an entry names: a pack may bring them or say that it doesn't, and those of before this did neither.

    Raises Untrusted `digest_malformed`.
    """
    return _digests(entry, _DOCUMENTS)


def _digests(entry: LogEntry, naming: _Naming) -> set[str]:
    read = naming.get(entry.type)
    try:
        return {hex_digest(value) for value in read(entry.body) if value is not None} if read else set()
    except (KeyError, TypeError, AttributeError) as error:
        raise Untrusted("digest_malformed", "its body lacks the digests that its type names") from error


_NAMING: _Naming = {
    "asset.imported.v1": lambda body: [body["asset"]],
    "asset.examined.v1": lambda body: [body["examination_sha256"], body.get("manifest_sha256")],
    "asset.derived.v1": lambda body: [body["asset"], body.get("manifest_sha256")],
    "dispute.sighted.v1": lambda body: [body["captured_sha256"]],
    "dispute.sighted.v2": lambda body: [body["captured_sha256"]],
    "generation.requested.v1": lambda body: [reference["sha256"] for reference in body.get("references", [])],
}
_DOCUMENTS: _Naming = {
    "consent.requested.v2": lambda body: [(body.get("notice") or {}).get("sha256")],
    "consent.granted.v2": lambda body: [(body.get(name) or {}).get("sha256") for name in ("notice", "document")],
    "person.registered.v2": lambda body: [body.get("authority_sha256")],
    "person.speaker-changed.v1": lambda body: [body.get("authority_sha256")],
    "right.recorded.v1": lambda body: [body.get("document_sha256")],
    "right.transferred.v1": lambda body: [body.get("document_sha256")],
    "licence.granted.v1": lambda body: [body.get("document_sha256")],
    "dispute.notified.v1": lambda body: [body.get("document_sha256")],
    "trust.list-imported.v1": lambda body: [body.get("list_sha256")],
}
