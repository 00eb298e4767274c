"""What a file is: moving picture, still or sound, by its examination and never by what somebody said (SPEC S5.18)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ledger.history import History
from ledger.rules.lineage import examination
from schemas.statements.asset import AssetExamined, FindingRecord

MEDIA: Final = ("video", "still", "audio")
_OF_KIND: Final = {"video": "video", "image": "still", "audio": "audio"}


@dataclass(frozen=True)
class Medium:
    """`name` is empty where nobody could look: then nothing that asks for a medium passes."""

    name: str
    entry_index: int | None


def medium(history: History, asset: str) -> Medium:
    """By the newest examination of these bytes."""
    found = examination(history, asset)
    return Medium("", None) if found is None else Medium(medium_found(found[1]), found[0].index)


def medium_found(body: AssetExamined) -> str:
    """What one examination found; empty if it could not tell."""
    probe = next((one for one in body.findings if one.extractor == "probe" and one.state == "found"), None)
    return "" if probe is None else _said_by(probe)


def _said_by(probe: FindingRecord) -> str:
    """By the streams; examinations that did not record them yet say which container it is."""
    if "medium" in probe.detail:
        name = str(probe.detail["medium"])
        return name if name in MEDIA else ""
    return _OF_KIND.get(str(probe.detail.get("media_type", "")).partition("/")[0], "")
