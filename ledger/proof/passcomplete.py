"""What a pass shows of the log's silence: no end of its clearance, its consents or a key was left out (SPEC S11.10).

    (1) the log named the root of its tag index within five minutes before the pass, under the pass's own checkpoint
    (2) that root covers the clearance
    (3) exactly these tags are proven under it: the clearance, each consent behind it, and the service
    (4) no entry among them ends the clearance or a consent
    (5) the entries about the service are all here, so no end of its keys is missing

What came in the minutes between root and pass, and what suspends a consent by its person, is the status list's to tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from ledger.errors import Refused, Untrusted
from ledger.proof.completeness import NamedRoot, check_all_there
from ledger.proof.keyring import KeyRing
from ledger.proof.logentry import LogEntry
from ledger.proof.logged import LoggedEntry, verify_logged
from ledger.proof.logkeys import LogKeys
from ledger.proof.merkle import leaf_hash
from ledger.proof.tagproof import TagProof, verify_tag_proof
from ledger.proof.tagrecord import TagTypes, TypeRecord

ROOT_AGE_MAX: Final = timedelta(minutes=5)  # as long as a status list lives
_REVOKED: Final = ("clearance.revoked.v1", "clearance.revoked.v2")
_ENDED: Final = ("consent.refused.v1", "consent.withdrawn.v1", "consent.revoked.v1", "consent.invalidated.v1")
_NONE: Final = TypeRecord()


def wanted_tags(clearance: str, consents: Sequence[str], service: str) -> list[str]:
    """What has to be proven, in the order in which it is."""
    return sorted({f"clearance:{clearance}", f"actor:{service}", *(f"consent:{one}" for one in consents)})


def check_nothing_missing(
    value: Any, issued_at: int, clearance: LogEntry, logged: Sequence[LoggedEntry], ring: KeyRing, log_keys: LogKeys
) -> int:
    """The steps above; returns the size up to which nothing is missing. `value`: `{"indexed", "tags"}`.

    Raises Untrusted `pass_complete`, `pass_root_old`, `completeness_…`, what reading roots and tag proofs raises, and Refused
    `pass_clearance_ended`, `pass_consent_ended`.
    """
    if not isinstance(value, dict) or value.keys() != {"indexed", "tags"} or not isinstance(value["tags"], list):
        raise Untrusted("pass_complete", "it does not show what the log does not hold")
    named = _named_root(value["indexed"], issued_at, logged[0], ring, log_keys)  # (1)
    if named.size <= clearance.index:  # (2)
        raise Untrusted("pass_root_old", "the log's index that it shows does not know its clearance yet")
    found = _proven(value["tags"], named, clearance, str(ring.service))  # (3)
    _check_stands(found, clearance)  # (4)
    _check_keys_shown(found, f"actor:{ring.service}", named, logged)  # (5)
    return named.size


def _named_root(value: Any, issued_at: int, first: LoggedEntry, ring: KeyRing, log_keys: LogKeys) -> NamedRoot:
    indexed = verify_logged(value, log_keys)
    entry = indexed.entry
    if indexed.note != first.note or entry.actor != ring.service or entry.on_behalf:
        raise Untrusted("pass_complete", "the root of its index is not the service's word under its checkpoint")
    ring.verify(entry)
    if entry.recorded_at.timestamp() < issued_at - ROOT_AGE_MAX.total_seconds():
        raise Untrusted("pass_root_old", "the log named the root of its index more than five minutes before the pass")
    return NamedRoot.of(entry)


def _proven(values: list[Any], named: NamedRoot, clearance: LogEntry, service: str) -> dict[str, TagTypes]:
    proofs = [TagProof.parse(one) for one in values]
    consents = clearance.body.get("consents", [])
    if [one.tag for one in proofs] != wanted_tags(str(clearance.body.get("clearance")), consents, service):
        raise Untrusted(
            "pass_complete", "it is not the clearance, its consents and the service that it proves complete"
        )
    return {one.tag: verify_tag_proof(one, named.root, named.size) for one in proofs}


def _check_stands(found: Mapping[str, TagTypes], clearance: LogEntry) -> None:
    if any(kind in found[f"clearance:{clearance.body['clearance']}"] for kind in _REVOKED):
        raise Refused("pass_clearance_ended", "the log holds the end of its clearance", "Don't show it.")
    for tag, types in found.items():
        if tag.startswith("consent:") and _consent_ended(types):
            raise Refused("pass_consent_ended", f"the log holds the end of {tag}, or its suspension", "Don't show it.")


def _consent_ended(types: TagTypes) -> bool:
    """By what kinds there are alone: an expiry counts until a later renewal, a suspension until as many were lifted."""
    expired, renewed = types.get("consent.expired.v1", _NONE), types.get("consent.renewed.v1", _NONE)
    suspended, resumed = types.get("consent.suspended.v1", _NONE), types.get("consent.resumed.v1", _NONE)
    over = any(kind in types for kind in _ENDED) or expired.last > renewed.last
    return over or suspended.count > resumed.count


def _check_keys_shown(found: Mapping[str, TagTypes], tag: str, named: NamedRoot, logged: Sequence[LoggedEntry]) -> None:
    about = [one for one in logged if tag in one.entry.statement["tags"] and one.entry.index < named.size]
    check_all_there(tag, found[tag], [(one.entry, leaf_hash(one.raw)) for one in about])
