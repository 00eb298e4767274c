"""Unit tests are quick and touch nothing outside: no network, no disk that flushes, and a bound on each one's work."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

WORK_S_MAX = 1.0  # processor seconds, counting every thread: what needs more is a contract, property or fault test
MEMORY = Path("/dev/shm")  # where Linux keeps files in memory; elsewhere the ordinary folder will do
NETWORK = frozenset({"socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"})
_CLOSED = threading.Event()


def _refuse_the_network(event: str, arguments: tuple[object, ...]) -> None:
    if _CLOSED.is_set() and event in NETWORK:
        raise AssertionError(f"a unit test asked for the network ({event} {arguments[1:]})")


sys.addaudithook(_refuse_the_network)  # an audit hook can't be taken away again: `_CLOSED` says whether it counts


@pytest.fixture(autouse=True)
def _no_network() -> Iterator[None]:
    """Whoever needs a server has a place in tests/contract."""
    _CLOSED.set()
    yield
    _CLOSED.clear()


@pytest.fixture(scope="session")
def memory_folder() -> Iterator[Path | None]:
    if not os.access(MEMORY, os.W_OK):
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="countersign-unit-", dir=MEMORY))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, memory_folder: Path | None) -> Iterator[Path]:
    """In memory where there is such a folder: here nobody asks what a flush would have kept."""
    if memory_folder is None:
        yield request.getfixturevalue("tmp_path_factory").mktemp("unit")
        return
    folder = Path(tempfile.mkdtemp(dir=memory_folder))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    before = time.process_time()
    result = yield
    used = time.process_time() - before
    if used > WORK_S_MAX:
        pytest.fail(f"{item.nodeid} worked for {used:.1f} s, more than a unit test may ({WORK_S_MAX} s)")
    return result
