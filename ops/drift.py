"""The lab's own clip, and when it is measured: every month, by the worker, if the settings say so."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from api.services.drift import Measured, measure, record_missed
from api.services.services import Services
from ledger.errors import Refused
from ledger.media.recipes import RECIPES, Recipe
from ledger.media.signing import Claim
from ledger.media.watermarks import WatermarkWriter, engines
from ledger.rules.criteria import templates
from ledger.rules.drift import measurements, month_of

SECONDS, SIZE, FPS = 4, (640, 360), 24  # eight frames that vote; small, so that a run is a minute of work
MARKS_MAX: Final = 4  # one in each corner
LAB_PAYLOAD: Final = "c0de51a7"  # 32 bits: what every engine has room for


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
    """The clip and what it is called: with every visible mark that files are looked through for, an invisible one by each
    engine that can write, and signed where there is an identity to sign with. Without a mark, an engine or an identity those
    columns say `not_checked` and `not_present`.
    """
    from ops.demo.media import make_demo_clip

    with tempfile.TemporaryDirectory(prefix="countersign-") as folder:
        clip = make_demo_clip(Path(folder) / "plain.mp4", seconds=SECONDS, size=SIZE, fps=FPS)
        marks = _marks(services)
        if marks:
            from ops.drift_marks import marked

            clip = marked(clip, Path(folder) / "marked.mp4", marks)
        what = f"reference clip with {len(marks)} visible marks"
        if writers := [one for one in engines() if isinstance(one, WatermarkWriter)]:
            from ops.drift_marks import redrawn

            clip = redrawn(clip, Path(folder) / "watermarked.mp4", lambda pixels: _written(writers, pixels))
            what = f"{what}, {len(writers)} invisible"
        if services.signer is None:
            yield clip, f"{what}, unsigned"
            return
        assertion = {
            "origin": services.origin,
            "purpose": "drift lab",
            "unsigned_sha256": hashlib.sha256(clip.read_bytes()).hexdigest(),
        }
        signed = Path(folder) / "signed.mp4"
        services.signer.sign(clip, signed, Claim("Countersign drift lab", assertion))
        yield signed, f"{what}, signed with this home's identity"


def _written(writers: Sequence[WatermarkWriter], pixels: Any) -> Any:
    for one in writers:
        pixels = one.write(pixels, LAB_PAYLOAD)
    return pixels


def _marks(services: Services) -> list[tuple[bytes, int]]:
    """Pictures of the marks and how wide each is, in thousandths; those whose picture is here."""
    named = [one for one in templates(services.ledger.history()) if one.image_sha256]
    here = [one for one in named if services.blobs.has(str(one.image_sha256))]
    return [(services.blobs.get(str(one.image_sha256)), one.width_permille) for one in here[:MARKS_MAX]]
