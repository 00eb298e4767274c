"""For what, where, through which channel and for how long: what a verdict is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from ledger.errors import Misuse
from schemas.base import format_instant
from schemas.statements.clearance import Question

INSTANT: Final = timedelta(microseconds=1)


@dataclass(frozen=True)
class Circumstances:
    """A member that is not given can't be weighed, so it can't be allowed; without a window an instant is asked about."""

    use: str | None = None
    territory: str | None = None
    channel: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None

    @property
    def complete(self) -> bool:
        return None not in (self.use, self.territory, self.channel)

    def question(self, asset: str, at: datetime) -> Question:
        """Raises Misuse `question_invalid`."""
        begin = self.valid_from or at
        try:
            return Question(
                asset=asset,
                use=self.use or "unstated",
                channel=self.channel or "unstated",
                territory=self.territory or "WORLD",
                valid_from=begin,
                valid_until=self.valid_until or begin + INSTANT,
            )
        except ValueError as error:
            what = "use and channel are lower-case words, territory is an ISO 3166-1 code such as DE, or WORLD"
            raise Misuse("question_invalid", f"{what}; a window begins before it ends", "Ask again.") from error

    def at_the_end(self, asset: str, at: datetime) -> Question | None:
        """The window's last instant, where one was given: what ends within it is known to end."""
        if self.valid_until is None:
            return None
        whole = self.question(asset, at)
        return whole.model_copy(update={"valid_from": whole.valid_until - INSTANT})

    def as_json(self) -> dict[str, Any]:
        instants = {"valid_from": self.valid_from, "valid_until": self.valid_until}
        said = {name: one and format_instant(one) for name, one in instants.items()}
        return {"use": self.use, "territory": self.territory, "channel": self.channel, **said}
