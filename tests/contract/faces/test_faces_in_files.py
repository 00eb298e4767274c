"""Faces of whole files, by the fenced child: who looks the same is one face, and its embeddings are kept apart."""

from __future__ import annotations

import io
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ledger.errors import NotFound, Unavailable
from ledger.faces.comparing import distance_permille, packed
from ledger.faces.port import FaceEngine
from ledger.faces.seen import FACES, SeenFaces, crop_of, faces_of
from ledger.media.child import Limits
from ledger.media.sandbox import Examiner
from tests.faces_of import write_clip

Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def clip(astronaut: Pixels, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """0.6 s without anybody, then 1 s with the astronaut."""
    empty = np.full_like(astronaut, 90)
    return write_clip(tmp_path_factory.mktemp("faces") / "clip.mp4", [*[empty] * 6, *[astronaut] * 10])


@pytest.fixture(scope="module")
def seen(engine: FaceEngine, clip: Path) -> SeenFaces:
    return faces_of(Examiner().examine(clip, extractors=FACES))


def test_a_clip_has_one_face_with_its_times_and_clearest_box(engine: FaceEngine, seen: SeenFaces) -> None:
    (face,) = seen.faces
    assert seen.state == "found" and seen.engine == engine.spec and seen.detail["glimpses"] == 0
    assert face.first_ms >= 600 and face.last_ms > face.first_ms and face.first_ms <= face.best_ms <= face.last_ms
    assert 2 <= face.frames <= 6 and len(face.embeddings) == min(5, face.frames)
    assert face.box[2] > 60 and face.box[3] > 80


def test_the_same_file_gives_the_same_faces_again(seen: SeenFaces, clip: Path) -> None:
    (one,), (again,) = seen.faces, faces_of(Examiner().examine(clip, extractors=FACES)).faces
    assert packed(one.embeddings) == packed(again.embeddings)
    assert replace(one, embeddings=()) == replace(again, embeddings=())


def test_what_is_recorded_of_an_examination_has_no_embedding(engine: FaceEngine, portrait: Path) -> None:
    found = Examiner().examine(portrait, extractors=FACES)
    recorded, kept = json.dumps(found.as_json()), faces_of(found).faces[0].embeddings
    assert found.finding("faces").detail["faces"] == 1
    assert packed(kept)[:40] not in recorded and "embeddings" not in recorded


def test_a_picture_without_a_person_has_none(engine: FaceEngine, tmp_path: Path) -> None:
    path = tmp_path / "noise.png"
    Image.fromarray(np.random.default_rng(7).integers(0, 255, (200, 300, 3), np.uint8)).save(path)
    seen = faces_of(Examiner().examine(path, extractors=FACES))
    assert (seen.state, seen.faces) == ("absent", ())


def test_a_face_too_small_to_compare_is_counted_and_not_measured(
    engine: FaceEngine, astronaut: Pixels, tmp_path: Path
) -> None:
    scene = np.full((512, 512, 3), 90, np.uint8)
    scene[:128, :128] = np.asarray(Image.fromarray(astronaut).resize((128, 128)))
    Image.fromarray(scene).save(tmp_path / "small.png")
    seen = faces_of(Examiner().examine(tmp_path / "small.png", extractors=FACES))
    assert (seen.state, seen.faces, seen.detail["small"]) == ("found", (), 1)


def test_a_face_in_one_frame_of_a_clip_is_a_glimpse(engine: FaceEngine, astronaut: Pixels, tmp_path: Path) -> None:
    empty = np.full_like(astronaut, 90)
    clip = write_clip(tmp_path / "glimpse.mp4", [*[empty] * 15, *[astronaut] * 3, *[empty] * 5])
    seen = faces_of(Examiner().examine(clip, extractors=FACES))
    assert (seen.state, seen.faces, seen.detail["glimpses"]) == ("found", (), 1)


@pytest.mark.parametrize("bytes_", [b"not a picture", b"\x89PNG\r\n\x1a\n" + os.urandom(200)])
def test_what_is_no_picture_is_never_without_faces(engine: FaceEngine, bytes_: bytes, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes_)
    seen = faces_of(Examiner().examine(tmp_path / "file", extractors=FACES))
    assert seen.state in ("unsupported", "failed") and seen.engine is None


def test_nobody_asked_is_not_nobody_found(portrait: Path) -> None:
    found = Examiner().examine(portrait)
    assert found.finding("faces").state == "not_checked"
    with pytest.raises(Unavailable):
        faces_of(found)


def test_a_face_is_cut_out_of_its_frame(engine: FaceEngine, seen: SeenFaces, clip: Path) -> None:
    (face,) = seen.faces
    crop = np.asarray(Image.open(io.BytesIO(crop_of(clip, face.best_ms, face.box, Limits()))))
    (again,) = engine.detect(crop)
    assert distance_permille(engine.embed(crop, again), face.embeddings) < 300
    with pytest.raises(NotFound):
        crop_of(clip, 999_999, face.box, Limits())
