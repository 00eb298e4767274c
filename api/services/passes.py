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
from api.services.completeness import recent_proofs
from api.services.erasure_certificate import proven, with_keys
from api.services.services import Services
from api.services.status_lists import status_reference
from api.services.verification import verify_digest
from ledger.errors import Misuse, Refused
from ledger.history import History
from ledger.proof.distributionpass import PASS_SECONDS_MAX, PASS_TYPE, format_pass
from ledger.proof.passcomplete import ROOT_AGE_MAX, wanted_tags
from ledger.rules.clearances import standing
from ledger.rules.decision import decide
from ledger.rules.lineage import examination
from ledger.statement import Said
from schemas.base import format_instant
from schemas.statements.clearance import ClearanceIssued, Question

PASS_TTL = timedelta(seconds=PASS_SECONDS_MAX)  # an upload and its review by a platform's own people fit into it
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Issued:
    """The document, the claims in its token, and what was cleared."""

    document: bytes
    claims: dict[str, Any]
    cleared: Question


def issue_pass(services: Services, sha256: str, asked: Circumstances, *, carried_by: str | None = None) -> Issued:
    """For these very bytes; `carried_by`: for what they show and sound, in a file whose manifest the certificate with this
    SHA-256 signs (SPEC S11.11).

    Raises Misuse `question_incomplete`, `essence_unknown`, Refused `pass_refused` with every reason, Unavailable.
    """
    if not asked.complete:
        raise Misuse("question_incomplete", "a pass is for one use, channel and territory", "Give all three.")
    verified = verify_digest(services, sha256, asked)
    if verified.verdict != "allow":
        what = f"no pass: the verdict is {verified.verdict}"
        raise Refused("pass_refused", what, "Every reason is listed.", verified.reasons)
    services.views.catch_up()
    seen = services.ledger.history()
    cleared = _clearance(seen, asked.question(sha256, services.clock.now()), services.clock.now())
    if cleared is None:
        raise _over()
    tags = wanted_tags(_body(cleared).clearance, _body(cleared).consents, cleared.actor)
    since = services.clock.now() - ROOT_AGE_MAX / 2  # it is older by the time it is looked at
    root, proofs = recent_proofs(services.ledger, services.index, tags, since)
    size, checkpoint = services.ledger.head()
    history, at = History(services.ledger.store, size), services.clock.now()
    ends = _holds_until(history, asked, sha256, at)
    still = _clearance(history, asked.question(sha256, at), at)
    if ends is None or still is None or still.index != cleared.index:
        raise _over()
    essence = _essence(history, sha256, carried_by) if carried_by else None
    claims = _claims(services, cleared, at, ends) | {"essence": essence and essence[1]}
    token = services.ledger.attest_token(claims, PASS_TYPE)
    shown = [cleared, *([essence[0]] if essence else [])]
    entries = [proven(services, said, size, checkpoint) for said in with_keys(history, shown)]
    complete = {"indexed": proven(services, root, size, checkpoint), "tags": proofs}
    return Issued(format_pass(token, entries, complete), claims, _body(cleared).question)


def _over() -> Refused:
    what = "something behind it ends within this second, or changed just now"
    return Refused("pass_refused", what, "Ask for a verification, which gives every reason.")


def _essence(history: History, sha256: str, certificate_sha256: str) -> tuple[Said, dict[str, Any]]:
    """The examination that says what the file shows and sounds, and what the token says of it."""
    found = examination(history, sha256)
    looked = found and next((one for one in found[1].findings if one.extractor == "essence"), None)
    if found is None or looked is None or found[1].essence_sha256 is None:
        what = "nobody computed what this file shows and sounds, so no pass can travel in it"
        raise Misuse("essence_unknown", what, "Examine it again, or send the pass beside it.")
    said, body = found
    claim = {"sha256": body.essence_sha256, "algorithm": looked.algorithm, "entry_index": said.index}
    return said, claim | {"certificate_sha256": certificate_sha256}


def _body(cleared: Said) -> ClearanceIssued:
    assert isinstance(cleared.body, ClearanceIssued)  # noqa: S101  what `standing` looks for
    return cleared.body


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
    body = _body(cleared)
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
