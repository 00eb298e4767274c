"""The tag index, killed while it catches up: it goes on from whole pages and says what the naive index says."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from ledger.proof.tagrecord import TaggedEntry
from projections.tag_index import TagIndex
from tests.depth_of import times
from tests.house_of import House
from tests.tags_of import naive_root

KILLS = times(4)
AFTER_READY_S_MAX = 0.15
LOOP = Path(__file__).with_name("index_loop.py")


def test_an_index_that_was_killed_on_the_way_equals_one_that_was_not(house: House, tmp_path: Path) -> None:
    seed = int(os.environ.get("FAULT_SEED", time.time_ns() % 2**32))
    print(f"seed {seed}; run again with FAULT_SEED={seed}")
    draw, reached = random.Random(seed), [0]
    house.ledger.head()  # its files are there before another process asks for them
    for _ in range(KILLS):
        house.clip()
        _run_and_kill(tmp_path, draw.uniform(0, AFTER_READY_S_MAX))
        reached.append(_position(house, tmp_path))
    assert reached == sorted(reached), "no kill loses a page that was there"
    index = TagIndex(tmp_path / "tagindex.sqlite", house.ledger.store)
    index.catch_up()
    with index.look() as look:
        whole = [TaggedEntry.read(one.index, one.entry) for one in house.ledger.store.read_entries()]
        assert (look.size, look.root) == (house.size, naive_root(whole))
    index.close()


def _run_and_kill(folder: Path, after_s: float) -> None:
    process = subprocess.Popen([sys.executable, str(LOOP), str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    timer = threading.Timer(after_s, process.send_signal, (signal.SIGKILL,))
    timer.start()
    process.stdout.read()
    assert process.wait(30) in (-signal.SIGKILL, 0)
    timer.cancel()
    process.stdout.close()


def _position(house: House, folder: Path) -> int:
    index = TagIndex(folder / "tagindex.sqlite", house.ledger.store)
    with index.look() as look:
        assert look.root == naive_root(
            TaggedEntry.read(one.index, one.entry) for one in house.ledger.store.read_entries(upto=look.size)
        )
        size = look.size
    index.close()
    return size
