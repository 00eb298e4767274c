"""`make bench`: every figure beside a bare baseline taken in the same run, because machines differ and drift.

A ratio says what our part costs over the unavoidable one; the absolute numbers are only this machine's, today.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ops.bench.clip import clip_figures
from ops.bench.door import door_figures
from ops.bench.figures import Figure
from ops.bench.postgres import postgres_figures


def main() -> None:
    """Prints one table; takes about a minute."""
    console = Console()
    with tempfile.TemporaryDirectory(prefix="countersign-bench-") as folder:
        with console.status("the door"):
            figures = door_figures(Path(folder))
        with console.status("a clip, from verification to evidence"):
            figures += clip_figures(Path(folder))
        with console.status("PostgreSQL"):
            figures += postgres_figures()
    console.print(_table(figures))


def _table(figures: list[Figure]) -> Table:
    table = Table(title="Countersign, median of repeated runs", title_justify="left")
    for heading in ("figure", "value", "baseline", "its value", "ratio"):
        table.add_column(heading, justify="left" if heading in ("figure", "baseline") else "right")
    for figure in figures:
        table.add_row(*figure.cells())
    return table


if __name__ == "__main__":
    main()
