"""A certificate of erasure: that a person's erasure was asked for by who may, begun and done, as the log says (SPEC S6.10).

    (1) the document is canonical JSON with exactly its members, and says what it does not cover
    (2) every entry is in the log at its index, all under one checkpoint by the log's keys, which entry 0 names
    (3) every signature is by a key that an entry before it brought
    (4) registration (of somebody never registered: the listing), request, beginning and end are about the person and name
        each other; the request is by whom it may be
    (5) time and counts are those of the end

That nothing is left is the service's word, in the log and under its key; no mathematics can show that a copy is nowhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ledger.errors import Untrusted
from ledger.proof.canonical import canonical
from ledger.proof.keyring import ENROLMENTS, KeyRing
from ledger.proof.logentry import LogEntry
from ledger.proof.logged import LoggedEntry, document_members, trusted_chain, verify_logged
from ledger.proof.logkeys import LogKeys
from ledger.proof.note import NoteSignature, NoteVerifier

ERASURE_FORMAT = "countersign.erasure-certificate/1"
ERASURE_BYTES_MAX = 8 * 2**20  # a dozen entries, each with a proof; the rest is room for actors with many keys
ERASURE_ENTRIES_MAX = 200  # entries about the keys of four people
NOT_COVERED = (
    "backups of the vault made before, as long as the key-encryption key of their time is kept",
    "disclosures made before",
    "files that show or sound like the person",
    "names of actors, which stand in the log",
    "free text that names the person against the rules",
    "copies of the person's data that were never in this vault",
)
"""SPEC S6.11, word by word."""

_ERASURE_MEMBERS = frozenset({"format", "person", "erased_at", "destroyed", "not_covered", "entries"})
_REGISTERED = ("person.registered.v1", "person.registered.v2")
_LISTED = ("guardrail.entry-added.v1",)
_ERASURE_STEPS = (
    ("subject.erasure-requested.v1",),
    ("subject.erasure-begun.v1",),
    ("subject.erased.v1",),
)
"""What each step may be, in every version of its shape."""


SPEAKER_CHANGED = "person.speaker-changed.v1"
"""Somebody else speaks for the person from that entry on (SPEC S4.6)."""


@dataclass(frozen=True)
class ErasureProven:
    """What was verified. `entries`: the indices of registration (or listing), request, beginning and end."""

    person: str
    erased_at: str
    destroyed: dict[str, int]
    requested_by: str
    entries: tuple[int, int, int, int]
    origin: str
    size: int
    signatures: tuple[NoteSignature, ...]
    not_covered: tuple[str, ...]


def format_erasure(person: str, end: dict[str, Any], entries: Sequence[dict[str, Any]]) -> bytes:
    """The document. `end`: the body of subject.erased.v1; `entries` as `logged_json` gives them, indices rising."""
    destroyed = {name: end[name] for name in ("keys", "values", "statements")}
    said = {"person": person, "erased_at": end["erased_at"], "destroyed": destroyed}
    return canonical({"format": ERASURE_FORMAT, **said, "not_covered": NOT_COVERED, "entries": entries})


def verify_erasure(
    raw: bytes, log_keys: Sequence[NoteVerifier], cosigners: Sequence[NoteVerifier] = ()
) -> ErasureProven:
    """The steps above. Raises Untrusted `document_malformed`, `erasure_…`, and what `verify_logged` and KeyRing raise."""
    shown = document_members(raw, ERASURE_FORMAT, _ERASURE_MEMBERS, ERASURE_BYTES_MAX)  # (1)
    if shown["not_covered"] != list(NOT_COVERED):
        raise Untrusted("erasure_not_covered", "it does not say what an erasure does not cover")
    keys = _chain_of(shown["entries"], log_keys)
    logged = _logged_entries(shown["entries"], keys, cosigners)  # (2)
    entries = [one.entry for one in logged]
    ring = _verified_ring(entries)  # (3)
    registration = _known_by(logged)
    request, begun, end = (_one_of(logged, names) for names in _ERASURE_STEPS)
    _check_steps(shown["person"], ring, (registration, request, begun, end))  # (4)
    _check_requester(entries, registration.entry, request.entry)
    said = {name: end.entry.body.get(name) for name in ("keys", "values", "statements")}
    if shown["erased_at"] != end.entry.body.get("erased_at") or shown["destroyed"] != said:  # (5)
        raise Untrusted("erasure_differs", "time or counts are not those that the log says")
    return ErasureProven(
        person=shown["person"],
        erased_at=shown["erased_at"],
        destroyed=shown["destroyed"],
        requested_by=request.entry.actor,
        entries=(registration.entry.index, request.entry.index, begun.entry.index, end.entry.index),
        origin=end.head.checkpoint.origin,
        size=end.head.checkpoint.size,
        signatures=end.head.signatures,
        not_covered=NOT_COVERED,
    )


def _logged_entries(values: list[Any], log_keys: LogKeys, cosigners: Sequence[NoteVerifier]) -> list[LoggedEntry]:
    logged = [verify_logged(value, log_keys, cosigners) for value in values]
    indices = [one.entry.index for one in logged]
    if indices != sorted(set(indices)) or indices[0] != 0:
        raise Untrusted("erasure_entries", "its entries do not begin with the log's first, or do not rise")
    if len({one.note for one in logged}) != 1:
        raise Untrusted("erasure_checkpoints", "its proofs do not carry one and the same checkpoint")
    return logged


def _chain_of(values: Any, log_keys: Sequence[NoteVerifier]) -> LogKeys:
    """The log's keys as its entries name them, from the first on; the verifier's are those of one link, not a stolen one."""
    if not isinstance(values, list) or not 0 < len(values) <= ERASURE_ENTRIES_MAX:
        raise Untrusted("erasure_entries", f"it has no entries, or more than {ERASURE_ENTRIES_MAX}")
    try:
        first = values[0]["index"]
    except (KeyError, TypeError) as error:
        raise Untrusted("logged_malformed", "an entry does not travel with its index and its proof") from error
    if type(first) is int and first != 0:
        raise Untrusted("erasure_entries", "its entries do not begin with the log's first")
    return trusted_chain(values, log_keys)


def _verified_ring(entries: Sequence[LogEntry]) -> KeyRing:
    ring, faults = KeyRing.of(entries)
    for index, what in faults.items():
        raise Untrusted("erasure_keys", f"entry {index}: {what}")
    for entry in entries:
        ring.verify(entry)
    return ring


def _known_by(logged: Sequence[LoggedEntry]) -> LoggedEntry:
    """How the person came to be here: registered, or else listed. Nobody speaks for somebody who is only listed."""
    only_listed = _has(logged, _LISTED) and not _has(logged, _REGISTERED)
    return _one_of(logged, _LISTED if only_listed else _REGISTERED)


def _has(logged: Sequence[LoggedEntry], names: tuple[str, ...]) -> bool:
    return any(one.entry.type in names for one in logged)


def _one_of(logged: Sequence[LoggedEntry], names: tuple[str, ...]) -> LoggedEntry:
    found = [one for one in logged if one.entry.type in names]
    if len(found) != 1:
        raise Untrusted("erasure_entries", f"it needs one {names[-1]} and has {len(found)}")
    return found[0]


def _check_steps(person: Any, ring: KeyRing, steps: tuple[LoggedEntry, LoggedEntry, LoggedEntry, LoggedEntry]) -> None:
    _, request, begun, end = steps
    if any(one.entry.body.get("person") != person for one in steps):
        raise Untrusted("erasure_of_another", "an entry is about somebody else")
    indices = [one.entry.index for one in steps]
    digest = hashlib.sha256(request.entry.envelope.payload).hexdigest()
    named = {one.entry.body.get("request_sha256") for one in (begun, end)}
    if indices != sorted(indices) or named != {digest}:
        raise Untrusted("erasure_order", "its steps are not in order, or carry out another request")
    if any(one.entry.actor != ring.service or one.entry.on_behalf for one in (begun, end)):
        raise Untrusted("erasure_signer", "beginning and end are not the service's own word")


def _person(entry: LogEntry) -> Any:
    return entry.body.get("person")


def _check_requester(entries: Sequence[LogEntry], registration: LogEntry, request: LogEntry) -> None:
    """The actor who speaks for the person, or legal; in either case with their own key."""
    legal = any(
        one.type in ENROLMENTS
        and one.index < request.index
        and one.body.get("actor") == request.actor
        and "legal" in one.body.get("roles", ())
        for one in entries
    )
    listed = registration.type in _LISTED  # nobody speaks for them
    speaker = None if listed else registration.body.get("speaks_as")
    for one in [] if listed else entries:
        if one.type == SPEAKER_CHANGED and one.index < request.index and one.body.get("person") == _person(request):
            speaker = one.body.get("speaks_as")
    if request.on_behalf or not (legal or speaker == request.actor):
        raise Untrusted("erasure_requester", "neither the person nor legal asked for it with their own key")
