"""A house with the services over it that erasing and disclosing ask."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from api.services.services import Services
from ledger.log.published import PublishedFolder
from schemas.statements.person import PersonRegistered
from tests.contract.erasure.documents import CONTACT, NAME
from tests.house_of import House


@pytest.fixture
def services(house: House, tmp_path: Path) -> Services:
    """The log, the vault, the clock and what is published; neither views nor media have a part in it."""
    published = PublishedFolder(tmp_path / "public")
    return cast(Services, SimpleNamespace(ledger=house.ledger, clock=house.clock, published=published))


@pytest.fixture
def statement(house: House) -> str:
    """The id of the registration of p-zeph, who has a name and a contact."""
    body = PersonRegistered.model_validate({"person": "p-zeph", "person_class": "performer", "speaks_as": "ines"})
    house.say_as("ivy", body, sealed={"/body/name": NAME, "/body/contact": CONTACT}, subject="p-zeph")
    house.person()
    return next(house.ledger.read("person:p-zeph")).statement.id
