"""One clip from verification to evidence, against hashing it and reading its manifest bare."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from rich.console import Console

from api.services.circumstances import Circumstances
from api.services.evidence import write_pack
from api.services.searching import search_file
from api.services.services import Services
from api.services.verification import verify_file
from ledger.proof.pack import check_pack
from ops.bench.bare import read_bare
from ops.bench.figures import Figure, median_seconds
from ops.demo.run import run_demo
from ops.demo.story import CHANNEL, TERRITORY, USE
from ops.wiring import services_of

RUNS = 5
ASKED = Circumstances(use=USE, territory=TERRITORY, channel=CHANNEL)


def clip_figures(folder: Path) -> list[Figure]:
    """Times on the demo's own clip, in a home that the demo left."""
    home = folder / "demo"
    run_demo(home, None, Console(quiet=True))
    with services_of(home) as services:
        return _figures(services, home)


def _figures(services: Services, home: Path) -> list[Figure]:
    signed, copy, pack = home / "signed.mp4", home / "reencoded.mp4", home / "evidence.zip"
    at = services.clock.now() - timedelta(minutes=1)
    bare = median_seconds(lambda: read_bare(signed), RUNS)
    read = median_seconds(lambda: hashlib.sha256(pack.read_bytes()).digest(), RUNS)
    asset = hashlib.sha256(signed.read_bytes()).hexdigest()
    work: list[tuple[str, Callable[[], object], str, float]] = [
        ("verify a re-encoded copy", lambda: verify_file(services, copy, ASKED, at), "c2pa.Reader + SHA-256", bare),
        ("search a clip", lambda: search_file(services, copy, "all"), "c2pa.Reader + SHA-256", bare),
        ("write the pack", lambda: _write(services, asset, home / "again.zip"), "SHA-256 of the pack", read),
        ("check the pack", lambda: check_pack(pack.read_bytes(), None), "SHA-256 of the pack", read),
    ]
    return [Figure(name, median_seconds(job, RUNS), baseline, seconds) for name, job, baseline, seconds in work]


def _write(services: Services, asset: str, out: Path) -> None:
    out.unlink(missing_ok=True)
    write_pack(services.ledger, services.index, services.blobs, asset, out, at=services.clock.now())
