"""What every transcoder promises, on real files: what is here of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import av
import pytest

from ledger.media.recipes import RECIPES, recipe_named
from ledger.media.transcoding import FfmpegTranscoder, LibavTranscoder, Transcoder
from ops.demo.media import make_unrelated_clip
from tests.house_of import raises_code


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_unrelated_clip(tmp_path_factory.mktemp("lab") / "clip.mp4", seconds=2, size=(320, 180), fps=8)


@pytest.fixture(params=["libav", "ffmpeg"])
def tool(request: pytest.FixtureRequest) -> Transcoder:
    if request.param == "libav":
        return LibavTranscoder()
    program = shutil.which("ffmpeg")
    if program is None:
        pytest.skip("ffmpeg is not installed here")
    return FfmpegTranscoder(Path(program))


@pytest.mark.parametrize(
    ("preset", "size", "codec"),
    [("trim-copy", (320, 180), "h264"), ("h264-crop", (256, 144), "h264"), ("vp9-webm", (320, 180), "vp9")],
)
def test_a_rendition_is_what_its_preset_says(
    tool: Transcoder, clip: Path, tmp_path: Path, preset: str, size: tuple[int, int], codec: str
) -> None:
    tool.transcode(clip, tmp_path / "out", recipe_named(preset))
    with av.open(str(tmp_path / "out")) as made:
        video = made.streams.video[0]
        assert (video.width, video.height, video.codec_context.name) == (*size, codec)
        assert made.streams.audio
        assert (made.duration < 1_500_000) == (preset == "trim-copy")


@pytest.mark.parametrize("content", [b"not a film", b"\x89PNG\r\n\x1a\n", b"\0\0\0\x18ftypmp42" + b"\0" * 64])
def test_what_is_no_video_gives_no_rendition(tool: Transcoder, tmp_path: Path, content: bytes) -> None:
    source = tmp_path / "source"
    source.write_bytes(content)
    with pytest.raises(Exception, match="transcode_"):
        tool.transcode(source, tmp_path / "out", RECIPES[0])


def test_a_preset_that_nobody_knows_is_not_found() -> None:
    raises_code("preset_unknown", lambda: recipe_named("prores-in-a-hat"))
    assert len({recipe.name for recipe in RECIPES}) == len(RECIPES)
