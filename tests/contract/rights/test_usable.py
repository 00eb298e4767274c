"""What a search offers: what `verify` would allow for the use that was asked, or for one that the file was cleared for."""

from __future__ import annotations

from api.services.circumstances import Circumstances
from api.services.usable import Usable, usable
from tests.house_of import House, digest
from tests.rights_of import ended, licence, licensed_clip, used

CLEARED = Circumstances("advertising", "DE", "social")
TODAY = {"valid_from": "2026-10-01T00:00:00Z"}


def asked(house: House, asset: str, circumstances: Circumstances | None = None) -> Usable:
    return usable(house.ledger.history(), asset, circumstances or Circumstances(), house.now())


def test_a_cleared_file_is_offered_for_what_it_was_cleared_for(house: House) -> None:
    asset, _, _ = licensed_clip(house)
    house.cleared(asset, **TODAY)
    for fitting in (None, CLEARED, Circumstances(territory="DE"), Circumstances(use="advertising", channel="social")):
        assert asked(house, asset, fitting) == Usable("allow", cleared=(CLEARED,))
    for other in (Circumstances(territory="FR"), Circumstances(use="editorial")):
        assert asked(house, asset, other) == Usable("review", ("clearance_missing",))
    refused = asked(house, asset, Circumstances("advertising", "FR", "social"))
    assert (refused.verdict, refused.codes) == ("deny", ("clearance_missing",))


def test_a_clearance_that_has_not_begun_or_was_never_asked_for_offers_nothing(house: House) -> None:
    asset, _, _ = licensed_clip(house)
    assert asked(house, asset) == Usable("review", ("clearance_missing",))
    house.cleared(asset)
    assert asked(house, asset) == Usable("deny", ("clearance_outside_window",))


def test_what_ended_is_not_offered_until_something_else_covers_it(house: House) -> None:
    asset, of, name = licensed_clip(house)
    house.cleared(asset, **TODAY)
    ended(house, name, of)
    found = asked(house, asset)
    assert found.verdict == "deny" and "licence_ended" in found.codes
    used(house, asset, of, licence(house, of))
    assert asked(house, asset).verdict == "allow"


def test_what_nobody_looked_at_or_knows_is_not_offered(house: House) -> None:
    found = asked(house, house.asset())
    assert found.verdict == "deny" and {"asset_not_examined", "clearance_missing"} <= set(found.codes)
    assert asked(house, digest()).codes == ("asset_unknown", "clearance_missing")
