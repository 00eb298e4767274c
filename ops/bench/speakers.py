"""A home with an actor in it, and statements that this actor signed before any clock starts: that is the client's work."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ledger.clock import SystemClock
from ledger.door import Ledger, Receipt
from ledger.keys import SigningKey, new_signing_key, read_signing_key
from ledger.proof.dsse import PAYLOAD_TYPE, sign
from ledger.statement import compose
from ops.home import Home, init_home, open_ledger
from ops.settings import read_settings
from schemas.base import new_id
from schemas.statements.actor import ActorEnrolled
from schemas.statements.brief import BriefDrafted

ACTOR = "bench-producer"


@dataclass(frozen=True)
class Speaker:
    """Somebody enrolled in a home, who signs with a key of their own."""

    home: Home
    key: SigningKey

    def envelopes(self, count: int) -> list[bytes]:
        """That many statements, each about a brief of its own: about 500 bytes signed, 900 in the log."""
        return [self._envelope() for _ in range(count)]

    def _envelope(self) -> bytes:
        now = SystemClock().now()
        body = BriefDrafted.example().model_copy(update={"brief": new_id(now)})
        return sign(compose(body, actor=ACTOR, at=now).payload, PAYLOAD_TYPE, self.key.private).to_bytes()


def make_home(path: Path, store: str = "") -> Speaker:
    """A new home, its log in `store` if given, with the speaker enrolled."""
    home, _ = init_home(path, SystemClock(), store=store)
    key, operator = new_signing_key(), read_signing_key(home.actor_key("operator"))
    body = ActorEnrolled(actor=ACTOR, roles=("producer",), spki=b64encode(key.spki).decode())
    with ledger_of(home) as ledger:
        draft = compose(body, actor="operator", at=ledger.clock.now())
        ledger.append(sign(draft.payload, PAYLOAD_TYPE, operator.private))
    return Speaker(home, key)


@contextmanager
def ledger_of(home: Home) -> Iterator[Ledger]:
    ledger = open_ledger(home, read_settings(home.path), SystemClock())
    try:
        yield ledger
    finally:
        ledger.close()


def append_all(ledger: Ledger, envelopes: list[bytes]) -> None:
    """All in one call; raises the first refusal, so that nothing refused is ever counted as done."""
    for outcome in ledger.append_many([(envelope, {}) for envelope in envelopes]):
        if not isinstance(outcome, Receipt):
            raise outcome
