"""Invisible watermarks: without an engine nobody looked; with one, found, absent and broken are three answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ledger.media import examine as examining
from ledger.media import watermarks
from ledger.media.findings import Finding
from ledger.media.trust import TrustSettings
from ops.demo.media import make_demo_clip
from ops.drift import LAB_PAYLOAD
from ops.drift_marks import redrawn

BLOCK = 16


@dataclass
class Blocks:
    """An engine for tests: 32 bits, each a light or a dark square along the top, which a transcoder leaves as they are."""

    algorithm: str = "blocks-32"
    version: str = "1"

    def read(self, pixels: Any) -> str | None:
        row = pixels[4 : BLOCK - 4, : BLOCK * 32].astype(int)
        means = [row[:, n * BLOCK + 4 : (n + 1) * BLOCK - 4].mean() for n in range(32)]
        if any(40 < one < 215 for one in means):
            return None
        return f"{int(''.join('1' if one > 128 else '0' for one in means), 2):08x}"

    def write(self, pixels: Any, payload: str) -> Any:
        made = pixels.copy()
        for n, bit in enumerate(f"{int(payload, 16):032b}"):
            made[:BLOCK, n * BLOCK : (n + 1) * BLOCK] = 255 if bit == "1" else 0
        return made


class Broken(Blocks):
    def read(self, pixels: Any) -> str | None:
        raise MemoryError


def install(monkeypatch: pytest.MonkeyPatch, *made: Any) -> None:
    found = [SimpleNamespace(name=f"e{n}", load=lambda one=one: one) for n, one in enumerate(made)]
    monkeypatch.setattr(watermarks, "entry_points", lambda group: found if group == watermarks.GROUP else [])


def look(path: Path) -> Finding:
    found = examining.examine(path, frozenset({watermarks.NAME}), TrustSettings(), datetime.now(UTC))
    return found.findings[watermarks.NAME]


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    Image.fromarray(np.full((120, 640, 3), 127, dtype=np.uint8)).save(tmp_path / "plain.png")
    return tmp_path / "plain.png"


def test_without_an_engine_nobody_looked(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    found = look(plain)
    assert (found.state, found.detail["reason"], watermarks.specs()) == ("not_checked", "no_engine", ())


def test_a_mark_is_found_with_its_payload_and_else_absent(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, Blocks)
    assert look(plain).state == "absent"
    Image.fromarray(Blocks().write(np.asarray(Image.open(plain)), "00ff00ff")).save(tmp_path / "marked.png")
    found = look(tmp_path / "marked.png")
    assert (found.state, found.detail["engines"][0]["payload"]) == ("found", "00ff00ff")
    assert watermarks.specs() == ((found.algorithm, found.version),) == (("blocks-32", "1"),)


def test_a_clip_that_was_marked_keeps_its_mark_and_a_plain_one_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, Blocks)
    clip = make_demo_clip(tmp_path / "clip.mp4", seconds=2, size=(640, 120), fps=8)
    marked = redrawn(clip, tmp_path / "marked.mp4", lambda pixels: Blocks().write(pixels, LAB_PAYLOAD))
    assert look(clip).state == "absent"
    found = look(marked)
    (said,) = found.detail["engines"]
    assert (found.state, said["payload"], said["frames_looked"]) == ("found", LAB_PAYLOAD, said["frames_agree"])


def test_an_engine_that_breaks_is_no_absence_and_stops_no_other(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, Broken, Blocks)
    found = look(plain)
    assert (found.state, [one["state"] for one in found.detail["engines"]]) == ("failed", ["failed", "absent"])
    Image.fromarray(Blocks().write(np.asarray(Image.open(plain)), "00ff00ff")).save(tmp_path / "marked.png")
    assert look(tmp_path / "marked.png").state == "found"
    install(monkeypatch, lambda: 1 / 0)
    assert look(plain).state == "failed"
