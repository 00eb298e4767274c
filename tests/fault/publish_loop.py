"""A process that grows a log and publishes it, round after round, until somebody kills it: `python publish_loop.py FOLDER`.

After each round it prints the published size.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ledger.log.published import PublishedFolder
from ledger.log.publisher import Publisher
from tests.log_of import ManyEntries


def main(folder: Path) -> None:
    log = ManyEntries(folder / "ledger.sqlite")
    publisher = Publisher(log.store, PublishedFolder(folder / "public"), log.verifiers, with_entries=True)
    print("ready", flush=True)
    while True:
        log.grow(97)
        print(publisher.publish().size, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
