"""Two processes with a door each on one database: one is killed in the middle, the other goes on, the log stays whole."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

from ledger.door import Ledger
from ledger.store.postgres import PostgresStore
from ledger.vault import Vault
from tests.fault.test_kill import LOOP, _audit, _told
from tests.house_of import SERVICE, House
from tests.postgres_of import Postgres, schema_of

FIRST_S, SECOND_S = 0.6, 1.2  # after both said that they are ready


class PostgresHouse(House):
    """A house whose log is in PostgreSQL; its vault stays in its folder."""

    def __init__(self, folder: Path, postgres: Postgres) -> None:
        self.url, self.schema = postgres.url, schema_of(folder)
        super().__init__(folder)

    def open(self) -> Ledger:
        store = PostgresStore(self.url, self.seal, schema=self.schema)
        return Ledger(store, Vault(self.folder / "vault.sqlite", self.kek), self.clock, self.keys[SERVICE], SERVICE)


def test_two_doors_on_one_database_make_one_log_though_one_is_killed(postgres: Postgres, tmp_path: Path) -> None:
    house = PostgresHouse(tmp_path, postgres)
    loops = [_loop(house, number) for number in range(2)]
    for loop in loops:
        assert loop.stdout is not None and loop.stdout.readline() == "ready\n"
    for loop, seconds in zip(loops, (FIRST_S, SECOND_S), strict=True):
        threading.Timer(seconds, loop.send_signal, (signal.SIGKILL,)).start()
    said = [_acknowledged(loop) for loop in loops]
    assert all(said), "one of them said nothing"
    both = said[0] | said[1]
    indexes = sorted(index for index, _ in both.values())
    assert len(set(indexes)) == len(indexes) == len(said[0]) + len(said[1])
    house.move_to(max(entry.recorded_at for entry in house.ledger.read()))
    _audit(house, both)
    house.brief()
    house.close()


def _loop(house: PostgresHouse, number: int) -> subprocess.Popen[str]:
    """Its clock is an hour apart, so that no two persons share a name."""
    told = {**_told(house), "store": house.url, "schema": house.schema}
    told["now"] = (house.now() + timedelta(hours=number)).isoformat()
    (house.folder / f"loop{number}.json").write_text(json.dumps(told))
    command = [sys.executable, str(LOOP), str(house.folder), f"loop{number}.json"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _acknowledged(process: subprocess.Popen[str]) -> dict[str, tuple[int, bytes]]:
    assert process.stdout is not None
    lines = process.stdout.read().split("\n")[:-1]  # what follows the last newline was cut off by the kill
    assert process.wait(30) == -signal.SIGKILL
    process.stdout.close()
    return {words[0]: (int(words[1]), bytes.fromhex(words[2])) for words in map(str.split, lines)}
