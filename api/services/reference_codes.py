"""The codes of a reference, wherever they are: of a work among the view's rows, of a person's picture in the vault."""

from __future__ import annotations

from collections.abc import Sequence

from api.services.services import Services
from ledger.errors import Gone
from ledger.media.findings import FRAMED_ALGORITHM, FrameCode
from ledger.media.local_features import Points
from ledger.statement import Opening
from projections.alignment import Frames
from projections.comparison import voting_frames
from projections.matchbook import Reference
from projections.matches import Runs
from projections.matchpolicy import MatchPolicy
from projections.matchrows import PLAIN
from schemas.statements.reference import SealedCodes


def runs_of_reference(services: Services, one: Reference, policy: MatchPolicy) -> Runs:
    """A reference's codes that may vote. Nothing for a person's picture that was erased.

    Of a person's picture they come from the vault for this call and are kept nowhere.
    """
    if one.media is not None:
        return services.views.matches.runs(one.media, "reference", policy)
    try:
        opened = services.ledger.vault.open(one.statement, "/body/codes")
    except Gone:
        return {}
    if not isinstance(opened, Opening):
        return {}
    return _opened(SealedCodes.model_validate(opened.value), policy)


def features_of_reference(services: Services, one: Reference) -> Sequence[Points]:
    """Its local features. Of a person's picture none are kept."""
    return services.views.matches.features(one.media, "reference") if one.media is not None else ()


def _opened(codes: SealedCodes, policy: MatchPolicy) -> Runs:
    by_variant: dict[str, list[FrameCode]] = {}
    for frame in codes.frames:
        by_variant.setdefault(frame.variant, []).append(FrameCode(frame.t_ms, frame.pdq, frame.quality, ""))
    found: dict[str, list[tuple[str, Frames]]] = {}
    for variant, run in by_variant.items():
        algorithm = codes.algorithm if variant == PLAIN else FRAMED_ALGORITHM
        found.setdefault(algorithm, []).append((variant, voting_frames(run, policy)))
    return found
