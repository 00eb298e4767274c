"""A distribution pass: that a file was cleared for one use, channel and territory, for the next minutes, offline (SPEC S11.3).

    (1) the document is canonical JSON with exactly its members
    (2) every entry is in the log at its index, all under one checkpoint by the log's keys, which entry 0 names
    (3) every signature is by a key that an entry before it brought
    (4) the token is signed by a key of the service that no entry here ends, for this log
    (5) the clearance that it names is the service's own word, about this file and these circumstances
    (6) the essence that it names, if it is to travel in a file, is what the log says of the cleared file
    (7) the log's tag index shows that no end of the clearance, of a consent behind it or of a key was left out
    (8) the file in hand, and what it is wanted for, are those of the token
    (9) it counts at this instant
    (10) the status list says that the clearance stands

Every no is raised, each under its own code; nothing that could not be looked at is a yes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ledger.errors import Refused, Untrusted
from ledger.proof.canonical import canonical
from ledger.proof.jws import verify_jws
from ledger.proof.keyring import KeyRing
from ledger.proof.logentry import LogEntry, instant
from ledger.proof.logged import LoggedEntry, document_members, trusted_chain, verify_logged
from ledger.proof.logkeys import LogKeys
from ledger.proof.note import NoteVerifier
from ledger.proof.passcomplete import check_nothing_missing
from ledger.proof.passsubject import Essence, check_essence_said, check_subject
from ledger.proof.statuslist import check_status

PASS_FORMAT = "countersign.distribution-pass/1"  # noqa: S105  a format's name
PASS_TYPE = "countersign-pass+jwt"  # noqa: S105
PASS_BYTES_MAX = 4 * 2**20
PASS_ENTRIES_MAX = 100  # the service's keys over a log's life, one clearance, one examination
PASS_SECONDS_MAX = 3_600
CLOCK_SKEW_MAX = timedelta(minutes=1)  # how far behind ours an honest platform's clock may run
CIRCUMSTANCES = ("use", "channel", "territory")

_MEMBERS = frozenset({"format", "token", "entries", "complete"})
_CLAIMS = frozenset(
    {"iss", "iat", "exp", "sha256", "essence", "clearance", "entry_index", "consents", "window", "status"}
).union(CIRCUMSTANCES)


@dataclass(frozen=True)
class PassProven:
    """What was verified, and that it counted at the instant asked about. `consents`: how many stood in which state.

    `covers`: "bytes", or "essence" (picture and sound, in a file of the same signer). `complete_to`: of how many entries of the
    log it is shown that none ends the clearance or a consent.
    """

    sha256: str
    covers: str
    complete_to: int
    use: str
    channel: str
    territory: str
    clearance: str
    entry_index: int
    issued_at: int
    expires_at: int
    window: dict[str, str]
    consents: dict[str, int]
    origin: str

    def as_json(self) -> dict[str, Any]:
        return dict(self.__dict__)


@dataclass(frozen=True)
class _Opened:
    """What a pass says, proven, of which nothing is a yes yet."""

    claims: dict[str, Any]
    keys: dict[str, bytes]
    complete_to: int


def format_pass(token: str, entries: Sequence[dict[str, Any]], complete: dict[str, Any]) -> bytes:
    """The document. `entries` as `logged_json` gives them, indices rising; `complete` as `check_nothing_missing` reads it."""
    return canonical({"format": PASS_FORMAT, "token": token, "entries": entries, "complete": complete})


def verify_pass(
    raw: bytes,
    log_keys: Sequence[NoteVerifier],
    *,
    subject: str | Essence,
    now: datetime,
    status: str | None,
    asked: Mapping[str, str | None] | None = None,
) -> PassProven:
    """The steps above, for the file with this digest (or with this essence, for a pass that came in it), and for the
    circumstances in `asked` as far as they are given.

    Raises Untrusted (`document_malformed`, `pass_…`, and what `verify_logged`, KeyRing, `verify_jws` and
    `check_nothing_missing` raise), Refused `pass_clearance_ended`, `pass_consent_ended`, `pass_other_file`,
    `pass_other_signer`, `pass_other_circumstances`, `pass_not_yet`, `pass_expired`, and what `check_status` raises.
    """
    opened = _opened(raw, log_keys)
    claims = opened.claims
    check_subject(claims, subject)  # (8)
    _check_asked(claims, asked or {})
    _check_time(claims, now)  # (9)
    check_status(status, opened.keys, claims["status"]["status_list"], now)  # (10)
    said = {name: claims[name] for name in ("sha256", *CIRCUMSTANCES, "clearance", "entry_index", "window", "consents")}
    return PassProven(
        covers="bytes" if isinstance(subject, str) else "essence",
        complete_to=opened.complete_to,
        issued_at=claims["iat"],
        expires_at=claims["exp"],
        origin=claims["iss"],
        **said,
    )


def status_address(raw: bytes, log_keys: Sequence[NoteVerifier]) -> str:
    """Steps 1 to 7, and where the status list is to be fetched for step 10. Raises Untrusted, Refused."""
    return str(_opened(raw, log_keys).claims["status"]["status_list"]["uri"])


def _opened(raw: bytes, log_keys: Sequence[NoteVerifier]) -> _Opened:
    shown = document_members(raw, PASS_FORMAT, _MEMBERS, PASS_BYTES_MAX)  # (1)
    values = shown["entries"]
    if not isinstance(values, list) or not 0 < len(values) <= PASS_ENTRIES_MAX:
        raise Untrusted("pass_entries", f"it has no entries, or more than {PASS_ENTRIES_MAX}")
    chain = trusted_chain(values, log_keys)
    logged = _logged(values, chain)  # (2)
    entries = [one.entry for one in logged]
    ring = _ring(entries)  # (3)
    keys = _service_keys(ring)
    claims = _claims(shown["token"], keys, logged[0].head.checkpoint.origin)  # (4)
    clearance = _clearance(claims, entries)  # (5)
    check_essence_said(claims, entries)  # (6)
    complete_to = check_nothing_missing(shown["complete"], claims["iat"], clearance, logged, ring, chain)  # (7)
    return _Opened(claims, keys, complete_to)


def _logged(values: list[Any], keys: LogKeys) -> list[LoggedEntry]:
    logged = [verify_logged(value, keys) for value in values]
    indices = [one.entry.index for one in logged]
    if indices != sorted(set(indices)) or indices[0] != 0:
        raise Untrusted("pass_entries", "its entries do not begin with the log's first, or do not rise")
    if len({one.note for one in logged}) != 1:
        raise Untrusted("pass_entries", "its proofs do not carry one and the same checkpoint")
    return logged


def _ring(entries: Sequence[LogEntry]) -> KeyRing:
    """Everybody's keys as the entries bring them, after every entry's signatures held."""
    ring, faults = KeyRing.of(entries)
    for index, what in faults.items():
        raise Untrusted("pass_keys", f"entry {index}: {what}")
    for entry in entries:
        ring.verify(entry)
    return ring


def _service_keys(ring: KeyRing) -> dict[str, bytes]:
    """The service's keys that no entry here has ended."""
    mine = {name: key for name, key in ring.keys.items() if key.actor == ring.service and key.passkey is None}
    return {name: key.spki for name, key in mine.items() if key.rotated_by is None and key.revoked is None}


