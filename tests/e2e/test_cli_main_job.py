"""The main job by hand: every step is one command that an operator types."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ledger.clock import SystemClock
from schemas.base import format_instant
from tests.cli_of import Command
from tests.e2e.conftest import Clips

PEOPLE = {
    "mara": "producer",
    "paul": "producer",
    "ivy": "ip-steward",
    "lena": "legal",
    "ines": "talent",
    "rob": "reviewer",
}
ASKED = ("--use", "advertising", "--territory", "DE", "--channel", "social")


def in_days(days: float) -> str:
    return format_instant(datetime.now(UTC) + timedelta(days=days))


def consent(cli: Command, file: Path, days: float) -> str:
    """Ines registered, asked and agreed; the consent's id."""
    cli.say("ivy", "person.registered.v1", file=file, person="p-ines", speaks_as="ines")
    window = {"person": "p-ines", "valid_from": in_days(-1), "valid_until": in_days(days)}
    asked = cli.say("mara", "consent.requested.v1", "consent", file=file, **window)["body"]
    cli.say("ines", "consent.granted.v1", file=file, **asked)
    return str(asked["consent"])


def generation(cli: Command, file: Path, consented: str) -> str:
    """A brief by mara, approved by paul, and a generation under both."""
    drafted = cli.say("mara", "brief.drafted.v1", "brief", file=file)
    draft = cli.json("log", "show", drafted["entry_index"])["payload_sha256"]
    brief = drafted["body"]["brief"]
    cli.say("paul", "brief.approved.v1", file=file, brief=brief, draft_sha256=draft)
    cameos = [{"person": "p-ines", "consent": consented}]
    asked = cli.say(
        "mara", "generation.requested.v1", "generation", file=file, brief=brief, cameos=cameos, references=[]
    )
    return str(asked["body"]["generation"])


def open_house(cli: Command) -> None:
    cli.json("init", cli.home)
    for actor, role in PEOPLE.items():
        cli.json("actor", "enrol", actor, "--role", role)


def pass_gates(cli: Command, asset: str) -> None:
    for gate, actor in (("brand", "rob"), ("rights", "ivy"), ("legal", "lena")):
        cli.json("approve", asset, "--gate", gate, "--as", actor, "--comment", "looked at, frame by frame")


def reason_codes(document: Any) -> set[str]:
    return {reason["code"] for reason in document["reasons"]}


def test_an_operator_runs_the_main_job_with_commands_alone(bare: Command, clips: Clips, tmp_path: Path) -> None:
    cli, file = bare, tmp_path / "statement.json"
    open_house(cli)
    asked = generation(cli, file, consent(cli, file, days=30))
    asset = cli.json("import", clips.clip, "--generation", asked)["assets"][0]["asset_sha256"]
    pass_gates(cli, asset)

    signed = cli.json("sign", clips.clip, "--out", tmp_path / "signed.mp4")
    assert signed["c2pa"]["state"] == "trusted"
    cleared = cli.json("clear", signed["asset_sha256"], *ASKED, "--until", in_days(20))
    assert cleared["issued"]
    refused = cli.json(
        "clear", signed["asset_sha256"], *ASKED[:2], *ASKED[4:], "--territory", "US", "--until", in_days(9), code=3
    )
    assert "territory_out_of_scope" in reason_codes(refused)

    allowed = cli.json("verify", tmp_path / "signed.mp4", *ASKED)
    assert (allowed["verdict"], allowed["identified_by"]) == ("allow", "digest")
    delivered = cli.json("deliver", tmp_path / "signed.mp4", "--out", tmp_path / "delivered.mp4", *ASKED)
    assert delivered["clearance"]["issued"]
    assert cli.json("verify", tmp_path / "delivered.mp4", *ASKED)["verdict"] == "allow"
    copied = cli.json("verify", clips.copy, *ASKED, code=4)
    assert (copied["verdict"], copied["identified_by"]) == ("review", "fingerprint")
    assert copied["asset_sha256"] in (asset, signed["asset_sha256"], delivered["asset_sha256"])
    later = cli.json("verify", tmp_path / "signed.mp4", *ASKED, "--at", in_days(40), code=3)
    assert later["verdict"] == "deny"

    written = cli.json("audit", signed["asset_sha256"], "--out", tmp_path / "evidence.zip")
    assert written["state"] == "verified" and (tmp_path / "evidence.zip").stat().st_size == written["size_bytes"]
    assert cli.json("fsck")["clean"]


def test_a_consent_that_ran_out_is_recorded_once(
    bare: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli, file = bare, tmp_path / "statement.json"
    open_house(cli)
    consented = consent(cli, file, days=30)
    assert cli.json("expire", "--dry-run")["due"] == [] and cli.json("expire")["expired"] == 0
    due = cli.json("expire", "--dry-run", "--at", in_days(31))["due"]
    assert [one["consent"] for one in due] == [consented]
    monkeypatch.setattr(SystemClock, "now", lambda _: datetime.now(UTC) + timedelta(days=31))
    assert cli.json("expire")["expired"] == 1
    assert cli.json("worker", "--once")["expired"] == 0
    assert cli.json("expire", "--dry-run")["due"] == []
