"""The index bench finds what it planted, and fills the index from rows and from a log with all that was written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ops.bench import index_rebuild, indexes
from ops.bench.figures import Figure
from ops.bench.index_rebuild import PART, write_rows
from ops.bench.indexes import planted_queries, random_codes, search_figures
from projections.database import ViewsDatabase
from projections.index.held import HeldIndexes
from projections.matches import Matches

SIZE = 2_000


def test_queries_are_planted_exactly_so_many_bits_away() -> None:
    codes = random_codes(SIZE)
    for radius in (31, 60):
        queries, places = planted_queries(codes, radius)
        assert (np.bitwise_count(queries ^ codes[places]).sum(axis=1) == radius).all()


def test_every_planted_code_is_found_at_every_radius(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexes, "RUNS", 1)
    figures = [figure for figure in search_figures(SIZE) if figure.unit == "share" and "usearch" not in figure.name]
    assert [figure.ratio for figure in figures] == [1.0] * 3 and all(figure.reached for figure in figures)
    missed = Figure("any", 0.5, "all", 1.0, True, 1.0, unit="share")
    assert (missed.cells()[1], missed.ratio, missed.reached) == ("0.500", 0.5, False)


def test_the_rows_and_the_log_of_the_rebuild_hold_all_codes(tmp_path: Path) -> None:
    file = tmp_path / "codes"
    random_codes(SIZE).tofile(file)
    write_rows(tmp_path / "rows.sqlite", file)
    database = ViewsDatabase(tmp_path / "rows.sqlite")
    with database.snapshot(Matches.name) as look:
        assert HeldIndexes(Matches.version).index(look, PART).count == SIZE
    database.close()
    assert index_rebuild.from_the_log(tmp_path / "home", file) > 0
