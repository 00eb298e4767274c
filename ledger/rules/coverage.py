"""How much of a file its examination saw and heard: what nobody saw was compared with nothing (SPEC S16.9)."""

from __future__ import annotations

from typing import Any, Final, Literal

from ledger.rules.medium import medium_found
from schemas.statements.asset import AssetExamined, FindingRecord

Coverage = Literal["whole", "part", "nothing", "unknown"]
"""`nothing`: there is none to compare, and that is certain. `part`: the file goes on where the look ended, or has more of it.
`unknown`: nobody could look."""
SOUND: Final = "audio_fingerprint"
EVEN_ITEMS_MIN: Final = 8  # a second of one steady tone, or of silence; what is shorter may hold anything
_UNHEARD: Final = frozenset({"streams_not_heard", "ended_early"})


def seen(body: AssetExamined) -> Coverage:
    """Of its picture."""
    if body.frames == 0:
        return "nothing" if medium_found(body) == "audio" else "unknown"
    pdq = _finding(body, "pdq")
    return "part" if pdq is not None and "ended_early" in pdq.detail else "whole"


def heard(body: AssetExamined) -> Coverage:
    """Of its sound, which may lie in several streams."""
    found = _finding(body, SOUND)
    if found is None:
        return "unknown"
    if found.state == "absent":
        return "nothing" if found.detail.get("code") == "no_sound" or _is_even(found.detail) else "unknown"
    if found.state != "found":
        return "unknown"
    return "part" if found.detail.keys() & _UNHEARD else "whole"


def _is_even(detail: dict[str, Any]) -> bool:
    """Silence or one steady tone, throughout."""
    return int(detail.get("items", 0)) >= EVEN_ITEMS_MIN and not detail.keys() & _UNHEARD


def _finding(body: AssetExamined, name: str) -> FindingRecord | None:
    return next((one for one in body.findings if one.extractor == name), None)
