from __future__ import annotations

from collections.abc import Iterator

import pytest

from projections.views import Views
from tests.house_of import House
from tests.matching_of import Desk
from tests.unit.projections.material import open_views


@pytest.fixture
def views(house: House) -> Iterator[Views]:
    opened = open_views(house)
    yield opened
    opened.close()


@pytest.fixture
def desk(house: House, views: Views) -> Desk:
    return Desk(house, views)
