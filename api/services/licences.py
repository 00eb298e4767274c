"""A licence as a report: who had what under it, what its end or its contract took along, who answered when, what is open."""

from __future__ import annotations

from datetime import datetime

from api.services.dossier import caught_up
from api.services.endings import notice_record, propagation, recorded_end
from api.services.services import Services
from ledger.errors import NotFound
from ledger.history import History
from ledger.rules.contracts import newest_term
from ledger.rules.endings import answer_due
from ledger.rules.licences import Counted, LicenceState, licence_state, usage
from ledger.rules.rights import right
from schemas.api.endings import EndCounts, EndRecord, UntoldRecord
from schemas.api.licences import CapRecord, ChangeRecord, ContractRecord, HeldRecord, LicenceReport, LicensedFile
from schemas.base import format_instant
from schemas.statements.licence import LicenceGranted

FILES_SHOWN = 100  # of a licence's files in one report; all are counted
_COUNTED: tuple[Counted, ...] = ("placements", "assets", "impressions")


def licence_report(services: Services, licence: str, *, after: int = -1, limit: int = 500) -> LicenceReport:
    """As things stand now; `after` and `limit` page through the notices. Raises NotFound `licence_unknown`, Unavailable."""
    caught_up(services)
    now, history, views = services.clock.now(), services.ledger.history(), services.views
    state = licence_state(history, licence, now)
    grant = state.grant
    if grant is None or state.granted_by is None:
        raise NotFound("licence_unknown", "no licence of this number was granted", "Check the number.")
    end, contract = _end(services, state, now), _contract(history, grant)
    page = views.holders.of_basis(licence, after=after, limit=limit + 1)
    untold = views.holders.untold(licence)
    counts = _counts(services, licence)
    return LicenceReport(
        licence=licence,
        right=grant.right,
        title=_title(history, grant.right),
        licensor=grant.licensor,
        licensee=grant.licensee,
        at=format_instant(now),
        state=state.state,
        valid_from=format_instant(grant.terms.valid_from),
        valid_until=format_instant(grant.terms.valid_until),
        granted_by=state.granted_by,
        contract=contract,
        changes=tuple(ChangeRecord.model_validate(one) for one in views.holders.changes_of(licence)),
        end=end,
        complete=_over(end, contract) and not (_left(services, licence) or counts.notices_open or untold),
        counts=counts,
        caps=tuple(
            CapRecord(what=what, used=usage(history, grant, what), cap=getattr(grant.caps, what)) for what in _COUNTED
        ),
        propagation_seconds=propagation(services, licence, end),
        files=tuple(
            LicensedFile(asset=asset, flagged=flagged)
            for asset, flagged in views.licensed.files_under(licence, FILES_SHOWN)
        ),
        held=tuple(HeldRecord(party=p, kind=k, count=n) for p, k, n in views.holders.held_under(licence)),
        notices=tuple(notice_record(services, one) for one in page[:limit]),
        next_after=page[limit - 1].entry_index if len(page) > limit else None,
        told_to_nobody=tuple(UntoldRecord.model_validate(one.__dict__) for one in untold),
    )


def _end(services: Services, state: LicenceState, now: datetime) -> EndRecord | None:
    """The recorded end; or the end that time has brought and nobody has recorded yet."""
    recorded = recorded_end(services, state.licence)
    if recorded is not None or state.grant is None or state.state != "expired":
        return recorded
    until, at_end = state.grant.terms.valid_until, state.grant.at_end
    return EndRecord(
        how="expired",
        ended_at=format_instant(until),
        entry_index=None,
        recorded_at=None,
        outcome=at_end.outcome,
        due_at=format_instant(answer_due(until, at_end.days)),
    )


def _contract(history: History, grant: LicenceGranted) -> ContractRecord | None:
    if grant.source is None:
        return None
    found = newest_term(history, grant.source)
    named = {"system": grant.source.system, "ref": grant.source.ref}
    if found is None:
        return ContractRecord(**named, revision=grant.source.revision, entry_index=None, terminated=False)
    said, term = found
    return ContractRecord(**named, revision=term.source.revision, entry_index=said.index, terminated=term.terminated)


def _title(history: History, name: str) -> str:
    found = right(history, name)
    return found[1].title if found is not None else ""


def _over(end: EndRecord | None, contract: ContractRecord | None) -> bool:
    ended = end is not None and end.entry_index is not None
    return ended or (contract is not None and contract.terminated)


def _left(services: Services, licence: str) -> int:
    return services.views.licensed.left_under(licence) + services.views.holders.waiting(licence)


def _counts(services: Services, licence: str) -> EndCounts:
    views = services.views
    files, flagged = views.licensed.count_under(licence)
    clearances, revoked = views.licensed.clearances_under(licence)
    told = views.holders.counts(licence)
    return EndCounts(files=files, files_flagged=flagged, clearances=clearances, clearances_revoked=revoked, **told)
