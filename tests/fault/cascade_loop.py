"""A process that runs the cascade and the courier round after round, until somebody kills it.

Run as `python cascade_loop.py HOME NOW`; HOME is a home folder and NOW the instant from which its clock starts.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

from ledger.clock import SteppedClock
from ops.home import Home
from ops.settings import read_settings
from ops.wiring import services_of
from ops.worker import ExpiryWorker, NoticeWorker


def main(folder: Path, now: str) -> None:
    clock = SteppedClock(datetime.fromisoformat(now))
    with services_of(folder, clock) as services:
        expiry = ExpiryWorker(services)
        notices = NoticeWorker(services, Home(folder), read_settings(folder))
        print("ready", flush=True)
        while True:
            expiry.run_once()
            notices.run_once()
            print("round", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
