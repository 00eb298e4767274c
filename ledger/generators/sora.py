"""Sora, as it can still be had: its job records can be read, its jobs can't be made.

The Sora API shut down on 2026-09-24 (OpenAI's deprecations page; the app before it). `openai` keeps `videos.*` as
deprecated stubs and the type of the stored `Video` JSON, which is what its users have left.
"""

from __future__ import annotations

import importlib
from datetime import date
from typing import Any

from ledger.errors import Misuse, Reason, Refused, Unavailable
from ledger.generators.port import ProviderRecord
from ledger.proof.canonical import parse_json
from schemas.statements.generation import GenerationRequested

RETIRED_ON = date(2026, 9, 24)


class SoraLegacy:
    """The frozen adapter."""

    name = "sora-legacy"
    retired_on: date | None = RETIRED_ON

    def create(self, request: GenerationRequested) -> ProviderRecord:
        what = f"Sora was shut down on {RETIRED_ON.isoformat()}; no new clip can be made with it"
        raise Refused(
            "provider_retired",
            what,
            "Choose another provider, or import what was made before.",
            (Reason("provider_retired", what),),
        )

    def read_record(self, raw: bytes) -> ProviderRecord:
        """The stored `Video` JSON, read with the vendor's own type. Raises Unavailable `extra_missing` without it."""
        try:
            video_type: Any = importlib.import_module("openai.types").Video
        except ImportError as error:
            what = "reading a Sora record needs the vendor's types"
            raise Unavailable("extra_missing", what, "Install the extra: pip install 'countersign[openai]'.") from error
        document = parse_json(raw)
        try:
            video = video_type.model_validate(document)
        except ValueError as error:
            raise Misuse(
                "provider_record_malformed", "this is not a Video record", "Send the JSON as it was stored."
            ) from error
        return ProviderRecord(
            provider=self.name,
            job=video.id,
            status=video.status,
            model=video.model,
            prompt=video.prompt,
            seconds=str(video.seconds) if video.seconds is not None else None,
            size=video.size,
            created_at=video.created_at,
            completed_at=video.completed_at,
            remixed_from=video.remixed_from_video_id,
            raw=document,
        )
