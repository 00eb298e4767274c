"""Capability 48, from end to end: a misused copy is captured and matched, its statutory clocks are tracked to closure."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli_of import Command
from tests.e2e.conftest import Clips


def hours_ago(hours: float) -> str:
    return (datetime.now(UTC) - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def asset(cli: Command) -> str:
    """The clip of the home, with legal and a reviewer enrolled and the law pack adopted."""
    for actor, role in (("lena", "legal"), ("rob", "reviewer"), ("pia", "platform")):
        cli.json("actor", "enrol", actor, "--role", role)
    cli.json("rules", "adopt", "law", "2026.11", "--as", "lena", "--from", "2026-10-01T00:00:00Z", "--reason", "read")
    return str(cli.json("log", "show", "1")["statement"]["body"]["asset"])


def opened(cli: Command, asset: str) -> str:
    words = ("--matter", "m-1", "--claim", "a copy with another voice", "--as", "lena")
    parties = ("--party", "p-1:claimant", "--party", "example-video:platform")
    return str(cli.json("dispute", "open", asset, *words, *parties)["dispute"])


def notified(cli: Command, dispute: str, event: str, *territories: str, hours: float) -> dict[str, Any]:
    where = [part for one in territories for part in ("--territory", one)]
    who = ("--from", "p-1", "--to", "example-video", "--detail", "take it down", "--as", "lena")
    when = ("--event", event, "--received-at", hours_ago(hours))
    return dict(cli.json("dispute", "notice", dispute, *when, *where, *who))


def standing(found: dict[str, Any]) -> dict[str, str]:
    return {one["rule"].split(" ")[-1]: one["state"] for one in found["clocks"]}


def test_capability_48_misuse_is_captured_matched_and_its_clocks_are_tracked_to_closure(
    cli: Command, clips: Clips, asset: str, tmp_path: Path
) -> None:
    dispute = opened(cli, asset)
    seen = ("--platform", "example-video", "--url", "https://video.example/watch/1", "--seen-at", hours_ago(4))
    found = cli.json("dispute", "sight", dispute, clips.copy, *seen, "--as", "rob")
    (sighting,) = found["sightings"]
    assert (sighting["asset"], sighting["matched_by"]) == (asset, "fingerprint")
    assert sighting["match"].startswith("copy by its picture")

    found = notified(cli, dispute, "intimate-depiction", "US", "IN", hours=4)
    assert standing(found) == {"us-take-it-down": "running", "in-it-rules-ncii": "missed"}
    found = notified(cli, dispute, "order", "IN", hours=1)
    assert standing(found)["in-it-rules-order"] == "running"

    first, second = (cli.json("worker", "--once") for _ in range(2))
    assert (first["clocks_missed"], second["clocks_missed"]) == (1, 0)
    notices = {one["event"]: one["notice"] for one in found["notices"]}
    done = ("--done", "removed", "--detail", "gone, copies too", "--as", "pia")
    cli.json("dispute", "answer", dispute, notices["intimate-depiction"], "--done-at", hours_ago(0.1), *done)
    found = cli.json("dispute", "answer", dispute, notices["order"], "--done-at", hours_ago(0.1), *done)
    expected = {"us-take-it-down": "met", "in-it-rules-ncii": "missed", "in-it-rules-order": "met"}
    assert standing(found) == expected
    notified(cli, dispute, "counter-notice", hours=0.1)

    decision = ("--outcome", "upheld", "--by", "court-1", "--reason", "as claimed", "--as", "lena")
    assert cli.json("dispute", "decide", dispute, *decision)["held"]
    found = cli.json("dispute", "close", dispute, "--reason", "nothing is left", "--as", "lena")
    assert (found["state"], found["held"], standing(found)) == ("closed", False, expected)

    memo, pack = tmp_path / "memo.txt", tmp_path / "dispute.zip"
    memo.write_text("advice")
    who = ("--author", "studio-counsel", "--to", "lena", "--written-at", hours_ago(1), "--as", "lena")
    what = ("--kind", "memo", "--basis", "attorney-client", "--description", "advice on the claim")
    claim = cli.json("privilege", "assert", memo, *what, *who, "--asset", asset)["privilege"]
    assert [one["privilege"] for one in cli.json("privilege", "list", asset)["privilege_log"]] == [claim]
    cli.fails("privilege_unknown", 2, "privilege", "waive", dispute, "--reason", "a mistake", "--as", "lena")
    cli.json("privilege", "waive", claim, "--reason", "produced by agreement", "--as", "lena")

    made = cli.json("audit", "--dispute", dispute, "--out", pack, "--with-frames")
    assert made["assets_sha256"] == [asset] and made["state"] == "verified"
    assert cli.json("check", pack)["dispute"] == dispute
    facts = json.loads(zipfile.ZipFile(pack).read("facts.json"))
    (told,) = facts["disputes"]
    assert {clock["rule"].split(" ")[-1]: clock["state"] for clock in told["clocks"]} == expected
    assert told["sightings"][0]["captured_sha256"] == sighting["captured_sha256"]
    frames = json.loads(zipfile.ZipFile(pack).read("pack.json"))["frames"]
    assert [(one["side"], "sha256" in one) for one in frames] == [("file", True), ("copy", True)]
    assert facts["privilege_log"][0]["waived"]
    assert "captured" in [event["event"] for event in facts["custody"]]


def test_a_dispute_as_it_stood_at_an_instant(cli: Command, clips: Clips, asset: str) -> None:
    dispute = opened(cli, asset)
    then = cli.json("dispute", "show", dispute)["at"]
    notified(cli, dispute, "order", "IN", hours=1)
    assert len(cli.json("dispute", "show", dispute)["clocks"]) == 1
    assert cli.json("dispute", "show", dispute, "--at", then)["clocks"] == []
    assert cli.json("dispute", "list")["disputes"][0]["dispute"] == dispute
    cli.fails("dispute_unknown", 2, "dispute", "show", dispute, "--at", "2026-01-01T00:00:00Z")


def test_what_is_near_no_file_of_the_dispute_is_somebodys_word_or_nothing(
    cli: Command, clips: Clips, asset: str
) -> None:
    dispute = opened(cli, asset)
    seen = ("--platform", "example-video", "--url", "https://video.example/watch/1", "--seen-at", hours_ago(1))
    call = ("dispute", "sight", dispute, clips.stranger, *seen, "--as", "rob")
    cli.fails("sighting_unmatched", 2, *call)
    found = cli.json(*call, "--asset", asset, "--private")
    (sighting,) = found["sightings"]
    assert (sighting["matched_by"], sighting["url"]) == ("by-eye", None)
