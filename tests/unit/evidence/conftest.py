"""A told story and its pack, once a run, for tests that only read them; those that change the house tell their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.evidence.story import Story, tell
from tests.house_of import House


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory, closed_house: House) -> Iterator[Story]:
    house = House(tmp_path_factory.mktemp("told"), like=closed_house)
    yield tell(house)
    house.close()


@pytest.fixture(scope="session")
def told_pack(told: Story, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return told.write(tmp_path_factory.mktemp("pack") / "evidence.zip").path.read_bytes()
