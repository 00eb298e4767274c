"""Export presets as they are met in editors and on platforms, by name. What each does to signals is measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from ledger.errors import NotFound


@dataclass(frozen=True)
class Recipe:
    """`line` says it in ffmpeg's words, without the container (`-f`). `video` None copies picture and sound as coded.

    `height` in pixels (None: as it was), `crop_permille` is cut off each side, `keep_ms` is where it is cut off.
    """

    name: str
    line: str
    container: str = "mp4"
    video: str | None = None
    audio: str = "aac"
    options: dict[str, str] = field(default_factory=dict)
    container_options: dict[str, str] = field(default_factory=dict)
    height: int | None = None
    crop_permille: int = 0
    keep_ms: int | None = None

    def as_json(self) -> dict[str, Any]:
        return dict(vars(self))


_FAST: Final = {"preset": "veryfast"}
RECIPES: Final[tuple[Recipe, ...]] = (
    Recipe("mp4-copy", "-c copy"),
    Recipe("mp4-faststart", "-c copy -movflags +faststart", container_options={"movflags": "faststart"}),
    Recipe("mov-copy", "-c copy", "mov"),
    Recipe("mkv-copy", "-c copy", "matroska"),
    Recipe("trim-copy", "-t 1 -c copy", keep_ms=1000),
    Recipe("h264-high", "-c:v libx264 -crf 18 -c:a aac", video="libx264", options={**_FAST, "crf": "18"}),
    Recipe(
        "h264-360p", r"-vf 'scale=-2:min(360\,ih)' -c:v libx264 -crf 30 -c:a aac",
        video="libx264", options={**_FAST, "crf": "30"}, height=360,
    ),
    Recipe(
        "h264-144p", r"-vf 'scale=-2:min(144\,ih)' -c:v libx264 -crf 36 -c:a aac",
        video="libx264", options={**_FAST, "crf": "36"}, height=144,
    ),
    Recipe(
        "h264-crop", "-vf crop=0.8*iw:0.8*ih -c:v libx264 -crf 23 -c:a aac", video="libx264", options={**_FAST, "crf": "23"},
        crop_permille=100,
    ),
    Recipe("hevc", "-c:v libx265 -crf 28 -c:a aac", video="libx265", options={"preset": "ultrafast", "crf": "28"}),
    Recipe(
        "vp9-webm", "-c:v libvpx-vp9 -crf 36 -b:v 0 -c:a libopus", "webm", "libvpx-vp9", "libopus",
        {"crf": "36", "b": "0", "deadline": "realtime", "cpu-used": "8"},
    ),
)  # fmt: skip
BY_NAME: Final = {recipe.name: recipe for recipe in RECIPES}


def recipe_named(name: str) -> Recipe:
    """Raises NotFound `preset_unknown`."""
    if name not in BY_NAME:
        raise NotFound("preset_unknown", f"no preset is called {name}", f"Known: {', '.join(BY_NAME)}.")
    return BY_NAME[name]
