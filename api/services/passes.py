"""Distribution passes: a yes that a platform carries with it for an hour at most (SPEC S11.3, ADR 026).

A pass is never issued for longer than every rule says yes: it ends after an hour, or at the first instant at which time
ends anything behind it, whichever comes first.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from api.services.circumstances import Circumstances
from api.services.erasure_certificate import proven, with_keys
from api.services.services import Services
from api.services.status_lists import status_reference
from api.services.verification import verify_digest
from ledger.errors import Misuse, Refused
from ledger.history import History
from ledger.proof.distributionpass import PASS_TYPE, format_pass
from ledger.rules.clearances import standing
from ledger.rules.decision import decide
from ledger.statement import Said
from schemas.base import format_instant
from schemas.statements.clearance import ClearanceIssued, Question

PASS_TTL = timedelta(hours=1)  # an upload and its review by a platform's own people fit into it
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Issued:
    """The document, and the claims in its token."""

    document: bytes
    claims: dict[str, Any]


def issue_pass(services: Services, sha256: str, asked: Circumstances) -> Issued:
    """Raises Misuse `question_incomplete`, Refused `pass_refused` with every reason, Unavailable."""
    if not asked.complete:
        raise Misuse("question_incomplete", "a pass is for one use, channel and territory", "Give all three.")
    verified = verify_digest(services, sha256, asked)
    if verified.verdict != "allow":
        what = f"no pass: the verdict is {verified.verdict}"
        raise Refused("pass_refused", what, "Every reason is listed.", verified.reasons)
    services.views.catch_up()
    size, checkpoint = services.ledger.head()
    history = History(services.ledger.store, size)
    at = services.clock.now()
    ends = _holds_until(history, asked, sha256, at)
    cleared = _clearance(history, asked.question(sha256, at), at)
    if ends is None or cleared is None:
        what = "something behind it ends within this second, or ended just now"
        raise Refused("pass_refused", what, "Ask for a verification, which gives every reason.")
    claims = _claims(services, cleared, at, ends)
    token = services.ledger.attest_token(claims, PASS_TYPE)
    entries = [proven(services, said, size, checkpoint) for said in with_keys(history, [cleared])]
    return Issued(format_pass(token, entries), claims)


def _clearance(history: History, question: Question, at: datetime) -> Said | None:
    return standing(history, question, at)[1]


def _holds_until(history: History, asked: Circumstances, sha256: str, at: datetime) -> int | None:
    """The last whole second, an hour off at most, up to which every rule says yes; None when that is not one second.

    As nothing new is read, what time once ended stays ended: so the last good second is found by halving.
    """
    first, last = math.floor(at.timestamp()), math.floor((at + PASS_TTL).timestamp())
    if _good(history, asked, sha256, at, last):
        return last
    while last - first > 1:
        middle = (first + last) // 2
        first, last = (middle, last) if _good(history, asked, sha256, at, middle) else (first, middle)
    return first if first > at.timestamp() else None


def _good(history: History, asked: Circumstances, sha256: str, at: datetime, until: int) -> bool:
    """Whether the window until then is allowed, as weighed now and as weighed at its last instant."""
    end = datetime.fromtimestamp(until, UTC)
    if end <= at:
        return False
    whole = asked.question(sha256, at).model_copy(update={"valid_until": end})
    latest = whole.model_copy(update={"valid_from": end - _INSTANT})
    return (
        decide(history, whole, at).allowed
        and decide(history, latest, end - _INSTANT).allowed
        and _clearance(history, whole, at) is not None
    )


def _claims(services: Services, cleared: Said, at: datetime, ends: int) -> dict[str, Any]:
    body = cleared.body
    assert isinstance(body, ClearanceIssued)  # noqa: S101  what `standing` looks for
    question = body.question
    behind = services.views.rights.consents(sorted(body.consents), at) if body.consents else {}
    return {
        "iss": services.origin,
        "iat": math.floor(at.timestamp()),
        "exp": ends,
        "sha256": question.asset,
        "use": question.use,
        "channel": question.channel,
        "territory": question.territory,
        "window": {"from": format_instant(question.valid_from), "until": format_instant(question.valid_until)},
        "clearance": body.clearance,
        "entry_index": cleared.index,
        "consents": dict(Counter(view.state for view in behind.values())),
        "status": status_reference(services, "clearances", body.clearance),
    }
