"""Stretches of sub-fingerprints: few wrong bits over seconds, or more of them over more seconds."""

from __future__ import annotations

import numpy as np
import pytest

from projections.sound_alignment import Items, stretches
from projections.sound_matching import Sides, sound_match
from projections.soundpolicy import current


def items(count: int, seed: int) -> Items:
    return np.random.default_rng(seed).integers(0, 2**32, count, dtype=np.uint32)


def flipped(sound: Items, permille: int) -> Items:
    """With so many of a thousand bits wrong."""
    wrong = np.random.default_rng(9).random((len(sound), 32)) * 1000 < permille
    flips: Items = (wrong << np.arange(32)).sum(axis=1).astype(np.uint32)
    return sound ^ flips


@pytest.mark.parametrize(
    ("permille", "seconds", "found"), [(100, 3, True), (270, 5, False), (270, 11, True), (360, 25, False)]
)
def test_the_more_bits_are_wrong_the_longer_it_takes(permille: int, seconds: int, found: bool) -> None:
    count = seconds * 8
    sound = items(count, 1)
    inside = np.concatenate([items(200, 2), sound, items(200, 3)])
    assert bool(stretches(flipped(sound, permille), inside, current())) == found


def test_what_lies_under_another_sound_names_its_seconds_and_is_a_candidate() -> None:
    sound = items(120, 1)
    both = np.concatenate([items(50, 5), flipped(sound, 270)]), np.concatenate([items(30, 6), sound])
    found = stretches(*both, current())
    (one,) = found
    assert one.reference - one.query == -20 and one.query >= 25 and one.items >= 90
    match = sound_match("aa" * 32, "print", Sides(170, 150), found, current())
    assert match is not None and match.decision == "candidate"


def test_a_clean_stretch_is_not_made_longer_by_what_is_disturbed_beside_it() -> None:
    sound = items(120, 1)
    query = np.concatenate([sound[:40], flipped(sound[40:], 290)])
    (one,) = stretches(query, sound, current())
    assert one.query == one.reference == 0 and 40 <= one.items <= 60 and one.error_permille < 100
