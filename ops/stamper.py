"""Has the log's checkpoints time-stamped, beside everything else: no append ever waits for an authority.

Nothing about it is remembered but the stamps themselves, so a restart does what every round does. A crash between the
authority's answer and the folder loses one token; the next round asks for another.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509

from ledger.clock import Clock
from ledger.door import Ledger
from ledger.errors import LedgerError, NotFound, Untrusted
from ledger.log.authority import TSA_SECONDS_MAX, ask_authority, check_url
from ledger.log.logkeys import stored_log_keys
from ledger.log.stamps import KeptStamp, StampFolder
from ledger.log.timestamp import TimeStamp, check_installed, read_anchors, stamp_request, verify_stamp
from ledger.proof.logkeys import LogKeys
from ledger.proof.note import NoteVerifier
from ops.home import Home
from ops.settings import Settings

ROUND_SECONDS: Final = 10.0  # how late a due stamp may be asked for; a round that has nothing to do reads one row
BACKOFF_SECONDS_MIN: Final = 5.0  # after the first failure; doubled after each one that follows
BACKOFF_SECONDS_MAX: Final = 900.0  # an authority that was away for a night is found again within this
STOP_SECONDS_MAX: Final = 2.0  # a server that has to go does not wait for an authority
CLOCK_OFFSET_MAX: Final = timedelta(
    seconds=60
)  # further apart, one of the two clocks is wrong, and ours is the suspect
_LOG = logging.getLogger("countersign.stamper")


@dataclass(frozen=True)
class StampPolicy:
    """Whom to ask, how often at most, whose signatures count, and who signs the checkpoints."""

    url: str
    interval: timedelta
    anchors: Sequence[x509.Certificate]
    log_keys: Callable[[], LogKeys | Sequence[NoteVerifier]]
    seconds_max: float = TSA_SECONDS_MAX


class Stamper:
    """Several may run on one home: they ask more often than they had to, and the first token of a size stays."""

    def __init__(
        self, head: Callable[[], tuple[int, bytes]], stamps: StampFolder, policy: StampPolicy, clock: Clock
    ) -> None:
        self._head, self._stamps, self._policy, self._clock = head, stamps, policy, clock
        self._newest: int | None = None  # the size of the last stamp; None until the folder was looked at
        self._stamped_at: datetime | None = None  # by our clock, or by the authority's after a restart
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.failures = 0
        """In a row, up to now."""

    def run_once(self, at: datetime) -> TimeStamp | None:
        """Stamps the head if it is due at `at`; None if not. What is kept was verified against the request before.

        Raises Untrusted `log_behind_stamp` and what `verify_stamp` raises; Unavailable `tsa_unreachable`, `tsa_failed`,
        `stamps_unavailable`, `extra_missing`.
        """
        size, checkpoint = self._head()
        if not self._due(size, at):
            return None
        policy, request = self._policy, stamp_request(checkpoint)
        token = ask_authority(policy.url, request.der, policy.seconds_max)
        stamp = verify_stamp(token, checkpoint, policy.log_keys(), policy.anchors, request.nonce)
        self._stamps.add(KeptStamp(size, checkpoint, token))
        self._newest, self._stamped_at = size, at
        if abs(stamp.stamped_at - at) > CLOCK_OFFSET_MAX:
            _LOG.warning("the authority's clock and this machine's differ by %s", abs(stamp.stamped_at - at))
        return stamp

    def delay_s(self) -> float:
        """How long to wait before the next round, in seconds: longer after each failure, up to a bound."""
        if not self.failures:
            return ROUND_SECONDS
        return float(min(BACKOFF_SECONDS_MIN * 2 ** min(self.failures - 1, 16), BACKOFF_SECONDS_MAX))

    def round(self) -> None:
        """`run_once` now; a failure is logged and counted, never raised."""
        try:
            stamp = self.run_once(self._clock.now())
        except LedgerError as error:
            self.failures += 1
            _LOG.warning("time stamp: %s: %s Asking again in %g s.", error.code, error.what, self.delay_s())
        except Exception:
            self.failures += 1
            _LOG.exception("time stamp failed; asking again in %g s", self.delay_s())
        else:
            self.failures = 0
            if stamp is not None:
                _LOG.info("checkpoint of %d entries stamped by %s", stamp.size, stamp.authority)

    def run(self) -> None:
        """Until `stop`."""
        while not self._stopping.is_set():
            self.round()
            self._stopping.wait(self.delay_s())

    def start(self) -> None:
        """In a thread of its own, beside a server or a worker. A daemon: an authority can't keep a process alive."""
        self._thread = threading.Thread(target=self.run, name="countersign-stamper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends after the round in hand; an exchange that hangs is left behind, and keeps at most its token to the folder."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS_MAX)

    def _due(self, size: int, at: datetime) -> bool:
        """The log grew since its last stamp, which is `interval` old or, the clock having been set back, in the future."""
        if self._newest is None:
            self._newest = max(self._stamps.sizes(), default=0)
            self._stamped_at = self._kept_at(self._newest) if self._newest else None
        if self._newest > size:
            what = f"the log has {size} entries, {self._newest} were time-stamped: it lost some, or is an older copy"
            raise Untrusted("log_behind_stamp", what, "Restore the newest copy of the log, then run fsck.")
        if size == self._newest:
            return False
        last = self._stamped_at
        return last is None or at < last or at - last >= self._policy.interval

    def _kept_at(self, size: int) -> datetime | None:
        """When the last stamp that is there was made; None if it is not good, which fsck tells more of."""
        try:
            kept = self._stamps.read(size)
            return verify_stamp(kept.token, kept.checkpoint, self._policy.log_keys(), self._policy.anchors).stamped_at
        except (Untrusted, NotFound) as error:
            _LOG.warning("the last time stamp is no good: %s: %s", error.code, error.what)
            return None


def home_stamper(home: Home, settings: Settings, ledger: Ledger) -> Stamper | None:
    """As the home's settings say; None without a `tsa_url`.

    Raises Misuse `tsa_url_invalid`, `tsa_anchors_missing`, `tsa_anchors_unreadable`; Unavailable `extra_missing`: whoever
    asked for time stamps is told at once that there will be none.
    """
    if not settings.tsa_url:
        return None
    check_installed()
    interval = timedelta(minutes=settings.tsa_interval_minutes)
    policy = StampPolicy(
        check_url(settings.tsa_url), interval, home_anchors(home), lambda: stored_log_keys(ledger.store)
    )
    return Stamper(ledger.head, StampFolder(home.stamps), policy, ledger.clock)


def home_anchors(home: Home) -> tuple[x509.Certificate, ...]:
    """Every certificate in the PEM files under trust/tsa. Raises what `read_anchors` raises."""
    files = sorted((home.trust / "tsa").glob("*.pem"))
    return read_anchors("\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files))


@contextmanager
def stamping(home: Home, settings: Settings, ledger: Ledger) -> Iterator[Stamper | None]:
    """A stamper's thread beside the block, if the settings ask for one. Raises what `home_stamper` raises."""
    stamper = home_stamper(home, settings, ledger)
    if stamper is not None:
        stamper.start()
    try:
        yield stamper
    finally:
        if stamper is not None:
            stamper.stop()
