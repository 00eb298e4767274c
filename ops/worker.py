"""The expiry worker: records what time has already ended. Decisions never wait for it (DESIGN 1.4)."""

from __future__ import annotations

import logging
import threading
from datetime import datetime
from typing import Any, Final

from api.services.services import Services
from ledger.errors import LedgerError
from projections.cascade import run_expiry

INTERVAL_SECONDS: Final = 10.0  # how late a notice about an expiry may be; verdicts are on time whatever this is
INTERVAL_SECONDS_MIN: Final = 0.1  # below this an idle worker only burns a core
_LOG = logging.getLogger("countersign.worker")


class ExpiryWorker:
    """Runs the cascade again and again until told to stop. Any number of them may run: each end is recorded once."""

    def __init__(self, services: Services, interval_seconds: float = INTERVAL_SECONDS) -> None:
        self._services, self._interval = services, max(interval_seconds, INTERVAL_SECONDS_MIN)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.rounds = 0

    def run_once(self, at: datetime | None = None) -> Any:
        """One pass over what is due. Raises Unavailable."""
        self.rounds += 1
        return run_expiry(self._services.ledger, self._services.views, at or self._services.clock.now())

    def run(self) -> None:
        """Until `stop`. What fails is logged and tried again at the next round: the due statements stay due."""
        while not self._stopping.is_set():
            try:
                self.run_once()
            except LedgerError as error:
                _LOG.warning("expiry: %s: %s", error.code, error.what)
            except Exception:
                _LOG.exception("expiry failed; trying again")
            self._stopping.wait(self._interval)

    def start(self) -> None:
        """In a thread of its own, beside a server."""
        self._thread = threading.Thread(target=self.run, name="countersign-expiry", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends after the pass in hand."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
