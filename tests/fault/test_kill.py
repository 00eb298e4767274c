"""Kill -9 at any moment: everything that was acknowledged is there, and the log is a whole log."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from ledger.proof.dsse import Envelope, verify
from ledger.proof.merkle import leaf_hash, root_of
from ledger.proof.note import open_checkpoint
from ledger.proof.tlogproof import verify_entry
from ledger.statement import Opening, commit
from tests.depth_of import times
from tests.house_of import ORIGIN, SERVICE, House

KILLS = times(8)
AFTER_READY_S_MAX = 0.35  # about a hundred appends: long enough to be anywhere in one
LOOP = Path(__file__).with_name("append_loop.py")


def test_every_acknowledged_statement_survives_kill_after_kill(tmp_path: Path, closed_house: House) -> None:
    seed = int(os.environ.get("FAULT_SEED", time.time_ns() % 2**32))
    print(f"seed {seed}; run again with FAULT_SEED={seed}")
    draw, house = random.Random(seed), House(tmp_path, like=closed_house)
    acknowledged: dict[str, tuple[int, bytes]] = {}
    for _ in range(KILLS):
        house.close()
        said = _run_and_kill(house, draw.uniform(0, AFTER_READY_S_MAX))
        house.ledger = house.open()
        acknowledged |= said
        house.move_to(max(house.now(), *(entry.recorded_at for entry in house.ledger.read())))
        _audit(house, acknowledged)
    assert len(acknowledged) > KILLS, f"seed {seed}: hardly anything was said"
    house.brief()  # and the log goes on
    house.close()


def _run_and_kill(house: House, after_s: float) -> dict[str, tuple[int, bytes]]:
    (house.folder / "loop.json").write_text(json.dumps(_told(house)))
    process = subprocess.Popen([sys.executable, str(LOOP), str(house.folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    threading.Timer(after_s, process.send_signal, (signal.SIGKILL,)).start()
    lines = process.stdout.read().split("\n")[:-1]  # what follows the last newline was cut off by the kill
    assert process.wait(30) == -signal.SIGKILL
    process.stdout.close()
    whole = [line.split() for line in lines]
    return {statement_id: (int(index), bytes.fromhex(payload)) for statement_id, index, payload in whole}


def _told(house: House) -> dict[str, object]:
    actors = {name: house.keys[name].private.private_bytes_raw().hex() for name in (SERVICE, "mara", "ivy")}
    return {
        "ed25519": house.log_keys[0].private_key.private_bytes_raw().hex(),
        "mldsa44": house.log_keys[1].private_key.private_bytes_raw().hex(),
        "kek": house.kek.hex(),
        "now": house.now().isoformat(),
        "actors": list(actors),
        **actors,
    }


def _audit(house: House, acknowledged: dict[str, tuple[int, bytes]]) -> None:
    stored = list(house.ledger.store.read_entries())
    assert [entry.index for entry in stored] == list(range(len(stored)))
    size, note = house.ledger.head()
    opened = open_checkpoint(note, house.verifiers, origin=ORIGIN, strict=True)
    root = root_of([leaf_hash(entry.entry) for entry in stored])
    assert (opened.checkpoint.size, opened.checkpoint.root) == (size, root) and size == len(stored)
    by_id = {entry.statement_id: entry for entry in stored}
    for statement_id, (index, payload) in acknowledged.items():
        assert by_id[statement_id].index == index, f"{statement_id} was acknowledged at {index}"
        assert Envelope.parse(json.loads(by_id[statement_id].entry)["envelope"]).payload == payload
    keys = {key.keyid: key.spki for key in house.keys.values()}
    for said in house.ledger.read():
        verify(Envelope.parse(json.loads(said.entry)["envelope"]), keys)
        for pointer, ref in said.statement.sealed.items():
            opening = house.ledger.vault.open(said.statement.id, pointer)
            assert isinstance(opening, Opening) and commit(opening) == ref.commitment
    last = house.ledger.receipt(size - 1)
    assert verify_entry(last.entry, last.proof(), house.verifiers, origin=ORIGIN, strict=True).index == size - 1
    assert house.ledger.store.tile(0, 0)[:32] == hashlib.sha256(b"\0" + stored[0].entry).digest()
