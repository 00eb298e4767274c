"""How deep the suite looks: laws and crashes are tried a few times in each run, DEPTH times as often by `make test-deep`."""

from __future__ import annotations

import os

DEPTH = int(os.environ.get("DEPTH", "1"))


def times(usual: int) -> int:
    """So often in this run."""
    return usual * DEPTH
