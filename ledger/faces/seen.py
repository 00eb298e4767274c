"""What an examination that was asked for faces says of them, and one face cut out for a person to look at.

Embeddings come out of the fenced child in here, and go to the vault from here: nothing else may keep them.
"""

from __future__ import annotations

import time
from base64 import b64decode
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ledger.errors import NotFound, Unavailable
from ledger.faces.comparing import unpacked
from ledger.faces.port import INSTALL, Embedding, EngineSpec
from ledger.media.child import ChildFailedError, Limits, answer, started
from ledger.media.decoding import whole
from ledger.media.findings import Examination, FindingState
from ledger.media.sandbox import opened

FACES: Final = frozenset({"faces"})


@dataclass(frozen=True)
class SeenFace:
    """One face of a file. `box` is x, y, width, height in px of a frame of `frame_px`, at `best_ms`."""

    first_ms: int
    last_ms: int
    frames: int
    best_ms: int
    box: tuple[int, int, int, int]
    frame_px: tuple[int, int]
    quality_permille: int
    embeddings: tuple[Embedding, ...]


@dataclass(frozen=True)
class SeenFaces:
    """`detail` is the finding's: counts, bounds, why it ended early or failed. `engine` is None when none answered."""

    state: FindingState
    detail: dict[str, Any]
    engine: EngineSpec | None
    faces: tuple[SeenFace, ...] = ()


def faces_of(found: Examination) -> SeenFaces:
    """Raises Unavailable `faces_not_installed` where nothing could look; a file that broke the engine is a state."""
    finding, apart = found.finding("faces"), found.apart.get("faces")
    if finding.state == "not_checked":
        raise Unavailable("faces_not_installed", "no face engine is installed here", f"Run: {INSTALL}")
    if not apart:
        return SeenFaces(finding.state, finding.detail, None)
    try:
        engine = EngineSpec.from_json(apart["engine"])
        faces = tuple(_face(face, engine.dimensions) for face in apart["faces"])
    except (KeyError, TypeError, ValueError):
        return SeenFaces("failed", {"code": "garbage"}, None)
    return SeenFaces(finding.state, finding.detail, engine, faces)


def crop_of(path: Path, t_ms: int, box: tuple[int, ...], limits: Limits) -> bytes:
    """A JPEG of one face, that nothing keeps. Raises NotFound `frame_unknown`, `file_not_found`; Unavailable `crop_failed`."""
    deadline = time.monotonic() + limits.wall_seconds
    with opened(path, limits.file_bytes) as descriptor:
        job = {"kind": "crop", "t_ms": t_ms, "box": list(box)}
        whole_job = job | {"path": f"/dev/fd/{descriptor}", "limits": limits.as_json()}
        try:
            with started(whole_job, (descriptor,)) as child:
                document = answer(child, deadline)
            if (document.get("error") or {}).get("code") == "frame_unknown":
                raise NotFound("frame_unknown", "the file has no such frame", "Scan it again.")
            return b64decode(document["jpeg"], validate=True)
        except (ChildFailedError, KeyError, TypeError, ValueError):
            raise Unavailable("crop_failed", "the face can't be cut out of this file", "Try again.") from None


def _face(data: dict[str, Any], dimensions: int) -> SeenFace:
    x, y, width, height = (whole(side) for side in data["box"])
    frame_width, frame_height = (whole(side) for side in data["frame_px"])
    return SeenFace(
        first_ms=whole(data["first_ms"]),
        last_ms=whole(data["last_ms"]),
        frames=whole(data["frames"]),
        best_ms=whole(data["best_ms"]),
        box=(x, y, width, height),
        frame_px=(frame_width, frame_height),
        quality_permille=whole(data["quality_permille"]),
        embeddings=tuple(unpacked(data["embeddings"], dimensions)),
    )
