"""What is known of one file at an instant, put together for people and programs that ask: log first, views to find the rest.

Nothing here decides anything. Each part says which entry it was read from.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from api.limits import VIEW_WAIT_S
from api.services.consents import consent_answer
from api.services.looking import recorded_json
from api.services.opinions import opinions_of
from api.services.origins import evidence_answer
from api.services.services import Services
from ledger.errors import NotFound
from ledger.history import History, bodies
from ledger.media.c2pa_report import C2paReport
from ledger.rules.lineage import arrival, examination, flags
from ledger.statement import Said
from projections.clearance import ClearanceView
from projections.rights import RightsView
from schemas.api.assets import (
    ArrivalShape,
    AssetAnswer,
    ClearanceSummary,
    EdgeShape,
    ExaminationShape,
    FlagShape,
    LineageAnswer,
    OriginShape,
    ReviewShape,
    TrailRowShape,
)
from schemas.api.records import RightsAnswer
from schemas.base import format_instant
from schemas.statements.asset import AssetExamined
from schemas.statements.review import Review, ReviewApproved, ReviewRejected


@dataclass(frozen=True)
class Dossier:
    """A file that is in the ledger, and the history that it is read from."""

    services: Services
    asset: str
    at: datetime
    history: History
    arrived: Said

    # -- the file itself -----------------------------------------------------------------------------------------

    def summary(self) -> AssetAnswer:
        found = examination(self.history, self.asset)
        line = self.lineage()
        here = line.family.index(self.asset)
        return AssetAnswer(
            asset_sha256=self.asset,
            at=format_instant(self.at),
            arrival=_arrival(self.arrived),
            evidence=evidence_answer(self.history, self.asset),
            examination=self._examination(*found) if found else None,
            opinions=opinions_of(self.history, self.asset),
            reviews=tuple(self._reviews()),
            clearances=tuple(_clearance(view, self.at) for view in self._clearances()),
            flags=tuple(
                FlagShape(
                    entry_index=said.index,
                    at=format_instant(said.recorded_at),
                    cause=body.cause,
                    consent=body.consent,
                    detail=body.detail,
                )
                for said, body in flags(self.history, self.asset)
            ),
            ancestors=line.family[:here],
            descendants=line.family[here + 1 :],
            not_checked=not_checked(found[1]) if found else ("examination",),
            reviewable=found is not None and found[1].c2pa_state != "not_checked",
        )

    def _examination(self, said: Said, body: AssetExamined) -> ExaminationShape:
        kept = recorded_json(self.services, self.history, self.asset)
        report = C2paReport.from_json(kept) if kept else None
        return ExaminationShape(
            entry_index=said.index,
            at=format_instant(said.recorded_at),
            c2pa_state=body.c2pa_state,
            c2pa_ingredients_state=body.c2pa_ingredients_state,
            c2pa_signing_state=report.signing_state if report else "not_checked",
            c2pa_signed_at=report.signed_at if report else None,
            c2pa_issuer=report.issuer if report else None,
            c2pa_engine=report.version if report else None,
            c2pa_trust_sha256=report.trust_sha256 if report else None,
            c2pa_checked_at=report.checked_at if report else None,
            c2pa_report_sha256=kept["raw_report_sha256"] if kept else None,
            manifest_sha256=body.manifest_sha256,
            essence_sha256=body.essence_sha256,
            frames=body.frames,
            findings=body.findings,
        )

    def name(self) -> str | None:
        """What people call it: its own title, else its nearest titled ancestor's."""
        for asset in [self.asset, *reversed(self.lineage().family)]:
            said = arrival(self.history, asset)
            if said is not None and (title := said.body.as_json().get("title")):
                return str(title)
        return None

    def _reviews(self) -> Iterable[ReviewShape]:
        said = self.history.about(f"asset:{self.asset}", ReviewApproved, ReviewRejected)
        for entry, body in bodies(said, Review):
            yield ReviewShape(
                entry_index=entry.index,
                at=format_instant(entry.recorded_at),
                gate=body.gate,
                actor=entry.actor,
                approved=isinstance(body, ReviewApproved),
                comment=body.comment,
            )

    def _clearances(self) -> list[ClearanceView]:
        views = self.services.views.clearance.of_asset(self.asset)
        return [view for view in views if view.recorded_at <= self.at]

    # -- what it hangs on ----------------------------------------------------------------------------------------

    def rights(self) -> RightsAnswer:
        """The consents behind the file, each as it stood at the instant."""
        found: RightsView = self.services.views.rights.rights(self.asset, self.at)
        return RightsAnswer(
            asset_sha256=self.asset,
            at=format_instant(self.at),
            all_given=found.all_given,
            consents=tuple(consent_answer(view) for view in found.consents),
        )

    def lineage(self) -> LineageAnswer:
        """Its line, how each was made, and the generations behind them."""
        view = self.services.views.lineage
        family = [name for name in view.family(self.asset) if self._here_by_then(name)]
        return LineageAnswer(
            asset_sha256=self.asset,
            family=tuple(family),
            edges=tuple(EdgeShape.model_validate(vars(edge)) for edge in view.edges(family)),
            origins=tuple(OriginShape.model_validate(vars(origin)) for origin in view.origins(family)),
        )

    def _here_by_then(self, asset: str) -> bool:
        return self.history.as_of is None or arrival(self.history, asset) is not None

    def trail(self) -> list[TrailRowShape]:
        """Every statement about it and what it rests on, oldest first, as far as recorded by the instant."""
        return [
            TrailRowShape(
                entry_index=row.index,
                recorded_at=format_instant(row.recorded_at),
                occurred_at=format_instant(row.occurred_at),
                type=row.type,
                actor=row.actor,
                sentence=row.summary,
            )
            for row in self.services.views.audit_trail.trail(self.asset)
            if row.recorded_at <= self.at
        ]


