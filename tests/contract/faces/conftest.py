"""One engine for the run, and pictures with a known face: the corpus where it is, else NASA's portrait of Eileen Collins
(public domain), which comes with scikit-image.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ledger.faces.port import FaceEngine, load_engine


@pytest.fixture(scope="session")
def engine() -> FaceEngine:
    pytest.importorskip("dlib", reason="the extra `faces` is not installed")
    return load_engine()


@pytest.fixture(scope="session")
def astronaut() -> NDArray[np.uint8]:
    """512 x 512 px, RGB, one face of about 90 x 120 px."""
    from skimage import data

    picture: NDArray[np.uint8] = data.astronaut()
    return picture


@pytest.fixture
def portrait(astronaut: NDArray[np.uint8], tmp_path: Path) -> Path:
    path = tmp_path / "portrait.png"
    Image.fromarray(astronaut).save(path)
    return path
