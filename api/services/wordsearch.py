"""Known files by words of their metadata, newest first: those that may be used, and how many were left out and why."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from api.services.circumstances import Circumstances
from api.services.dossier import caught_up
from api.services.match_answers import reference_row
from api.services.services import Services
from api.services.usable import Rights, Usable, hidden_json, left_out, usable
from api.services.verification import history_at
from projections.texts import FoundFile
from schemas.api.searching import WordRow, WordSearchAnswer
from schemas.base import format_instant

WEIGHED_MAX: Final = 200  # files weighed for one answer, some milliseconds each; the answer says where to go on
REFERENCES_MAX: Final = 20  # reference works beside the files; who wants all of them reads the list of references
LIMIT: Final = 20
LIMIT_MAX: Final = 100
NEVER: Final = 2**53 - 1  # an index that no entry has


def search_words(
    services: Services,
    text: str,
    *,
    rights: Rights = "clean",
    asked: Circumstances | None = None,
    at: datetime | None = None,
    before: int | None = None,
    limit: int = LIMIT,
) -> WordSearchAnswer:
    """Costs the files that it weighs, not the ledger. Raises Misuse `text_empty`, `question_invalid`; Unavailable."""
    asked, instant = asked or Circumstances(), at or services.clock.now()
    asked.question("0" * 64, instant)
    caught_up(services)
    weighed = WEIGHED_MAX if rights == "clean" else limit
    found = services.views.texts.files(text, before=before or NEVER, limit=weighed + 1)
    history, rows, hidden = history_at(services, at), list[WordRow](), dict[str, tuple[str, ...]]()
    last = None
    for one in found[:weighed]:
        if len(rows) == limit:
            break
        word, last = usable(history, one.asset, asked, instant), one
        if rights == "clean" and word.verdict != "allow":
            hidden[one.asset] = word.codes
        else:
            rows.append(_row(one, word))
    more = last is not None and last is not found[-1]
    return WordSearchAnswer.model_validate(
        {
            "text": text,
            "rights": rights,
            "asked": asked.as_json(),
            "at": format_instant(instant),
            "files": rows,
            "hidden": hidden_json(hidden),
            "left_out": left_out(hidden),
            "references": _references(services, text),
            "next_before": last.index if more and last is not None else None,
        }
    )


def _row(one: FoundFile, word: Usable) -> WordRow:
    return WordRow.model_validate(
        {
            "asset_sha256": one.asset,
            "title": one.title or None,
            "entry_index": one.index,
            "found_in": [{"where": where, "words": words} for where, words in one.found_in],
            **word.as_json(),
        }
    )


def _references(services: Services, text: str) -> list[object]:
    found = services.views.texts.references(text, limit=REFERENCES_MAX)
    named = (services.views.matchbook.reference(one.reference) for one in found)
    return [reference_row(one) for one in named if one is not None]
