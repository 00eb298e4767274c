"""One round of a worker, or one answer of a witness, in a process of its own that a test may cut off anywhere.

Run as `python one_step.py STEP FOLDER WORDS…`. Errors of ours end it with 5 and their code.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from ledger.clock import SteppedClock, SystemClock
from ledger.errors import LedgerError
from ledger.proof.notekeys import NoteVerifier
from ops.home import Home
from ops.settings import read_settings
from ops.wiring import services_of
from ops.witness.judging import Witness
from ops.witness.state import WitnessFolder
from ops.worker import ExpiryWorker, NoticeWorker


def expire(home: Path, now: str) -> object:
    """Whatever ended by `now` is recorded and taken along."""
    with services_of(home, SteppedClock(datetime.fromisoformat(now))) as services:
        return ExpiryWorker(services).run_once()


def tell(home: Path, now: str) -> object:
    """Whatever is to be told by `now` is sent."""
    with services_of(home, SteppedClock(datetime.fromisoformat(now))) as services:
        return NoticeWorker(services, Home(home), read_settings(home)).run_once()


def cosign(state: Path, request: str, *vkeys: str) -> object:
    """The witness's answer to a request that lies in a file."""
    keys = [NoteVerifier.parse(vkey) for vkey in vkeys]
    return Witness(WitnessFolder(state), keys, SystemClock()).add_checkpoint(Path(request).read_bytes()).status


STEPS: dict[str, Callable[..., object]] = {"expire": expire, "tell": tell, "cosign": cosign}


def main(step: str, folder: str, *words: str) -> int:
    try:
        print(STEPS[step](Path(folder), *words), flush=True)
    except LedgerError as error:
        print(error.code, flush=True)
        return 5
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
