"""A house with the services over it that erasing and disclosing ask."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from api.services.services import Services
from ledger.log.published import PublishedFolder
from tests.house_of import House


@pytest.fixture
def services(house: House, tmp_path: Path) -> Services:
    """The log, the vault, the clock and what is published; neither views nor media have a part in it."""
    published = PublishedFolder(tmp_path / "public")
    return cast(Services, SimpleNamespace(ledger=house.ledger, clock=house.clock, published=published))
