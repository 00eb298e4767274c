"""Custody in facts.json: who had a file or its evidence in hands, event by event, and what that does not cover.

After ISO/IEC 27037: identification, collection and acquisition are imports with their grade; preservation is the log itself;
whoever examined, changed, published, captured or took evidence away is a handler.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from api.services.facts_scene import Scene, signed_by
from ledger.rules.lineage import arrival, examination
from ledger.statement import Said
from schemas.facts import CustodyFact, CustodyGap
from schemas.statements.asset import AssetDerived, AssetExamined, AssetImported
from schemas.statements.dispute import DisputeClosed, DisputeDecided, DisputeOpened, DisputeSighted
from schemas.statements.erasure import FieldDisclosed, HoldPlaced, HoldReleased
from schemas.statements.evidence import EvidenceExported
from schemas.statements.placement import PlacementRecorded

_GRADES = {
    "gateway_captured": "fetched from the provider by this ledger",
    "provider_record": "tied to its generation by a record of the provider's",
    "self_declared": "its origin is somebody's own word",
}
_Told = Callable[[Any], tuple[str, str, str | None]]
"""A body's event, what happened, and the file."""
_EVENTS: dict[type, _Told] = {
    AssetImported: lambda b: ("imported", f"taken in, {b.media_type}; {_GRADES[b.evidence_grade]}", b.asset),
    AssetExamined: lambda b: ("examined", f"examined by {len(b.findings)} extractors, report kept by digest", b.asset),
    AssetDerived: lambda b: ("derived", f"{b.relation} with {b.tool}: a new file", b.asset),
    PlacementRecorded: lambda b: ("placed", f"published on {b.platform}", b.asset),
    HoldPlaced: lambda b: ("held", f"legal hold in matter {b.matter}", b.asset),
    HoldReleased: lambda b: ("released", f"legal hold in matter {b.matter} released", b.asset),
    DisputeOpened: lambda b: ("held", f"dispute in matter {b.matter} opened: held until it is closed", b.assets[0]),
    DisputeSighted: lambda b: ("captured", f"a copy captured on {b.platform} ({b.capture})", b.asset),
    DisputeDecided: lambda b: ("decided", f"the dispute was decided: {b.outcome}", b.assets[0]),
    DisputeClosed: lambda b: ("released", "the dispute was closed, its hold released", b.assets[0]),
    FieldDisclosed: lambda b: ("disclosed", f"{b.pointer} of statement {b.statement} shown to {b.to}", None),
    EvidenceExported: lambda b: ("exported", _exported(b), b.assets[0]),
}


def _exported(body: EvidenceExported) -> str:
    whom = f" for {body.reader}" if body.reader else ""
    by = f", asked for by {body.requested_by}" if body.requested_by else ""
    return f"evidence pack {body.pack_sha256[:16]} written{whom}{by}, {body.entries} entries"


def custody_of(scene: Scene) -> Iterator[CustodyFact]:
    """Oldest first. Of people: holds on those whose likeness is in the files, and what of theirs was shown to whom."""
    people = sorted({cameo.person for _, request, _ in scene.origins for cameo in request.cameos})
    said = {one.index: one for one in scene.about_files}
    for name in people:
        for one in scene.history.about(f"person:{name}", HoldPlaced, HoldReleased, FieldDisclosed):
            said[one.index] = one
    for index in sorted(said):
        told = _EVENTS.get(type(said[index].body))
        if told is not None:
            yield _event(said[index], *told(said[index].body))


def _event(said: Said, event: str, what: str, asset: str | None) -> CustodyFact:
    grade = said.body.evidence_grade if isinstance(said.body, AssetImported) else None
    shape = {"at": said.recorded_at, "event": event, "asset": asset, "handler": said.actor, "what": what[:300]}
    return CustodyFact.model_validate({**shape, "signed_by": signed_by(said), "grade": grade, "entry": said.index})


def gaps_in_custody(scene: Scene) -> Iterator[CustodyGap]:
    """Said plainly: before a file came nobody here saw it, and between two events the log shows bytes and no hands."""
    for name in scene.family:
        said = arrival(scene.history, name)
        if said is not None and isinstance(said.body, AssetImported):
            yield from _before(name, said, said.body)
        if examination(scene.history, name) is None:
            what = "nobody examined it: what it says of itself is not known"
            yield CustodyGap(code="never-examined", asset=name, detail=what)
    for name in scene.assets:
        what = "between its events the log shows that the bytes stayed the same, not in whose hands copies of them were"
        yield CustodyGap(code="between-events", asset=name, detail=what)


def _before(name: str, said: Said, body: AssetImported) -> Iterator[CustodyGap]:
    if body.evidence_grade != "gateway_captured":
        what = f"where it was before entry {said.index} is not recorded: {_GRADES[body.evidence_grade]}"
        yield CustodyGap(code=f"before-import-{body.evidence_grade}", asset=name, detail=what, entry=said.index)
    if body.generation is None:
        what = "no generation is named for it: with what it was made is not known"
        yield CustodyGap(code="no-generation", asset=name, detail=what, entry=said.index)
