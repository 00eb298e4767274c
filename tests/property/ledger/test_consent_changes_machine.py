"""Any order of giving, renewing, narrowing, suspending, lifting, leaving, taking back, invalidating and waiting.

The model is a page long and knows nothing of the ledger's own fold; they have to agree at every instant from now on, about the
state, what is left, and when time ends it; and about every instant that has passed, whatever was said since.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ledger.errors import LedgerError
from ledger.rules.consents import consent_at, consent_state
from schemas.statements.consent import ConsentExpired, ConsentInvalidated, ConsentRevoked, ConsentWithdrawn
from schemas.statements.consent_changes import ConsentNarrowed, ConsentRenewed, ConsentResumed, ConsentSuspended
from schemas.statements.person import PersonEngagementEnded
from tests.depth_of import times
from tests.house_of import START, House

MICRO = timedelta(microseconds=1)
BEGIN, END = datetime(2026, 10, 5, tzinfo=UTC), datetime(2026, 10, 9, tzinfo=UTC)
ENDS = [datetime(2026, 10, day, tzinfo=UTC) for day in (9, 12, 15)]
STARTS = [datetime(2026, 10, day, tzinfo=UTC) for day in (5, 9, 11)]
INSTANTS = sorted({edge + n * MICRO for edge in {*ENDS, *STARTS} for n in (-1, 0, 1)} | {START + timedelta(days=2)})
USES = ("advertising", "editorial", "internal")


class Model:
    """Spans of agreed time, what was taken, who stops it, how it ended, and whether its end was written down."""

    def __init__(self) -> None:
        self.spans: list[tuple[datetime, datetime]] = [(BEGIN, END)]
        self.left, self.stops, self.leavings = set(USES), {}, set()
        self.ended, self.void, self.written = None, False, False

    def end(self) -> datetime:
        return max(end for _, end in self.spans)

    def state(self, at: datetime) -> str:
        if self.void:
            return "invalidated"
        if self.ended:
            return self.ended
        if self.written or at >= self.end():
            return "expired"
        if self.stops or self.leavings:
            return "suspended"
        inside = [n for n, (start, end) in enumerate(self.spans) if start <= at < end]
        return "not_yet" if not inside else "renewed" if inside[-1] else "given"

    def open(self, at: datetime) -> bool:
        return self.state(at) in ("given", "renewed", "not_yet", "suspended")

    def renew(self, at: datetime, start: datetime, end: datetime) -> bool:
        if not self.open(at) and self.state(at) != "expired":
            return False
        if end <= start or end <= at or (end <= self.end() and self.state(at) != "suspended"):
            return False
        if self.state(at) == "expired" and start < at - timedelta(minutes=5):
            return False
        self.spans.append((start, end))
        self.written = False
        self.leavings.clear()
        return True

    def narrow(self, at: datetime, use: str) -> bool:
        if not self.open(at) or use not in self.left or len(self.left) == 1:
            return False
        self.left.remove(use)
        return True

    def finish(self, at: datetime, how: str) -> bool:
        if how == "invalidated":
            taken = self.open(at) or self.state(at) in ("expired", "withdrawn", "revoked")
            self.void = self.void or taken
            return taken
        if not self.open(at):
            return False
        self.ended = how
        return True

    def write(self, at: datetime, until: datetime) -> bool:
        if self.state(at) != "expired" or self.written or until != self.end():
            return False
        self.written = True
        return True


@cache
def _closed_house() -> House:
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    house = House(folder)
    house.person(name="p-1")
    house.consent(person="p-1", uses=list(USES), valid_from=BEGIN, valid_until=END)
    house.close()
    return house


class ChangesMachine(RuleBasedStateMachine):
    """Every act is said at the door; it must be accepted exactly when the model accepts it."""

    @initialize()
    def open(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.house = House(Path(self._folder.name), like=_closed_house())
        self.model = Model()
        clock = self.house.clock
        clock.now = lambda: clock._now  # type: ignore[method-assign]  # stands still unless told, to the microsecond
        self.consent = next(self.house.ledger.read(types=["consent.granted.v2"])).body.consent  # type: ignore[attr-defined]
        self.before: dict[datetime, str] = {}

    def teardown(self) -> None:
        if hasattr(self, "house"):
            self.house.close()
            self._folder.cleanup()

    @property
    def now(self) -> datetime:
        return self.house.clock._now

    @rule(start=st.sampled_from(STARTS), end=st.sampled_from(ENDS))
    def renew(self, start: datetime, end: datetime) -> None:
        if start < end:
            body = self._about(ConsentRenewed, valid_from=start, valid_until=end)
            self._same("ines", body, lambda: self.model.renew(self.now, start, end))

    @rule(use=st.sampled_from(USES))
    def narrow(self, use: str) -> None:
        body = self._about(ConsentNarrowed, uses=[use], reason="less")
        self._same("ines", body, lambda: self.model.narrow(self.now, use))

    @rule(who=st.sampled_from([("ines", "by-person"), ("lena", "dispute")]))
    def suspend(self, who: tuple[str, str]) -> None:
        number = self.house.new_id()
        body = self._about(ConsentSuspended, suspension=number, cause=who[1], reason="looked into")
        if self._same(who[0], body, lambda: self.model.open(self.now)):
            self.model.stops[number] = who[0]

    @rule(who=st.sampled_from(["ines", "lena"]), data=st.data())
    def lift(self, who: str, data: Any) -> None:
        numbers = sorted(self.model.stops) + sorted(self.model.leavings)
        if not numbers:
            return
        number = data.draw(st.sampled_from(numbers))
        theirs = self.model.stops.get(number, "lena") == who
        body = self._about(ConsentResumed, suspension=number, reason="settled")
        if self._same(who, body, lambda: theirs and self.model.open(self.now)):
            self.model.stops.pop(number, None)
            self.model.leavings.discard(number)

    @rule()
    def leave(self) -> None:
        number = self.house.new_id()
        words = {"ending": number, "person": "p-1", "ended_at": self.now, "reason": "left"}
        self._same("ivy", PersonEngagementEnded.model_validate(words), lambda: True)
        self.model.leavings.add(number)

    @rule(how=st.sampled_from([("ines", ConsentWithdrawn, "withdrawn"), ("lena", ConsentRevoked, "revoked")]))
    def end(self, how: tuple[str, type, str]) -> None:
        self._same(how[0], self._about(how[1], reason="over"), lambda: self.model.finish(self.now, how[2]))

    @rule()
    def find_never_valid(self) -> None:
        body = self._about(ConsentInvalidated, cause="forged", reason="not her key")
        if self._same("lena", body, lambda: self.model.finish(self.now, "invalidated")):
            self.before = dict.fromkeys(self.before, "invalidated")

    @rule(until=st.sampled_from(ENDS))
    def write_down_that_it_expired(self, until: datetime) -> None:
        body = self._about(ConsentExpired, expired_at=until)
        self._same("countersign", body, lambda: self.model.write(self.now, until))

    @rule(n=st.integers(0, len(INSTANTS) - 1))
    def wait(self, n: int) -> None:
        if INSTANTS[n] > self.now:
            self.before[self.now] = self.model.state(self.now)
            self.house.move_to(INSTANTS[n])

    @invariant()
    def they_agree_about_what_is_and_will_be(self) -> None:
        if hasattr(self, "house"):
            history = self.house.ledger.history()
            for at in (self.now, *(instant for instant in INSTANTS if instant > self.now)):
                found = consent_state(history, self.consent, at)
                assert found.state == self.model.state(at), at
                assert set(found.left("uses")) == self.model.left and found.valid_until == self.model.end()

    @invariant()
    def what_was_is_as_it_was_unless_it_never_was(self) -> None:
        if hasattr(self, "house"):
            history = self.house.ledger.history()
            for at, state in self.before.items():
                assert consent_at(history, self.consent, at).state == state, at

    def _about(self, kind: type, **words: Any) -> Any:
        return kind.model_validate({"consent": self.consent, "person": "p-1", **words})

    def _same(self, actor: str, body: Any, expected: Any) -> bool:
        size = self.house.size
        try:
            self.house.say_as(actor, body)
            accepted = True
        except LedgerError as error:
            assert error.status in (403, 409), error
            accepted = False
        wanted = expected()
        assert accepted == wanted, f"{body.TYPE}: the ledger says {accepted}, the model {wanted}"
        assert self.house.size == size + accepted
        return accepted


TestChangesMachine = ChangesMachine.TestCase
TestChangesMachine.settings = settings(
    max_examples=times(20), stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
