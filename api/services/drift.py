"""The drift lab: what of a clip's signals survives which preset, measured in the fenced child and said as one statement.

Renditions lie in a temporary folder while they are measured and are thrown away. A crash before the statement leaves nothing;
the next round measures again.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.services.pairs import likeness
from api.services.services import Services
from ledger.errors import LedgerError, Refused
from ledger.media import survival
from ledger.media.findings import Examination
from ledger.media.recipes import RECIPES, Recipe
from ledger.media.transcoding import Transcoder
from ledger.rules.drift import missed_months, month_of
from schemas.base import new_id
from schemas.statements.drift import DriftCell, DriftMeasured, DriftMonthMissed, Survival

HASH_BLOCK_BYTES = 2**20
_UNSEEN = Survival(outcome="not_checked", before="not_checked", after="not_checked")


@dataclass(frozen=True)
class Measured:
    """What was said, and where."""

    body: DriftMeasured
    entry_index: int

    def as_json(self) -> dict[str, Any]:
        return {**self.body.as_json(), "entry_index": self.entry_index}


def measure(
    services: Services,
    source: Path,
    what: str,
    transcoders: Sequence[Transcoder],
    recipes: Iterable[Recipe] = RECIPES,
    *,
    scheduled: bool = False,
) -> Measured:
    """Raises Misuse for what is no file, Unavailable; Refused `drift_month_measured` when a scheduled run was made already.

    A preset that a transcoder can't do is a cell with its error, and no column of it is filled.
    """
    before = services.examiner.examine(source)
    cells = tuple(_cell(services, source, before, tool, recipe) for tool in transcoders for recipe in recipes)
    now = services.clock.now()
    body = DriftMeasured(
        run=new_id(now),
        month=month_of(now),
        scheduled=scheduled,
        source_sha256=before.sha256,
        source=what,
        cells=cells,
    )
    return Measured(body, services.ledger.say(body).index)


def record_missed(services: Services) -> list[str]:
    """Says of each month that went by without a measurement that it did; the months that were said now."""
    history, told = services.ledger.history(), []
    for month in missed_months(history, services.clock.now()):
        if history.last(f"drift:{month}", DriftMonthMissed) is None:
            try:
                services.ledger.say(DriftMonthMissed(month=month))
                told.append(month)
            except Refused:  # another worker said it meanwhile
                continue
    return told


def compared(before: Examination, after: Examination) -> tuple[dict[str, Survival], int]:
    """The four columns, and how much of the picture matched in thousandths."""
    alike = likeness(before.fingerprints, after.fingerprints)
    columns = {
        "visible_mark": survival.mark("visible_mark", before, after),
        "c2pa": survival.c2pa(before, after),
        "invisible_watermark": survival.mark("invisible_watermark", before, after),
        "fingerprint": survival.fingerprint(before, alike),
    }
    return columns, alike.permille if alike else 0


def _cell(services: Services, source: Path, before: Examination, tool: Transcoder, recipe: Recipe) -> DriftCell:
    named = {"transcoder": tool.name, "version": tool.version, "preset": recipe.name, "recipe": recipe.line}
    with tempfile.TemporaryDirectory(prefix="countersign-") as folder:
        target = Path(folder) / "rendition"
        try:
            tool.transcode(source, target, recipe)
            after = services.examiner.examine(target)
        except LedgerError as error:
            columns = dict.fromkeys(("visible_mark", "c2pa", "invisible_watermark", "fingerprint"), _UNSEEN)
            return DriftCell.model_validate({**named, **columns, "error": error.code})
        with target.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    columns, permille = compared(before, after)
    return DriftCell.model_validate({**named, **columns, "output_sha256": digest, "fingerprint_permille": permille})
