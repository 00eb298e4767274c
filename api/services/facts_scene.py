"""What every section of facts.json reads: the files' families, their entries, and the generations and consents behind them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TypeVar

from ledger.history import History, bodies
from ledger.rules.generations import generation
from ledger.rules.lineage import ancestors, arrival, descendants
from ledger.statement import Said
from schemas.base import Body
from schemas.statements.actor import ActorEnrolled, LogOpened
from schemas.statements.asset import AssetImported
from schemas.statements.generation import GenerationRequested
from schemas.statements.passkey import ActorAdmitted

B = TypeVar("B", bound=Body)
Origin = tuple[Said, GenerationRequested, str]
"""Who asked for a generation, what they asked for, and the file that came of it."""


@dataclass(frozen=True)
class Scene:
    """`assets`: the files in question; `family`: they, what they were made from and what was made from them, by arrival."""

    history: History
    assets: tuple[str, ...]
    at: datetime
    family: tuple[str, ...]

    @classmethod
    def of(cls, history: History, assets: Sequence[str], at: datetime) -> Scene:
        names = {name for asset in assets for name in (*ancestors(history, asset), *descendants(history, asset))}
        arrived = {name: said.index for name in names if (said := arrival(history, name)) is not None}
        return cls(history, tuple(assets), at, tuple(sorted(arrived, key=lambda name: arrived[name])))

    @cached_property
    def about_files(self) -> list[Said]:
        """Everything that carries the tag of a file of the family, each once, oldest first."""
        found = {said.index: said for name in self.family for said in self.history.about(f"asset:{name}")}
        return [found[index] for index in sorted(found)]

    def said(self, kind: type[B]) -> list[tuple[Said, B]]:
        return bodies(self.about_files, kind)

    @cached_property
    def origins(self) -> list[Origin]:
        """The generations behind the family's files, in the order in which their files arrived."""
        return list(self._origins())

    def _origins(self) -> Iterator[Origin]:
        own = set(self.family)
        for _, imported in self.said(AssetImported):
            if imported.asset in own and imported.generation:
                found = generation(self.history, imported.generation)
                if found is not None:
                    yield (*found, imported.asset)

    def cameos(self, asset: str) -> tuple[str, ...]:
        """The consents behind a file: of the generations that it, or what it was made from, came from."""
        line = set(ancestors(self.history, asset))
        named = (one.consent for _, request, name in self.origins if name in line for one in request.cameos)
        return tuple(dict.fromkeys(named))

    def roles(self, said: Said) -> tuple[str, ...]:
        """The roles of whoever said it, as they were when it was said."""
        found = self.history.about(f"actor:{said.actor}", ActorEnrolled, ActorAdmitted)
        before = (one.body for one in found if one.index < said.index)
        named = (
            body for body in before if isinstance(body, ActorEnrolled | ActorAdmitted) and body.actor == said.actor
        )
        given = [role for body in named for role in body.roles]
        for _, opened in bodies(self.history.about("log:opened"), LogOpened):
            given += [role for role in ("service", "admin") if getattr(opened, role) == said.actor]
        return tuple(dict.fromkeys(given))


def signed_by(said: Said) -> str:
    """Whose key is on it: the actor's own, or the service's for somebody whom it authenticated."""
    auth = said.statement.auth
    if auth is not None:
        return f"the service, for {said.actor} ({auth.method})"
    return "own passkey" if said.passkey else "own key"
