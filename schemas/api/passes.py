"""Distribution passes: what is asked, and the document that is checked offline (SPEC S11.3)."""

from __future__ import annotations

from typing import Any, Literal

from schemas.api.problems import example
from schemas.base import Digest, Shape, Slug, Territory

_ENTRY = {"index": 0, "entry": "e30=", "proof": "c2sp.org/tlog-proof@v1\nindex 0\n\n…"}


class PassQuestion(Shape):
    """One file, by its digest, for one use through one channel in one territory."""

    model_config = example({"sha256": "55" * 32, "use": "advertising", "channel": "social", "territory": "DE"})

    sha256: Digest
    use: Slug
    channel: Slug
    territory: Territory


class DeliveryQuestion(Shape):
    """What a cleared file is handed over for."""

    model_config = example({"use": "advertising", "channel": "social", "territory": "DE"})

    use: Slug
    channel: Slug
    territory: Territory


class DeliveredAnswer(Shape):
    """The signed twin that carries the pass: a new file, derived from `parent`. `cleared` is what was decided about the twin
    itself, which counts when it is asked for by its digest; `claims` are those of the pass in it."""

    model_config = example(
        {
            "asset_sha256": "66" * 32,
            "parent": "55" * 32,
            "entry_indices": [31, 32],
            "cleared": True,
            "clearance": "019a9b00-0000-7000-8000-000000000041",
            "reasons": [],
            "claims": {"iat": 1790000000, "exp": 1790003600},
        }
    )

    asset_sha256: Digest
    parent: Digest
    entry_indices: tuple[int, ...]
    cleared: bool
    clearance: str
    reasons: tuple[dict[str, Any], ...]
    claims: dict[str, Any]


class PassDocument(Shape):
    """A signed token, the clearance that it names and the service's keys, each proven to be in the log, and the proof that no
    end of any of them was left out."""

    model_config = example(
        {
            "format": "countersign.distribution-pass/1",
            "token": "eyJhbGciOiJFZDI1NTE5In0.e30.c2ln",
            "entries": [_ENTRY],
            "complete": {
                "indexed": _ENTRY,
                "tags": [{"tag": "clearance:0190", "types": None, "other": None, "path": []}],
            },
        }
    )

    format: Literal["countersign.distribution-pass/1"]
    token: str
    entries: tuple[dict[str, Any], ...]
    complete: dict[str, Any]
