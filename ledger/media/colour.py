"""How different two colours look: CIEDE2000 over CIELAB (ISO/CIE 11664-6), for whole arrays at once. Pure.

After Sharma, Wu, Dalal, "The CIEDE2000 Color-Difference Formula: Implementation Notes, Supplementary Test Data, and
Mathematical Observations", Color Research and Application 30(1), 2005, whose 34 pairs the tests hold it against. Numbers in
brackets are its equations. sRGB to CIELAB: IEC 61966-2-1, white D65.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Lab = NDArray[np.float64]
"""… x 3: L* 0 to 100, a*, b*."""

_TO_XYZ: Final = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE: Final = np.array([0.95047, 1.0, 1.08883])
_25_7: Final = 25.0**7


def lab_of(rgb: NDArray[Any]) -> Lab:
    """From sRGB, … x 3, 0 to 255."""
    coded = rgb.astype(np.float64) / 255
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    xyz = linear @ _TO_XYZ.T / _WHITE
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def difference(one: Lab, other: Lab) -> NDArray[np.float64]:
    """ΔE00 of each pair, the arrays broadcast against each other; 1 is about what a trained eye just sees."""
    light_1, light_2 = one[..., 0], other[..., 0]
    chroma_1, hue_1, chroma_2, hue_2 = _polar(one, other)
    apart = chroma_1 * chroma_2 == 0
    turn = hue_2 - hue_1
    turn = np.where(turn > 180, turn - 360, np.where(turn < -180, turn + 360, turn))  # (10)
    turn = np.where(apart, 0.0, turn)
    hue = 2 * np.sqrt(chroma_1 * chroma_2) * np.sin(np.radians(turn / 2))  # (11)
    chroma, light = (chroma_1 + chroma_2) / 2, (light_1 + light_2) / 2  # (12), (13)
    mean = _mean_hue(hue_1, hue_2, apart)
    weight_light = 1 + 0.015 * (light - 50) ** 2 / np.sqrt(20 + (light - 50) ** 2)  # (18)
    weight_chroma = 1 + 0.045 * chroma  # (19)
    weight_hue = 1 + 0.015 * chroma * _hue_term(mean)  # (20)
    by_light = (light_2 - light_1) / weight_light
    by_chroma, by_hue = (chroma_2 - chroma_1) / weight_chroma, hue / weight_hue
    rotated = _rotation(mean, chroma) * by_chroma * by_hue
    found: NDArray[np.float64] = np.sqrt(np.maximum(0.0, by_light**2 + by_chroma**2 + by_hue**2 + rotated))  # (22)
    return found


def _polar(one: Lab, other: Lab) -> tuple[Any, Any, Any, Any]:
    """Chroma and hue angle (degrees, 0 to 360) of both, a* stretched where colours are pale: (2) to (7)."""
    pale = (np.hypot(one[..., 1], one[..., 2]) + np.hypot(other[..., 1], other[..., 2])) / 2
    stretch = 1.5 - 0.5 * np.sqrt(pale**7 / (pale**7 + _25_7))
    found: list[Any] = []
    for lab in (one, other):
        red, yellow = lab[..., 1] * stretch, lab[..., 2]
        hue = np.degrees(np.arctan2(yellow, red)) % 360
        found += [np.hypot(red, yellow), np.where((red == 0) & (yellow == 0), 0.0, hue)]
    return found[0], found[1], found[2], found[3]


def _mean_hue(one: Any, other: Any, apart: Any) -> Any:
    """(14): the middle on the shorter way round. At half a turn both ways are as short; rounding must not choose."""
    total, gap = one + other, np.abs(one - other)
    near = total / 2
    far = np.where(total < 360, (total + 360) / 2, (total - 360) / 2)
    return np.where(apart, total, np.where(gap <= 180 + 1e-9, near, far))


def _hue_term(mean: Any) -> Any:
    """(15)."""
    return (
        1
        - 0.17 * np.cos(np.radians(mean - 30))
        + 0.24 * np.cos(np.radians(2 * mean))
        + 0.32 * np.cos(np.radians(3 * mean + 6))
        - 0.20 * np.cos(np.radians(4 * mean - 63))
    )


def _rotation(mean: Any, chroma: Any) -> Any:
    """(16), (17), (21): in the blue, hue and chroma pull together."""
    angle = 30 * np.exp(-(((mean - 275) / 25) ** 2))
    return -np.sin(np.radians(2 * angle)) * 2 * np.sqrt(chroma**7 / (chroma**7 + _25_7))
