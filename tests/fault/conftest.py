"""What several fault tests draw their points from."""

from __future__ import annotations

import os
import random
import time

import pytest


@pytest.fixture
def draw() -> random.Random:
    seed = int(os.environ.get("FAULT_SEED", time.time_ns() % 2**32))
    print(f"seed {seed}; run again with FAULT_SEED={seed}")
    return random.Random(seed)
