"""The port to whoever makes clips. Adapters differ in what they can still do; each says so in the same words."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

from schemas.statements.asset import EvidenceGrade
from schemas.statements.generation import GenerationRequested


@dataclass(frozen=True)
class ProviderRecord:
    """What a provider's own record says of a job. Every field is the provider's word, none is checked by it."""

    provider: str
    job: str
    status: str
    model: str
    prompt: str | None = None
    seconds: str | None = None
    size: str | None = None
    created_at: int | None = None
    completed_at: int | None = None
    remixed_from: str | None = None
    raw: dict[str, Any] = field(default_factory=dict)

    @property
    def grade(self) -> EvidenceGrade:
        """How well this tells where a file came from: better than a say-so, worse than having fetched it ourselves."""
        return "provider_record"


class Generator(Protocol):
    """One provider. Every adapter runs tests/contract/generators."""

    name: str
    retired_on: date | None

    def create(self, request: GenerationRequested) -> ProviderRecord:
        """Starts a job. Raises Refused `provider_retired` with the date, Unavailable when the provider doesn't answer."""

    def read_record(self, raw: bytes) -> ProviderRecord:
        """A job record that the user kept. Raises Misuse `provider_record_malformed`."""
