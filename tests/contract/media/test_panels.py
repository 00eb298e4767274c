"""Where in a frame may somebody's picture be? Boxes with straight sides, told from texture, bars and words."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ledger.media.frames import Pixels
from ledger.media.panels import PANELS_MAX, Box, alike, panels

FOUND = 0.9  # of the area of the box that is there and the one that was found


def rough(seed: int, size: tuple[int, int], grain: int = 3) -> Image.Image:
    """A picture of fields with some texture in it."""
    chance = np.random.default_rng(seed)
    fields = Image.fromarray(chance.integers(0, 256, (9, 12, 3), dtype=np.uint8)).resize(size)
    levels = np.asarray(fields) + chance.normal(0, grain, (size[1], size[0], 3))
    return Image.fromarray(levels.clip(0, 255).astype(np.uint8))


def pasted(ground: Image.Image, picture: Image.Image, at: tuple[int, int]) -> tuple[Pixels, Box]:
    ground.paste(picture, at)
    (left, top), (width, height) = at, ground.size
    box = (left / width, top / height, (left + picture.width) / width, (top + picture.height) / height)
    return np.asarray(ground), box


def nearest(pixels: Pixels, box: Box) -> float:
    return max((alike(box, found) for found in panels(pixels)), default=0.0)


@pytest.mark.parametrize("size", [(180, 120), (90, 160), (120, 68)])
def test_a_picture_in_a_corner_of_another_is_found_whatever_its_shape(size: tuple[int, int]) -> None:
    at = (512 - size[0] - 13, 288 - size[1] - 11)
    assert nearest(*pasted(rough(1, (512, 288)), rough(2, size), at)) > FOUND


def test_texture_all_over_does_not_hide_a_border() -> None:
    assert nearest(*pasted(rough(1, (512, 288)), rough(21, (200, 130), grain=12), (40, 60))) > FOUND


def test_a_picture_in_a_feed_is_told_from_the_bars_and_words_around_it() -> None:
    feed = Image.new("RGB", (288, 512), "white")
    draw = ImageDraw.Draw(feed)
    draw.rectangle((0, 0, 288, 24), fill=(20, 20, 24))
    draw.text((40, 84), "somebody . 3 h", fill="black", font_size=16)
    assert nearest(*pasted(feed, rough(3, (288, 200)), (0, 112))) > FOUND


def test_boxes_are_few_and_lie_in_the_frame() -> None:
    found = panels(np.asarray(rough(5, (320, 200), grain=60)))
    assert len(found) <= PANELS_MAX
    assert all(0 <= left < right <= 1 and 0 <= top < bottom <= 1 for left, top, right, bottom in found)


@pytest.mark.parametrize("size", [(1, 1), (3, 400), (512, 2), (40, 40)])
def test_an_even_frame_of_any_size_has_none(size: tuple[int, int]) -> None:
    assert panels(np.asarray(Image.new("RGB", size, "navy"))) == []
