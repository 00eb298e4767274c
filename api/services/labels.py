"""Which label viewers should see of each placement, which they do see, and where the two differ."""

from __future__ import annotations

from datetime import datetime

from api.services.services import Services
from ledger.history import History, bodies
from ledger.rules.lineage import ancestors, arrival
from ledger.statement import Said
from schemas.api.rights import LabelsAnswer, LabelShape
from schemas.base import format_instant
from schemas.statements.asset import AssetImported
from schemas.statements.placement import PlacementEnded, PlacementObserved, PlacementRecorded


def labels(services: Services, at: datetime | None = None) -> LabelsAnswer:
    """Every placement that is not ended. O(placements)."""
    now = services.clock.now()
    history = services.ledger.history(as_of=at if at is not None and at < now else None)
    found = [
        _label(history, said, said.body)
        for said in services.ledger.read(types=[PlacementRecorded.TYPE])
        if isinstance(said.body, PlacementRecorded) and said.recorded_at <= (at or now)
        if history.last(f"placement:{said.body.placement}", PlacementEnded) is None
    ]
    found.sort(key=lambda one: (one.mismatch == "none", one.entry_index))
    wrong = sum(one.mismatch != "none" for one in found)
    return LabelsAnswer(at=format_instant(at or now), mismatches=wrong, placements=tuple(found))


def _label(history: History, said: Said, body: PlacementRecorded) -> LabelShape:
    seen = bodies(history.about(f"placement:{body.placement}", PlacementObserved), PlacementObserved)
    looks = [look.label_shown for _, look in seen if look.label_shown is not None]
    generated = _generated(history, body.asset)
    expected = body.label_expected or ("ai-generated" if generated else None)
    shown = looks[-1] if looks else body.label_shown
    mismatch = "none"
    if generated and expected in ("authentic-capture", "none"):
        mismatch = "label_contradicts_origin"
    elif expected is not None and shown is None:
        mismatch = "label_not_observed"
    elif expected != shown and expected is not None:
        mismatch = "label_differs"
    return LabelShape.model_validate(
        {
            "placement": body.placement,
            "asset_sha256": body.asset,
            "platform": body.platform,
            "url": body.url,
            "expected": expected,
            "shown": shown,
            "mismatch": mismatch,
            "entry_index": said.index,
        }
    )


def _generated(history: History, asset: str) -> bool:
    """Whether a generation stands behind the file: then it is not an authentic capture, whatever anybody says."""
    arrivals = (arrival(history, name) for name in ancestors(history, asset))
    return any(
        said is not None and isinstance(said.body, AssetImported) and said.body.generation is not None
        for said in arrivals
    )
