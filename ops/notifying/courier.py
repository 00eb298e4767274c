"""Sends what is to be sent: each attempt is claimed in the log before it is made, and what came of it recorded after.

Of several couriers on one log one gets each attempt. A crash between claim and record costs that attempt and a wait, never
a notice: the next attempt carries the same `webhook-id`, so a holder who took the first one knows the second (SPEC S10.5).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from ledger.door import Ledger
from ledger.errors import Conflict, LedgerError, Refused
from ops.notifying.post import Answer
from ops.notifying.webhook import Secrets, event, signed
from projections.holdertables import Delivery
from projections.views import Views
from schemas.base import Body
from schemas.statements.notice import (
    DELIVERY_ATTEMPTS_MAX,
    HolderEndpointDisabled,
    NoticeAttempted,
    NoticeDelivered,
    NoticeFailed,
)

HOLDERS_AT_ONCE_MAX = 8  # threads; one slow endpoint holds up nobody else's notices
NOTICES_A_ROUND_MAX = 200  # of one holder; the rest follows in the next round
REST_SECONDS = (10.0, 30.0, 60.0, 300.0)  # after so many failures in a row a holder's other notices wait so long
_LOG = logging.getLogger("countersign.courier")
Send = Callable[[str, bytes, Mapping[str, str]], Answer]


@dataclass
class CourierReport:
    """What one round did."""

    delivered: int = 0
    failed_attempts: int = 0
    given_up: int = 0
    endpoints_disabled: int = 0
    skipped: dict[str, str] = field(default_factory=dict)
    """Holders to whom nothing could be sent, and why."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def count(self, name: str, happened: bool = True) -> None:
        with self._lock:
            setattr(self, name, getattr(self, name) + happened)

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_lock"}


class Courier:
    """Any number may run. `send` is one bounded POST that never raises."""

    def __init__(self, ledger: Ledger, views: Views, origin: str, secrets: Secrets, send: Send) -> None:
        self._ledger, self._views, self._origin = ledger, views, origin
        self._secrets, self._send = secrets, send
        self._stopping = threading.Event()
        self._rest: dict[str, tuple[int, float]] = {}
        """Failures in a row and when to try again, by this process's own clock that nobody can set."""

    def run_once(self) -> CourierReport:
        """Every holder's due notices. Raises Unavailable."""
        self._views.catch_up()
        report = CourierReport()
        ready = [one for one in self._views.holders.reachable() if not self._resting(one[0])]
        with ThreadPoolExecutor(min(HOLDERS_AT_ONCE_MAX, len(ready)) or 1, "countersign-courier") as pool:
            for done in [pool.submit(self._tell, report, *one) for one in ready]:
                done.result()
        return report

    def stop(self) -> None:
        """Ends after the exchanges in hand."""
        self._stopping.set()

    def _tell(self, report: CourierReport, holder: str, endpoint: str, registered_by: int) -> None:
        found = self._views.holders.to_send(holder, self._ledger.clock.now(), NOTICES_A_ROUND_MAX)
        try:
            secrets = self._secrets.of(holder) if found else ()
        except LedgerError as error:
            report.skipped[holder] = error.code
            _LOG.warning("notices to %s are not sent: %s", holder, error)
            return
        for one in found:
            if self._stopping.is_set() or not self._attempt(report, one, endpoint, registered_by, secrets):
                return

    def _attempt(
        self, report: CourierReport, one: Delivery, endpoint: str, registered_by: int, secrets: tuple[str, ...]
    ) -> bool:
        """One notice; False when the endpoint does not take any, so that the others wait."""
        number = one.attempts + 1
        if number > DELIVERY_ATTEMPTS_MAX:
            self._give_up(report, one, one.attempts, "unanswered")
            return True
        if not self._say(NoticeAttempted(notice=one.notice, holder=one.holder, number=number)):
            return True
        answer = self._sent(one.notice, endpoint, secrets)
        if answer.status is not None and answer.taken:
            self._rest.pop(one.holder, None)
            words = {"notice": one.notice, "holder": one.holder, "attempt": number, "status": answer.status}
            report.count("delivered", self._say(NoticeDelivered.model_validate(words)))
            return True
        report.count("failed_attempts")
        self._tire(one.holder)
        _LOG.warning("attempt %d to send notice %s to %s: %s", number, one.notice, one.holder, answer.word)
        if answer.gone or number == DELIVERY_ATTEMPTS_MAX:
            self._give_up(report, one, number, "gone" if answer.gone else answer.word)
        if answer.gone:
            body = HolderEndpointDisabled(holder=one.holder, registered_by=registered_by, reason="gone")
            report.count("endpoints_disabled", self._say(body))
        return False

    def _sent(self, notice: str, endpoint: str, secrets: tuple[str, ...]) -> Answer:
        found = self._views.holders.notice(notice)
        if found is None:
            return Answer(None, "notice-unknown")
        body, headers = signed(secrets, notice, event(self._origin, found), self._ledger.clock.now())
        return self._send(endpoint, body, headers)

    def _give_up(self, report: CourierReport, one: Delivery, attempts: int, reason: str) -> None:
        words = {"notice": one.notice, "holder": one.holder, "attempts": attempts, "reason": reason}
        report.count("given_up", self._say(NoticeFailed.model_validate(words)))

    def _say(self, body: Body) -> bool:
        """False when somebody else said it, or something that settles it, before."""
        try:
            self._ledger.say(body)
        except (Refused, Conflict):
            return False
        return True

    def _resting(self, holder: str) -> bool:
        return time.monotonic() < self._rest.get(holder, (0, 0.0))[1]

    def _tire(self, holder: str) -> None:
        failures = self._rest.get(holder, (0, 0.0))[0] + 1
        seconds = REST_SECONDS[min(failures, len(REST_SECONDS)) - 1]
        self._rest[holder] = (failures, time.monotonic() + seconds)
