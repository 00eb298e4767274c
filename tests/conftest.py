"""Shared fixtures: where the corpus is, when it is there."""

from __future__ import annotations

from pathlib import Path

import pytest

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"


@pytest.fixture
def corpus() -> Path:
    """Real media that nobody here made; it stays outside the project."""
    if not CORPUS.is_dir():
        pytest.skip("the corpus of real media is not beside this checkout")
    return CORPUS
