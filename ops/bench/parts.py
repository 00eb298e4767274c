"""What no signed append can do without, each part bare: a signature checked, a canonical form, a leaf, a durable insert."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

from ledger.proof.dsse import Envelope, pae
from ledger.proof.merkle import leaf_hash
from ops.bench.figures import median_seconds

RUNS, TIMES = 15, 100
TWO_CORES_S = 0.6  # long enough that starting the threads does not count


def signature_check(envelope: bytes, private: Ed25519PrivateKey) -> Callable[[], None]:
    """TIMES verifications of one signature, key parsed and message built before."""
    parsed, public = Envelope.parse(envelope), private.public_key()
    message, signature = pae(parsed.payload_type, parsed.payload), parsed.signatures[0].sig

    def work() -> None:
        for _ in range(TIMES):
            public.verify(signature, message)

    return work


def canonical_and_leaf(envelope: bytes) -> float:
    """Seconds for RFC 8785 of one payload, with the reference library, and the hash of one leaf."""
    value = json.loads(Envelope.parse(envelope).payload)

    def work() -> None:
        for _ in range(TIMES):
            rfc8785.dumps(value)
            leaf_hash(envelope)

    return median_seconds(work, RUNS, TIMES)


class BareRecorder:
    """`eventsourcing`'s own SQLite recorder, durable, given finished events: no signature, no tags, no tree."""

    def __init__(self, path: Path) -> None:
        self._recorder = SQLiteApplicationRecorder(SQLiteDatastore(str(path)))
        self._recorder.create_table()

    def insert(self, content: bytes, batch: int) -> None:
        events = [StoredEvent(uuid4(), 1, "ops.bench.parts:said", content) for _ in range(batch)]
        self._recorder.insert_events(events)


def two_core_rate(work: Callable[[], object], units: int) -> float:
    """How many units a second two threads do side by side."""
    done = [0, 0]
    end = time.perf_counter() + TWO_CORES_S

    def run(which: int) -> None:
        while time.perf_counter() < end:
            work()
            done[which] += units

    threads = [threading.Thread(target=run, args=(which,)) for which in (0, 1)]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / (time.perf_counter() - begin)
