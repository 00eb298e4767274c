"""Publishing a home's log into its `public/`, once or for as long as a server runs, with cosignatures where a policy asks."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ledger.errors import LedgerError, NotFound, Untrusted
from ledger.log.logkeys import stored_log_keys
from ledger.log.published import Published, PublishedFolder
from ledger.log.publisher import Publication, Publisher
from ledger.log.witnessed import Witnessed, publish_witnessed
from ledger.proof.logkeys import LogKeys
from ledger.proof.policy import TlogPolicy
from ledger.store.contract import Store
from ops.home import Home
from ops.settings import Settings

ROUND_SECONDS: Final = 1.0  # between rounds: readers see an entry that much later, and partial tiles stay few
WITNESS_RETRY_SECONDS: Final = 30.0  # until a quorum that was not reached is asked again, in a log that stands still
_LOG = logging.getLogger("countersign.publisher")


@dataclass(frozen=True)
class Round:
    """What one round published; `witnessed` is None without a policy."""

    publication: Publication
    witnessed: Witnessed | None

    def as_json(self) -> dict[str, Any]:
        return {**self.publication.as_json(), "witnessed": self.witnessed.as_json() if self.witnessed else None}


class HomePublisher:
    """Publishes one home's log; any number of processes may."""

    def __init__(
        self,
        home: Home,
        settings: Settings,
        store: Store,
        folder: Path | None = None,
        policy: Path | None = None,
        before: Callable[[], object] = lambda: None,
    ) -> None:
        """`folder` instead of the home's `public/`, `policy` instead of its `trust/witnesses.policy`. `before` each round the
        log may still say something: the root of its tag index, so that what is published and witnessed covers it.

        Raises Misuse `policy_malformed`, NotFound `policy_missing`; Untrusted when the log does not name its keys.
        """
        self._store, self._with_entries = store, settings.publish_entries
        self._before = before
        self._published: Published = PublishedFolder(folder or home.public)
        self._keys = self._keys_now()
        self._publisher = self._publisher_now()
        named = policy or home.witness_policy
        if policy and not policy.is_file():
            raise NotFound("policy_missing", "there is no such policy file", "Name a tlog-policy file.")
        self._policy = TlogPolicy.parse(named.read_bytes()) if named.is_file() else None

    def check(self) -> None:
        """Raises Untrusted when the log is not one whose past was published: an older copy, or another history."""
        self._publisher.check()

    def publish(self) -> Round:
        """One round. Raises what `Publisher.publish` raises; witnesses that fail are in the report."""
        try:
            self._before()
        except LedgerError as error:  # the log is published as it is: what is new in it does not wait for its index
            _LOG.warning("the tag index's root was not named: %s: %s", error.code, error.what)
        return self._published_now()

    def _published_now(self) -> Round:
        try:
            publication = self._publisher.publish()
        except Untrusted:
            if (keys := self._keys_now()) == self._keys:
                raise
            self._keys = keys  # the log's keys were turned since
            self._publisher = self._publisher_now()
            publication = self._publisher.publish()
        return Round(
            publication, publish_witnessed(self._published, self._policy, self._keys) if self._policy else None
        )

    def _keys_now(self) -> LogKeys:
        return stored_log_keys(self._store)

    def _publisher_now(self) -> Publisher:
        return Publisher(self._store, self._published, self._keys, with_entries=self._with_entries)


class PublishingWorker:
    """Rounds in a thread beside a server, one for each growth of the log, ROUND_SECONDS apart at least."""

    def __init__(self, publisher: HomePublisher, store: Store, seconds: float = ROUND_SECONDS) -> None:
        self._publisher, self._store, self._seconds = publisher, store, seconds
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def run(self) -> None:
        """Until `stop`. A log that contradicts what is published ends it: nothing more is published, loudly."""
        size, quiet_s, lacking = 0, 0.0, False
        while not self._stopping.wait(self._seconds):
            quiet_s += self._seconds
            try:
                if self._store.wait(size, self._seconds) > size or (lacking and quiet_s > WITNESS_RETRY_SECONDS):
                    done = self._publisher.publish()
                    size, quiet_s = done.publication.size, 0.0
                    lacking = done.witnessed is not None and done.witnessed.report.state == "not_witnessed"
            except Untrusted as error:
                _LOG.error("publishing stopped: %s: %s", error.code, error.what)
                return
            except LedgerError as error:
                _LOG.warning("publishing: %s: %s; trying again", error.code, error.what)
            except Exception:
                _LOG.exception("publishing failed; trying again")

    def start(self) -> None:
        self._thread = threading.Thread(target=self.run, name="countersign-publisher", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends after the round in hand."""
        self._stopping.set()
        if self._thread is not None:
            self._store.wake()
            self._thread.join()
