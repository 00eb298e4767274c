"""One home with a finished clip, made once; each test works on a copy of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.office_of import Made, Office, make_office


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make_office(tmp_path_factory.mktemp("office"))


@pytest.fixture
def office(made: Made, tmp_path: Path) -> Iterator[Office]:
    """Opened beyond loopback: pages need a session."""
    opened = Office(made, tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def local(made: Made, tmp_path: Path) -> Iterator[Office]:
    """Opened on one's own machine: pages speak as the operator."""
    opened = Office(made, tmp_path, "operator")
    yield opened
    opened.close()
