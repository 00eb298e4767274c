"""The pictures and clips that are edited, and those that must not match: real ones, from where they are on this machine.

scikit-image's photographs come with its wheel. A folder of other media, `--corpus`, adds to them; everything that is a still,
or a clip of two seconds or more, is taken. Files of one family show the same thing and are never a wrong pair.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
import skimage
from PIL import Image, ImageOps

from ledger.media.media_type import LEADING_BYTES, media_type
from ops.bench.media.clip_edits import picture_of, written
from ops.demo.media import PHOTOGRAPHS, UNRELATED_PHOTOGRAPHS, make_demo_clip, make_unrelated_clip

SIDE_MAX_PX: Final = 1024  # larger pictures are taken at this size: the edits are about content
SIDE_MIN_PX: Final = 200
PLAIN: Final = frozenset({"phantom", "horse", "chessboard_GRAY", "chessboard_RGB", "logo", "color"})  # test patterns
ALIKE: Final = frozenset({"motorcycle_right", "legacy"})  # show what another one shows
OWN: Final = 2
VARIANTS: Final = ("images_known_variants", "c2pa")  # folders that begin so hold one picture, edited: one is taken


@dataclass(frozen=True)
class Still:
    """A picture and what it is one of."""

    family: str
    picture: Image.Image


@dataclass(frozen=True)
class Clip:
    """A file of moving pictures and what it is one of."""

    family: str
    path: Path


def stills(corpus: Path | None) -> list[Still]:
    """Each picture once: files of the same name in two folders are one."""
    files = {file.stem: file for file in _files(Path(skimage.__file__).parent / "data") if file.stem not in PLAIN}
    taken = set[str]()
    for file in _files(corpus) if corpus else ():
        folder = next((name for name in VARIANTS for part in file.parts if part.startswith(name)), "")
        if folder in taken:
            continue
        taken |= {folder} if folder else set()
        files.setdefault(file.stem, file)
    found = []
    for name, file in sorted(files.items()):
        if name not in ALIKE and (picture := _opened(file)) is not None:
            found.append(Still(name, picture))
    return found


def clips(folder: Path, corpus: Path | None, seconds: int = 3) -> list[Clip]:
    """The first seconds of each family in the corpus, then the OWN clips of this project: 480 px wide, at most 15 frames a
    second."""
    found, families = list[Clip](), set[str]()
    for file in _files(corpus) if corpus else ():
        family = file.stem.split("__")[-1].split("-")[0].split("_")[0]
        if family in families | ALIKE or media_type(file.open("rb").read(LEADING_BYTES)).kind != "av":
            continue
        cut = _cut(file, folder / f"{family}.mp4", seconds)
        if cut is not None:
            families.add(family)
            found.append(Clip(family, cut))
    return [
        *found,
        Clip("demo", make_demo_clip(folder / "demo.mp4", seconds=seconds, size=(480, 270), fps=12)),
        Clip("unrelated", make_unrelated_clip(folder / "unrelated.mp4", seconds=seconds, size=(480, 270), fps=12)),
    ]


def pans(folder: Path, pictures: list[Still], seconds: int = 2) -> list[Clip]:
    """A slow move over each picture: clips that must not match. Those that the clips of this project show are left out."""
    shown = {Path(name).stem for name in (*PHOTOGRAPHS, *UNRELATED_PHOTOGRAPHS)}
    made = list[Clip]()
    for still in (still for still in pictures if still.family not in shown):
        small, frames = ImageOps.fit(still.picture, (360, 200)), list[Image.Image]()
        for n in range(6 * seconds):
            frames.append(small.crop((n, n // 2, n + 320, n // 2 + 180)))
        made.append(Clip(f"pan over {still.family}", written(folder / f"pan{len(made)}.mp4", frames, 6)))
    return made


def _files(folder: Path) -> Iterator[Path]:
    return (file for file in sorted(folder.rglob("*")) if file.is_file())


def _opened(file: Path) -> Image.Image | None:
    try:
        with Image.open(file) as image:
            if min(image.size) < SIDE_MIN_PX or getattr(image, "n_frames", 1) > 1 or image.mode.startswith("I"):
                return None
            picture = image.convert("RGB")
    except (OSError, ValueError):
        return None
    picture.thumbnail((SIDE_MAX_PX, SIDE_MAX_PX))
    return picture


def _cut(file: Path, target: Path, seconds: int) -> Path | None:
    """Its first seconds, encoded anew so that all clips are of one kind; None when there are fewer than two."""
    try:
        with av.open(str(file)) as container:
            if not container.streams.video or container.streams.video[0].codec_context.width < SIDE_MIN_PX:
                return None
            rate = float(container.streams.video[0].average_rate or 24)
            step, pictures = max(1, round(rate / 15)), list[Image.Image]()
            for n, frame in enumerate(container.decode(video=0)):
                if n >= seconds * rate:
                    break
                if n % step == 0:
                    pictures.append(ImageOps.contain(picture_of(frame), (480, 480)))
    except (av.FFmpegError, ValueError):
        return None
    return written(target, pictures, rate / step) if len(pictures) >= 2 * rate / step else None
