"""Learnt descriptors of files, and which of them a picture is near by cosine: candidates for a person, and never more.

A row for each file and model, written from the blob that the finding names. Searched row by row: some 20 kB a file, so this
is for tens of thousands of files, not for millions. Vectors of two models are never compared.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

import numpy as np

from ledger.blobs import Blobs
from ledger.media.descriptor import Described, unpack
from ledger.media.findings import LEARNT_DESCRIPTOR
from ledger.statement import Said
from projections.database import View, ViewsDatabase
from projections.topics import EVERY
from schemas.statements.asset import AssetExamined

RESULTS_MAX = 50  # as many as of pictures
PAGE_ROWS = 256  # read at a time: 5 MB
_PAGE = "SELECT asset, idx, packed FROM descriptors_file WHERE model = ? AND idx > ? ORDER BY idx LIMIT ?"


@dataclass(frozen=True)
class LearntMatch:
    """A known file with a frame that a model finds alike. `score` is the cosine of the nearest two frames, at the instants
    `query_ms` and `reference_ms`: `threshold_permille` or more."""

    asset_sha256: str
    score: float
    query_ms: int
    reference_ms: int
    model_sha256: str
    threshold_permille: int

    @property
    def decision(self) -> str:
        return "candidate"

    def as_json(self) -> dict[str, Any]:
        """As a match of pictures says it, and what only this has."""
        return {
            "asset_sha256": self.asset_sha256,
            "medium": LEARNT_DESCRIPTOR,
            "decision": self.decision,
            "score": round(self.score, 4),
            "threshold_permille": self.threshold_permille,
            "model_sha256": self.model_sha256,
            "offsets": [[self.query_ms, self.reference_ms]],
            "query_ms": self.query_ms,
            "reference_ms": self.reference_ms,
        }


class Descriptors(View):
    """Rows by file and model. Thread-safe."""

    name = "descriptors"
    version = 1
    schema = """
    CREATE TABLE descriptors_file (
      asset TEXT NOT NULL, model TEXT NOT NULL, idx INTEGER NOT NULL, packed BLOB NOT NULL,
      PRIMARY KEY (asset, model));
    CREATE INDEX descriptors_file_by_model ON descriptors_file (model, idx)
    """
    handled = frozenset({"asset.examined.v1"})
    ignored = EVERY - handled

    def __init__(self, database: ViewsDatabase, blobs: Blobs) -> None:
        super().__init__(database)
        self._blobs = blobs

    def apply(self, db: sqlite3.Connection, said: Said) -> None:
        """A missing or altered blob stops the view: a hole would say `nothing near` of a known picture."""
        if not isinstance(said.body, AssetExamined):
            return
        for one in said.body.findings:
            if one.extractor == LEARNT_DESCRIPTOR and one.state == "found":
                packed = self._blobs.get(one.detail["sha256"])
                row = (said.body.asset, one.detail["model_sha256"], said.index, packed)
                db.execute("INSERT OR REPLACE INTO descriptors_file VALUES (?, ?, ?, ?)", row)

    def search(self, packed: bytes, model_sha256: str, threshold_permille: int) -> list[LearntMatch]:
        """Files near the packed descriptors of a picture, nearest first. Raises ValueError for what is none."""
        query, found, after = unpack(packed), list[LearntMatch](), -1
        with self._database.snapshot(self.name) as look:
            while page := look.rows(_PAGE, (model_sha256, after, PAGE_ROWS)):
                for asset, _, theirs in page:
                    cosine, mine_ms, theirs_ms = _nearest(query, unpack(theirs))
                    if cosine * 1000 >= threshold_permille:
                        found.append(LearntMatch(asset, cosine, mine_ms, theirs_ms, model_sha256, threshold_permille))
                after = page[-1][1]
        return sorted(found, key=lambda one: (-one.score, one.asset_sha256))[:RESULTS_MAX]


def _nearest(query: Described, known: Described) -> tuple[float, int, int]:
    """(cosine, instant of the one, instant of the other) of the two frames that are most alike; -1 for two models' vectors."""
    if query.vectors.shape[1] != known.vectors.shape[1]:
        return -1.0, 0, 0
    alike = query.vectors @ known.vectors.T
    mine, other = np.unravel_index(int(alike.argmax()), alike.shape)
    return min(1.0, float(alike[mine, other])), query.times_ms[mine], known.times_ms[other]
