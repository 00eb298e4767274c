"""What an end took along, as a report: who had what, who answered when, what is open, and how long each step took."""

from __future__ import annotations

from datetime import datetime

from api.services.dossier import caught_up
from api.services.services import Services
from ledger.rules.consent_effects import ENDED, asked_of_holders
from ledger.rules.endings import answer_due
from projections.holdertables import Notified
from projections.rights import ConsentView
from schemas.api.endings import ConsentReport, EndCounts, EndRecord, NoticeRecord, Propagation, UntoldRecord
from schemas.base import format_instant, parse_instant


def consent_report(services: Services, consent: str, *, after: int = -1, limit: int = 500) -> ConsentReport:
    """As things stand now; `after` and `limit` page through the notices. Raises NotFound `consent_unknown`, Unavailable."""
    caught_up(services)
    now = services.clock.now()
    view = services.views.rights.consent(consent, now)
    end = _end(services, view)
    page = services.views.holders.of_basis(consent, after=after, limit=limit + 1)
    untold = services.views.holders.untold(consent)
    counts = _counts(services, consent)
    done = counts.files == counts.files_flagged and counts.clearances == counts.clearances_revoked
    return ConsentReport(
        consent=consent,
        person=view.person,
        at=format_instant(now),
        state=view.state,
        end=end,
        complete=bool(end and end.entry_index is not None and done and not counts.notices_open and not untold),
        counts=counts,
        propagation_seconds=propagation(services, consent, end),
        notices=tuple(notice_record(services, one) for one in page[:limit]),
        next_after=page[limit - 1].entry_index if len(page) > limit else None,
        told_to_nobody=tuple(UntoldRecord.model_validate(one.__dict__) for one in untold),
    )


def notice_record(services: Services, one: Notified) -> NoticeRecord:
    """One notice with the seconds from the end to each of its steps."""
    matter = services.views.holders.matter(one.about)
    ended_at = matter["since"] if matter and matter["kind"] != "expiring" else None
    steps = {
        "issued": one.issued_at,
        "delivered": one.delivered_at,
        "received": one.received_at,
        "answered": one.answered_at,
    }
    seconds = {name: _seconds(ended_at, at) for name, at in steps.items() if at is not None} if ended_at else {}
    by = (one.entry_index, one.delivered_by, one.failed_by, one.received_by, one.answered_by, one.overdue_by)
    same = ("notice", "holder", "kind", "entry_index", "standing", "open", "outcome", "due_at", "items")
    more = ("issued_at", "attempts", "delivered_at", "failed_why", "received_at", "answered_at", "done", "done_at")
    return NoticeRecord.model_validate(
        {
            **{name: getattr(one, name) for name in (*same, *more)},
            **{
                kind: one.basis if one.basis_kind == kind else None
                for kind in ("consent", "licence", "right", "clearance")
            },
            "about_entry": one.about,
            "overdue": one.overdue_by is not None,
            "entries": sorted(entry for entry in by if entry is not None),
            "seconds_from_end": seconds,
        }
    )


def recorded_end(services: Services, basis: str) -> EndRecord | None:
    """The end of a consent or a licence as an entry has it, or None while none does."""
    matter = services.views.holders.end_of(basis)
    if matter is None:
        return None
    recorded_at = next(services.ledger.read(after=matter["about"], limit=1)).recorded_at
    return EndRecord(
        how=matter["how"],
        ended_at=matter["since"],
        entry_index=matter["about"],
        recorded_at=format_instant(recorded_at),
        outcome=matter["outcome"],
        due_at=matter["due_at"],
    )


def _end(services: Services, view: ConsentView) -> EndRecord | None:
    """The recorded end; or the end that time has brought and nobody has recorded yet."""
    if (recorded := recorded_end(services, view.consent)) is not None:
        return recorded
    if view.state not in ENDED or view.granted is None:
        return None
    ended_at = view.granted.valid_until
    outcome, days = asked_of_holders(view.state)
    due_at = format_instant(answer_due(ended_at, days))
    times = {"ended_at": format_instant(ended_at), "recorded_at": None, "due_at": due_at}
    return EndRecord(how=view.state, entry_index=None, outcome=outcome, **times)


def _counts(services: Services, consent: str) -> EndCounts:
    views = services.views
    files, flagged = views.lineage.count_under(consent)
    clearances, revoked = views.clearance.count_under(consent)
    told = views.holders.counts(consent)
    return EndCounts(files=files, files_flagged=flagged, clearances=clearances, clearances_revoked=revoked, **told)


def propagation(services: Services, basis: str, end: EndRecord | None) -> Propagation | None:
    """Seconds from an end to the last notice, delivery and answer."""
    if end is None:
        return None
    last = services.views.holders.last_steps(basis)
    found = {name: _seconds(end.ended_at, at) if at else None for name, at in last.items()}
    return Propagation(block=0.0, **found)


def _seconds(since: str, until: str) -> float:
    then: datetime = parse_instant(since)
    return (parse_instant(until) - then).total_seconds()
