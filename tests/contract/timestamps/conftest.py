"""A log that grows, and an authority on loopback; both made once a file of tests, since making keys takes its time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.log_of import ManyEntries
from tests.tsa_of import Authority, needed_tools, serving_authority


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    needed_tools()
    with serving_authority(tmp_path_factory.mktemp("tsa")) as authority:
        yield authority


@pytest.fixture
def authority(tsa: Authority) -> Authority:
    """Behaving well, and asked nothing yet."""
    tsa.mode, tsa.asked = "good", []
    return tsa


@pytest.fixture
def log(tmp_path: Path) -> Iterator[ManyEntries]:
    log = ManyEntries(tmp_path / "ledger.sqlite")
    log.grow(7)
    yield log
    log.close()
