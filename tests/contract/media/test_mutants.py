"""A sample of `make mutants`: changed bytes of a cleared file are never allowed, and nothing crashes or hangs over them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from ledger.errors import LedgerError
from ops.bench.mutants import mutants, run_mutants
from tests.office_of import Made, Office

SAMPLE = 50


def test_no_mutant_of_a_cleared_file_is_allowed_and_none_takes_anything_down(
    office: Office, made: Made, tmp_path: Path
) -> None:
    sources = [made.file("signed"), made.file("copy")]
    tally = run_mutants(office.services, sources, SAMPLE, 7, tmp_path, office.clock.now())
    assert tally.bad == []
    assert tally.count == SAMPLE
    assert len(tally.outcomes) >= 4
    assert "allow" not in str(tally.outcomes)


def test_without_a_file_that_is_allowed_unchanged_nothing_would_be_shown(
    office: Office, made: Made, tmp_path: Path
) -> None:
    with pytest.raises(LedgerError) as caught:
        run_mutants(office.services, [made.file("stranger")], 1, 7, tmp_path, office.clock.now())
    assert caught.value.code == "mutants_failed"


def test_a_seed_makes_the_same_mutants_again() -> None:
    content = bytes(range(256)) * 20
    one, two = (mutants(content, random.Random(3)) for _ in range(2))
    made = [next(one) for _ in range(20)]
    assert made == [next(two) for _ in range(20)]
    assert content not in made
    assert len(set(made)) > 15
