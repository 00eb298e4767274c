"""Sections of facts.json: files and their signals, generations, licences and caps, rules, approvals, labels."""

from __future__ import annotations

from collections.abc import Iterator

from api.services.facts_scene import Scene, signed_by
from ledger.history import bodies
from ledger.rules.licences import licence_state, usage
from ledger.rules.lineage import arrival, examination
from ledger.rules.weighing_rights import rights_of
from ledger.statement import Said
from schemas.facts import (
    ApprovalFact,
    FileFact,
    GenerationFact,
    LabelFact,
    LabelSeen,
    MarkFact,
    PolicyFact,
    UsageFact,
)
from schemas.statements.asset import AssetDerived, AssetImported
from schemas.statements.generation import GenerationFailed, GenerationRequested
from schemas.statements.licence import LicenceGranted
from schemas.statements.moderation import GenerationModerated
from schemas.statements.placement import PlacementEnded, PlacementObserved, PlacementRecorded
from schemas.statements.review import Review, ReviewApproved
from schemas.statements.rulepack import RulePackAdopted
from schemas.statements.trust import TrustListImported


def files_of(scene: Scene) -> Iterator[FileFact]:
    for name in scene.family:
        said = arrival(scene.history, name)
        if said is not None and isinstance(said.body, AssetImported | AssetDerived):
            yield _file(scene, name, said, said.body)


def _file(scene: Scene, name: str, said: Said, body: AssetImported | AssetDerived) -> FileFact:
    looked = examination(scene.history, name)
    told: dict[str, object] = {
        "asset": name,
        "disputed": name in scene.assets,
        "how": "imported",
        "size_bytes": body.size_bytes,
        "media_type": body.media_type,
        "arrived": said.index,
    }
    if isinstance(body, AssetDerived):
        told |= {"how": f"{body.relation} with {body.tool}", "parents": body.parents}
    else:
        told |= {"grade": body.evidence_grade, "provider_job": body.provider_job}
    if looked is not None:
        found, report = looked
        names = ("essence_sha256", "c2pa_state", "c2pa_ingredients_state", "manifest_sha256", "examination_sha256")
        told |= {"examined": found.index, **{one: getattr(report, one) for one in names}}
        kept = ("extractor", "algorithm", "version", "state")
        told["marks"] = tuple(MarkFact(**{one: getattr(mark, one) for one in kept}) for mark in report.findings)
    return FileFact.model_validate(told)


def generations_of(scene: Scene) -> Iterator[GenerationFact]:
    seen: set[str] = set()
    for said, request, asset in scene.origins:
        if request.generation not in seen:
            seen.add(request.generation)
            yield _generation(scene, said, request, asset)


def _generation(scene: Scene, said: Said, request: GenerationRequested, asset: str) -> GenerationFact:
    about = scene.history.about(f"generation:{request.generation}")
    moderated = [body for _, body in bodies(about, GenerationModerated)]
    failed = [body for _, body in bodies(about, GenerationFailed)]
    return GenerationFact(
        generation=request.generation,
        brief=request.brief,
        brief_version=request.brief_version,
        template=f"{request.template.name} {request.template.version}" if request.template else None,
        provider=request.provider,
        model=request.model,
        model_snapshot=request.model_snapshot,
        request_sha256=said.payload_sha256,
        references=tuple(one.sha256 for one in request.references),
        moderation=tuple(f"{one.by} {one.source}: {one.outcome}" for one in moderated),
        outcome=f"failed ({failed[0].code})" if failed else f"file {asset[:16]}",
        entries=tuple(one.index for one in about),
    )


def usage_of(scene: Scene) -> Iterator[UsageFact]:
    """One row for each cap of each licence, or one that says that there is none."""
    seen: set[str] = set()
    for right, ways in rights_of(scene.history, scene.family).items():
        for said, use in reversed(ways):
            if use.licence and use.licence not in seen:
                seen.add(use.licence)
                yield from _licence(scene, right, use.licence, said)


def _licence(scene: Scene, right: str, name: str, said: Said) -> Iterator[UsageFact]:
    state = licence_state(scene.history, name, scene.at)
    if (grant := state.grant) is None:
        return
    index = said.index if state.granted_by is None else state.granted_by
    shared: dict[str, object] = {"right": right, "licence": name}
    shared |= {"licensor": grant.licensor, "licensee": grant.licensee}
    shared |= {"state": state.state.replace("_", "-"), "entry": index}
    caps = list(_caps(scene, grant))
    for counted in caps or [{"counted": "none"}]:
        yield UsageFact.model_validate({**shared, **counted})


def _caps(scene: Scene, grant: LicenceGranted) -> Iterator[dict[str, object]]:
    if (cap := grant.caps.placements) is not None:
        yield {"counted": "placements", "cap": cap, "used": usage(scene.history, grant, "placements")}
    if (cap := grant.caps.assets) is not None:
        yield {"counted": "assets", "cap": cap, "used": usage(scene.history, grant, "assets")}
    if (cap := grant.caps.impressions) is not None:
        yield {"counted": "impressions", "cap": cap, "used": usage(scene.history, grant, "impressions")}


def policies_of(scene: Scene) -> Iterator[PolicyFact]:
    """Every adoption and every import, the superseded too: which of them applied is a matter of the instant."""
    for said, body in bodies(scene.history.about("rulepack:all", RulePackAdopted), RulePackAdopted):
        name = f"{body.pack} {body.version}"
        yield PolicyFact(kind="rules", name=name, sha256=body.pack_sha256, since=body.effective_at, entry=said.index)
    for found, trusted in bodies(scene.history.about("trust:all", TrustListImported), TrustListImported):
        yield PolicyFact(
            kind="trust-list",
            name=f"{trusted.list} ({trusted.kind})",
            sha256=trusted.list_sha256,
            since=found.recorded_at,
            entry=found.index,
        )


def approvals_of(scene: Scene) -> Iterator[ApprovalFact]:
    for said, body in scene.said(Review):
        yield ApprovalFact(
            asset=body.asset,
            gate=body.gate,
            approved=isinstance(body, ReviewApproved),
            actor=said.actor,
            roles=scene.roles(said),
            signed_by=signed_by(said),
            at=said.recorded_at,
            entry=said.index,
        )


def labels_of(scene: Scene) -> Iterator[LabelFact]:
    observed, ended = scene.said(PlacementObserved), scene.said(PlacementEnded)
    for said, body in scene.said(PlacementRecorded):
        seen = tuple(
            LabelSeen(at=one.observed_at, label=one.label_shown, entry=found.index)
            for found, one in observed
            if one.placement == body.placement and one.label_shown is not None
        )
        last = seen[-1].label if seen else body.label_shown
        end = next((one for _, one in ended if one.placement == body.placement), None)
        yield LabelFact(
            placement=body.placement,
            asset=body.asset,
            platform=body.platform,
            channel=body.channel,
            territory=body.territory,
            starts_at=body.starts_at,
            expected=body.label_expected,
            shown=body.label_shown,
            seen=seen,
            differs=body.label_expected is not None and last != body.label_expected,
            ended_at=end.ended_at if end else None,
            outcome=end.outcome if end else None,
            entry=said.index,
        )
