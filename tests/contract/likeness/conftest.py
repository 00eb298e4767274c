from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faces_of import FaceHouse
from tests.house_of import House


@pytest.fixture
def face_house(house: House, tmp_path: Path) -> Iterator[FaceHouse]:
    opened = FaceHouse(house, tmp_path)
    yield opened
    opened.close()
