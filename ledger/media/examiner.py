"""The child process that touches strangers' bytes: `python -m ledger.media.examiner`.

Reads one JSON job, a line on stdin, fences itself in, works, writes one JSON document on stdout. It holds no secret: a signing
job asks for each signature. A crash leaves nothing behind: it can write no file but the target of a job that signs or
transcodes, which the parent made and removes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from ledger.errors import LedgerError
from ledger.media.beside import Beside
from ledger.media.checkpoint import Sheet
from ledger.media.confinement import Fences, confine
from ledger.media.examine import examine, specs
from ledger.media.findings import LEARNT_DESCRIPTOR
from ledger.media.trust import TrustSettings


def run(job: dict[str, Any], fences: Fences | None = None) -> dict[str, Any]:
    """Do one job, fenced in: by itself, unless `fences` stand already. Raises what the job raises; the parent reads any
    death as a finding."""
    limits = job["limits"]
    fences = fences or confine(cpu_seconds=limits["cpu_seconds"], written_bytes=limits["written_bytes"])
    return _KINDS[job["kind"]](job, fences)


def _sign(job: dict[str, Any], fences: Fences) -> dict[str, Any]:
    from ledger.media.signing_job import sign

    return {"signed": sign(job)}


def _crop(job: dict[str, Any], fences: Fences) -> dict[str, Any]:
    from ledger.faces.job import cut_out

    return cut_out(job)


def _samples(job: dict[str, Any], fences: Fences) -> dict[str, Any]:
    from ledger.media.samples import samples

    return {"samples": samples(Path(job["path"]))}


def _stills(job: dict[str, Any], fences: Fences) -> dict[str, Any]:
    from ledger.media.stills_job import stills

    return {"stills": stills(Path(job["path"]), job["times_ms"])}


def _transcode(job: dict[str, Any], fences: Fences) -> dict[str, Any]:
    from ledger.media.transcode_job import transcode

    return {"transcoded": transcode(job)}


def _examine(job: dict[str, Any], fences: Fences) -> dict[str, Any]:
    found = examine(
        Path(job["path"]),
        frozenset(job["extractors"]),
        TrustSettings.from_json(job["trust"]),
        datetime.fromisoformat(job["now"]),
        _options(job),
        beside_of(job),
        _sheet(job),
    )
    return {"extraction": found.as_json(), "fences": fences.as_json()}


def _options(job: dict[str, Any]) -> dict[str, Any]:
    """What extractors are told; where the model lies that came along is known here only."""
    options: dict[str, Any] = job["options"]
    if LEARNT_DESCRIPTOR in options:
        options = options | {LEARNT_DESCRIPTOR: options[LEARNT_DESCRIPTOR] | {"model": job["model"]}}
    return options


def _sheet(job: dict[str, Any]) -> Sheet | None:
    """Where it tells how far it is; looking goes on without one that can't be mapped."""
    try:
        return Sheet(int(job["sheet"].rpartition("/")[2])) if job.get("sheet") else None
    except (OSError, ValueError):
        return None


def beside_of(job: dict[str, Any]) -> Beside:
    """The files that belong to the one in question."""
    sidecar = Path(job["sidecar"]) if job.get("sidecar") else None
    return Beside(sidecar, tuple(Path(one) for one in job.get("fragments", ())))


def _attempts() -> dict[str, str]:
    """Try what the fences forbid, so that `fsck` and the tests can ask a real child what it can do."""
    import os
    import socket

    def outcome(action: Any) -> str:
        try:
            action()
        except OSError as error:
            return type(error).__name__
        return "allowed"

    return {
        "socket": outcome(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM).close()),
        "program": outcome(lambda: os.execv(sys.executable, [sys.executable, "-c", "pass"])),  # noqa: S606
    }


_KINDS: Final[dict[str, Callable[[dict[str, Any], Fences], dict[str, Any]]]] = {
    "sign": _sign,
    "crop": _crop,
    "samples": _samples,
    "stills": _stills,
    "transcode": _transcode,
    "fences": lambda job, fences: {"fences": fences.as_json(), "attempts": _attempts()},
    "specs": lambda job, fences: {"specs": specs()},
    "examine": _examine,
}


def main() -> int:
    job = json.loads(sys.stdin.readline())
    try:
        answer = run(job)
    except LedgerError as error:
        answer = {"error": {"class": type(error).__name__, "code": error.code, "what": error.what, "do": error.do}}
    json.dump(answer, sys.stdout, allow_nan=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