def dossier(services: Services, asset: str, at: datetime | None = None) -> Dossier:
    """Raises NotFound `asset_unknown` (also for a file that came later than `at`), Unavailable from a view."""
    now = services.clock.now()
    history = services.ledger.history(as_of=at if at is not None and at < now else None)
    arrived = arrival(history, asset)
    if arrived is None:
        raise NotFound("asset_unknown", "no file with this digest is in the ledger", "Import it first.")
    caught_up(services)
    return Dossier(services, asset, at or now, history, arrived)


def caught_up(services: Services) -> None:
    """So that whoever just said something also reads it. Raises Unavailable `view_behind`."""
    services.views.wait_for(services.ledger.store.size(), VIEW_WAIT_S)


def not_checked(body: AssetExamined) -> tuple[str, ...]:
    """Extractors that did not look, or fell over."""
    return tuple(found.extractor for found in body.findings if found.state in ("not_checked", "failed"))


def _arrival(said: Said) -> ArrivalShape:
    body = said.body.as_json()
    return ArrivalShape(
        entry_index=said.index,
        at=format_instant(said.recorded_at),
        actor=said.actor,
        type=said.type,
        media_type=body["media_type"],
        size_bytes=body["size_bytes"],
        parents=tuple(body.get("parents", ())),
        **{name: body.get(name) for name in ("title", "evidence_grade", "generation", "relation")},
    )


def _clearance(view: ClearanceView, at: datetime) -> ClearanceSummary:
    return ClearanceSummary(
        clearance=view.clearance,
        entry_index=view.entry_index,
        standing=view.standing(at),
        in_force=view.in_force(at),
        use=view.use,
        channel=view.channel,
        territory=view.territory,
        valid_from=format_instant(view.valid_from),
        valid_until=format_instant(view.valid_until),
        revoked_by=view.revocation.entry_index if view.revocation else None,
    )
