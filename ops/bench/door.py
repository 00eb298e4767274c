"""Signed appends through the whole door, against what can't be avoided: the signature's check and a bare durable insert."""

from __future__ import annotations

import sqlite3
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

from ledger.clock import SystemClock
from ledger.door import Ledger, Receipt
from ledger.keys import SigningKey, new_signing_key, read_signing_key
from ledger.proof.dsse import PAYLOAD_TYPE, Envelope, sign, verify
from ledger.statement import compose
from ops.bench.figures import Figure, median_seconds
from ops.home import Home, init_home, open_ledger
from ops.settings import read_settings
from schemas.base import new_id
from schemas.statements.actor import ActorEnrolled
from schemas.statements.brief import BriefDrafted

RUNS, BATCH = 15, 100
ACTOR = "bench-producer"


def door_figures(folder: Path) -> list[Figure]:
    """Rates for one statement a call and for a hundred, each signed by its actor and answered with a receipt."""
    home, _ = init_home(folder / "door", SystemClock())
    ledger = open_ledger(home, read_settings(home.path), SystemClock())
    try:
        key = _enrol(ledger, home)
        return _figures(ledger, key, folder)
    finally:
        ledger.close()


def _figures(ledger: Ledger, key: SigningKey, folder: Path) -> list[Figure]:
    ready = _envelopes(key)
    one = median_seconds(lambda: [ledger.append(next(ready)) for _ in range(20)], RUNS, 20)
    many = median_seconds(lambda: _append_many(ledger, [next(ready) for _ in range(BATCH)]), RUNS, BATCH)
    sample = next(ready)
    check = median_seconds(lambda: _check(sample, key), RUNS, BATCH)
    raw_one, raw_many = (
        _raw_insert(folder / "raw1.sqlite", sample, 1),
        _raw_insert(folder / "raw2.sqlite", sample, BATCH),
    )
    proof = median_seconds(lambda: ledger.receipt(ledger.store.size() // 2).proof(), RUNS)
    return [
        Figure("signed append, one a call", one, "bare durable insert + signature check", raw_one + check, True),
        Figure("signed append, batch 100", many, "bare durable insert + signature check", raw_many + check, True),
        Figure(f"inclusion proof among {ledger.store.size():,}", proof, "bare durable insert", raw_one),
    ]


def _enrol(ledger: Ledger, home: Home) -> SigningKey:
    key, operator = new_signing_key(), read_signing_key(home.actor_key("operator"))
    body = ActorEnrolled(actor=ACTOR, roles=("producer",), spki=b64encode(key.spki).decode())
    draft = compose(body, actor="operator", at=ledger.clock.now())
    ledger.append(sign(draft.payload, PAYLOAD_TYPE, operator.private))
    return key


def _envelopes(key: SigningKey) -> Iterator[bytes]:
    """Signed before the clock of the measurement starts: signing is the client's work. Made 2,000 at a time."""
    while True:
        yield from [_envelope(key) for _ in range(2_000)]


def _envelope(key: SigningKey) -> bytes:
    now = SystemClock().now()
    body = BriefDrafted.example().model_copy(update={"brief": new_id(now)})
    return sign(compose(body, actor=ACTOR, at=now).payload, PAYLOAD_TYPE, key.private).to_bytes()


def _append_many(ledger: Ledger, envelopes: list[bytes]) -> None:
    for outcome in ledger.append_many([(envelope, {}) for envelope in envelopes]):
        if not isinstance(outcome, Receipt):
            raise outcome


def _check(raw: bytes, key: SigningKey) -> None:
    envelope = Envelope.parse(raw)
    for _ in range(BATCH):
        verify(envelope, {key.keyid: key.spki})


def _raw_insert(path: Path, content: bytes, batch: int) -> float:
    """Seconds a row: SQLite, WAL, synchronous=FULL, nothing but the bytes."""
    db = sqlite3.connect(path, isolation_level=None)
    db.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE raw (id INTEGER PRIMARY KEY, content BLOB)"
    )

    def insert() -> None:
        db.execute("BEGIN IMMEDIATE")
        db.executemany("INSERT INTO raw (content) VALUES (?)", [(content,)] * batch)
        db.execute("COMMIT")

    seconds = median_seconds(insert, 50, batch)
    db.close()
    return seconds
