"""Ends and notices: what a holder was told, what they answer, and what is still open of a consent that ended."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query
from starlette.responses import Response

from api.auth import Caller, CallerOf, GuardedRoute, ServicesOf
from api.limits import PAGE_ROWS_MAX
from api.problems import documented
from api.routes.records import own_person
from api.routes.statements import INDEX_MAX
from api.services.calendar import CALENDAR_TYPE, calendar_feed
from api.services.dossier import caught_up
from api.services.endings import consent_report, notice_record
from api.services.licences import licence_report
from api.services.services import Services
from api.services.statements import read_words, say_for
from ledger.errors import Forbidden, NotFound
from projections.holdertables import Notified
from schemas.api.endings import Acknowledgement, ConsentReport, FilesUnder, FileUnder, NoticeRecord, NoticeRecords
from schemas.api.licences import LicenceReport
from schemas.base import ActorId, Id
from schemas.statements.notice import NoticeAcknowledged

SEES_ALL = frozenset({"admin", "legal", "ip-steward"})
"""Roles that read every holder's notices; others read their own."""
After = Annotated[int, Query(ge=-1, le=INDEX_MAX, description="Notices with an entry index above this.")]
Limit = Annotated[int, Query(ge=1, le=PAGE_ROWS_MAX, description="Notices in one answer.")]
_CALENDAR = {
    "description": "The feed.",
    "content": {
        "text/calendar": {
            "schema": {"type": "string"},
            "example": "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Countersign//Ends and deadlines//EN\r\nEND:VCALENDAR\r\n",
        }
    },
}
router = APIRouter(prefix="/v1", tags=["records"], route_class=GuardedRoute)


@router.get(
    "/consents/{consent}/report",
    operation_id="get_consent_report",
    summary="What an end took along, who answered, what is open",
    responses=documented(400, 401, 403, 404, 503),
)
def get_consent_report(
    services: ServicesOf,
    caller: CallerOf,
    consent: Annotated[Id, Path(description="Its number.")],
    after: After = -1,
    limit: Limit = 100,
) -> ConsentReport:
    """As it stands now, with the seconds from the end to the last notice, delivery and answer."""
    caught_up(services)
    own_person(services, caller, services.views.rights.consent(consent, services.clock.now()).person)
    return consent_report(services, consent, after=after, limit=limit)


@router.get(
    "/licences/{licence}/report",
    operation_id="get_licence_report",
    summary="What a licence's end or its contract took along",
    responses=documented(400, 401, 403, 404, 503),
)
def get_licence_report(
    services: ServicesOf,
    licence: Annotated[Id, Path(description="Its number.")],
    after: After = -1,
    limit: Limit = 100,
) -> LicenceReport:
    """Who had something under it, who was told and answered when, what is open; how much of each cap is used."""
    return licence_report(services, licence, after=after, limit=limit)


@router.get(
    "/consents/{consent}/files",
    operation_id="list_consent_files",
    summary="Every file that hangs on a consent",
    responses=documented(400, 401, 403, 404, 503),
)
def list_consent_files(
    services: ServicesOf,
    caller: CallerOf,
    consent: Annotated[Id, Path(description="Its number.")],
    after: After = -1,
    limit: Limit = 100,
) -> FilesUnder:
    """The files of its generations and everything made from them, at whatever depth, with the flag for its end."""
    caught_up(services)
    own_person(services, caller, services.views.rights.consent(consent, services.clock.now()).person)
    found = services.views.lineage.under(consent, after=after, limit=limit + 1)
    page = tuple(FileUnder(asset=asset, entry_index=index, flagged_by=flag) for index, asset, flag in found[:limit])
    return FilesUnder(files=page, next_after=page[-1].entry_index if len(found) > limit else None)


@router.get(
    "/holders/{holder}/notices",
    operation_id="list_holder_notices",
    summary="What a holder was told",
    responses=documented(400, 401, 403, 503),
)
def list_holder_notices(
    services: ServicesOf,
    caller: CallerOf,
    holder: Annotated[ActorId, Path(description="The holder's name as an actor.")],
    after: After = -1,
    limit: Limit = 100,
) -> NoticeRecords:
    """Oldest first. A holder reads their own; so whoever has no endpoint, or missed a delivery, misses no notice."""
    _own(caller, holder)
    caught_up(services)
    found = services.views.holders.of_holder(holder, after=after, limit=limit + 1)
    page = tuple(notice_record(services, one) for one in found[:limit])
    return NoticeRecords(notices=page, next_after=page[-1].entry_index if len(found) > limit else None)


@router.get(
    "/notices/{notice}",
    operation_id="get_notice",
    summary="A notice and what became of it",
    responses=documented(400, 401, 403, 404, 503),
)
def get_notice(
    services: ServicesOf, caller: CallerOf, notice: Annotated[Id, Path(description="Its number.")]
) -> NoticeRecord:
    """Issued, delivered, received, answered or overdue, each with its entry."""
    return notice_record(services, _notice(services, caller, notice))


@router.post(
    "/notices/{notice}/acknowledgements",
    operation_id="acknowledge_notice",
    summary="Answer a notice",
    status_code=201,
    responses=documented(400, 401, 403, 404, 409, 413, 503),
)
def acknowledge_notice(
    services: ServicesOf,
    caller: CallerOf,
    notice: Annotated[Id, Path(description="Its number.")],
    answer: Acknowledgement,
    statement_id: Annotated[
        Id | None, Header(alias="Idempotency-Key", description="A UUIDv7; the same call again is the same answer.")
    ] = None,
) -> NoticeRecord:
    """The holder's own word, recorded with the log's time: `received` first if they like, then what was done, once."""
    found = _notice(services, caller, notice)
    words = {"notice": notice, "holder": found.holder, **answer.model_dump(mode="json", exclude_none=True)}
    said = read_words(NoticeAcknowledged.TYPE, words, {}, None)
    say_for(services, said, actor=caller.actor, statement_id=statement_id)
    return notice_record(services, _notice(services, caller, notice))


@router.get(
    "/calendar.ics",
    operation_id="get_calendar",
    summary="What ends when, as a calendar",
    response_class=Response,
    responses={**documented(401, 403, 503), 200: _CALENDAR},
)
def get_calendar(services: ServicesOf) -> Response:
    """iCalendar (RFC 5545): ends of consents within 400 days with alarms, and answers that are due. It names nobody."""
    return Response(calendar_feed(services), media_type=CALENDAR_TYPE, headers={"Cache-Control": "private, no-store"})


def _notice(services: Services, caller: Caller, notice: str) -> Notified:
    caught_up(services)
    found = services.views.holders.notice(notice)
    if found is None:
        raise NotFound("notice_unknown", "no notice of this number was issued", "Check the number.")
    _own(caller, found.holder)
    return found


def _own(caller: Caller, holder: str) -> None:
    if caller.actor != holder and not caller.roles & SEES_ALL:
        raise Forbidden("not_your_notice", f"{caller.actor} is not {holder}", "Read your own notices.")
