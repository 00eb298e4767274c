"""Known files by example and by words, those that may be used, and what was left out and why."""

from __future__ import annotations

from typing import Any, Literal

from schemas.api.decisions import FacesShape
from schemas.api.matching import ReferenceRow
from schemas.api.problems import example
from schemas.base import Digest, Shape

_DIGEST = "55" * 32
_USE = {"use": "advertising", "channel": "social", "territory": "DE"}
_OFFERED: dict[str, Any] = {"asset_sha256": _DIGEST, "verdict": "allow", "codes": [], "cleared": [_USE]}
_HIDDEN: dict[str, Any] = {
    "hidden": [{"asset_sha256": "22" * 32, "codes": ["consent_expired"]}],
    "left_out": {"count": 1, "why": {"consent_expired": 1}},
}


class LeftOut(Shape):
    """How many files were found and not offered, and for each reason how many of them; one may have several."""

    count: int
    why: dict[str, int]


class HiddenRow(Shape):
    """Found and not offered: what stands against it, as `verify` would say."""

    asset_sha256: Digest
    codes: tuple[str, ...]


class UseShape(Shape):
    """What a file was cleared for, and may be used for now."""

    use: str
    channel: str
    territory: str


class SearchAnswer(Shape):
    """Known files that this one is near, best first: exact, copy, candidate or confirmed, each with its verdict."""

    model_config = example(
        {
            "file": "upload.mp4",
            "file_sha256": _DIGEST,
            "matches": [{"decision": "copy", "score": 0.97, "query_ms": 0, "reference_ms": 0, **_OFFERED}],
            **_HIDDEN,
            "faces": {"state": "not_checked", "reason": "recognised_before", "enrolled": [], "strangers": 0},
            "not_checked": [],
        }
    )

    file: str
    file_sha256: Digest
    matches: tuple[dict[str, Any], ...]
    hidden: tuple[HiddenRow, ...]
    left_out: LeftOut
    faces: FacesShape
    """Looked at where nothing else is near."""
    not_checked: tuple[str, ...]
    """Extractors by which this file could not be looked for: then nothing near is no answer."""


class FoundWords(Shape):
    """Where a word stands (title, brief, prompt, origin, people, ids or digest), and the words around it."""

    where: str
    words: str


class WordRow(Shape):
    """A file that has all the words. `cleared`: what it may be used for, with verdict `allow`; else `codes` say why not."""

    asset_sha256: Digest
    title: str | None
    entry_index: int
    found_in: tuple[FoundWords, ...]
    verdict: Literal["allow", "deny", "review"]
    codes: tuple[str, ...]
    cleared: tuple[UseShape, ...]


class WordSearchAnswer(Shape):
    """Files with all the words, newest first; `next_before` is null on the last page. Reference works with them are apart."""

    model_config = example(
        {
            "text": "lighthouse",
            "rights": "clean",
            "asked": {"use": None, "territory": None, "channel": None, "valid_from": None, "valid_until": None},
            "at": "2026-10-05T00:00:00.000000Z",
            "files": [
                {
                    "title": "clip.mp4",
                    "entry_index": 31,
                    "found_in": [{"where": "brief", "words": "The lighthouse at dawn"}],
                    **_OFFERED,
                }
            ],
            **_HIDDEN,
            "references": [],
            "next_before": None,
        }
    )

    text: str
    rights: Literal["clean", "all"]
    asked: dict[str, str | None]
    at: str
    files: tuple[WordRow, ...]
    hidden: tuple[HiddenRow, ...]
    left_out: LeftOut
    references: tuple[ReferenceRow, ...]
    next_before: int | None
