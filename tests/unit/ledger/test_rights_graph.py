"""Why may we use this? A path from every holder, through everything that lets it be used; or no, and no path at all."""

from __future__ import annotations

from typing import Any

from ledger.rules.rightsgraph import Why, why
from schemas.statements.consent import ConsentWithdrawn
from schemas.statements.placement import PlacementEnded
from tests.house_of import House, digest
from tests.rights_of import HOLDER, STUDIO, ended, licence, licensed_clip, right, used


def asked(house: House, asset: str, **overrides: Any) -> Why:
    return why(house.ledger.history(), house.question(asset, **overrides), house.now())


def test_a_path_runs_from_each_holder_over_all_links_to_the_use(house: House) -> None:
    asset, of, name = licensed_clip(house)
    house.cleared(asset)
    found = asked(house, asset)
    use = "use:advertising.social.DE"
    assert found.may
    assert (f"party:{HOLDER}", f"right:{of}", f"licence:{name}", f"asset:{asset}", use) in found.paths()
    starts = {path[0].partition(":")[0] for path in found.paths()}
    assert starts == {"party", "person"}
    assert all(node.stands for node in found.nodes)
    assert {node.entry_index is not None for node in found.nodes} == {True}


def test_a_path_ends_at_the_placements_where_there_are_any(house: House) -> None:
    asset, _, name = licensed_clip(house)
    clearance = house.cleared(asset)
    placed = [house.placed(asset, clearance, licences=[name]) for _ in range(2)]
    shared = {key: getattr(placed[0], key) for key in ("placement", "asset", "clearance", "consents", "licences")}
    house.say_as("pia", PlacementEnded(**shared, ended_at=house.now(), outcome="taken-down", detail="by hand"))
    found = asked(house, asset)
    assert {path[-1] for path in found.paths()} == {f"placement:{one.placement}" for one in placed}
    states = {node.key: node.state for node in found.nodes if node.kind == "placement"}
    assert states == {f"placement:{placed[0].placement}": "taken down", f"placement:{placed[1].placement}": "shown"}


def test_no_clearance_an_ended_licence_and_an_ended_consent_leave_no_path(house: House) -> None:
    asset, of, name = licensed_clip(house)
    found = asked(house, asset)
    assert (found.may, found.paths(), [one.code for one in found.reasons]) == (False, (), ["clearance_missing"])
    house.cleared(asset)
    assert asked(house, asset).may
    ended(house, name, of)
    found = asked(house, asset)
    assert (found.may, found.paths(), [one.code for one in found.reasons]) == (False, (), ["licence_ended"])
    assert [node.key for node in found.nodes if not node.stands] == [f"licence:{name}"]


def test_a_withdrawn_consent_is_drawn_as_what_does_not_stand(house: House) -> None:
    asset, consent = house.clip()
    house.cleared(asset)
    person = house.granted(consent).person
    house.say_as("ines", ConsentWithdrawn(consent=consent, person=person, reason="changed my mind"))
    found = asked(house, asset)
    assert not found.may
    assert {node.key: node.state for node in found.nodes if not node.stands}[f"consent:{consent}"] == "withdrawn"


def test_a_right_held_by_its_user_needs_no_licence_and_a_child_inherits_the_path(house: House) -> None:
    asset, _ = house.clip()
    of = right(house, holder=STUDIO)
    used(house, asset, of, user=STUDIO)
    child = house.approved(house.examined(house.derived(asset)))
    house.cleared(child)
    paths = asked(house, child).paths()
    assert (f"party:{STUDIO}", f"right:{of}", f"asset:{asset}", f"asset:{child}", "use:advertising.social.DE") in paths


def test_only_the_licence_that_is_relied_on_is_drawn(house: House) -> None:
    asset, of, name = licensed_clip(house)
    ended(house, name, of)
    renewed = licence(house, of)
    used(house, asset, of, renewed)
    house.cleared(asset)
    licences = [node.key for node in asked(house, asset).nodes if node.kind == "licence"]
    assert licences == [f"licence:{renewed}"]


def test_a_file_with_nobody_in_it_starts_at_its_generation(house: House) -> None:
    asset, _ = house.clip([])
    house.cleared(asset)
    found = asked(house, asset)
    assert found.may and [path[0].partition(":")[0] for path in found.paths()] == ["generation"]


def test_an_unknown_file_is_a_no(house: House) -> None:
    found = asked(house, digest())
    assert (found.may, found.nodes, [one.code for one in found.reasons]) == (
        False,
        (),
        ["asset_unknown", "clearance_missing"],
    )
