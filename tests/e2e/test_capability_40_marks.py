"""Row 40: a visible mark, C2PA and an invisible mark are separate facts, from the command to the page."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from ops.wiring import services_of
from tests.cli_of import Command
from tests.marks_of import film, mark, marked, png, scene

pytest.importorskip("cv2", reason="opencv is not installed (extra vision)")
WORDS = ("--name", "anvil", "--provider", "Anvil Video", "--reason", "cut out of a clip of ours")


def findings(cli: Command, asset: str) -> dict[str, dict[str, object]]:
    with (
        services_of(cli.home) as services,
        TestClient(create_app(services, "operator"), base_url="http://localhost") as client,
    ):
        token = services.tokens.issue("operator", services.clock.now())
        answer = client.get(f"/v1/assets/{asset}", headers={"Authorization": f"Bearer {token}"})
        found = answer.json()["examination"]["findings"]
    return {one["extractor"]: one for one in found}


def test_capability_40_a_mark_is_found_absent_or_not_checked_and_infers_nothing_of_c2pa(
    cli: Command, tmp_path: Path
) -> None:
    sign, template = mark(), tmp_path / "anvil.png"
    template.write_bytes(png(sign))
    clip = film(tmp_path / "marked.mp4", lambda t: marked(scene(t), sign, t), 3)
    before = cli.json("import", film(tmp_path / "before.mp4", lambda t: scene(t, 9), 2))["assets"][0]
    assert "visible_mark" in before["not_checked"]
    said = cli.json("criteria", "add-mark", template, *WORDS)
    assert cli.json("criteria", "list")["criteria"][0]["here"] is True
    (after,) = cli.json("import", clip)["assets"]
    assert "visible_mark" not in after["not_checked"] and "invisible_watermark" in after["not_checked"]
    found = findings(cli, after["asset_sha256"])
    assert (found["visible_mark"]["state"], found["c2pa"]["state"]) == ("found", "absent")
    assert found["visible_mark"]["detail"]["templates"][0]["sha256"] == said["image_sha256"]  # type: ignore[index]
    (plain,) = cli.json("import", film(tmp_path / "plain.mp4", lambda t: scene(t, 6), 2))["assets"]
    assert findings(cli, plain["asset_sha256"])["visible_mark"]["state"] == "absent"
    _see_the_frame(cli, after["asset_sha256"], plain["asset_sha256"], found["visible_mark"]["detail"])


def _see_the_frame(cli: Command, asset: str, other: str, detail: object) -> None:
    """The page of the file shows the frame; nothing but a frame that a finding about this file names is served."""
    frame = detail["templates"][0]["evidence"]["sha256"]  # type: ignore[index]
    with (
        services_of(cli.home) as services,
        TestClient(create_app(services, "operator"), base_url="http://localhost") as client,
    ):
        page = client.get(f"/assets/{asset}", headers={"Accept": "text/html"}).text
        assert f'src="/assets/{asset}/frames/{frame}"' in page and "Anvil Video" in page
        shown = client.get(f"/assets/{asset}/frames/{frame}")
        assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
        assert shown.content.startswith(b"\xff\xd8")
        for path in (f"/assets/{asset}/frames/{asset}", f"/assets/{other}/frames/{frame}"):
            assert client.get(path).status_code == 404


def test_marks_are_ended_and_what_is_no_picture_is_refused(cli: Command, tmp_path: Path) -> None:
    template, text = tmp_path / "anvil.png", tmp_path / "text.png"
    template.write_bytes(png(mark()))
    text.write_text("nothing")
    cli.fails("picture_unreadable", 2, "criteria", "add-mark", text, *WORDS)
    cli.fails("file_not_found", 2, "criteria", "add-mark", tmp_path / "none.png", *WORDS)
    text.write_bytes(bytes(300_000))
    cli.fails("picture_too_large", 2, "criteria", "add-mark", text, *WORDS)
    cli.fails("mark_template_unknown", 2, "criteria", "end-mark", "anvil", "--reason", "gone")
    cli.json("criteria", "add-mark", template, *WORDS)
    cli.json("criteria", "end-mark", "anvil", "--reason", "gone")
    assert cli.json("criteria", "list")["criteria"] == []
    assert "Nothing beside" in cli.run("criteria", "list").out
