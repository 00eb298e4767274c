"""The workers: record what time has ended and what follows, and tell holders. No decision waits for them (DESIGN 1.4)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from api.services.comparing import Done, compare_all
from api.services.drift import Measured
from api.services.likeness_rounds import LikenessReport, LikenessRounds
from api.services.reexamining import Reexamination
from api.services.reverifying import Changed, reverify
from api.services.screening import Sweep, sweep_all
from api.services.services import Services
from ledger.errors import LedgerError
from ops.drift import run_due
from ops.home import Home
from ops.notifying.courier import Courier
from ops.notifying.post import post
from ops.notifying.webhook import Secrets
from ops.settings import Settings
from projections.cascade import run_expiry
from schemas.statements.reexamination import AssetReexamined

INTERVAL_SECONDS: Final = 10.0  # how late a notice about an expiry may be; verdicts are on time whatever this is
DRIFT_INTERVAL_SECONDS: Final = 600.0  # a month that is measured ten minutes late is measured
REVERIFY_INTERVAL_SECONDS: Final = 300.0  # every clearance that stands is weighed: some ms each
REEXAMINE_INTERVAL_SECONDS: Final = 600.0  # algorithms change with an update, and a start looks at once
INTERVAL_SECONDS_MIN: Final = 0.1  # below this an idle worker only burns a core
_LOG = logging.getLogger("countersign.worker")


class Rounds:
    """Does one thing again and again in a thread of its own, until told to stop. What fails is tried at the next round."""

    def __init__(self, name: str, work: Callable[[], object], interval_seconds: float) -> None:
        self._name, self._work, self._interval = name, work, max(interval_seconds, INTERVAL_SECONDS_MIN)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def run(self) -> None:
        """Until `stop`."""
        while not self._stopping.is_set():
            try:
                self._work()
            except LedgerError as error:
                _LOG.warning("%s: %s: %s", self._name, error.code, error.what)
            except Exception:
                _LOG.exception("%s failed; trying again", self._name)
            self._stopping.wait(self._interval)

    @property
    def stopping(self) -> bool:
        """For a pass of many pieces: whether it should end after the piece in hand."""
        return self._stopping.is_set()

    def start(self) -> None:
        """In a thread of its own, beside a server."""
        self._thread = threading.Thread(target=self.run, name=f"countersign-{self._name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends after the pass in hand."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()


class ExpiryWorker:
    """Runs the cascade. Any number of them may run: each end is recorded once."""

    def __init__(self, services: Services, interval_seconds: float = INTERVAL_SECONDS) -> None:
        self._services = services
        self._rounds = Rounds("expiry", self.run_once, interval_seconds)
        self.run, self.start, self.stop = self._rounds.run, self._rounds.start, self._rounds.stop
        self.rounds = 0

    def run_once(self, at: datetime | None = None) -> Any:
        """One pass over what is due. Raises Unavailable."""
        self.rounds += 1
        return run_expiry(self._services.ledger, self._services.views, at or self._services.clock.now())


class SweepWorker:
    """Looks for entries of the do-not-generate list that nobody looked for yet: those said elsewhere, or before a crash."""

    def __init__(self, services: Services, interval_seconds: float = INTERVAL_SECONDS) -> None:
        self._services = services
        rounds = Rounds("sweep", self.run_once, interval_seconds)
        self.start, self.stop = rounds.start, rounds.stop

    def run_once(self) -> list[Sweep]:
        """What new entries turned up. Raises Unavailable."""
        return sweep_all(self._services)


class ReverifyWorker:
    """Weighs what was cleared again: lists, certificates and rules change after a file was let go. Each change is said once."""

    def __init__(self, services: Services, interval_seconds: float = REVERIFY_INTERVAL_SECONDS) -> None:
        self._services = services
        rounds = Rounds("reverify", self.run_once, interval_seconds)
        self.start, self.stop = rounds.start, rounds.stop

    def run_once(self) -> list[Changed]:
        """What would be answered otherwise now. Raises Unavailable."""
        return list(reverify(self._services))


class ReexaminationWorker:
    """Examines files again by newer algorithms, where the settings want it. Ends after the file in hand."""

    def __init__(
        self, services: Services, settings: Settings, interval_seconds: float = REEXAMINE_INTERVAL_SECONDS
    ) -> None:
        self._services, self._wanted = services, settings.reexamine_files
        self._rounds = Rounds("reexamine", self.run_once, interval_seconds)
        self.start, self.stop = self._rounds.start, self._rounds.stop

    def run_once(self) -> list[AssetReexamined]:
        """What was examined again. Raises Unavailable."""
        said: list[AssetReexamined] = []
        for body in Reexamination(self._services).run() if self._wanted else ():
            said.append(body)
            if self._rounds.stopping:
                break
        return said


class LikenessWorker:
    """Destroys what was measured of faces when its time is over, and compares files with who is enrolled since."""

    def __init__(self, services: Services, settings: Settings, interval_seconds: float = INTERVAL_SECONDS) -> None:
        self._work = LikenessRounds(services, scan_new=settings.scan_faces)
        rounds = Rounds("likeness", self.run_once, interval_seconds)
        self.start, self.stop = rounds.start, rounds.stop

    def run_once(self) -> LikenessReport:
        """One pass. Raises Unavailable."""
        return self._work.run_once()


class DriftWorker:
    """Says which months the drift lab missed and, if the settings want it, measures the month in hand."""

    def __init__(
        self, services: Services, settings: Settings, interval_seconds: float = DRIFT_INTERVAL_SECONDS
    ) -> None:
        self._services, self._monthly = services, settings.drift_monthly
        rounds = Rounds("drift", self.run_once, interval_seconds)
        self.start, self.stop = rounds.start, rounds.stop

    def run_once(self) -> Measured | None:
        """What was measured. Raises Unavailable."""
        return run_due(self._services, monthly=self._monthly)


class ComparingWorker:
    """Compares files and reference media that nobody compared yet: those that came elsewhere, or before a crash."""

    def __init__(self, services: Services, interval_seconds: float = INTERVAL_SECONDS) -> None:
        self._services = services
        rounds = Rounds("comparing", self.run_once, interval_seconds)
        self.start, self.stop = rounds.start, rounds.stop

    def run_once(self) -> Done:
        """What was compared, and what changed. Raises Unavailable."""
        return compare_all(self._services)


class NoticeWorker:
    """Sends notices to holders' endpoints. Any number may run: each attempt is made by one of them."""

    def __init__(
        self, services: Services, home: Home, settings: Settings, interval_seconds: float = INTERVAL_SECONDS
    ) -> None:
        private = settings.notices_to_private_networks
        self._courier = Courier(
            services.ledger,
            services.views,
            services.origin,
            Secrets(home.webhook_secrets),
            lambda url, body, headers: post(url, body, headers, private=private),
        )
        self._rounds = Rounds("notices", self.run_once, interval_seconds)
        self.start = self._rounds.start

    def run_once(self) -> Any:
        """One pass over what is to be sent. Raises Unavailable."""
        return self._courier.run_once()

    def stop(self) -> None:
        """Ends after the exchanges in hand."""
        self._courier.stop()
        self._rounds.stop()
