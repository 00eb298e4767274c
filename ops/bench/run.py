"""`make bench`: every figure beside a bare baseline taken in the same run, because machines differ and drift.

A ratio says what our part costs against something else measured in the same minutes; the absolute numbers are only this
machine's, today. usage: python -m ops.bench.run [--large ENTRIES] [--consents N] [--json FILE] [--markdown FILE] [PART …]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ops.bench.audits import audit_figures
from ops.bench.clip import clip_figures
from ops.bench.completeness import completeness_figures
from ops.bench.consents import consent_figures
from ops.bench.door import door_figures
from ops.bench.figures import HEADINGS, Figure
from ops.bench.http import http_figures, slow_disk_figures
from ops.bench.indexes import index_figures
from ops.bench.large import large_figures
from ops.bench.packs import pack_figures
from ops.bench.postgres import postgres_figures, postgres_http_figures
from ops.bench.verifying import verifying_figures
from ops.bench.views import view_figures

LARGE, CONSENTS, CODES = 100_000, 5_000, 1_000_000


def parts_of(large: int, consents: int, codes: int = CODES) -> dict[str, Callable[[Path], list[Figure]]]:
    """Each part of the measurement by its name."""
    return {
        "door": door_figures,
        "http": http_figures,
        "slow-disk": slow_disk_figures,
        "postgres": lambda _: postgres_figures(),
        "postgres-http": postgres_http_figures,
        "views": view_figures,
        "consents": lambda folder: consent_figures(folder, consents),
        "large": lambda folder: large_figures(folder, large),
        "audit": audit_figures,
        "completeness": completeness_figures,
        "clip": clip_figures,
        "verify": verifying_figures,
        "packs": lambda folder: pack_figures(folder, large),
        "index": lambda folder: index_figures(folder, codes),
    }


def main() -> None:
    """Prints one table and writes the same as JSON."""
    parser = argparse.ArgumentParser(prog="make bench", description="Ratios, each against a baseline of the same run.")
    parser.add_argument("part", nargs="*", help=f"of {', '.join(parts_of(LARGE, CONSENTS))}; all without one")
    parser.add_argument("--large", type=int, default=LARGE, help="entries of the large log")
    parser.add_argument("--consents", type=int, default=CONSENTS, help="consents, with a file each")
    parser.add_argument("--codes", type=int, default=CODES, help="codes of the largest index: 10000000 takes 1 GB")
    parser.add_argument("--json", type=Path, default=Path("bench.json"), help="where the figures are written")
    parser.add_argument("--markdown", type=Path, help="the table once more, for docs/speed.md")
    asked = parser.parse_args()
    parts = parts_of(asked.large, asked.consents, asked.codes)
    console, figures = Console(width=150), list[Figure]()
    with tempfile.TemporaryDirectory(prefix="countersign-bench-") as folder:
        for name in asked.part or parts:
            with console.status(name):
                figures += parts[name](Path(folder))
            _write(asked.json, figures)  # after each part: one that fails takes nothing with it
    if asked.markdown:
        asked.markdown.write_text(markdown(figures), encoding="utf-8")
    console.print(_table(figures))


def markdown(figures: list[Figure]) -> str:
    """The table for docs/speed.md."""
    rows = [HEADINGS, *(figure.cells() for figure in figures)]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(HEADINGS), *lines[1:], ""])


def _write(path: Path, figures: list[Figure]) -> None:
    path.write_text(json.dumps([figure.as_json() for figure in figures], indent=1) + "\n", encoding="utf-8")


def _table(figures: list[Figure]) -> Table:
    table = Table(title="Countersign, median of repeated runs", title_justify="left")
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading in ("figure", "baseline", "reached") else "right")
    for figure in figures:
        table.add_row(*figure.cells())
    return table


if __name__ == "__main__":
    main()