def _claims(token: Any, keys: Mapping[str, bytes], origin: str) -> dict[str, Any]:
    claims = verify_jws(str(token), keys, PASS_TYPE)
    if claims.keys() != _CLAIMS or not all(type(claims[name]) is int for name in ("iat", "exp", "entry_index")):
        raise Untrusted("pass_claims", "the token does not say what a pass says")
    if claims["iss"] != origin:
        raise Untrusted("pass_of_another_log", f"the token was issued for the log {claims['iss']}")
    try:
        reference = claims["status"]["status_list"]
        if reference.keys() != {"idx", "uri"} or type(reference["idx"]) is not int or reference["idx"] < 0:
            raise ValueError("no place")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Untrusted("pass_claims", "the token names no place in a status list") from error
    return claims


def _clearance(claims: Mapping[str, Any], entries: Sequence[LogEntry]) -> LogEntry:
    found = next((one for one in entries if one.index == claims["entry_index"]), None)
    service = entries[0].actor
    if found is None or found.type != "clearance.issued.v1" or found.actor != service or found.on_behalf:
        raise Untrusted("pass_clearance", "the entry that it names is not the service's own clearance")
    question = found.body.get("question", {})
    told = {"asset": claims["sha256"], **{name: claims[name] for name in CIRCUMSTANCES}}
    same = all(question.get(name) == value for name, value in told.items())
    if not same or found.body.get("clearance") != claims["clearance"]:
        raise Untrusted("pass_clearance", "the clearance is of another file, or for something else")
    window = {"from": question.get("valid_from"), "until": question.get("valid_until")}
    if claims["window"] != window or not _inside(claims, window):
        raise Untrusted("pass_clearance", "it reaches beyond what was cleared")
    if claims["exp"] - claims["iat"] > PASS_SECONDS_MAX:
        raise Untrusted("pass_too_long", f"it counts for longer than {PASS_SECONDS_MAX} seconds")
    return found


def _inside(claims: Mapping[str, Any], window: Mapping[str, Any]) -> bool:
    begins, ends = (instant(window[name]).timestamp() for name in ("from", "until"))
    return bool(begins < claims["iat"] + 1 and claims["iat"] < claims["exp"] <= ends)  # iat is cut to a whole second


def _check_asked(claims: Mapping[str, Any], asked: Mapping[str, str | None]) -> None:
    other = [name for name in CIRCUMSTANCES if asked.get(name) not in (None, claims[name])]
    if other:
        what = f"the pass is for another {' and '.join(other)}"
        raise Refused("pass_other_circumstances", what, "Ask for a pass for these circumstances.")


def _check_time(claims: Mapping[str, Any], now: datetime) -> None:
    if (now + CLOCK_SKEW_MAX).timestamp() < claims["iat"]:
        raise Refused("pass_not_yet", "the pass was issued later than now", "Set your clock.")
    if now.timestamp() >= claims["exp"]:
        raise Refused("pass_expired", "the pass has ended", "Ask for a new one.")
