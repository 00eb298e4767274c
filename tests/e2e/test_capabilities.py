"""Rows of the capability list that work today, each shown through the public API on the demo's own home."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.services.services import Services
from ops.demo.story import CHANNEL, TERRITORY, USE, Story
from ops.wiring import services_of
from schemas.base import format_instant, new_id

ASKED = {"use": USE, "channel": CHANNEL, "territory": TERRITORY}


class Desk:
    """The API as different people see it."""

    def __init__(self, services: Services, client: TestClient, home: Path) -> None:
        self.services, self.client, self.home = services, client, home

    def call(self, actor: str, method: str, path: str, **options: Any) -> Any:
        token = self.services.tokens.issue(actor, self.services.clock.now())
        return self.client.request(method, path, headers={"Authorization": f"Bearer {token}"}, **options)

    def say(self, actor: str, wire_type: str, body: dict[str, Any]) -> Any:
        return self.call(actor, "POST", "/v1/statements", json={"type": wire_type, "body": body})

    def first(self, wire_type: str) -> Any:
        return next(self.services.ledger.read(types=[wire_type]))

    def verify(self, name: str, at: str | None = None) -> Any:
        params = ASKED | ({"at": at} if at else {})
        return self.call(
            "pia",
            "POST",
            "/v1/verifications",
            params=params,
            content=(self.home / name).read_bytes(),
        ).json()


@pytest.fixture
def desk(demo_home: Path, tmp_path: Path) -> Iterator[Desk]:
    home = tmp_path / "home"
    shutil.copytree(demo_home, home)
    with services_of(home) as services, TestClient(create_app(services, local_operator=None)) as client:
        services.views.catch_up()
        yield Desk(services, client, home)


def test_capability_01_a_generation_needs_an_approved_brief_and_old_versions_stay_readable(desk: Desk) -> None:
    drafted = desk.first("brief.drafted.v1").body.as_json()
    second = {**drafted, "version": 2, "title": "Evening in the café"}
    assert desk.say("mara", "brief.drafted.v1", second).status_code == 201
    asked = desk.first("generation.requested.v1").body.as_json()
    unapproved = {**asked, "generation": new_id(desk.services.clock.now()), "brief_version": 2, "cameos": []}
    refused = desk.say("mara", "generation.requested.v1", unapproved)
    assert refused.status_code == 409
    assert refused.json()["code"] == "brief_not_approved"
    versions = desk.call("mara", "GET", f"/v1/briefs/{drafted['brief']}").json()["versions"]
    assert [version["version"] for version in versions] == [1, 2]
    missing = desk.say("mara", "brief.drafted.v1", {key: second[key] for key in second if key != "objective"})
    assert missing.status_code in (400, 422)
    assert "/objective" in missing.json()["detail"]


@pytest.mark.parametrize(
    "beats", [["She comes in.", "She lifts the cup."], ["She comes in. She sits down.", "She lifts it.", "It clears."]]
)
def test_capability_03_a_brief_has_exactly_three_beats_of_one_sentence(desk: Desk, beats: list[str]) -> None:
    body = {**desk.first("brief.drafted.v1").body.as_json(), "version": 2, "narrative_beats": beats}
    refused = desk.say("mara", "brief.drafted.v1", body)
    assert refused.status_code in (400, 422)
    assert refused.json()["code"] == "body_invalid"


def test_capability_16_the_prompt_of_an_asset_is_readable_years_later(desk: Desk) -> None:
    trail = desk.call("lena", "GET", f"/v1/assets/{desk.verify('signed.mp4')['asset_sha256']}/trail").json()
    asked = next(row for row in trail["rows"] if row["type"] == "generation.requested.v1")
    entry = desk.call("lena", "GET", f"/v1/statements/{asked['entry_index']}").json()
    told = Story.at(desk.services.clock.now()).generation_request("0" * 64)
    assert entry["statement"]["body"]["prompt"] == told.prompt
    assert entry["statement"]["body"]["model_snapshot"] == told.model_snapshot


def test_capability_26_what_came_from_outside_says_so(desk: Desk) -> None:
    asset = desk.verify("clip.mp4")["asset_sha256"]
    seen = desk.call("lena", "GET", f"/v1/assets/{asset}").json()
    assert "self_declared" in str(seen)


def test_capability_28_approval_binds_bytes_and_nobody_approves_their_own_work(desk: Desk) -> None:
    clip = desk.verify("clip.mp4")["asset_sha256"]
    own = desk.say("mara", "review.approved.v1", {"asset": clip, "gate": "brand", "comment": "mine"})
    assert own.status_code == 403
    copy = (desk.home / "reencoded.mp4").read_bytes()
    new = desk.call("mara", "POST", "/v1/assets", params={"title": "copy"}, content=copy).json()["asset_sha256"]
    question = {"asset": new, **ASKED, "valid_from": "2026-10-25T00:00:00Z", "valid_until": "2026-10-26T00:00:00Z"}
    refused = desk.call("pia", "POST", "/v1/clearances", json=question)
    assert refused.status_code == 409
    codes = {reason["code"] for reason in refused.json()["reasons"]}
    assert {"brand_not_approved", "rights_not_approved", "legal_not_approved"} <= codes


def test_capability_40_not_checked_is_never_told_as_absent(desk: Desk) -> None:
    answer = desk.verify("signed.mp4")
    assert {"visible_mark", "invisible_watermark"} <= set(answer["not_checked"])
    assert answer["c2pa"]["state"] == "trusted"


def test_capability_45_a_platform_gets_its_answer_from_the_file_alone(desk: Desk) -> None:
    while_it_stood = format_instant(desk.first("clearance.issued.v1").recorded_at)
    assert desk.verify("signed.mp4", while_it_stood)["verdict"] == "allow"
    now = desk.verify("signed.mp4")
    assert (now["verdict"], now["identified_by"]) == ("deny", "digest")
    assert "clearance_revoked" in {reason["code"] for reason in now["reasons"]}
    assert desk.verify("reencoded.mp4")["identified_by"] == "fingerprint"
    assert desk.verify("unrelated.mp4")["verdict"] == "unknown"


def test_capability_50_a_consents_state_at_any_instant(desk: Desk) -> None:
    grant = desk.first("consent.granted.v2")
    path = f"/v1/consents/{grant.body.as_json()['consent']}"
    states = [
        desk.call("lena", "GET", path, params={"at": format_instant(at)}).json()["state"]
        for at in (grant.recorded_at, desk.services.clock.now())
    ]
    assert states == ["given", "expired"]


def test_capability_51_an_ended_consent_blocks_flags_every_descendant_and_tells_the_platform(desk: Desk) -> None:
    asked = desk.first("generation.requested.v1").body.as_json()
    again = desk.say("mara", "generation.requested.v1", {**asked, "generation": new_id(desk.services.clock.now())})
    assert again.json()["code"] == "consent_expired"
    flagged = {said.body.as_json()["asset"] for said in desk.services.ledger.read(types=["asset.flagged.v2"])}
    assert flagged == {desk.verify(name)["asset_sha256"] for name in ("clip.mp4", "signed.mp4")}
    assert desk.call("pia", "GET", "/v1/notices").json()["notices"]


def test_capability_61_a_stranger_checks_the_pack_and_one_flipped_byte_is_named(desk: Desk, tmp_path: Path) -> None:
    asset = desk.verify("signed.mp4")["asset_sha256"]
    pack = desk.call("lena", "GET", f"/v1/assets/{asset}/evidence").content
    with zipfile.ZipFile(io.BytesIO(pack)) as source:
        members = {name: source.read(name) for name in source.namelist()}
    verifier = tmp_path / "verify.py"
    verifier.write_bytes(members["verify.py"])

    def check(contents: dict[str, bytes]) -> subprocess.CompletedProcess[str]:
        file = tmp_path / "pack.zip"
        with zipfile.ZipFile(file, "w") as target:
            for name, content in contents.items():
                target.writestr(name, content)
        command = [sys.executable, "-I", str(verifier), str(file)]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)

    assert check(members).returncode == 0
    entry = next(name for name in members if name.startswith("entries/"))
    altered = {**members, entry: members[entry][:-2] + b"!" + members[entry][-1:]}
    found = check(altered)
    assert found.returncode == 5
    assert entry in found.stdout + found.stderr
