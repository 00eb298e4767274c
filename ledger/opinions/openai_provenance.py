"""OpenAI's content provenance check: its own C2PA and SynthID signals, in stills and sound; not in video.

`not_detected` proves nothing: the signal may have been stripped or degraded, or the content be somebody else's model's
(https://developers.openai.com/api/docs/guides/content-provenance).
"""

from __future__ import annotations

from typing import Final, Literal

from ledger.opinions.openai_exchange import Heard, OpenAIExchange, Silence
from ledger.opinions.port import Item, Word, silent, told
from schemas.statements.opinion import OpinionSignal, Sent

NAME: Final = "openai-provenance"
STILLS: Final = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif"}
SOUNDS: Final = {
    "audio/wav": "wav",
    "audio/mpeg": "mp3",
    "audio/flac": "flac",
    "audio/mp4": "m4a",
    "audio/aac": "aac",
    "application/ogg": "ogg",
}


class _Result(Heard):
    type: str
    outcome: Literal["detected", "not_detected"]
    model: str | None = None
    generated_at: str | None = None
    issuer: str | None = None
    validation_state: str | None = None


class _Check(Heard):
    object: Literal["content_provenance_check"]
    results: list[_Result]


class OpenAIProvenance:
    """The adapter."""

    name: str = NAME
    signals: tuple[str, ...] = ("c2pa", "synthid")

    def __init__(self, exchange: OpenAIExchange) -> None:
        self._exchange, self.host, self.version = exchange, exchange.host, exchange.version

    def takes(self, sent: Sent) -> bool:
        return sent.media_type in STILLS | SOUNDS

    def ask(self, item: Item) -> Word:
        kind = item.sent.media_type
        wanted = self.signals if kind in STILLS else ("synthid",)
        named = (
            f"{item.sent.sha256[:12]}.{(STILLS | SOUNDS)[kind]}",
            item.content,
            kind.replace("application/", "audio/"),
        )
        create = self._exchange.client.content_provenance_checks.with_raw_response.create
        try:
            found, raw = self._exchange.answer(lambda: create(file=named), _Check)
        except Silence as silence:
            return silent(item, wanted, silence.reason, silence.detail)
        results = {result.type: result for result in found.results}
        return Word(tuple(_signal(item, signal, results.get(signal)) for signal in wanted), raw)


def _signal(item: Item, signal: str, result: _Result | None) -> OpinionSignal:
    if signal == "c2pa" and item.sent.kind == "frame":
        return told(item, signal, "not_checked", reason="made_here")  # our own picture of a frame never had a manifest
    if result is None:
        return told(item, signal, "not_checked", reason="not_answered")
    return told(item, signal, result.outcome, result.model_dump(exclude={"type", "outcome"}))
