"""The drift lab as an operator, an editor and a page's reader meet it: rows 40 to 44."""

from __future__ import annotations

import hashlib
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image, ImageDraw

from api.app import create_app
from api.services.drift_report import drift_report
from ledger.clock import SteppedClock
from ledger.media.recipes import recipe_named
from ops.demo.media import reencode
from ops.drift import run_due
from ops.wiring import services_of
from schemas.statements.drift import DriftMeasured, Survival
from tests.cli_of import Command
from tests.e2e.conftest import Clips

COPY = recipe_named("mp4-copy")


def columns(cell: Any) -> dict[str, str]:
    return {name: cell[name]["outcome"] for name in ("visible_mark", "c2pa", "invisible_watermark", "fingerprint")}


def test_capability_43_and_44_a_preset_that_strips_c2pa_is_named_before_and_after(cli: Command) -> None:
    assert cli.json("drift", "check", "mp4-copy", code=4)["verdict"] == "not_measured"
    measured = cli.json("drift", "run", "--preset", "mp4-copy", "--preset", "mkv-copy")
    cells = {cell["preset"]: cell for cell in measured["cells"] if cell["transcoder"] == "libav"}
    assert columns(cells["mp4-copy"]) | {"visible_mark": "-", "invisible_watermark": "-"} == {
        "visible_mark": "-",
        "c2pa": "lost",
        "invisible_watermark": "-",
        "fingerprint": "survived",
    }
    assert (cells["mp4-copy"]["c2pa"]["before"], cells["mp4-copy"]["c2pa"]["after"]) == ("trusted", "absent")
    assert columns(cells["mkv-copy"])["c2pa"] == "not_checked"  # a container that the engine can't read
    report = cli.json("drift", "report")
    assert (report["measured"], report["missed"]) == (True, [])
    alert = next(one for one in report["alerts"] if one["code"] == "c2pa_lost" and one["transcoder"] == "libav")
    assert (alert["preset"], alert["entry_index"]) == ("mp4-copy", measured["entry_index"])
    assert cli.json("drift", "check", "mp4-copy", code=3)["verdict"] == "loses"
    assert cli.json("drift", "check", "mkv-copy", code=4)["verdict"] == "not_known"
    cli.fails("preset_unknown", 2, "drift", "run", "--preset", "nothing")
    with services_of(cli.home) as services:
        client = TestClient(create_app(services, "operator"), base_url="http://localhost")
        services.views.catch_up()
        token = services.tokens.issue("operator", services.clock.now())
        answer = client.get("/v1/drift", headers={"Authorization": f"Bearer {token}"}).json()
        page = client.get("/drift").text
    assert answer["alerts"] == report["alerts"]
    assert "mp4-copy" in page and 'class="gone"' in page and "trusted, then absent" in page


def test_capability_44_a_missed_month_alerts_and_is_recorded_once_and_the_next_is_measured_once(
    made_home: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(made_home, home)
    clock = SteppedClock(datetime(2027, 1, 10, tzinfo=UTC))
    with services_of(home, clock) as services:
        held = Survival(outcome="survived", before="trusted", after="trusted")
        cell = DriftMeasured.example().cells[0].model_copy(update={"c2pa": held})
        before = DriftMeasured.example().model_copy(update={"month": "2027-01", "cells": (cell,)})
        services.ledger.say(before)
        clock.move_to(datetime(2027, 4, 2, tzinfo=UTC))
        report = drift_report(services)
        assert (report.missed, report.measured) == (("2027-02", "2027-03"), False)
        assert [alert.month for alert in report.alerts if alert.code == "month_missed"] == ["2027-02", "2027-03"]
        assert run_due(services, monthly=False) is None
        measured = run_due(services, monthly=True, recipes=[COPY])
        assert measured is not None and measured.body.scheduled
        assert run_due(services, monthly=True, recipes=[COPY]) is None
        told = [one.body.month for one in services.ledger.read(types=["drift.month-missed.v1"])]
        assert told == ["2027-02", "2027-03"]
        after = drift_report(services)
        worse = next(alert for alert in after.alerts if alert.code == "c2pa_lost" and alert.transcoder == "libav")
        assert (worse.preset, worse.worse) == ("mp4-copy", True)
        trend = next(row for row in after.trend if (row.transcoder, row.preset) == ("libav", "mp4-copy"))
        assert [(point.month, point.outcomes["c2pa"]) for point in trend.points] == [
            ("2027-01", "survived"),
            ("2027-04", "lost"),
        ]
        past = drift_report(services, datetime(2027, 2, 20, tzinfo=UTC))
        assert (past.missed, past.measured) == ((), False)


def test_capability_41_and_42_a_rendition_shows_what_its_making_took_away(
    cli: Command, clips: Clips, tmp_path: Path
) -> None:
    signed = cli.json("sign", clips.clip, "--out", tmp_path / "signed.mp4")
    copy = reencode(tmp_path / "signed.mp4", tmp_path / "copy.mp4", height=180)
    digest = hashlib.sha256(copy.read_bytes()).hexdigest()
    cli.json("actor", "enrol", "mara", "--role", "producer")
    made = {"asset": digest, "parents": [signed["asset_sha256"]], "relation": "transcoded", "tool": "an editor"}
    example = cli.say("mara", "asset.derived.v1", file=tmp_path / "made.json", **made, size_bytes=copy.stat().st_size)
    assert example["entry_index"] > 0
    cli.json("import", copy)
    steps = {step["relation"]: step for step in cli.json("drift", "report", copy)["steps"]}
    assert columns(steps["transcoded"]["columns"])["c2pa"] == "lost"
    assert columns(steps["transcoded"]["columns"])["fingerprint"] == "survived"
    assert columns(steps["signed"]["columns"])["c2pa"] == "not_present"


def test_capability_40_a_visible_mark_has_its_own_column_and_a_crop_takes_it_away(cli: Command, tmp_path: Path) -> None:
    pytest.importorskip("cv2", reason="marks are looked for with OpenCV (extra vision)")
    mark = Image.new("L", (240, 80))
    draw = ImageDraw.Draw(mark)
    draw.ellipse((4, 4, 76, 76), outline=255, width=9)
    draw.polygon([(100, 74), (135, 6), (170, 74)], outline=255, width=9)
    draw.rectangle((190, 8, 236, 72), outline=255, width=9)
    mark.save(tmp_path / "mark.png")
    options = ("--name", "house", "--provider", "our own", "--reason", "drawn for a test", "--width", "250")
    cli.json("criteria", "add-mark", tmp_path / "mark.png", *options)
    measured = cli.json("drift", "run", "--preset", "mp4-copy", "--preset", "h264-crop")
    cells = {cell["preset"]: columns(cell) for cell in measured["cells"] if cell["transcoder"] == "libav"}
    assert (cells["mp4-copy"]["visible_mark"], cells["mp4-copy"]["c2pa"]) == ("survived", "lost")
    assert cells["h264-crop"]["visible_mark"] == "lost"
    assert {cell["invisible_watermark"] for cell in cells.values()} == {"not_checked"}
