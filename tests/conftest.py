"""Shared fixtures: where the corpus is, when it is there, and a house with people in it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.softhsm_of import softhsm  # noqa: F401 - a fixture for every test
from tests.sounds_of import chromaprint  # noqa: F401

if TYPE_CHECKING:  # each fixture imports what it makes: the process that only hands out tests needs none of it
    from tests.house_of import House
    from tests.office_of import Made, Office
    from tests.postgres_of import Postgres
    from tests.prepared_of import Cupboard

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"


SLOW_FIRST = ("e2e", "fault", "simulation", "property", "web", "fuzz", "oracle", "contract")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files begin first, so that no worker is left with one while the others have nothing to do."""
    here = Path(__file__).parent
    place = {name: number for number, name in enumerate(SLOW_FIRST)}
    items.sort(key=lambda item: place.get(item.path.relative_to(here).parts[0], len(place)))


@pytest.fixture
def corpus() -> Path:
    """Real media that nobody here made; it stays outside the project."""
    if not CORPUS.is_dir():
        pytest.skip("the corpus of real media is not beside this checkout")
    return CORPUS


@pytest.fixture(scope="session")
def closed_house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """Opened and closed once a run; every `house` is a copy of its files."""
    from tests.house_of import House

    house = House(tmp_path_factory.mktemp("house"))
    house.close()
    return house


@pytest.fixture(scope="session")
def cupboard(tmp_path_factory: pytest.TempPathFactory, closed_house: House) -> Cupboard:
    """States that many tests begin with, told once a run."""
    from tests.prepared_of import Cupboard

    return Cupboard(tmp_path_factory.mktemp("cupboard"), closed_house)


@pytest.fixture
def house(tmp_path: Path, closed_house: House, cupboard: Cupboard) -> Iterator[House]:
    """A real ledger on SQLite in a temporary folder, opened, with ten enrolled actors."""
    from tests.house_of import House

    opened = House(tmp_path, like=closed_house, cupboard=cupboard)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real server, started for this run. Skips where it can't be had, except in CI."""
    from tests.postgres_of import started

    yield from started()


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """One home with a finished clip, made once a run; each `office` and `local` is a copy of it."""
    from tests.office_of import make_office

    return make_office(tmp_path_factory.mktemp("office"))


@pytest.fixture
def office(made: Made, tmp_path: Path) -> Iterator[Office]:
    """Opened beyond loopback: pages need a session."""
    from tests.office_of import Office

    opened = Office(made, tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def local(made: Made, tmp_path: Path) -> Iterator[Office]:
    """Opened on one's own machine: pages speak as the operator."""
    from tests.office_of import Office

    opened = Office(made, tmp_path, "operator")
    yield opened
    opened.close()


@pytest.fixture(scope="session", autouse=True)
def _own_temporary_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Each worker has its own, so that "nothing is left behind" can be asked while others work."""
    before, tempfile.tempdir = tempfile.tempdir, str(tmp_path_factory.mktemp("tmp"))
    yield
    tempfile.tempdir = before
