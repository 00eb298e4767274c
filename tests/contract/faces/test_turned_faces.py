"""Faces on their side and on their head are found, measured upright, and shown where they lie."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ledger.faces.comparing import THRESHOLD_PERMILLE, distance_permille
from ledger.faces.port import Embedding, EngineSpec, Face, FaceEngine
from ledger.faces.seen import FACES, faces_of
from ledger.faces.sightings import TURNED_EVERY, TURNED_FRAMES_MAX, Sightings
from ledger.faces.turning import seen_upright
from ledger.media.frames import SampledFrame
from ledger.media.sandbox import Examiner
from tests.contract.faces.test_engines import frame_of

Pixels = NDArray[np.uint8]
NOSE = (224, 125)  # of the portrait, in a frame of 512 px
QUARTERS = pytest.mark.parametrize("quarters", [1, 2, 3])


def turned(frame: Pixels, quarters: int) -> Pixels:
    return np.ascontiguousarray(np.rot90(frame, quarters))


def measured(engine: FaceEngine, frame: Pixels) -> list[tuple[Face, Embedding]]:
    return [(face, measure()) for face, measure in seen_upright(engine, frame, turn=True)]


@QUARTERS
def test_a_turned_portrait_is_the_same_person_where_they_lie(
    engine: FaceEngine, astronaut: Pixels, quarters: int
) -> None:
    ((_, reference),) = measured(engine, astronaut)
    ((face, embedding),) = measured(engine, turned(astronaut, quarters))
    assert distance_permille(embedding, [reference]) < THRESHOLD_PERMILLE
    there = np.zeros(astronaut.shape[:2], np.uint8)
    there[NOSE[1], NOSE[0]] = 1
    (row,), (column,) = np.where(np.rot90(there, quarters))
    x, y, width, height = face.box
    assert x <= column <= x + width and y <= row <= y + height


def test_an_upright_face_is_measured_as_it_is(engine: FaceEngine, astronaut: Pixels) -> None:
    (face,) = engine.detect(astronaut)
    ((same, embedding),) = measured(engine, astronaut)
    assert same == face and np.array_equal(embedding, engine.embed(astronaut, face))


@QUARTERS
def test_two_people_in_a_turned_picture_are_both_known_again(engine: FaceEngine, corpus: Path, quarters: int) -> None:
    frame = frame_of(corpus / "media/faces_multi/two_people.jpg")
    known, again = measured(engine, frame), measured(engine, turned(frame, quarters))
    assert len(known) == len(again) == 2
    for _, reference in known:
        assert min(distance_permille(embedding, [reference]) for _, embedding in again) < THRESHOLD_PERMILLE


def test_a_whole_file_on_its_head_shows_the_person(engine: FaceEngine, astronaut: Pixels, tmp_path: Path) -> None:
    Image.fromarray(turned(astronaut, 2)).save(tmp_path / "head.png")
    ((_, reference),) = measured(engine, astronaut)
    (face,) = faces_of(Examiner().examine(tmp_path / "head.png", extractors=FACES)).faces
    assert distance_permille(face.embeddings[0], [reference]) < THRESHOLD_PERMILLE


class Counting:
    """An engine that sees one face, in one position, and counts how often it looks."""

    spec = EngineSpec("counting", "1", "ab" * 32, 2)

    def __init__(self, *faces: Face) -> None:
        self.looks, self._faces = 0, list(faces)

    def detect(self, frame: Pixels) -> list[Face]:
        self.looks += 1
        return self._faces

    def embed(self, frame: Pixels, face: Face) -> Embedding:
        return np.zeros(2, np.float32)


UPRIGHT = Face((100, 100, 60, 80), ((115, 120), (145, 120), (130, 140), (118, 160), (142, 160)), 900)


def test_the_cost_is_bounded_and_an_upright_face_costs_nothing() -> None:
    for engine, more in ((Counting(UPRIGHT), 0), (Counting(), 3 * TURNED_FRAMES_MAX)):
        seen, frames = Sightings(), 2 * TURNED_EVERY * TURNED_FRAMES_MAX
        for number in range(frames):
            seen.look(engine, SampledFrame(500 * number, np.zeros((288, 512, 3), np.uint8)))
        assert engine.looks == frames + more


def test_landmarks_that_contradict_each_other_turn_nothing_unless_it_is_looked_at() -> None:
    unsure = replace(UPRIGHT, landmarks=((130, 140),) * 5)
    engine = Counting(unsure)
    ((face, _),) = seen_upright(engine, np.zeros((288, 512, 3), np.uint8), turn=False)
    assert (face, engine.looks) == (unsure, 1)
