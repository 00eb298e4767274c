"""Disputes: opened, sighted, notified, answered, decided, closed; and what an open one holds (SPEC S17)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from ledger.errors import Reason
from ledger.history import History, bodies
from ledger.rules.assets import known
from ledger.rules.proposal import CLOCK_SKEW_MAX, Proposal, refuse, refuse_all
from ledger.rules.rulepacks import Case, Entry, entries_in_force
from ledger.statement import Said
from schemas.base import format_instant
from schemas.statements.dispute import (
    Clock,
    DisputeAnswered,
    DisputeClosed,
    DisputeDecided,
    DisputeMissed,
    DisputeNotified,
    DisputeOfFiles,
    DisputeOpened,
    DisputeSighted,
    DisputeStatement,
)

_OF_FILES = (DisputeOpened, DisputeDecided, DisputeClosed)
ClockState = Literal["running", "met", "missed"]


@dataclass(frozen=True)
class RunningClock:
    """One clock of one notice, at an instant. `closed_by`: the entry that met it or recorded that it was missed."""

    notice: str
    clock: Clock
    received_at: datetime
    state: ClockState
    closed_by: int | None = None


@dataclass(frozen=True)
class DisputeState:
    """A dispute by its entries, oldest first. `closed` ends the hold; `decided` does not."""

    dispute: str
    opened: Said
    opening: DisputeOpened
    decided: tuple[Said, DisputeDecided] | None
    closed: Said | None
    about: tuple[Said, ...]

    def clocks(self, at: datetime) -> Iterator[RunningClock]:
        """Every clock that a notice set going, in the order of the notices."""
        answers = {body.notice: (said, body) for said, body in bodies(self.about, DisputeAnswered)}
        missed = {(one.notice, one.pack, one.entry): said for said, one in bodies(self.about, DisputeMissed)}
        for _, notified in bodies(self.about, DisputeNotified):
            for clock in notified.clocks:
                lapse = missed.get((notified.notice, clock.pack, clock.entry))
                yield _running(notified, clock, answers.get(notified.notice), lapse, at)


def _running(
    notified: DisputeNotified,
    clock: Clock,
    answer: tuple[Said, DisputeAnswered] | None,
    lapse: Said | None,
    at: datetime,
) -> RunningClock:
    """An answer that came after the lapse was recorded says when it was done, and does not undo the record."""
    shared = (notified.notice, clock, notified.received_at)
    if lapse is not None and (answer is None or answer[0].index > lapse.index):
        return RunningClock(*shared, "missed", lapse.index)
    if answer is not None and answer[1].done_at <= clock.due_at:
        return RunningClock(*shared, "met", answer[0].index)
    over = answer is not None or at >= clock.due_at
    return RunningClock(*shared, "missed" if over else "running", lapse.index if lapse else None)


def dispute_state(history: History, dispute: str) -> DisputeState | None:
    """O(statements about it); None for one that nobody opened."""
    about = history.about(f"dispute:{dispute}")
    opened = bodies(about, DisputeOpened)
    if not opened:
        return None
    decided, closed = bodies(about, DisputeDecided), bodies(about, DisputeClosed)
    said, opening = opened[0]
    last = decided[-1] if decided else None
    return DisputeState(dispute, said, opening, last, closed[-1][0] if closed else None, tuple(about))


def disputes_about(history: History, asset: str) -> list[tuple[Said, DisputeOpened]]:
    return bodies(history.about(f"asset:{asset}", *_OF_FILES), DisputeOpened)


def holding(history: History, asset: str) -> Iterator[tuple[Said, DisputeOpened]]:
    """Disputes that nobody closed: each is a legal hold on the file."""
    closed = {body.dispute for _, body in bodies(history.about(f"asset:{asset}", *_OF_FILES), DisputeClosed)}
    yield from (pair for pair in disputes_about(history, asset) if pair[1].dispute not in closed)


def standing_in_the_way(history: History, asset: str) -> Iterator[Said]:
    """Disputes for which a file is not cleared: those not decided, and those that were upheld."""
    told = bodies(history.about(f"asset:{asset}", *_OF_FILES), DisputeDecided)
    outcomes = {body.dispute: body.outcome for _, body in told}
    for said, body in disputes_about(history, asset):
        if outcomes.get(body.dispute, "upheld") == "upheld":
            yield said


def clocks_set(history: History, event: str, territories: tuple[str, ...], at: datetime) -> tuple[Clock, ...]:
    """The clocks that the rules in force set going for an event received at an instant. Raises Unavailable
    `rulepack_missing`.
    """
    found = entries_in_force(history, at)
    timers = [one for one in found if one.kind == "timer" and one.values["event"] == event]
    return tuple(_clock(one, at) for one in timers if one.applies(Case(territories)))


def _clock(entry: Entry, at: datetime) -> Clock:
    due_at = at + timedelta(hours=int(entry.values["hours_max"]))
    return Clock(pack=entry.pack, version=entry.version, entry=entry.id, due_at=due_at)


# -- at the door -------------------------------------------------------------------------------------------------------


def accept_opening(proposal: Proposal, body: DisputeOpened, history: History, at: datetime) -> None:
    """Under a new number, about files that are here."""
    if history.about(f"dispute:{body.dispute}"):
        refuse("dispute_known", f"dispute {body.dispute} was opened before")
    for asset in body.assets:
        known(history, asset)


def accept_sighting(proposal: Proposal, body: DisputeSighted, history: History, at: datetime) -> None:
    """Of a file of the dispute, in the past, under a new number."""
    state = _open(history, body)
    if body.asset not in state.opening.assets:
        refuse("dispute_other_file", "the dispute is about other files", state.opened.index)
    if history.about(f"sighting:{body.sighting}"):
        refuse("sighting_known", f"sighting {body.sighting} was recorded before")
    _not_ahead(body.seen_at, at)


def accept_notice(proposal: Proposal, body: DisputeNotified, history: History, at: datetime) -> None:
    """Under a new number, in the past; its clocks are those of rules in force when it was received, to the minute."""
    state = _open(history, body)
    if any(one.notice == body.notice for _, one in bodies(state.about, DisputeNotified)):
        refuse("dispute_notice_known", f"notice {body.notice} was recorded before")
    _not_ahead(body.received_at, at)
    found = entries_in_force(history, body.received_at) if body.clocks else ()
    timers = [one for one in found if one.kind == "timer" and one.values["event"] == body.event]
    rightly = [_clock(one, body.received_at) for one in timers]
    refuse_all("its clocks are not those of the law", _false_clocks(body, rightly))


def _false_clocks(body: DisputeNotified, rightly: list[Clock]) -> Iterator[Reason]:
    for clock in body.clocks:
        if clock not in rightly:
            what = f"no rule in force sets {clock.entry} to {format_instant(clock.due_at)} for {body.event}"
            yield Reason("clock_not_in_force", what)


def accept_answer(proposal: Proposal, body: DisputeAnswered, history: History, at: datetime) -> None:
    """Once, of a notice that was recorded, not before it was received and not ahead of time."""
    state = _open(history, body)
    notified = _notice(state, body.notice)
    for said, answered in bodies(state.about, DisputeAnswered):
        if answered.notice == body.notice:
            refuse("dispute_notice_answered", "the notice was answered before", said.index)
    if body.done_at < notified.received_at:
        refuse("answered_before_received", "nothing is done on a notice before it is received")
    _not_ahead(body.done_at, at)


def accept_missed(proposal: Proposal, body: DisputeMissed, history: History, at: datetime) -> None:
    """Once, of a clock that ran out and that no answer met."""
    state = _open(history, body)
    _notice(state, body.notice)
    wanted = (body.notice, body.pack, body.entry, body.due_at)
    for one in state.clocks(at):
        if (one.notice, one.clock.pack, one.clock.entry, one.clock.due_at) == wanted:
            if one.closed_by is not None:
                refuse("clock_closed", f"that clock was {one.state} already", one.closed_by)
            if at < body.due_at:
                refuse("clock_running", "the clock is not over yet")
            return
    refuse("clock_unknown", "the notice set no such clock going")


def accept_decision(proposal: Proposal, body: DisputeDecided, history: History, at: datetime) -> None:
    """Once, naming every file of the dispute."""
    state = _open(history, body)
    _same_files(state, body)
    if state.decided is not None:
        refuse("dispute_decided", "the dispute was decided before", state.decided[0].index)


def accept_closing(proposal: Proposal, body: DisputeClosed, history: History, at: datetime) -> None:
    """Of what was decided, when every clock was met or recorded as missed."""
    state = _open(history, body)
    _same_files(state, body)
    if state.decided is None:
        refuse("dispute_undecided", "what nobody decided is not closed", state.opened.index)
    open_clocks = [one for one in state.clocks(at) if one.closed_by is None]
    what = "the clock of {} is {} and not recorded"
    refuse_all(
        "a clock is open", (Reason("clock_open", what.format(one.clock.entry, one.state)) for one in open_clocks)
    )


def _open(history: History, body: DisputeStatement) -> DisputeState:
    state = dispute_state(history, body.dispute)
    if state is None:
        refuse("dispute_unknown", f"nobody opened dispute {body.dispute}")
    if state.closed is not None:
        refuse("dispute_closed", f"dispute {body.dispute} is closed", state.closed.index)
    return state


def _notice(state: DisputeState, name: str) -> DisputeNotified:
    found = [body for _, body in bodies(state.about, DisputeNotified) if body.notice == name]
    if not found:
        refuse("dispute_notice_unknown", f"dispute {state.dispute} has no notice {name}", state.opened.index)
    return found[0]


def _same_files(state: DisputeState, body: DisputeOfFiles) -> None:
    if set(body.assets) != set(state.opening.assets):
        refuse("dispute_other_file", "name every file of the dispute and no other", state.opened.index)


def _not_ahead(instant: datetime, at: datetime) -> None:
    if instant > at + CLOCK_SKEW_MAX:
        refuse("dispute_in_future", "nobody saw or did it in a time to come")
