"""Row 29: pictures are held against versioned criteria, and every word about them cites one, from the command to the page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image, ImageDraw, ImageFont

from api.app import create_app
from ops.wiring import services_of
from tests.cli_of import Command
from tests.marks_of import emblem, film, png, scene, with_logo

pytest.importorskip("rapidocr", reason="rapidocr is not installed (extra ocr)")


def kit(folder: Path, version: int = 1, **words: Any) -> Path:
    path = folder / f"kit-{version}.json"
    path.write_text(json.dumps({"kit": "cafe", "version": version, "reason": "brand book of 2026", **words}))
    return path


def titled(t: float, text: str) -> Image.Image:
    image = scene(t)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 230, 512, 288), fill=(20, 20, 30))
    pen.text((20, 240), text, font=ImageFont.load_default(26), fill="white")
    return image


def test_capability_29_a_disclaimer_is_cited_by_its_criterion_with_time_and_frame(cli: Command, tmp_path: Path) -> None:
    text = {"id": "disclaimer", "text": "Serving suggestion", "opening": False, "seconds_min": 1}
    cli.json("criteria", "adopt-kit", kit(tmp_path, texts=[text]), "--as", "ivy")
    listed = {one["name"]: one["kind"] for one in cli.json("criteria", "list")["criteria"]}
    assert listed == {"cafe 1 disclaimer": "text"}
    said = "Serving suggestion. 30% more cream"
    (asset,) = cli.json("import", film(tmp_path / "clip.mp4", lambda t: titled(t, said), 2, 4))["assets"]
    assert "text" not in asset["not_checked"]
    with (
        services_of(cli.home) as services,
        TestClient(create_app(services, "operator"), base_url="http://localhost") as client,
    ):
        page = client.get(f"/assets/{asset['asset_sha256']}", headers={"Accept": "text/html"}).text
        examined = [said.body.as_json() for said in services.ledger.read(types=["asset.examined.v1"])]
    assert "cafe 1" in page and "disclaimer" in page and "Met" in page.title()
    assert "Claim, to be looked at" in page and "30% more" in page
    assert "more cream" not in str(examined)  # what is written in a picture may name people


def test_a_kit_that_is_no_kit_is_refused(cli: Command, tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "text.json").write_text("nothing")
    cli.fails("style_kit_unreadable", 2, "criteria", "adopt-kit", tmp_path / "list.json")
    cli.fails("style_kit_unreadable", 2, "criteria", "adopt-kit", tmp_path / "text.json")
    cli.fails("file_not_found", 2, "criteria", "adopt-kit", tmp_path / "none.json")
    cli.fails("body_invalid", 2, "criteria", "adopt-kit", kit(tmp_path, texts=[{"id": "one"}]))
    cli.fails("logo_invalid", 2, "criteria", "adopt-kit", kit(tmp_path), "--logo", "cup.png")


def test_capability_29_colours_and_logo_are_judged_by_the_kits_version_and_a_newer_one_counts(
    cli: Command, tmp_path: Path
) -> None:
    sign = tmp_path / "emblem.png"
    sign.write_bytes(png(emblem()))
    colours = [{"id": "cream", "name": "Cream", "rgb": "#f3e9d8"}]
    palette = {"id": "palette", "colours": colours, "delta_e_tenths_max": 100, "share_permille_min": 600}
    logo = ("--logo", f"emblem={sign}", "--as", "ivy")
    cli.json("criteria", "adopt-kit", kit(tmp_path, palette=palette), *logo)
    (first,) = cli.json("import", film(tmp_path / "one.mp4", lambda t: with_logo(t, emblem()), 2, 4))["assets"]
    assert "brand" not in first["not_checked"]
    assert _outcomes(cli, first["asset_sha256"]) == {("cafe", 1, "palette"): "not_met", ("cafe", 1, "emblem"): "met"}
    cli.json("criteria", "adopt-kit", kit(tmp_path, 2, palette=palette), "--as", "ivy")
    cream = Image.new("RGB", (320, 180), "#f3e9d8")
    (second,) = cli.json("import", film(tmp_path / "two.mp4", lambda t: cream, 2, 4))["assets"]
    assert _outcomes(cli, second["asset_sha256"]) == {("cafe", 2, "palette"): "met"}
    with (
        services_of(cli.home) as services,
        TestClient(create_app(services, "operator"), base_url="http://localhost") as client,
    ):
        page = client.get(f"/assets/{first['asset_sha256']}", headers={"Accept": "text/html"}).text
    assert "Held against style kits" in page and "features agree" in page and page.count("/frames/") == 2


def _outcomes(cli: Command, asset: str) -> dict[tuple[str, int, str], str]:
    with services_of(cli.home) as services:
        examined = [said.body.as_json() for said in services.ledger.read(types=["asset.examined.v1"])]
    body = next(one for one in examined if one["asset"] == asset)
    (brand,) = [one for one in body["findings"] if one["extractor"] == "brand"]
    return {(one["kit"], one["version"], one["criterion"]): one["outcome"] for one in brand["detail"]["criteria"]}
