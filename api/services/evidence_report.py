"""report.html: the pack for people. One file without scripts or links; pseudonyms only, no free text that people wrote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template, select_autoescape

from api.services.evidence_figures import lineage, timeline
from api.services.evidence_matches import pairs_of
from api.services.evidence_outside import Bounds
from api.services.evidence_pairs import Frames
from api.services.evidence_svg import lineage_svg, timeline_svg
from ledger.history import bodies
from ledger.statement import Said
from schemas.base import format_instant
from schemas.evidence import PackClaim, PackManifest
from schemas.facts import PackFacts
from schemas.statements.asset import AssetDerived, AssetImported
from schemas.statements.consent import ConsentGranted, ConsentRequested
from schemas.statements.provider import ProviderRecordImported

_LAST_SECOND = 253_402_300_799  # of the year 9999


@dataclass(frozen=True)
class FileRow:
    """A file of the family and how it came to be."""

    asset: str
    how: str
    parents: tuple[str, ...]
    entry: int


@dataclass(frozen=True)
class ConsentRow:
    """A consent's scope and its state at every claim: (what, when, state)."""

    consent: str
    person: str
    granted: bool
    scope: str
    window: str
    states: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class TrailRow:
    """An entry as a line of the trail."""

    index: int
    recorded_at: str
    type: str
    actor: str
    signed_by: str
    why: str


def render_report(
    manifest: PackManifest,
    facts: PackFacts,
    found: Sequence[Said],
    verifier_sha256: str,
    vkeys: Sequence[str],
    bounds: Bounds,
    frames: Frames,
    shown: int = 0,
) -> bytes:
    """The page, UTF-8. A function of the pack's contents alone. `shown`: how many sealed fields it discloses."""
    why = {entry.index: entry.why for entry in manifest.entries}
    told, drawn = timeline(facts), lineage(facts)
    page = _template().render(
        pack=manifest,
        facts=facts,
        files_in_question=manifest.subject.files,
        made_at=format_instant(manifest.made_at),
        claims=manifest.claims,
        complete_to=manifest.horizon if manifest.index else None,
        now=[claim for claim in manifest.claims if claim.kind == "now"],
        files=_files(found),
        consents=_consents(found, manifest.claims),
        trail=[_trail_row(said, why[said.index]) for said in found],
        verifier_sha256=verifier_sha256,
        vkeys=[vkey.split("+")[0] + "+" + vkey.split("+")[1] for vkey in vkeys],
        instant=format_instant,
        now_word="As known then" if manifest.known else "At the time of this pack",
        shown=shown,
        witnessed=bounds.witnessed,
        cosigned=_cosigned(bounds),
        stamps=bounds.stamps,
        timeline=told,
        timeline_svg=timeline_svg(told) if told else "",
        lineage=drawn,
        lineage_svg=lineage_svg(drawn) if drawn.boxes else "",
        pairs=list(pairs_of(facts, frames)),
        pictured=bool(frames.content),
    )
    return page.encode("utf-8")


def _cosigned(bounds: Bounds) -> list[tuple[str, str]]:
    """Witnesses and the times that they state, which are theirs: nobody says that there is such a year."""
    cosigned = sorted(bounds.witnessed.cosigned.items()) if bounds.witnessed else []
    return [(name, format_instant(datetime.fromtimestamp(min(at, _LAST_SECOND), UTC))) for name, at in cosigned]


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("api", "web"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2")


def _files(found: Sequence[Said]) -> list[FileRow]:
    imported = [
        FileRow(body.asset, f"came in ({body.evidence_grade.replace('_', ' ')})", (), said.index)
        for said, body in bodies(found, AssetImported)
    ]
    kept = [
        FileRow(
            body.asset, f"known by the kept record of job {body.job} ({body.provider}, {body.model})", (), said.index
        )
        for said, body in bodies(found, ProviderRecordImported)
    ]
    derived = [
        FileRow(body.asset, f"{body.relation} with {body.tool}", body.parents, said.index)
        for said, body in bodies(found, AssetDerived)
    ]
    return sorted([*imported, *kept, *derived], key=lambda row: row.entry)


def _consents(found: Sequence[Said], claims: Sequence[PackClaim]) -> list[ConsentRow]:
    scopes = {body.consent: (body, False) for _, body in bodies(found, ConsentRequested)}
    granted = {body.consent: (body, True) for _, body in bodies(found, ConsentGranted)}
    rows = []
    for consent, (body, given) in {**scopes, **granted}.items():
        scope = f"{', '.join(body.uses)} on {', '.join(body.channels)} in {', '.join(body.territories)}"
        window = f"{format_instant(body.valid_from)} until {format_instant(body.valid_until)} (exclusive)"
        rows.append(
            ConsentRow(consent, body.person, given, f"{scope}; {', '.join(body.media)}", window, _over(claims, consent))
        )
    return rows


def _over(claims: Sequence[PackClaim], consent: str) -> tuple[tuple[str, str, str], ...]:
    """The consent's state at each claim's instant, one line an instant."""
    found = {
        (claim.kind, format_instant(claim.at), held.state): None
        for claim in claims
        for held in claim.consents
        if held.consent == consent
    }
    return tuple(found)


def _trail_row(said: Said, why: str) -> TrailRow:
    auth = said.statement.auth
    own = f"{said.actor}'s passkey" if said.passkey else f"{said.actor}'s own key"
    signed_by = f"the service, for {said.actor} ({auth.method})" if auth else own
    return TrailRow(said.index, format_instant(said.recorded_at), said.type, said.actor, signed_by, why)
