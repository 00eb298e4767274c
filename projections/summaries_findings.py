"""Sentences about where files came from, what others say of them, and what survives a transcoder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from projections.wording import file, joined
from schemas.statements import asset, drift, opinion, provider, reexamination, reverification


def _record(body: provider.ProviderRecordImported) -> str:
    words = {"job_in_name": "its number is in the file's name", "same_name": "both have one name"}
    how = words.get(body.paired_by, "they lay alone in a folder")
    got = f", downloaded on {body.downloaded_on.isoformat()}" if body.downloaded_on else ""
    return f"tied {file(body.asset)} to job {body.job} of {body.provider} ({body.model}) by its kept record{got}: {how}"


def _asked(body: opinion.OpinionAsked) -> str:
    what = joined(f"{one.kind} {one.sha256[:12]}…" for one in body.sent)
    return f"sent of {file(body.asset)} to {body.source} at {body.host}, which the settings allow: {what}"


def _given(body: opinion.OpinionGiven) -> str:
    said = joined(dict.fromkeys(f"{one.signal} {one.state.replace('_', ' ')}" for one in body.signals))
    return f"recorded what {body.source} said of {file(body.asset)}, beside its own findings: {said}"


def _measured(body: drift.DriftMeasured) -> str:
    lost = joined(dict.fromkeys(cell.preset for cell in body.cells if cell.c2pa.outcome in ("lost", "invalid")))
    told = f"; C2PA does not survive {lost}" if lost else ""
    return f"measured for {body.month} what of {file(body.source_sha256)} survives {len(body.cells)} presets{told}"


def _manifest(body: asset.ManifestIssued) -> str:
    return f"issued the C2PA manifest {body.manifest_sha256[:12]}… for {file(body.asset)}, to be kept beside it"


def _reverified(body: reverification.ClearanceReverified) -> str:
    why = f" ({joined(code.replace('_', ' ') for code in body.codes)})" if body.codes else ""
    now = f"{body.verdict}{why}, C2PA {body.c2pa_state}, parts {body.c2pa_ingredients_state}"
    return f"looked at clearance {body.clearance} of {file(body.asset)} again; the answer would be: {now}"


def _reexamined(body: reexamination.AssetReexamined) -> str:
    if body.outcome != "examined":
        why = "its bytes are not here" if body.outcome == "not_held" else f"the examination failed ({body.code})"
        return f"could not examine {file(body.asset)} by newer algorithms: {why}; entry {body.before} stands"
    parts = joined(one.extractor.replace("_", " ") for one in body.changes) or "nothing"
    near = f"; matches that changed: {len(body.matches)}" if body.matches else ""
    return f"examined {file(body.asset)} again by newer algorithms; what is newly made or says otherwise: {parts}{near}"


SENTENCES: dict[type, Callable[[Any], str]] = {
    asset.ManifestIssued: _manifest,
    reexamination.AssetReexamined: _reexamined,
    reverification.ClearanceReverified: _reverified,
    provider.ProviderRecordImported: _record,
    opinion.OpinionAsked: _asked,
    opinion.OpinionGiven: _given,
    drift.DriftMeasured: _measured,
    drift.DriftMonthMissed: lambda b: f"recorded that nobody measured what survives in {b.month}",
}
