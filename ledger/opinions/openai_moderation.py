"""OpenAI's moderation of pictures (`omni-moderation-latest`). Its `not_flagged` allows nothing (SPEC S5.12)."""

from __future__ import annotations

from base64 import b64encode
from typing import Final

from ledger.opinions.openai_exchange import Heard, OpenAIExchange, Silence
from ledger.opinions.openai_provenance import STILLS
from ledger.opinions.port import Item, Word, silent, told
from schemas.statements.opinion import Sent

NAME: Final = "openai-moderation"
MODEL: Final = "omni-moderation-latest"


class _Result(Heard):
    flagged: bool
    categories: dict[str, bool | None]


class _Moderation(Heard):
    model: str
    results: list[_Result]


class OpenAIModeration:
    """The adapter: one picture a request, which is what the model takes."""

    name: str = NAME
    signals: tuple[str, ...] = ("moderation",)

    def __init__(self, exchange: OpenAIExchange) -> None:
        self._exchange, self.host, self.version = exchange, exchange.host, exchange.version

    def takes(self, sent: Sent) -> bool:
        return sent.media_type in STILLS

    def ask(self, item: Item) -> Word:
        url = f"data:{item.sent.media_type};base64,{b64encode(item.content).decode()}"
        picture = {"type": "image_url", "image_url": {"url": url}}
        create = self._exchange.client.moderations.with_raw_response.create
        try:
            found, raw = self._exchange.answer(lambda: create(model=MODEL, input=[picture]), _Moderation)
        except Silence as silence:
            return silent(item, self.signals, silence.reason, silence.detail)
        if len(found.results) != 1:
            return silent(item, self.signals, "malformed", {"results": str(len(found.results))})
        result = found.results[0]
        categories = sorted(name for name, flagged in result.categories.items() if flagged)
        detail: dict[str, str | None] = {"model": found.model, "categories": ", ".join(categories)}
        return Word((told(item, "moderation", "flagged" if result.flagged else "not_flagged", detail),), raw)
