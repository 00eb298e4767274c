"""What every face engine answers. A new one is added to `ENGINES` and brings nothing else."""

from __future__ import annotations

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ledger.errors import Unavailable
from ledger.faces import port
from ledger.faces.comparing import THRESHOLD_PERMILLE, distance_permille
from ledger.faces.port import FACE_SIDE_PX_MIN, FaceEngine
from ledger.media.frames import fitted

Pixels = NDArray[np.uint8]
ELSEWHERE = """
import hashlib
from skimage import data
from ledger.faces.port import load_engine
engine, frame = load_engine(), data.astronaut()
print(hashlib.sha256(b"".join(engine.embed(frame, face).tobytes() for face in engine.detect(frame))).hexdigest())
"""


def frame_of(path: Path) -> Pixels:
    image = Image.open(path).convert("RGB")
    return np.asarray(image.resize(fitted(*image.size), Image.Resampling.BILINEAR))


def test_a_spec_names_its_weights_by_digest(engine: FaceEngine) -> None:
    spec = engine.spec
    assert len(spec.model_sha256) == 64 and spec.name and spec.version and type(spec).from_json(spec.as_json()) == spec


def test_a_portrait_has_one_face_where_the_face_is(engine: FaceEngine, astronaut: Pixels) -> None:
    (face,) = engine.detect(astronaut)
    x, y, width, height = face.box
    assert x <= 224 <= x + width and y <= 125 <= y + height, "the nose of the portrait lies there"
    assert face.side_px >= FACE_SIDE_PX_MIN and 500 <= face.quality_permille <= 1000
    assert len(face.landmarks) == 5 and all(x <= px <= x + width and y <= py <= y + height for px, py in face.landmarks)


@pytest.mark.parametrize("shape", [(512, 512), (512, 1), (1, 512), (1, 1), (33, 31)])
def test_an_empty_frame_of_any_shape_has_no_face(engine: FaceEngine, shape: tuple[int, int]) -> None:
    assert engine.detect(np.full((*shape, 3), 127, np.uint8)) == []


def test_an_embedding_has_the_length_that_the_spec_says(engine: FaceEngine, astronaut: Pixels) -> None:
    (face,) = engine.detect(astronaut)
    embedding = engine.embed(astronaut, face)
    assert embedding.shape == (engine.spec.dimensions,) and embedding.dtype == np.float32
    assert np.isfinite(embedding).all()


def test_another_process_measures_the_very_same_bytes(engine: FaceEngine, astronaut: Pixels) -> None:
    faces = engine.detect(astronaut)
    mine = sha256(b"".join(engine.embed(astronaut, face).tobytes() for face in faces)).hexdigest()
    answer = subprocess.run([sys.executable, "-c", ELSEWHERE], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == mine


def test_a_darker_mirrored_and_smaller_copy_is_the_same_person(engine: FaceEngine, astronaut: Pixels) -> None:
    (face,) = engine.detect(astronaut)
    reference = engine.embed(astronaut, face)
    small = np.asarray(Image.fromarray(astronaut).resize((300, 300)))
    for copy in ((astronaut * 0.6).astype(np.uint8), np.ascontiguousarray(astronaut[:, ::-1]), small):
        (again,) = engine.detect(copy)
        assert distance_permille(engine.embed(copy, again), [reference]) < THRESHOLD_PERMILLE


def test_two_people_in_one_picture_are_told_apart(engine: FaceEngine, corpus: Path) -> None:
    frame = frame_of(corpus / "media/faces_multi/two_people.jpg")
    one, other = engine.detect(frame)
    assert distance_permille(engine.embed(frame, one), [engine.embed(frame, other)]) > THRESHOLD_PERMILLE


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ledger.faces.centerface_dlib", None)
    with pytest.raises(Unavailable, match="no face engine") as refused:
        port.load_engine()
    assert refused.value.code == "faces_not_installed" and refused.value.do == "Run: pip install 'countersign[faces]'"
