"""Sentences about where files came from, what others say of them, and what survives a transcoder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from projections.wording import file
from schemas.statements import provider


def _record(body: provider.ProviderRecordImported) -> str:
    words = {"job_in_name": "its number is in the file's name", "same_name": "both have one name"}
    how = words.get(body.paired_by, "they lay alone in a folder")
    got = f", downloaded on {body.downloaded_on.isoformat()}" if body.downloaded_on else ""
    return f"tied {file(body.asset)} to job {body.job} of {body.provider} ({body.model}) by its kept record{got}: {how}"


SENTENCES: dict[type, Callable[[Any], str]] = {
    provider.ProviderRecordImported: _record,
}
