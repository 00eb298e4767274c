"""The lab's own clip, and when it is measured: every month, by the worker, if the settings say so."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from api.services.drift import Measured, measure, record_missed
from api.services.services import Services
from ledger.errors import Refused
from ledger.media.recipes import RECIPES, Recipe
from ledger.media.signing import Claim
from ledger.rules.drift import measurements, month_of

SECONDS, SIZE, FPS = 4, (640, 360), 24  # eight frames that vote; small, so that a run is a minute of work
UNSIGNED: Final = "reference clip, unsigned"
SIGNED: Final = "reference clip, signed with this home's identity"


def run_lab(services: Services, recipes: Iterable[Recipe] = RECIPES, *, scheduled: bool = False) -> Measured:
    """Measures the lab's own clip, which is kept as a blob. Raises what `measure` raises."""
    from ledger.media.transcoding import transcoders_here  # brings libav; a worker has no other use for it

    with reference_clip(services) as (path, what):
        services.blobs.put(path.read_bytes())
        return measure(services, path, what, transcoders_here(), recipes, scheduled=scheduled)


def run_due(services: Services, *, monthly: bool, recipes: Iterable[Recipe] = RECIPES) -> Measured | None:
    """What the worker does each round: says which months were missed and, if `monthly`, measures the one in hand once."""
    record_missed(services)
    month = month_of(services.clock.now())
    if not monthly or any(body.month == month for _, body in measurements(services.ledger.history())):
        return None
    try:
        return run_lab(services, recipes, scheduled=True)
    except Refused as refused:
        if refused.code == "drift_month_measured":  # another worker was quicker
            return None
        raise


@contextmanager
def reference_clip(services: Services) -> Iterator[tuple[Path, str]]:
    """The clip and what it is called. Signed where there is an identity to sign with; without one C2PA is `not_present`."""
    from ops.demo.media import make_demo_clip

    with tempfile.TemporaryDirectory(prefix="countersign-") as folder:
        plain = make_demo_clip(Path(folder) / "plain.mp4", seconds=SECONDS, size=SIZE, fps=FPS)
        if services.signer is None:
            yield plain, UNSIGNED
            return
        digest = hashlib.sha256(plain.read_bytes()).hexdigest()
        signed = Path(folder) / "signed.mp4"
        assertion = {"origin": services.origin, "purpose": "drift lab", "unsigned_sha256": digest}
        services.signer.sign(plain, signed, Claim("Countersign drift lab", assertion))
        yield signed, SIGNED
