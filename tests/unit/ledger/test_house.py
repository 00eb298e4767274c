"""The shared story really runs through the door."""

from __future__ import annotations

import pytest

from ledger.proof.tlogproof import verify_entry
from tests.house_of import ORIGIN, House

pytestmark = pytest.mark.usefixtures("both_keys")


def test_the_story_runs_from_person_to_clearance(house: House) -> None:
    asset, consent = house.clip()
    clearance = house.cleared(asset)
    (said,) = house.ledger.read(f"clearance:{clearance}")
    assert said.body.consents == (consent,)


def test_every_entry_of_the_story_is_in_the_log_that_both_keys_signed(house: House) -> None:
    house.cleared(house.clip()[0])
    for index in range(house.size):
        receipt = house.ledger.receipt(index)
        found = verify_entry(receipt.entry, receipt.proof(), house.verifiers, origin=ORIGIN, strict=True)
        assert (found.index, found.size) == (index, house.size)


def test_a_restart_changes_nothing(house: House) -> None:
    house.brief()
    before = house.ledger.head()
    house.reopen()
    assert house.ledger.head() == before
    house.brief()
    assert house.size == before[0] + 2
