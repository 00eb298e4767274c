"""Coverage-guided fuzzing of parsers: `python -m tests.fuzz.run [--seconds S] [--runs N] [--corpus DIR] [TARGET …]`.

Without a TARGET all of them, one after the other, each in a process of its own. A crash, a hang or a leak leaves its input in
DIR/TARGET and exit code 1. Bytes that were found belong into the target's examples, so that they are tried from then on.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["ledger"], enable_loader_override=False):
    from ledger.errors import LedgerError
    from tests.fuzz.targets import CASES

INPUT_BYTES_MAX = 8_192  # what is longer is refused by each parser's own bound, which has a test of its own
CALL_SECONDS_MAX = 10  # patient with a shared machine; no parser takes a hundredth of it
MEMORY_MB_MAX = 1_024


def main() -> int:
    """The exit code: 0 when nothing was found."""
    parser = argparse.ArgumentParser(prog="fuzz", description="Coverage-guided fuzzing of every parser.")
    parser.add_argument("--seconds", type=int, default=0, help="for each target")
    parser.add_argument("--runs", type=int, default=-1, help="inputs for each target")
    parser.add_argument("--corpus", type=Path, help="where inputs that reached something new are kept")
    parser.add_argument("targets", nargs="*", choices=[[], *CASES], metavar="TARGET", help=", ".join(CASES))
    given = parser.parse_args()
    corpus = given.corpus or Path(tempfile.mkdtemp(prefix="countersign-fuzz-"))
    failed = []
    for name in given.targets or CASES:
        folder = (corpus / name.replace(" ", "-")).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        child = os.fork()  # the fuzzer ends its process
        if child == 0:
            _fuzz(name, folder, given.seconds, given.runs)
        if os.waitpid(child, 0)[1]:
            failed.append(f"{name}: see {folder}")
    print("\n".join(failed) or f"nothing found in {len(given.targets or CASES)} targets")
    return 1 if failed else 0


def _fuzz(name: str, folder: Path, seconds: int, runs: int) -> None:
    seeds, call = CASES[name]
    for seed in seeds:
        (folder / hashlib.sha256(seed).hexdigest()).write_bytes(seed)

    def one(data: bytes) -> None:
        with suppress(LedgerError):
            call(data)

    options = [
        f"-max_total_time={seconds}", f"-runs={runs}", f"-max_len={INPUT_BYTES_MAX}", f"-timeout={CALL_SECONDS_MAX}",
        f"-rss_limit_mb={MEMORY_MB_MAX}", f"-artifact_prefix={folder}/", "-verbosity=0", "-seed=20261125",
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *options, str(folder)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
