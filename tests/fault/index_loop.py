"""A process that brings a tag index up to the log, a few entries a page. Run as `python index_loop.py FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

import projections.tag_index
from ledger.store.sqlite import SQLiteStore
from projections.tag_index import TagIndex

PAGE_ENTRIES = 2  # many transactions, so that a kill falls into one


def main(folder: Path) -> None:
    projections.tag_index.PAGE_ENTRIES = PAGE_ENTRIES
    index = TagIndex(folder / "tagindex.sqlite", SQLiteStore(folder / "ledger.sqlite"))
    print("ready", flush=True)
    index.catch_up()
    print("done", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
