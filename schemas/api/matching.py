"""Reference media, matches of files with them, and how often matching is wrong."""

from __future__ import annotations

from typing import Literal

from schemas.api.problems import example
from schemas.base import Digest, Shape
from schemas.statements.match import MatchVerdict
from schemas.statements.reference import ReferenceKind, Way

_REFERENCE, _MATCH = "019a9b00-0000-7000-8000-000000000061", "019a9b00-0000-7000-8000-000000000062"
_POLICY = "79" * 32
_FOUND = {
    "match": _MATCH,
    "asset_sha256": "11" * 32,
    "reference": _REFERENCE,
    "way": "picture",
    "decision": "copy",
    "distance_median": 12,
    "frames_matched": 9,
    "asset_ms": 1500,
    "reference_ms": 0,
    "policy_sha256": _POLICY,
    "entry_index": 44,
    "verdict": None,
    "reviewer": None,
}
_STANDING = {
    "reference": _REFERENCE,
    "kind": "known-work",
    "ways": ["picture", "sound"],
    "media_sha256": "77" * 32,
    "title": "The Lighthouse, trailer",
    "owner": "North Sea Pictures",
    "person": None,
    "standing": True,
    "entry_index": 40,
}
_RATE = {"bits": 31, "upper_95": 0.0017, "fitted": 1e-30}


class MatchRow(Shape):
    """The newest word on a file and a reference in one way, and a person's newest; `verdict` null: nobody looked."""

    match: str
    asset_sha256: Digest
    reference: str
    way: Way
    """By its picture, or by its sound."""
    decision: str
    distance_median: int
    """Bits of 256 that differ."""
    frames_matched: int
    """Of sound: sub-fingerprints, about eight a second."""
    asset_ms: int
    reference_ms: int
    policy_sha256: Digest
    entry_index: int
    verdict: MatchVerdict | None
    reviewer: str | None


class ReferenceRow(Shape):
    """A registered reference; of a person's picture neither file nor digest is known."""

    reference: str
    kind: ReferenceKind
    ways: tuple[Way, ...]
    """By what files are compared with it."""
    media_sha256: Digest | None
    title: str | None
    owner: str | None
    person: str | None
    standing: bool
    entry_index: int


class UseRow(Shape):
    """A file that is near the reference, and what was made from it."""

    match: MatchRow
    made_from_it: tuple[str, ...]


class ReferenceAnswer(Shape):
    """A reference, and who used it; `next_after` is null on the last page."""

    model_config = example(
        {"reference": _STANDING, "used_by": [{"match": _FOUND, "made_from_it": ["55" * 32]}], "next_after": None}
    )

    reference: ReferenceRow
    used_by: tuple[UseRow, ...]
    next_after: int | None


class ReferencesAnswer(Shape):
    """References in the order in which they were registered; `next_after` is null on the last page."""

    model_config = example({"references": [_STANDING], "next_after": None})

    references: tuple[ReferenceRow, ...]
    next_after: int | None


class FalseMatches(Shape):
    """Unrelated codes that one frame finds by chance in so many `comparisons`: an upper bound from pairs counted, and a guess
    by a fitted curve."""

    bits: int
    upper_95: float
    fitted: float


class SoundMatching(Shape):
    """How comparing by sound stands. `false_per_search`: of so many unrelated `sounds`, how many one search would take for a
    copy or a candidate, at most (95 %)."""

    policy: str
    policy_sha256: Digest
    progress: dict[str, int]
    sounds: int
    false_per_search: dict[str, float]
    wrong_pairs: int
    source: str
    reviewed: dict[str, dict[str, int]]


class MatchingAnswer(Shape):
    """How matching stands: the policy, how far it came, how often it is wrong by measurement and by people's reviews."""

    model_config = example(
        {
            "policy": "matching/2026.11",
            "policy_sha256": _POLICY,
            "progress": {"files": 12, "compared": 12, "references": 1, "swept": 1},
            "codes": 480,
            "comparisons": 26_880,
            "false_per_search": {"copy": _RATE, "candidate": _RATE},
            "wrong_pairs": 855409,
            "source": "79 works",
            "reviewed": {"copy": {"reviewed": 3, "false": 1}},
            "sound": {
                "policy": "sounds/2026.11",
                "policy_sha256": _POLICY,
                "progress": {"files": 12, "compared": 12, "references": 1, "swept": 1},
                "sounds": 12,
                "false_per_search": {"copy": 0.0036, "candidate": 0.0036},
                "wrong_pairs": 9984,
                "source": "nine real sounds",
                "reviewed": {},
            },
            "set_apart": [],
        }
    )

    policy: str
    policy_sha256: Digest
    progress: dict[str, int]
    codes: int
    """Of frames and of parts of frames, that a file is compared with now."""
    comparisons: int
    """Of codes with codes, at most, for one frame that is looked for: it has parts too."""
    false_per_search: dict[str, FalseMatches]
    wrong_pairs: int
    source: str
    reviewed: dict[str, dict[str, int]]
    """By decision: how many matches by picture people reviewed, and how many of them showed something else."""
    sound: SoundMatching
    set_apart: tuple[str, ...]
    """Files and references that are near too many others to be named; each waits for a person."""


class MatchesAnswer(Shape):
    """Matches in the log's order; `next_after` is null on the last page."""

    model_config = example({"matches": [_FOUND], "next_after": None})

    matches: tuple[MatchRow, ...]
    next_after: int | None


class ReplayAnswer(Shape):
    """A recorded match decided again from the stored codes, under the policy that it names."""

    model_config = example({"match": _MATCH, "outcome": "same", "recorded": "copy", "again": "copy", "differs": []})

    match: str
    outcome: Literal["same", "differs"]
    recorded: str
    again: str
    differs: tuple[str, ...]


class RegisteredReference(Shape):
    """The new reference and what it was found in."""

    model_config = example({"reference": _REFERENCE, "ways": ["picture"], "entry_index": 40, "matches": [_FOUND]})

    reference: str
    ways: tuple[Way, ...]
    """By what it is compared: by picture alone too where sound can't be looked at here."""
    entry_index: int
    matches: tuple[MatchRow, ...]
