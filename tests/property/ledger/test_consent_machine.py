"""Any order of asking, giving, refusing, taking back, recording and waiting, against a model of a dozen lines."""

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
from ledger.rules.consents import consent_state
from schemas.statements.consent import (
    ConsentExpired,
    ConsentGranted,
    ConsentRefused,
    ConsentRequested,
    ConsentRevoked,
    ConsentWithdrawn,
)
from tests.depth_of import times
from tests.house_of import CONSENT, START, House

BEGIN, END = datetime(2026, 10, 5, tzinfo=UTC), datetime(2026, 10, 9, tzinfo=UTC)
EARLIER = datetime(2026, 10, 7, tzinfo=UTC)
MICRO = timedelta(microseconds=1)
INSTANTS = sorted({at + n * MICRO for at in (BEGIN, EARLIER, END) for n in (-1, 0, 1)} | {START + timedelta(days=1)})


class Model:
    """What a consent is, from what was accepted and the time; independent of the ledger's own words for it."""

    def __init__(self) -> None:
        self.asked: datetime | None = None
        self.given: datetime | None = None
        self.ended: str | None = None
        self.recorded = False

    def state(self, at: datetime) -> str:
        if self.ended:
            return self.ended
        if self.given is None:
            return "requested" if self.asked else "unknown"
        return "expired" if at >= self.given or self.recorded else "given" if at >= BEGIN else "not_yet"

    def try_to(self, act: str, at: datetime, until: datetime = END) -> bool:
        state = self.state(at)
        if act == "ask" and state == "unknown" and at < until:
            self.asked = until
        elif act == "give" and state == "requested" and self.asked and until <= self.asked:
            self.given = until
        elif act == "refuse" and state == "requested":
            self.ended = "refused"
        elif act in ("withdrawn", "revoked") and state in ("given", "not_yet"):
            self.ended = act
        elif act == "record" and state == "expired" and not self.recorded and until == self.given:
            self.recorded = True
        else:
            return False
        return True


@cache
def _closed_house() -> House:
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    house = House(folder)
    house.person(name="p-1")
    house.close()
    return house


class ConsentMachine(RuleBasedStateMachine):
    """Every act is said at the door; it must be accepted exactly when the model accepts it."""

    @initialize()
    def open(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.house = House(Path(self._folder.name), like=_closed_house())
        self.model, self.consent = Model(), self.house.new_id()
        clock = self.house.clock
        clock.now = lambda: clock._now  # type: ignore[method-assign]  # stands still unless told, to the microsecond

    def teardown(self) -> None:
        if hasattr(self, "house"):
            self.house.close()
            self._folder.cleanup()

    @rule(until=st.sampled_from([EARLIER, END]))
    def ask(self, until: datetime) -> None:
        self._same("ask", until, lambda: self.house.say_as("mara", self._scope(ConsentRequested, until)))

    @rule(until=st.sampled_from([EARLIER, END]))
    def give(self, until: datetime) -> None:
        self._same("give", until, lambda: self.house.say_as("ines", self._scope(ConsentGranted, until)))

    @rule()
    def give_without_the_persons_key(self) -> None:
        assert not self._accepted(lambda: self.house.ledger.say(self._scope(ConsentGranted, END), actor="ines"))

    @rule(until=st.sampled_from([EARLIER, END]))
    def record(self, until: datetime) -> None:
        body = ConsentExpired(consent=self.consent, person="p-1", expired_at=until)
        self._same("record", until, lambda: self.house.ledger.say(body))

    @rule(how=st.sampled_from([("refuse", "ines", ConsentRefused), ("withdrawn", "ines", ConsentWithdrawn)]))
    def the_person_ends_it(self, how: tuple[str, str, type]) -> None:
        self._end(*how)

    @rule(actor=st.sampled_from(["lena", "ivy"]))
    def somebody_else_ends_it(self, actor: str) -> None:
        self._end("revoked", actor, ConsentRevoked)

    @rule(n=st.integers(0, len(INSTANTS) - 1))
    def wait(self, n: int) -> None:
        if INSTANTS[n] > self.house.clock._now:
            self.house.move_to(INSTANTS[n])

    @rule()
    def restart(self) -> None:
        self.house.reopen()

    @invariant()
    def the_ledger_and_the_model_agree_at_every_instant_from_now(self) -> None:
        if hasattr(self, "house"):
            now = self.house.clock._now
            for at in (now, *(instant for instant in INSTANTS if instant > now)):
                assert consent_state(self.house.ledger.history(), self.consent, at).state == self.model.state(at)

    def _end(self, act: str, actor: str, kind: type) -> None:
        body = kind(consent=self.consent, person="p-1", reason="changed my mind")
        self._same(act, END, lambda: self.house.say_as(actor, body))

    def _scope(self, kind: type, until: datetime) -> Any:
        window = {"valid_from": BEGIN, "valid_until": until}
        return kind.model_validate({**CONSENT, **window, "consent": self.consent, "person": "p-1"})

    def _same(self, act: str, until: datetime, say: Any) -> None:
        size = self.house.size
        accepted = self._accepted(say)
        expected = self.model.try_to(act, self.house.clock._now, until)
        assert accepted == expected, f"{act}: the ledger says {accepted}, the model {expected}"
        assert self.house.size == size + accepted

    def _accepted(self, say: Any) -> bool:
        try:
            say()
        except LedgerError as error:
            assert error.status in (403, 409), error
            return False
        return True


TestConsentMachine = ConsentMachine.TestCase
TestConsentMachine.settings = settings(
    max_examples=times(15), stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
