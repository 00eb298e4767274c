"""A house whose disk fails on purpose, the people in it, and what must be true of its log whatever happened.

One seed decides everything that is chosen: who says what about which consent, where the clock stands, what fails and where.
(Keys, salts and ids stay random; no choice depends on them.)
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from ledger.door import Ledger, Receipt
from ledger.errors import LedgerError, Unavailable
from ledger.proof.merkle import leaf_hash, root_of
from ledger.proof.note import open_checkpoint
from ledger.proof.tlogproof import verify_entry
from ledger.rules.consents import consent_state
from ledger.statement import Opening, read_entry
from ledger.store.contract import Pending, Receipts, Store
from ledger.store.sqlite import SQLiteStore
from ledger.vault import Vault
from schemas.base import Body
from tests.house_of import ORIGIN, SERVICE, START, House
from tests.property.ledger.test_consent_machine import BEGIN, EARLIER, END, MICRO, Model

INSTANTS = [START + timedelta(hours=1), *(at + n * MICRO for at in (BEGIN, EARLIER, END) for n in (-1, 0, 1))]
PROOFS_CHECKED = 5  # a restart: the newest and a few others; each costs two signatures


class Faults:
    """What fails next, once. `fired` tells whether it did."""

    def __init__(self) -> None:
        self.armed: str | None = None
        self.fired: str | None = None

    def arm(self, where: str | None) -> None:
        self.armed, self.fired = where, None

    def at(self, where: str) -> None:
        if self.armed == where:
            self.armed, self.fired = None, where
            raise Unavailable("injected", f"{where} failed on purpose")


class FaultyStore:
    """Fails before the transaction or after its commit, whose answer is then lost."""

    def __init__(self, store: SQLiteStore, faults: Faults) -> None:
        self._store, self._faults = store, faults

    def append_batch(self, pending: Sequence[Pending]) -> Receipts:
        self._faults.at("store_before")
        receipts = self._store.append_batch(pending)
        self._faults.at("store_after")
        return receipts

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class FaultyVault(Vault):
    """Fails before it keeps a value, or after it did."""

    faults: Faults

    def keep(self, statement_id: str, subject: str, openings: Mapping[str, Opening]) -> None:
        self.faults.at("vault_before")
        super().keep(statement_id, subject, openings)
        self.faults.at("vault_after")


class FaultyHouse(House):
    def __init__(self, folder: Path, like: House) -> None:
        self.faults = Faults()
        super().__init__(folder, like=like)
        clock = self.clock
        clock.now = lambda: clock._now  # type: ignore[method-assign]  # stands still unless told, to the microsecond

    def open(self) -> Ledger:
        store = FaultyStore(SQLiteStore(self.folder / "ledger.sqlite", self.seal), self.faults)
        vault = FaultyVault(self.folder / "vault.sqlite", self.kek)
        vault.faults = self.faults
        return Ledger(cast(Store, store), vault, self.clock, self.keys[SERVICE], SERVICE)

    def move_to(self, instant: datetime | str) -> None:
        """Backwards too, as clocks do that somebody sets."""
        self.clock._now = datetime.fromisoformat(instant) if isinstance(instant, str) else instant

    def seal(self, size: int, root: bytes, before: bytes = b"") -> bytes:
        self.faults.at("seal")  # inside the transaction: rows and tiles are written, nothing is committed
        return super().seal(size, root)


@dataclass
class Said:
    """A signed statement, what the model makes of it, and what became of it."""

    envelope: bytes
    openings: Mapping[str, Opening]
    statement_id: str
    consent: str | None
    act: str


@dataclass
class Answered:
    index: int
    entry: bytes
    said: Said


class World:
    """The house and, beside it, all that must be found in it again."""

    def __init__(self, house: FaultyHouse, draw: random.Random) -> None:
        self.house, self.draw = house, draw
        self.models: dict[str, Model] = {}
        self.answered: dict[str, Answered] = {}
        self.unanswered: list[Said] = []
        self.size = house.size
        self.clip, self.clip_consent = house.clip()
        self.clip_ended = False
        self.size = house.size

    def signed(self, actor: str, body: Body, act: str, consent: str | None, **options: Any) -> Said:
        envelope, draft = self.house.signed(actor, body, **options)
        return Said(envelope, draft.openings, json.loads(draft.payload)["id"], consent, act)

    def took(self, said: Said, receipt: Receipt) -> None:
        """An answer: new statements stand at the end, repeated ones where they were."""
        before = self.answered.setdefault(said.statement_id, Answered(receipt.index, receipt.entry, said))
        assert (before.index, before.entry) == (receipt.index, receipt.entry), "one statement has two places"

    def restart(self) -> None:
        self.house.faults.arm(None)
        self.house.reopen()
        self.audit()

    def audit(self) -> None:
        self._the_log_is_whole()
        self._answers_are_kept()
        self._consents_are_the_models()

    def _the_log_is_whole(self) -> None:
        stored = list(self.house.ledger.store.read_entries())
        assert [entry.index for entry in stored] == list(range(self.size)), "entries are lost, doubled or unasked for"
        size, note = self.house.ledger.head()
        signed = open_checkpoint(note, self.house.verifiers, origin=ORIGIN, strict=True).checkpoint
        assert (signed.size, signed.root) == (size, root_of([leaf_hash(one.entry) for one in stored]))
        ids = [one.statement_id for one in stored]
        assert len(set(ids)) == len(ids) == size
        for one in self.answered.values():
            assert stored[one.index].entry == one.entry, f"entry {one.index} is not what was acknowledged"

    def _answers_are_kept(self) -> None:
        asked = self.draw.sample(sorted(self.answered.values(), key=lambda one: one.index), k=len(self.answered))
        for one in asked[:PROOFS_CHECKED]:
            proof = self.house.ledger.receipt(one.index).proof()
            verify_entry(one.entry, proof, self.house.verifiers, origin=ORIGIN)
        for one in self.answered.values():
            for pointer, opening in one.said.openings.items():
                assert self.house.ledger.vault.open(one.said.statement_id, pointer) == opening

    def _consents_are_the_models(self) -> None:
        history, now = self.house.ledger.history(), self.house.now()
        for consent, model in self.models.items():
            for at in (now, *INSTANTS):
                found = consent_state(history, consent, at).state
                assert found == model.state(at), f"{consent} at {at}: {found}, the model says {model.state(at)}"
        assert self.house.decision(self.clip).allowed is not self.clip_ended

    def stands(self, said: Said) -> bool:
        found = self.house.ledger.store.by_statement(said.statement_id)
        return found is not None and read_entry(found).statement.id == said.statement_id


def accepted(answer: Receipt | LedgerError) -> bool:
    if isinstance(answer, LedgerError):
        assert answer.status in (400, 403, 409, 503), answer
        assert answer.status != 400 or answer.code == "future_dated", answer
        return False
    return True
