"""What ends when, as an iCalendar feed (RFC 5545): ends of consents, licences and rights with alarms before them, answers that
are due, and the clocks of disputes.

Times are in whole seconds, rounded down as the format has them. Ids and dates only: a calendar is copied to phones and to
other houses' servers, so it names nobody (ADR 025).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice

from icalendar import Alarm, Calendar, Event

from api.services.dossier import caught_up
from api.services.rules_due import rules_due
from api.services.services import Services
from schemas.base import parse_instant
from schemas.statements.notice import WARNING_DAYS

HORIZON = timedelta(days=400)  # a year and the notice periods that reach over its end
EVENTS_MAX = 2_000  # of each kind; more is no calendar but a report
CLOCK_ALARM = timedelta(hours=1)  # the shortest that a law sets is two hours
CALENDAR_TYPE = "text/calendar; charset=utf-8"


def calendar_feed(services: Services) -> bytes:
    """The feed as of now. The same ends have the same UIDs each time, so a reader updates instead of doubling."""
    caught_up(services)
    now = services.clock.now()
    calendar = Calendar()
    calendar.add("prodid", "-//Countersign//Ends and deadlines//EN")
    calendar.add("version", "2.0")
    calendar.add("name", f"Countersign: {services.origin}")
    for one in services.views.due.upcoming(now, HORIZON, EVENTS_MAX):
        event = _event(services, f"consent-{one.consent}", one.valid_until, f"Consent {one.consent} ends")
        event.add(
            "description", "From this instant nothing new is allowed under it, and what hangs on it is taken along."
        )
        for days in WARNING_DAYS:
            event.add_component(_alarm(timedelta(days=days), f"A consent ends in {days} day{'s' if days > 1 else ''}"))
        calendar.add_component(event)
    for notice in services.views.holders.open_until(EVENTS_MAX):
        due_at = parse_instant(notice.due_at or notice.issued_at)
        event = _event(services, f"notice-{notice.notice}", due_at, f"{notice.holder} has to answer ({notice.outcome})")
        event.add(
            "description",
            f"Notice {notice.notice} about {notice.basis_kind} {notice.basis}, {len(notice.items)} files.",
        )
        calendar.add_component(event)
    _add_ends(services, calendar, now)
    _add_clocks(services, calendar)
    _add_statutory(services, calendar, now)
    return bytes(calendar.to_ical())


def _add_ends(services: Services, calendar: Calendar, now: datetime) -> None:
    """Of licences and of the rights behind them. One that has no end, or whose end is recorded, is not there."""
    views = services.views
    ends = [("licence", *one) for one in views.holders.licences_ending(now, HORIZON, EVENTS_MAX)]
    ends += [("right", *one) for one in views.licensed.rights_ending(now, HORIZON, EVENTS_MAX)]
    for kind, name, until in ends:
        event = _event(services, f"{kind}-{name}", until, f"{kind.capitalize()} {name} ends")
        event.add("description", f"From this instant no use rests on this {kind} any more.")
        for days in WARNING_DAYS:
            event.add_component(_alarm(timedelta(days=days), f"A {kind} ends in {days} day{'s' if days > 1 else ''}"))
        calendar.add_component(event)


def _add_clocks(services: Services, calendar: Calendar) -> None:
    """Clocks of disputes that nobody met, those too that ran out and whose lapse is not recorded yet."""
    for one in services.views.disputes.running(EVENTS_MAX):
        name = f"dispute-{one.dispute}-{one.notice}-{one.pack}-{one.entry}"
        event = _event(services, name, one.due_at, f"Dispute {one.dispute}: {one.entry} runs out")
        event.add(
            "description", f"What was done on notice {one.notice} has to be done by then [{one.pack} {one.entry}]."
        )
        event.add_component(_alarm(CLOCK_ALARM, "A statutory clock runs out in an hour"))
        calendar.add_component(event)


def _add_statutory(services: Services, calendar: Calendar, now: datetime) -> None:
    """Dates of law within the horizon, and those that passed: they stay due. Each with the rule behind it."""
    dates = (one for one in rules_due(services, now).dates if parse_instant(one.due_at) <= now + HORIZON)
    for one in islice(dates, EVENTS_MAX):
        name = f"{one.what}-{one.person}-{one.rule.pack}-{one.rule.id}"
        event = _event(services, name, parse_instant(one.due_at), f"{one.person}: {one.what.replace('-', ' ')}")
        event.add(
            "description", f"{one.because} [{one.rule.pack} {one.rule.version} {one.rule.id}; {one.rule.citation}]"
        )
        calendar.add_component(event)


def _event(services: Services, name: str, at: object, summary: str) -> Event:
    event = Event()
    event.add("uid", f"{name}@{services.origin}")
    event.add("dtstamp", services.clock.now())
    event.add("dtstart", at)
    event.add("dtend", at)
    event.add("summary", summary)
    event.add("transp", "TRANSPARENT")
    return event


def _alarm(before: timedelta, text: str) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("trigger", -before)
    alarm.add("description", text)
    return alarm
