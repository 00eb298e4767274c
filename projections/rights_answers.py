"""What the rights view answers: a consent at an instant, the consents behind a file, those whose end is recorded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ledger.rules.consent_effects import EFFECTS, Effect, Grade, State
from ledger.rules.consent_states import ConsentState, Stop, Term


@dataclass(frozen=True)
class Scope:
    """What for, where, in what media, when (`valid_until` exclusive), and the entry that says so."""

    specific_description: str
    uses: tuple[str, ...]
    channels: tuple[str, ...]
    territories: tuple[str, ...]
    media: tuple[str, ...]
    valid_from: datetime
    valid_until: datetime
    entry_index: int
    recorded_at: datetime


@dataclass(frozen=True)
class Ending:
    """How a consent ended, by an entry. Time ends one without any."""

    kind: State
    actor: str
    entry_index: int
    recorded_at: datetime


@dataclass(frozen=True)
class ConsentView:
    """One consent as it stood at `at`, by what was recorded until `known_at`."""

    consent: str
    person: str
    at: datetime
    known_at: datetime
    state: State
    requested: Scope | None
    granted: Scope | None
    ending: Ending | None
    folded: ConsentState
    """All that the rules see: terms, what was taken back, suspensions, grade."""

    @property
    def entries(self) -> tuple[int, ...]:
        """The entries behind it, oldest first."""
        return self.folded.entries

    @property
    def effect(self) -> Effect:
        """What this state does to past, present and future use."""
        return EFFECTS[self.state]

    @property
    def terms(self) -> tuple[Term, ...]:
        return self.folded.terms

    @property
    def stops(self) -> tuple[Stop, ...]:
        return self.folded.stops

    @property
    def grade(self) -> Grade | None:
        return self.folded.grade


@dataclass(frozen=True)
class RightsView:
    """The consents that a file rests on, its ancestors' included. No consent is not a yes: nobody is named in it."""

    asset: str
    at: datetime
    consents: tuple[ConsentView, ...]

    @property
    def all_given(self) -> bool:
        return all(consent.folded.in_force for consent in self.consents)


@dataclass(frozen=True)
class EndedConsent:
    """A consent whose end is recorded, and the entry that ended it."""

    consent: str
    person: str
    kind: State
    entry_index: int
