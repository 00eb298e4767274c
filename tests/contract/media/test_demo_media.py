"""The demo's clips: free pictures only, and painted ones where there are none."""

from __future__ import annotations

import sys
from pathlib import Path

import av
import pytest

from ops.demo import media


def test_every_photograph_is_free_by_its_loaders_own_words() -> None:
    data = pytest.importorskip("skimage.data", reason="scikit-image is an extra")
    for name in media.PHOTOGRAPHS | media.UNRELATED_PHOTOGRAPHS:
        words = " ".join(getattr(data, Path(name).stem).__doc__.split())
        assert "public domain" in words or "CC0" in words, name


def test_without_photographs_frames_are_painted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "skimage", None)
    assert media._photographs(media.PHOTOGRAPHS) == []
    media.make_demo_clip(tmp_path / "clip.mp4", seconds=1, size=(320, 180))
    with av.open(str(tmp_path / "clip.mp4")) as container:
        assert [stream.codec_context.name for stream in container.streams] == ["h264", "aac"]
        assert container.duration == pytest.approx(1_000_000, abs=100_000)


def test_a_reencoded_copy_is_smaller_and_has_no_metadata(tmp_path: Path) -> None:
    media.make_unrelated_clip(tmp_path / "clip.mp4", seconds=1, size=(640, 360))
    media.reencode(tmp_path / "clip.mp4", tmp_path / "copy.mp4", height=180)
    with av.open(str(tmp_path / "copy.mp4")) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (320, 180)
        assert set(container.metadata) <= {"major_brand", "minor_version", "compatible_brands", "encoder"}
