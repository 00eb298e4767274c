"""On what a use rests, and what takes it along when it ends: a consent, a licence, a contract, a right."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from schemas.base import Body, Id
from schemas.statements.licence import Source

BASES: tuple[str, ...] = ("consent", "licence", "contract", "right")
_OF_CAUSE = {"licence-ended": "licence", "contract-changed": "contract", "right-ended": "right"}


class OnBasis(Body):
    """The shared part of what follows an end: at most one basis is named, and the one that the cause speaks of."""

    consent: Id | None = None
    licence: Id | None = None
    contract: Source | None = None
    """In the revision whose terms no longer cover it."""
    right: Id | None = None

    @model_validator(mode="after")
    def _one_basis(self) -> Self:
        named = [name for name in BASES if getattr(self, name) is not None]
        if len(named) > 1:
            raise ValueError("one basis is named: a consent, a licence, a contract or a right")
        wanted = _OF_CAUSE.get(getattr(self, "cause", ""))
        if wanted is not None and named != [wanted]:
            raise ValueError(f"this cause names a {wanted}, and nothing else")
        return self

    def basis_tags(self) -> tuple[str, ...]:
        contract = (self.contract.tag,) if self.contract else ()
        named = (f"{name}:{getattr(self, name)}" for name in ("consent", "licence", "right") if getattr(self, name))
        return (*named, *contract)
