"""Asking outside for an opinion on a file that is here: first it is said what leaves, then it leaves, then what came back.

Only files of the ledger's own, and frames and sound of them, ever go; never a file that somebody only asks about, never a
prompt, never anything of the vault. A crash after the question leaves it without an answer, which reads as `not_checked`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ledger.errors import NotFound
from ledger.history import History
from ledger.media.sampling import take_samples
from ledger.opinions.port import Item, OutsideOpinion, Word
from ledger.rules.lineage import arrival
from ledger.rules.opinions import Opinion, opinions
from schemas.api.opinions import OpinionAnswer
from schemas.base import new_id
from schemas.statements.asset import AssetImported
from schemas.statements.moderation import GenerationModerated
from schemas.statements.opinion import OpinionAsked, OpinionGiven, OpinionSignal, Sent

if TYPE_CHECKING:
    from api.services.services import Services

SOURCES: Final = {"openai-provenance": ("c2pa", "synthid"), "openai-moderation": ("moderation",)}
"""Whom this version knows how to ask, and about which signals."""
SENT_BYTES_MAX: Final = 20 * 2**20  # what a still or a sound has; a larger original is looked at in samples


@dataclass(frozen=True)
class OpinionDesk:
    """Who may be asked, and why the others named in the settings can't be."""

    sources: dict[str, OutsideOpinion] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def why_not(self, source: str) -> str | None:
        """The reason why nothing is sent there; None when it may be asked. Raises NotFound `opinion_source_unknown`."""
        if source not in SOURCES:
            what = f"nobody is known here as {source}"
            raise NotFound("opinion_source_unknown", what, f"Known: {', '.join(sorted(SOURCES))}.")
        return None if source in self.sources else self.missing.get(source, "not_allowed")


def ask_opinion(services: Services, asset: str, source: str, *, actor: str, method: str) -> OpinionAnswer:
    """Raises NotFound `asset_unknown`, `content_missing`, `opinion_source_unknown`; Forbidden; Unavailable `sampling_failed`.

    Where nobody may be asked nothing leaves, nothing is said, and the answer is `not_checked` with the reason.
    """
    reason = services.opinions.why_not(source)
    _require_here(services, asset)
    if reason is not None:
        return unasked(source, reason)
    adapter = services.opinions.sources[source]
    items = [item for item in _items(services, asset, adapter) if adapter.takes(item.sent)]
    if not items:
        return unasked(source, "unsupported")
    asked = OpinionAsked(
        opinion=new_id(services.clock.now()),
        asset=asset,
        source=source,
        host=adapter.host,
        sent=tuple(item.sent for item in items),
    )
    for item in items:
        if item.sent.kind != "file":
            services.blobs.put(item.content)
    question = services.ledger.say(asked, actor=actor, method=method)
    words = [adapter.ask(item) for item in items]
    given = _given(services, asked, adapter, words)
    answer = services.ledger.say(given)
    _say_moderation(services, given)
    return answered(Opinion(asked, question.index, given, answer.index))


def opinions_of(history: History, asset: str) -> tuple[OpinionAnswer, ...]:
    """The newest word of every source that this version knows; one that was never asked is `not_checked`."""
    newest = {one.asked.source: answered(one) for one in opinions(history, asset)}
    return tuple(newest.get(source) or unasked(source, "never_asked") for source in SOURCES)


def answered(opinion: Opinion) -> OpinionAnswer:
    """A question as it stands now."""
    asked, given = opinion.asked, opinion.given
    silence = tuple(
        OpinionSignal(about=one.sha256, signal=signal, state="not_checked", reason="no_answer")
        for one in asked.sent
        for signal in SOURCES.get(asked.source, ("opinion",))
    )
    return OpinionAnswer(
        source=asked.source,
        state="answered" if given else "asked",
        reason=None if given else "no_answer",
        signals=given.signals if given else silence,
        sent=asked.sent,
        host=asked.host,
        version=given.version if given else None,
        asked_index=opinion.asked_index,
        given_index=opinion.given_index,
    )


def unasked(source: str, reason: str) -> OpinionAnswer:
    """Nothing left the house."""
    signals = tuple(
        OpinionSignal(about="0" * 64, signal=signal, state="not_checked", reason=reason) for signal in SOURCES[source]
    )
    return OpinionAnswer(source=source, state="not_checked", reason=reason, signals=signals)


def _require_here(services: Services, asset: str) -> None:
    if arrival(services.ledger.history(), asset) is None:
        raise NotFound("asset_unknown", "no file with this digest is in the ledger", "Import it first.")
    if not services.blobs.has(asset):
        raise NotFound("content_missing", "the ledger knows this file, but its bytes are not here", "Put them back.")


def _items(services: Services, asset: str, adapter: OutsideOpinion) -> Iterator[Item]:
    """The file itself where that can be looked at, because its manifest goes with it; else frames and sound of it."""
    path = services.blobs.path(asset)
    whole = _whole(path, asset, getattr(arrival(services.ledger.history(), asset), "body", None))
    if whole is not None and adapter.takes(whole):
        yield Item(whole, path.read_bytes())
        return
    found = take_samples(path)
    for t_ms, png in found.frames:
        yield _item("frame", png, "image/png", t_ms)
    if found.sound:
        yield _item("sound", found.sound, "audio/wav")


def _whole(path: Path, asset: str, body: object) -> Sent | None:
    size, kind = path.stat().st_size, getattr(body, "media_type", None)
    if kind is None or size > SENT_BYTES_MAX:
        return None
    return Sent(kind="file", sha256=asset, size_bytes=size, media_type=kind)


def _item(kind: str, content: bytes, media_type: str, t_ms: int | None = None) -> Item:
    digest = hashlib.sha256(content).hexdigest()
    shape = {"kind": kind, "sha256": digest, "size_bytes": len(content), "media_type": media_type, "t_ms": t_ms}
    return Item(Sent.model_validate(shape), content)


def _given(services: Services, asked: OpinionAsked, adapter: OutsideOpinion, words: list[Word]) -> OpinionGiven:
    raw = [json.loads(word.raw) if word.raw else None for word in words]
    kept = json.dumps(raw, separators=(",", ":")).encode() if any(raw) else None
    return OpinionGiven(
        opinion=asked.opinion,
        asset=asked.asset,
        source=asked.source,
        version=adapter.version,
        signals=tuple(signal for word in words for signal in word.signals),
        answers_sha256=services.blobs.put(kept) if kept else None,
    )


def _say_moderation(services: Services, given: OpinionGiven) -> None:
    """A filter's word on the result of a generation is the provider's word on it: it may forbid, and never allows."""
    said = arrival(services.ledger.history(), given.asset)
    generation = said.body.generation if said is not None and isinstance(said.body, AssetImported) else None
    states = [one.state for one in given.signals if one.signal == "moderation"]
    if generation is None or not states:
        return
    outcome = "flagged" if "flagged" in states else "not_checked" if "not_checked" in states else "ok"
    body = {"generation": generation, "by": "provider", "source": given.source, "outcome": outcome}
    report = {"version": given.version, "report_sha256": given.answers_sha256}
    services.ledger.say(GenerationModerated.model_validate({**body, **report}))
