"""The publisher dies before and after each of its writes, and of kill -9 anywhere: what is published is always whole."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from ledger.clock import SystemClock
from ledger.errors import Unavailable
from ledger.log.audit import audit_published
from ledger.log.published import CHECKPOINT, PublishedFolder
from ledger.log.publisher import Publisher
from ledger.log.witness import add_checkpoint_body
from ledger.proof.tiles import TileName
from ops.witness.judging import Witness
from ops.witness.state import WitnessFolder
from tests.depth_of import times
from tests.log_of import ManyEntries
from tests.published_of import ConscientiousMemory

SIZES = (200, 300, 513)  # within a tile, over its edge, over two edges with one entry left
KILLS = times(5)
AFTER_READY_S_MAX = 0.4  # some five rounds
ROOT = Path(__file__).resolve().parents[2]
LOOP = Path(__file__).with_name("publish_loop.py")


class PowerCut(BaseException):
    """Nothing catches it, as nothing catches a power cut."""


class Cutting:
    """Cuts the power at the n-th write."""

    def __init__(self, at: int) -> None:
        self.left = at

    def __call__(self, name: str) -> None:
        self.left -= 1
        if self.left == 0:
            raise PowerCut(name)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[ManyEntries]:
    made = ManyEntries(tmp_path / "ledger.sqlite")
    yield made
    made.close()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_power_cut_at_any_write_leaves_a_whole_log_and_the_next_round_goes_on(log: ManyEntries, moment: str) -> None:
    memory, cuts = ConscientiousMemory(), 0
    for size in SIZES:
        log.grow(size - log.store.size())
        at = 1
        while True:
            setattr(memory, moment, Cutting(at))
            try:
                Publisher(log.store, memory, log.verifiers, with_entries=True).publish()
            except PowerCut:
                cuts += 1
                _audit_if_published(memory, log)
                at = 2 if moment == "before" else 1  # each restart gets one write further than the last
                continue
            break
        setattr(memory, moment, lambda name: None)
        report = audit_published(memory, log.verifiers)
        assert report.checkpoint.size == size
        full = {name for name in memory.files if name.startswith("tile/") and ".p/" not in name}
        assert not [name for name in memory.files if name.partition(".p/")[0] in full - {name}], (
            "a dead partial is left"
        )
    assert cuts >= 20


def _audit_if_published(memory: ConscientiousMemory, log: ManyEntries) -> None:
    """Whatever the checkpoint calls for is there. Tiles beyond it may be there too: the round that broke off wrote them."""
    if CHECKPOINT not in memory.files:
        return
    head = Publisher(log.store, memory, log.verifiers, with_entries=True).published_checkpoint()[0]
    covered = ConscientiousMemory()
    covered.files = {name: content for name, content in memory.files.items() if not _beyond(name, head.size)}
    audit_published(covered, log.verifiers)


def _beyond(name: str, size: int) -> bool:
    if not name.startswith("tile/"):
        return False
    tile = TileName.parse(name)
    level = 0 if tile.level == "entries" else tile.level
    return (tile.number * 256 + tile.width) << (8 * level) > size


def test_kill_9_anywhere_leaves_a_folder_that_the_next_process_goes_on_from(tmp_path: Path) -> None:
    seed = int(os.environ.get("FAULT_SEED", time.time_ns() % 2**32))
    print(f"seed {seed}; run again with FAULT_SEED={seed}")
    draw, told = random.Random(seed), 0
    for _ in range(KILLS):
        told = max(told, _run_and_kill(tmp_path, draw.uniform(0, AFTER_READY_S_MAX)))
        log, folder = ManyEntries(tmp_path / "ledger.sqlite"), PublishedFolder(tmp_path / "public")
        publisher = Publisher(log.store, folder, log.verifiers, with_entries=True)
        publisher.check()
        assert publisher.published_checkpoint()[0].size >= told, f"seed {seed}: a published checkpoint went back"
        if log.store.size():
            publisher.publish()
            assert audit_published(folder, log.verifiers).checkpoint.size == log.store.size()
        log.close()
    assert told > 0, f"seed {seed}: nothing was published"


def _run_and_kill(folder: Path, after_s: float) -> int:
    """The size that was told last."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, str(LOOP), str(folder)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    threading.Timer(after_s, process.send_signal, (signal.SIGKILL,)).start()
    lines = process.stdout.read().split("\n")[:-1]
    assert process.wait(30) == -signal.SIGKILL
    process.stdout.close()
    return int(lines[-1]) if lines else 0


def test_a_full_disk_is_unavailable_and_nothing_half_is_published(
    log: ManyEntries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = PublishedFolder(tmp_path / "public")
    publisher = Publisher(log.store, folder, log.verifiers, with_entries=True)
    log.grow(300)
    for fails_at in count(1):
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", _failing(fails_at))
            with pytest.raises(Unavailable) as caught:
                publisher.publish()
        assert caught.value.code == "published_unavailable"
        if folder.read(CHECKPOINT) is not None:  # the last flush failed: it is there, and so is all that it calls for
            break
    assert fails_at > 10 and audit_published(folder, log.verifiers).checkpoint.size == 300
    publisher.publish()
    assert audit_published(folder, log.verifiers).checkpoint.size == 300


def test_what_a_broken_off_round_left_is_flushed_before_a_checkpoint_calls_for_it(
    log: ManyEntries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tile that a crash left may be in memory alone: a power cut after the next checkpoint must not take it."""
    folder = PublishedFolder(tmp_path / "public")
    log.grow(300)
    Publisher(log.store, folder, log.verifiers, with_entries=True).publish()
    (tmp_path / "public" / CHECKPOINT).unlink()
    flushed: set[str] = set()
    flush = os.fsync

    def fsync(handle: int) -> None:
        flushed.add(str(Path(f"/proc/self/fd/{handle}").readlink()))
        flush(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    Publisher(log.store, folder, log.verifiers, with_entries=True).publish()
    for name in ("tile", "tile/0", "tile/1/000.p", "tile/0/001.p", "tile/entries", "tile/entries/001.p"):
        assert str(tmp_path / "public" / name) in flushed, name


def test_a_witness_signs_nothing_that_it_could_not_write_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: ManyEntries
) -> None:
    state = WitnessFolder.init(tmp_path / "w", "witness.example/w1")
    log.grow(3)
    witness, offered = Witness(state, log.verifiers, SystemClock()), add_checkpoint_body(0, (), log.store.head()[1])
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", _failing(1))
        with pytest.raises(Unavailable):
            witness.add_checkpoint(offered)
    assert state.last(log.keys[0].name) is None
    assert witness.add_checkpoint(offered).status == 200
    assert WitnessFolder(tmp_path / "w").last(log.keys[0].name) == log.store.head()[1]


def _failing(at: int) -> object:
    flush, left = os.fsync, [at]

    def fsync(handle: int) -> None:
        left[0] -= 1
        if left[0] <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        flush(handle)

    return fsync
