"""A process that says one statement after another and prints each id once it was answered, until somebody kills it.

Run as `python append_loop.py FOLDER [NAME]`; FOLDER holds a closed house's files and NAME, `loop.json`, with its keys.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from ledger.clock import SteppedClock
from ledger.door import Ledger
from ledger.errors import LedgerError
from ledger.keys import signing_key
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.dsse import PAYLOAD_TYPE, sign
from ledger.proof.note import sign_note
from ledger.proof.notekeys import Ed25519NoteKey, MlDsa44NoteKey
from ledger.statement import compose
from ledger.store.contract import Seal, Store
from ledger.store.sqlite import SQLiteStore
from ledger.vault import Vault
from schemas.base import new_id
from schemas.statements.brief import BriefDrafted
from schemas.statements.person import PersonRegistered

ORIGIN, SERVICE = "countersign.example/house", "countersign"


def main(folder: Path, name: str = "loop.json") -> None:
    told = json.loads((folder / name).read_text())
    log_keys = (
        Ed25519NoteKey(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes.fromhex(told["ed25519"]))),
        MlDsa44NoteKey(ORIGIN, MLDSA44PrivateKey.from_seed_bytes(bytes.fromhex(told["mldsa44"]))),
    )
    keys = {
        name: signing_key(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(told[name]))) for name in told["actors"]
    }
    clock = SteppedClock(datetime.fromisoformat(told["now"]).astimezone(UTC))

    def seal(size: int, root: bytes, before: bytes = b"") -> bytes:
        return sign_note(Checkpoint(ORIGIN, size, root).text(), log_keys, int(clock.now().timestamp()))

    store, vault = (
        _store(folder, told, seal),
        Vault(folder / "vault.sqlite", bytes.fromhex(told["kek"])),
    )
    ledger = Ledger(store, vault, clock, keys[SERVICE], SERVICE)
    print("ready", flush=True)
    number = 0
    while True:
        batch = []
        for _ in range(1 + number % 4):
            number += 1
            actor, body, sealed, subject = _something(number, clock)
            draft = compose(body, actor=actor, at=clock.now(), sealed=sealed, subject=subject)
            batch.append((sign(draft.payload, PAYLOAD_TYPE, keys[actor].private).to_bytes(), draft.openings, draft))
        answers = ledger.append_many([(envelope, openings) for envelope, openings, _ in batch])
        for answer, (_, _, draft) in zip(answers, batch, strict=True):
            if isinstance(answer, LedgerError):
                raise answer
            print(answer.statement_id, answer.index, draft.payload.hex(), flush=True)


def _store(folder: Path, told: dict[str, str], seal: Seal) -> Store:
    if "store" not in told:
        return SQLiteStore(folder / "ledger.sqlite", seal)
    from ledger.store.postgres import PostgresStore

    return PostgresStore(told["store"], seal, schema=told["schema"])


def _something(number: int, clock: SteppedClock):  # type: ignore[no-untyped-def]
    if number % 3:
        return "mara", BriefDrafted.example().model_copy(update={"brief": new_id(clock.now())}), None, None
    person = f"p-{clock.now().timestamp():.6f}"
    shape = {"person": person, "person_class": "performer", "speaks_as": "ines"}
    return "ivy", PersonRegistered.model_validate(shape), {"/body/name": f"Name {number}"}, person


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
