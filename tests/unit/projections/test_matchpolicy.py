"""Thresholds are data under a digest, and rates come from pairs that were counted."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from ledger.errors import NotFound
from projections.alignment import Frames
from projections.comparison import holds_one_picture
from projections.matchpolicy import FOLDER, WrongPairs, current, policies, policy_of


def test_every_policy_is_named_by_its_bytes() -> None:
    files = {hashlib.sha256(path.read_bytes()).hexdigest() for path in FOLDER.glob("matching-*.toml")}
    assert set(policies()) == files and policy_of(current().sha256) is current()
    with pytest.raises(NotFound):
        policy_of("00" * 32)


def test_a_clip_of_one_picture_is_one_under_the_policies_that_say_so() -> None:
    """What was decided before is decided alike again."""
    (first, *_, newest) = sorted(policies().values(), key=lambda policy: policy.version)
    held = Frames(np.arange(6) * 500, np.tile(np.frombuffer(bytes(32), np.uint8), (6, 1)))
    assert (first.version, newest) == ("2026.11", current())
    assert not holds_one_picture(held, first) and holds_one_picture(held, newest)
    assert newest.floors(still=False, held=True) == ((2, 300), (1, 0))
    assert newest.floors(still=False, held=False) == ((2, 300),)
    assert not holds_one_picture(replace(held, left_out=1), newest)


def test_rates_are_the_upper_bound_of_what_was_counted_times_the_codes() -> None:
    wrong = WrongPairs("counted", "pdq", 1_000_000, ((90, 100), (128, 999_900)))
    assert wrong.within(89) == 0 and wrong.rate_upper(89) == pytest.approx(3e-6)  # none seen: the rule of three
    assert 1e-4 < wrong.rate_upper(90) < 1.3e-4
    assert wrong.rate_upper(128) == 1.0


def test_the_rate_grows_with_the_index() -> None:
    policy = current()
    small, large = policy.false_matches(1_000), policy.false_matches(100_000)
    for level in ("copy", "candidate"):
        assert large["per_search"][level]["upper_95"] == pytest.approx(100 * small["per_search"][level]["upper_95"])
    assert policy.false_per_billion("copy", 2_000) == pytest.approx(2 * policy.false_per_billion("copy", 1_000), abs=1)
    assert large["wrong_pairs"] == policy.wrong.pairs >= 800_000 and "corpus" in large["source"]
