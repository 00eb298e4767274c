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
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.house_of import House
    from tests.prepared_of import Cupboard

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


@pytest.fixture(scope="session")
def cupboard(memory_folder: Path | None, tmp_path_factory: pytest.TempPathFactory, closed_house: House) -> Cupboard:
    """In memory too, like every house that is copied out of it."""
    from tests.prepared_of import Cupboard

    folder = memory_folder or tmp_path_factory.mktemp("cupboard")
    return Cupboard(Path(tempfile.mkdtemp(dir=folder)), closed_house)


@pytest.fixture
def house(house: House, request: pytest.FixtureRequest) -> House:
    """Its checkpoints bear the first key's signature only, but where a test asks for `both_keys`."""
    house.light_seal = "both_keys" not in request.fixturenames
    return house


@pytest.fixture
def both_keys() -> None:
    """For tests in which somebody opens a checkpoint: it is signed as in an ordinary home."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    before = time.process_time()
    result = yield
    used = time.process_time() - before
    if used > WORK_S_MAX:
        pytest.fail(f"{item.nodeid} worked for {used:.1f} s, more than a unit test may ({WORK_S_MAX} s)")
    return result
