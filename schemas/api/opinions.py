"""What others say of a file, shown beside what was found here."""

from __future__ import annotations

from typing import Literal

from schemas.api.problems import example
from schemas.base import Shape
from schemas.statements.opinion import OpinionGiven, OpinionSignal, Sent

_SIGNALS = OpinionGiven.example().model_dump(mode="json")["signals"]


class OpinionAnswer(Shape):
    """`answered`: see the signals. `asked`: it left the house and no answer is recorded. `not_checked`: nothing left."""

    model_config = example(
        {
            "source": "openai-provenance",
            "state": "answered",
            "reason": None,
            "signals": _SIGNALS,
            "sent": [
                {"kind": "frame", "sha256": "ee" * 32, "size_bytes": 812004, "media_type": "image/png", "t_ms": 2500}
            ],
            "host": "api.openai.com",
            "version": "openai 3.54.0",
            "asked_index": 40,
            "given_index": 41,
        }
    )

    source: str
    state: Literal["answered", "asked", "not_checked"]
    reason: str | None
    signals: tuple[OpinionSignal, ...]
    sent: tuple[Sent, ...] = ()
    host: str | None = None
    version: str | None = None
    asked_index: int | None = None
    given_index: int | None = None


class OpinionQuestion(Shape):
    """Whom to ask."""

    model_config = example({"source": "openai-provenance"})

    source: Literal["openai-provenance", "openai-moderation"]
