"""Disputes for those who ask: how one stands at an instant; a sighting with what was captured; a notice with its clocks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from api.problems import named, sentences
from api.services.identification import Identified, identify
from api.services.looking import look
from api.services.services import Services
from ledger.blobs import read_chunks
from ledger.door import Receipt
from ledger.errors import Misuse, NotFound
from ledger.history import bodies
from ledger.rules.disputes import DisputeState, clocks_set, dispute_state
from projections.matches import Match
from projections.sounds import SoundMatch
from schemas.api.disputes import ClockShape, DisputeAnswer, DisputeNoticeShape, NoticeReceived, SightingShape
from schemas.base import Body, format_instant, new_id
from schemas.statements.dispute import DisputeAnswered, DisputeNotified, DisputeSighted, DisputeStatement, MatchPlace

Speak = Callable[[Body], Receipt]
"""Says a statement as somebody: with their own key, or for them."""
_WITHOUT_PLACE = {
    "digest": "the very bytes",
    "manifest": "the same C2PA manifest store",
    "ledger_assertion": "its C2PA manifest names an entry about the file",
    "soft_binding": "its C2PA manifest has the soft binding of the file's",
}
Capture = Literal["file", "screenshot", "page"]
_Matched = tuple[str, str, str, MatchPlace | None]


@dataclass(frozen=True)
class Sighting:
    """Where a copy was seen and when. `asset`: of which file it is a copy by somebody's own look; None: by ours.
    `private`: the address stands in the log by its digest.
    """

    platform: str
    url: str
    seen_at: datetime
    capture: Capture
    asset: str | None = None
    private: bool = False


def dispute_answer(services: Services, dispute: str, at: datetime | None = None) -> DisputeAnswer:
    """As it stands, or stood by what was recorded until `at`. Raises NotFound `dispute_unknown`."""
    now = services.clock.now()
    state = require_dispute(services, dispute, at if at is not None and at < now else None)
    instant, opening, decided = at or now, state.opening, state.decided
    return DisputeAnswer(
        dispute=dispute,
        at=format_instant(instant),
        kind=opening.kind,
        matter=opening.matter,
        claim=opening.claim,
        assets=opening.assets,
        parties=tuple(f"{one.name} ({one.role})" for one in opening.parties),
        state="closed" if state.closed else decided[1].outcome if decided else "open",
        held=state.closed is None,
        sightings=_sightings(state),
        notices=_notices(state),
        clocks=_clocks(state, instant),
        outcome=decided[1].outcome if decided else None,
        reason=decided[1].reason if decided else None,
        entries=tuple(said.index for said in state.about),
    )


def require_dispute(services: Services, dispute: str, as_of: datetime | None = None) -> DisputeState:
    """Raises NotFound `dispute_unknown`."""
    state = dispute_state(services.ledger.history(as_of=as_of), dispute)
    if state is None:
        raise NotFound("dispute_unknown", "nobody had opened a dispute of this number", "Check the number.")
    return state


def _sightings(state: DisputeState) -> tuple[SightingShape, ...]:
    return tuple(
        SightingShape(
            **{name: getattr(one, name) for name in ("sighting", "asset", "platform", "url", "capture")},
            seen_at=format_instant(one.seen_at),
            captured_sha256=one.captured_sha256,
            matched_by=one.matched_by,
            match=one.match,
            entry_index=said.index,
        )
        for said, one in bodies(state.about, DisputeSighted)
    )


def _notices(state: DisputeState) -> tuple[DisputeNoticeShape, ...]:
    answers = {body.notice: body for _, body in bodies(state.about, DisputeAnswered)}
    return tuple(
        DisputeNoticeShape(
            **{name: getattr(one, name) for name in ("notice", "event", "from_party", "to_party", "detail")},
            received_at=format_instant(one.received_at),
            done=answers[one.notice].done if one.notice in answers else None,
            done_at=format_instant(answers[one.notice].done_at) if one.notice in answers else None,
            entry_index=said.index,
        )
        for said, one in bodies(state.about, DisputeNotified)
    )


def _clocks(state: DisputeState, at: datetime) -> tuple[ClockShape, ...]:
    return tuple(
        ClockShape(
            notice=one.notice,
            rule=f"{one.clock.pack} {one.clock.version} {one.clock.entry}",
            received_at=format_instant(one.received_at),
            due_at=format_instant(one.clock.due_at),
            state=one.state,
            entry_index=one.closed_by,
        )
        for one in state.clocks(at)
    )


def sight(services: Services, dispute: str, captured: Path, seen: Sighting, speak: Speak) -> Receipt:
    """Keeps what was captured, finds of which file it is a copy unless that is told, and says so.

    Raises NotFound `dispute_unknown`, Misuse `sighting_unmatched`, and what the door raises. A crash before the statement
    leaves a blob that nothing names.
    """
    state = require_dispute(services, dispute)
    asset, by, words, place = _matched(services, state, captured, seen)
    digest, _ = services.blobs.put_stream(read_chunks(captured), bytes_max=services.upload_bytes_max)
    address = {"url_sha256": _digest(seen.url)} if seen.private else {"url": seen.url}
    told: dict[str, Any] = {
        "dispute": dispute,
        "sighting": new_id(services.clock.now()),
        "asset": asset,
        "captured_sha256": digest,
    }
    told |= {"platform": seen.platform, "seen_at": seen.seen_at, "capture": seen.capture, **address}
    return speak(_body(DisputeSighted, {**told, "matched_by": by, "match": words, "place": place}))


def _matched(services: Services, state: DisputeState, captured: Path, seen: Sighting) -> _Matched:
    """Of which file, how that is known, in words, and where."""
    if seen.asset is not None:
        return seen.asset, "by-eye", "somebody looked, and says that it is a copy", None
    history = services.ledger.history()
    known = identify(services, history, look(services, history, captured, services.clock.now()))
    near = [known.asset, *(match.asset_sha256 for match in known.matches)]
    asset = next((one for one in near if one in state.opening.assets), None)
    if asset is None:
        what = "what was captured is near no file of this dispute"
        raise Misuse("sighting_unmatched", what, "Name the file that you see in it.")
    match = next((one for one in known.matches if one.asset_sha256 == asset), None)
    return asset, known.by, _words(known, match), _place(match) if match else None


def _words(known: Identified, match: Match | SoundMatch | None) -> str:
    if match is None:
        return _WITHOUT_PLACE[known.by]
    what = "sound" if isinstance(match, SoundMatch) else "picture"
    place = f"{match.query_ms / 1000:.1f} s into the copy is {match.reference_ms / 1000:.1f} s into the file"
    return f"{match.decision} by its {what}, score {match.score:.2f}; {place}"


def _place(match: Match | SoundMatch) -> MatchPlace:
    turned = "plain" if isinstance(match, SoundMatch) else match.transform
    return MatchPlace(
        of="sound" if isinstance(match, SoundMatch) else "picture",
        copy_ms=match.query_ms,
        asset_ms=match.reference_ms,
        transform=turned,
        score_permille=round(1000 * match.score),
    )


def notify(services: Services, dispute: str, notice: NoticeReceived, speak: Speak) -> Receipt:
    """Says that a notice came, with every clock that the rules in force at its receipt set going.

    Raises NotFound `dispute_unknown`, Unavailable `rulepack_missing`, and what the door raises.
    """
    require_dispute(services, dispute)
    history = services.ledger.history()
    clocks = clocks_set(history, notice.event, notice.territories, notice.received_at)
    told = notice.model_dump(mode="json", exclude_none=True, exclude={"territories"})
    told |= {"dispute": dispute, "notice": new_id(services.clock.now())}
    return speak(_body(DisputeNotified, {**told, "clocks": [one.model_dump(mode="json") for one in clocks]}))


def _body(kind: type[DisputeStatement], words: dict[str, Any]) -> Body:
    """Raises Misuse `body_invalid` naming the members, never their values."""
    try:
        return kind.model_validate(words)
    except ValidationError as error:
        raise Misuse("body_invalid", sentences(named(error)), f"See the schema of {kind.TYPE}.") from None


def _digest(url: str) -> str:
    return hashlib.sha256(url.encode("utf-8")).hexdigest()
