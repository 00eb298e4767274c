"""`make bench-media`: how well copies are found, and what examining costs. Each part leaves its figures as JSON in --out;
`report` makes docs/media-figures.md and the plots of them.

usage: python -m ops.bench.media.run [--corpus FOLDER] [--out FOLDER] [--edited N] [--distractors N] [--clips N] [--codes N]
                                     [PART …]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from ops.bench.media.peers import missing
from ops.bench.media.report import write_report

EDITED, DISTRACTORS = 16, 8_300  # 8,300 views have a little over 10^5 codes
CLIPS = 20  # half a minute each, under all edits
CODES = 10_000_000


def _stills(asked: argparse.Namespace) -> dict[str, Any]:
    from ops.bench.media.sources import stills
    from ops.bench.media.stills import measure

    rows, sizes = measure(stills(asked.corpus), asked.edited, asked.distractors, asked.workers, _log)
    return {"sizes": sizes, "rows": [row.as_json() for row in rows], "missing": missing()}


def _clips(asked: argparse.Namespace) -> dict[str, Any]:
    from ops.bench.media.clips import measure

    with tempfile.TemporaryDirectory(prefix="countersign-clips-") as folder:
        return measure(Path(folder), asked.corpus, asked.clips, asked.workers, partial(_keep, asked.out / "clips.json"))


def _index(asked: argparse.Namespace) -> dict[str, Any]:
    from ops.bench.indexes import index_figures

    with tempfile.TemporaryDirectory(prefix="countersign-index-") as folder:
        figures = index_figures(Path(folder), asked.codes, _log)
    return {"rows": [[*figure.cells()] for figure in figures], "figures": [figure.as_json() for figure in figures]}


def _time(asked: argparse.Namespace) -> dict[str, Any]:
    from ops.bench.media.timing import measure

    with tempfile.TemporaryDirectory(prefix="countersign-time-") as folder:
        return measure(Path(folder))


def _mutants(asked: argparse.Namespace) -> dict[str, Any]:
    from ops.bench.media.mutants import measure

    with tempfile.TemporaryDirectory(prefix="countersign-mutants-") as folder:
        return measure(Path(folder), asked.mutants, asked.workers, _log)


def _sounds(asked: argparse.Namespace) -> dict[str, Any]:
    from ops.bench.media.sounds import measure

    with tempfile.TemporaryDirectory(prefix="countersign-sounds-") as folder:
        return measure(Path(folder), asked.corpus, _log)


def _faces(asked: argparse.Namespace) -> dict[str, Any]:
    from ops.bench.media.faces import measure

    labelled = asked.corpus if asked.corpus and (asked.corpus / "manifest.tsv").is_file() else None
    return measure(labelled)


PARTS: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "stills": _stills,
    "clips": _clips,
    "index": _index,
    "sounds": _sounds,
    "time": _time,
    "mutants": _mutants,
    "faces": _faces,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench-media")
    parser.add_argument("part", nargs="*", help=f"of {', '.join(PARTS)} and report; all without one")
    parser.add_argument("--corpus", type=Path, help="a folder with more real media; nothing of it is copied")
    parser.add_argument("--out", type=Path, default=Path("bench-media"))
    parser.add_argument("--docs", type=Path, default=Path("docs"))
    parser.add_argument("--edited", type=int, default=EDITED, help="pictures that are edited")
    parser.add_argument("--distractors", type=int, default=DISTRACTORS, help="pictures that must not match")
    parser.add_argument("--clips", type=int, default=CLIPS, help="clips that are edited: real ones first, then our own")
    parser.add_argument("--codes", type=int, default=CODES, help="codes of the largest index: 10^7 take 2 GB")
    parser.add_argument("--mutants", type=int, default=3_000)
    parser.add_argument("--workers", type=int, default=2, help="processes; timing uses one")
    asked = parser.parse_args()
    asked.out.mkdir(exist_ok=True)
    for name in asked.part or [*PARTS, "report"]:
        if name != "report":
            _keep(asked.out / f"{name}.json", PARTS[name](asked))
    if not asked.part or "report" in asked.part:
        write_report(asked.out, asked.docs)


def _keep(path: Path, found: dict[str, Any]) -> None:
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _log(message: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {message}", flush=True)


if __name__ == "__main__":
    main()
