"""Every extractor says what it is: the algorithm with everything its numbers depend on, and its version."""

from __future__ import annotations

import re
from importlib.util import find_spec

import pytest

from ledger.media.extraction import FileExtractor, FrameExtractor
from ledger.media.extractors import BUILT, FILE_EXTRACTORS, FRAME_EXTRACTORS
from ledger.media.findings import BY_NAME, EXTRACTORS

TABLE: tuple[FileExtractor | FrameExtractor, ...] = (*FILE_EXTRACTORS, *FRAME_EXTRACTORS)
WEIGHTS = {"faces", "text"}  # trained: the version names the digest of what was learnt
EXACT = {"digest", "probe", "c2pa", "essence"}  # they hash or read what is written: no size, no threshold


def runs_here(one: FileExtractor | FrameExtractor) -> bool:
    return all(find_spec(module) for module in one.needs)


@pytest.mark.parametrize("one", [one for one in TABLE if runs_here(one)], ids=lambda one: one.names[0])
def test_an_extractor_names_algorithm_and_version_of_each_of_its_findings(one: FileExtractor | FrameExtractor) -> None:
    specs = one.specs()
    assert set(specs) == set(one.names) - BY_NAME
    for name, some in specs.items():
        for algorithm, version in some:
            assert algorithm not in ("", "none") and re.search(r"\d", version), (name, algorithm, version)
            assert name not in WEIGHTS or re.search(r"model [0-9a-f]{16}$", version), (name, version)
            assert len(algorithm) <= 300 and len(version) <= 300  # a Line of the statement
            assert name in EXACT or re.search(r"\d+(px|hz)|[0-9a-f]{16}|resnet", algorithm), (name, algorithm)


def test_every_finding_that_is_built_belongs_to_one_extractor() -> None:
    names = [name for one in TABLE for name in one.names]
    assert len(names) == len(set(names))
    assert set(names) | {"digest", "c2pa"} == BUILT
    assert set(EXTRACTORS) >= BUILT - BY_NAME
