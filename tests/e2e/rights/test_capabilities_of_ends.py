"""Rows 51, 52, 56 and 60 of the capability list where they speak of ends: the whole sentence, through API and workers."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ledger.clock import SteppedClock
from ops.wiring import services_of
from ops.worker import ExpiryWorker
from schemas.base import format_instant
from schemas.statements.asset import AssetDerived
from tests.contract.api.test_status_lists import both
from tests.e2e.rights.conftest import Command, Desk
from tests.house_of import digest
from tests.rights_of import TERMS

SOURCE = {"system": "contracts", "ref": "C-2026-17", "revision": "1"}


def placed(desk: Desk, clearance: str, licences: list[str]) -> dict[str, Any]:
    body = {"placement": desk.new_id(), "asset": desk.signed, "clearance": clearance, "licences": licences}
    where = {"platform": "example-video", "channel": "social", "territory": "DE", "starts_at": "2026-10-02T00:00:00Z"}
    return desk.said("pia", "placement.recorded.v1", {**body, **where, "consents": [desk.office.made.story.consent]})


def derived(desk: Desk, parent: str) -> str:
    body = AssetDerived.example().as_json() | {"asset": digest(), "parents": [parent], "relation": "transcoded"}
    return str(desk.said("mara", "asset.derived.v1", body)["asset"])


def round_at(desk: Desk, at: datetime) -> dict[str, Any]:
    """A worker that was started anew, with a clock of its own; what it recorded."""
    with services_of(desk.office.home.path, SteppedClock(at)) as services:
        found: dict[str, Any] = ExpiryWorker(services).run_once().as_json()
        return found


def told(desk: Desk, name: str) -> list[dict[str, Any]]:
    """What a holder was told, warnings that the consent ends aside."""
    notices: list[dict[str, Any]] = desk.office.get(f"/v1/holders/{name}/notices", name).json()["notices"]
    return [one for one in notices if one["kind"] != "expiring"]


def test_capability_51_every_recipient_is_told_and_timed_whatever_restarts_and_clocks_do(desk: Desk) -> None:
    made, ends_at = desk.office.made, desk.office.made.story.ends_at
    family = [desk.asset, desk.signed]
    for _ in range(3):
        family.append(derived(desk, family[-1]))
    desk.said("lena", "holder.registered.v1", {"holder": "pia"})
    desk.said("lena", "holder.registered.v1", {"holder": "lior", "platforms": ["example-video"]})
    placed(desk, desk.clear(desk.signed).json()["clearance"], [])
    assert round_at(desk, ends_at - timedelta(seconds=1))["expired"] == 0

    desk.office.clock.move_to(ends_at + timedelta(seconds=1))
    request = made.story.generation_request("0" * 64).as_json() | {"generation": desk.new_id(), "references": []}
    assert desk.say("mara", "generation.requested.v1", request).json()["code"] == "consent_expired"
    assert both(desk.office, made) == (1, 1)  # the status lists say so too, and no worker ran

    report = round_at(desk, ends_at + timedelta(seconds=1))
    assert (report["expired"], report["clearances_revoked"], report["assets_flagged"]) == (1, 2, len(family))
    assert report["notices_issued"] == 2
    for skewed in (timedelta(days=-1), timedelta(seconds=2), timedelta(minutes=5)):
        assert round_at(desk, ends_at + skewed)["entries"] == []

    files = desk.office.get(f"/v1/consents/{made.story.consent}/files", "lena").json()["files"]
    assert [one["asset"] for one in files] == family and all(one["flagged_by"] is not None for one in files)
    for hours, name in ((1, "pia"), (2, "lior")):
        desk.office.clock.move_to(ends_at + timedelta(hours=hours))
        (notice,) = told(desk, name)
        down = {"done": "taken-down", "done_at": format_instant(ends_at)}
        assert desk.office.post(f"/v1/notices/{notice['notice']}/acknowledgements", name, json=down).status_code == 201
    found = desk.office.get(f"/v1/consents/{made.story.consent}/report", "lena").json()
    answered = {one["holder"]: one["seconds_from_end"]["answered"] for one in found["notices"] if one["outcome"]}
    assert answered == {"pia": pytest.approx(3_600, abs=1), "lior": pytest.approx(7_200, abs=1)}
    assert found["complete"] and found["propagation_seconds"]["block"] == 0


def test_capability_52_likeness_voice_marks_characters_and_music_are_licences_alike(desk: Desk) -> None:
    kinds = ("likeness", "voice", "mark", "character", "music")
    fee = {"amount_minor": 250_000, "currency": "EUR"}
    licences = []
    for kind in kinds:
        right = desk.right(kind=kind, title=f"The {kind}")
        terms = {"territories": ["DE"], "valid_until": "2026-10-15T00:00:00Z"}
        body = desk.licence(right, terms=terms, caps={"impressions": 1_000}, fee=fee, exclusivity="exclusive")
        licences.append(desk.said("ivy", "licence.granted.v1", body)["licence"])
        use = {"asset": desk.asset, "right": right, "licence": licences[-1], "user": "studio-1"}
        desk.said("mara", "asset.right-used.v1", use)
        rival = desk.say("ivy", "licence.granted.v1", desk.licence(right, licensee="studio-2"))
        assert rival.json()["code"] == "exclusive_overlap"

    def against(**asked: str) -> list[str]:
        codes = [row["code"] for row in desk.verify(**asked)["reasons"]]
        return [code for code in codes if code.startswith("licence_") and code != "licence_covers"]

    assert desk.verify()["verdict"] == "allow"
    assert against(territory="AT") == ["licence_territory_out_of_scope"] * len(kinds)
    shown = placed(desk, desk.clear(desk.signed, valid_until="2026-10-15T00:00:00Z").json()["clearance"], licences)
    same = {name: shown[name] for name in ("placement", "asset", "clearance", "consents", "licences")}
    for impressions, codes in ((999, []), (1_000, ["licence_impressions_exhausted"] * len(kinds))):
        seen = {"observed_at": format_instant(desk.office.clock.now()), "impressions": impressions}
        desk.said("pia", "placement.observed.v1", {**same, **seen})
        assert against() == codes
    for licence in licences:
        report = desk.office.get(f"/v1/licences/{licence}/report", "ivy").json()
        assert {one["what"]: (one["used"], one["cap"]) for one in report["caps"]} == {
            "placements": (1, None),
            "assets": (1, None),
            "impressions": (1_000, 1_000),
        }
        granted = desk.office.get(f"/v1/statements/{report['granted_by']}", "finn").json()
        assert granted["statement"]["body"]["fee"] == fee
    desk.office.clock.move_to(datetime.fromisoformat("2026-10-15T00:00:00Z"))
    assert against() == ["licence_expired"] * len(kinds)


def test_capability_56_who_owns_what_is_a_chain_with_papers_and_a_term_that_ends(desk: Desk) -> None:
    end = datetime.fromisoformat("2026-10-10T00:00:00Z")
    desk.said("lena", "holder.registered.v1", {"holder": "pia"})
    right = desk.right(valid_until=format_instant(end))
    passed = {"right": right, "from_party": "label-north", "to_party": "label-south", "document_sha256": "88" * 32}
    effective = {"effective_at": format_instant(desk.office.clock.now())}
    desk.said("ivy", "right.transferred.v1", {**passed, **effective})
    terms = {"valid_until": format_instant(end)}
    former = desk.say("ivy", "licence.granted.v1", desk.licence(right, terms=terms))
    assert former.json()["code"] == "licensor_not_holder"
    beyond = desk.say("ivy", "licence.granted.v1", desk.licence(right, licensor="label-south"))
    assert beyond.json()["code"] == "licence_beyond_term"
    use = {"asset": desk.asset, "right": right, "user": "label-south"}
    assert desk.say("mara", "asset.right-used.v1", {**use, "user": "label-north"}).json()["code"] == "user_not_holder"
    desk.said("mara", "asset.right-used.v1", use)
    asked = {"use": "advertising", "channel": "social", "territory": "DE"}
    why = desk.office.get(f"/v1/assets/{desk.signed}/why", "lena", params=asked).json()
    assert any(path[:2] == ["party:label-south", f"right:{right}"] for path in why["paths"])
    cleared = desk.clear(desk.signed, valid_until=format_instant(end)).json()["clearance"]
    assert "right_term" in {one["code"] for one in desk.clear(desk.signed).json()["reasons"]}

    desk.office.clock.move_to(end)
    assert "right_term" in desk.reasons()  # by rule, and no worker ran
    report = round_at(desk, end)
    assert (report["rights_expired"], report["clearances_revoked"], report["assets_flagged"]) == (1, 2, 2)
    (notice,) = told(desk, "pia")
    assert (notice["kind"], notice["right"], notice["outcome"]) == ("ended", right, "takedown")
    assert cleared in {item["clearance"] for item in notice["items"]}
    assert round_at(desk, end)["entries"] == []


def test_capability_60_a_changed_term_revokes_what_it_leaves_uncovered_and_tells_whoever_has_it(
    desk: Desk, tmp_path: Path, command: Command
) -> None:
    desk.said("lena", "holder.registered.v1", {"holder": "pia"})
    terms = {**TERMS, "territories": ["DE", "AT"]}
    _, licence = desk.licensed(source=SOURCE, terms=terms, at_end={"outcome": "wind-down", "days": 14})
    folder = tmp_path / "contracts"
    folder.mkdir()
    contract = {"ref": "C-2026-17", "revision": "1", "terms": terms}
    (folder / "C-2026-17.json").write_text(json.dumps(contract))
    assert command("rights", "contracts", str(folder))[0] == 0
    kept, lost = (desk.clear(desk.signed, territory=code).json()["clearance"] for code in ("DE", "AT"))
    narrowed = {**contract, "revision": "2", "terms": {**terms, "territories": ["DE"]}}
    (folder / "C-2026-17.json").write_text(json.dumps(narrowed))
    command("rights", "contracts", str(folder))
    assert "contract_territory_out_of_scope" in desk.reasons(territory="AT")  # from the reading on, by rule
    report = round_at(desk, desk.office.clock.now())
    assert (report["clearances_revoked"], report["assets_flagged"]) == (1, 0)
    revoked = [desk.office.get(f"/v1/clearances/{one}", "lena").json()["revoked"] for one in (kept, lost)]
    assert revoked[0] is None and revoked[1] is not None
    (notice,) = told(desk, "pia")
    assert (notice["kind"], notice["licence"], notice["outcome"]) == ("contract-changed", licence, "wind-down")
    assert [item["clearance"] for item in notice["items"]] == [lost]
    term = next(desk.office.services.ledger.read(after=notice["about_entry"], limit=1))
    assert term.type == "contract.term-recorded.v1"
    assert notice["due_at"] == format_instant(term.recorded_at + timedelta(days=14))
    found = desk.office.get(f"/v1/licences/{licence}/report", "ivy").json()
    assert [(one["how"], one["notices"]) for one in found["changes"]] == [("changed", 0), ("changed", 1)]
