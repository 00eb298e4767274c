"""The rights of others in a decision: for every right that the file's family rests on, may it be used for this, here, then?

A right may be used in one of several ways (a renewed licence beside the one that ran out); one that covers the question is
enough, and where none does, the newest one's reasons are given.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from ledger.errors import TooLarge
from ledger.history import History
from ledger.rules.contracts import newest_term
from ledger.rules.licences import Counted, licence_state, overlap, standing_licences, usage
from ledger.rules.medium import Medium, medium
from ledger.rules.rights import Title, title, uses
from ledger.rules.weighing import weigh
from ledger.statement import Said
from schemas.base import format_instant
from schemas.statements.clearance import Question, Weighed
from schemas.statements.licence import Caps, LicenceGranted, Terms
from schemas.statements.right import RightUsed

RIGHTS_MAX = 20  # rights in one file that a reviewer can weigh in one verdict; a placement names as many licences
Uses = Sequence[tuple[Said, RightUsed]]


def weigh_rights(history: History, family: Sequence[str], question: Question, at: datetime) -> Iterator[Weighed]:
    """Rows for every right; one `not_applicable` where none is named."""
    found = rights_of(history, family)
    if not found:
        yield weigh("licence", "not_applicable", "no_right_named", "no right of others is named for this file")
    for name, ways in found.items():
        yield from _weigh_right(history, name, ways, question, at)


def rights_of(history: History, family: Sequence[str]) -> dict[str, Uses]:
    """Rights by number, each with the statements that say that the family rests on it, newest first."""
    said = sorted((pair for name in family for pair in uses(history, name)), key=lambda pair: -pair[0].index)
    found: dict[str, list[tuple[Said, RightUsed]]] = {}
    for pair in said:
        found.setdefault(pair[1].right, []).append(pair)
    if len(found) > RIGHTS_MAX:
        raise TooLarge("rights_too_many", f"more than {RIGHTS_MAX} rights stand behind this file", "Clear its parts.")
    return dict(sorted(found.items(), key=lambda item: item[1][-1][0].index))


def licences_relied_on(history: History, family: Sequence[str], question: Question, at: datetime) -> tuple[str, ...]:
    """For each right that is used under a licence: the one that covers the question, else the newest."""
    chosen = []
    for name, ways in rights_of(history, family).items():
        way, _ = _best(history, name, ways, question, at)
        chosen += [way.licence] if way.licence else []
    return tuple(dict.fromkeys(chosen))


def _weigh_right(history: History, name: str, ways: Uses, question: Question, at: datetime) -> Iterator[Weighed]:
    held = title(history, name, at)
    if held is None:  # the door lets no such use in; a pack may have left the entry out
        yield weigh("title", "not_checked", "right_unknown", f"right {name} is not recorded", ways[0][0].index)
        return
    yield from _weigh_title(held, question)
    _, rows = _best(history, name, ways, question, at)
    yield from rows


def _best(
    history: History, name: str, ways: Uses, question: Question, at: datetime
) -> tuple[RightUsed, tuple[Weighed, ...]]:
    weighed = [(use, tuple(_weigh_way(history, name, said, use, question, at))) for said, use in ways]
    covering = (pair for pair in weighed if all(row.outcome == "pass" for row in pair[1]))
    return next(covering, weighed[0])


def standing_against(history: History, name: str, ways: Uses, question: Question, at: datetime) -> tuple[Weighed, ...]:
    """What stands against going on with what was cleared: nothing while one way covers it, caps left aside (SPEC S10.8)."""
    held = title(history, name, at)
    against = [] if held is None else [row for row in _weigh_title(held, question) if row.outcome == "fail"]
    found = [
        [row for row in rows if row.outcome != "pass" and not row.code.endswith("_exhausted")]
        for rows in (_weigh_way(history, name, said, use, question, at) for said, use in ways)
    ]
    return (*against, *(found[0] if all(found) else ()))


def _weigh_title(held: Title, question: Question) -> Iterator[Weighed]:
    body = held.right
    for gap in held.gaps:
        yield weigh("title", "not_checked", gap.code, gap.detail, gap.entry_index)
    if question.territory not in body.territories and "WORLD" not in body.territories:
        detail = f"{question.territory}; the right reaches to {', '.join(body.territories)}"
        yield weigh("title", "fail", "right_territory", detail, *held.entries)
    ends = body.valid_until
    if question.valid_from < body.valid_from or (ends is not None and question.valid_until > ends):
        yield weigh("title", "fail", "right_term", "the right is not held for all of that time", *held.entries)


def _weigh_way(
    history: History, name: str, said: Said, use: RightUsed, question: Question, at: datetime
) -> Iterator[Weighed]:
    if use.licence is None:
        yield _own(history, name, said, use, question, at)
        return
    state = licence_state(history, use.licence, at)
    if state.grant is None or state.state != "in_force":
        code = f"licence_{state.state}"
        yield weigh("licence", "fail", code, state.sentence(), said.index, *state.entries)
        return
    what = medium(history, question.asset)
    reasons = [
        *_outside("licence", state.grant.terms, question, what, state.granted_by),
        *_used_up(history, state.grant, state.grant.caps, state.granted_by),
        *_beyond_contract(history, state.grant, question, what),
    ]
    if reasons:
        yield from reasons
    else:
        yield weigh("licence", "pass", "licence_covers", state.sentence(), said.index, *state.entries)


def _own(history: History, name: str, said: Said, use: RightUsed, question: Question, at: datetime) -> Weighed:
    held = title(history, name, at)
    if held is None or held.holder != use.user:
        detail = f"{use.user} does not hold right {name}"
        return weigh("licence", "fail", "user_not_holder", detail, said.index, *(held.entries if held else ()))
    what = medium(history, question.asset)
    for other, grant in standing_licences(history, name):
        if grant.exclusivity == "exclusive" and overlap(grant.terms, _as_terms(question, what, grant.terms)):
            detail = f"licence {grant.licence} gives it to {grant.licensee} alone"
            return weigh("licence", "fail", "licensed_exclusively", detail, said.index, other.index)
    return weigh("licence", "pass", "right_held", f"{use.user} holds right {name}", said.index, *held.entries)


def _as_terms(question: Question, what: Medium, like: Terms) -> Terms:
    """A file of unknown medium may be whatever somebody else has alone."""
    media = {"media": (what.name,)} if what.name else {"media": like.media}
    return Terms(
        uses=(question.use,),
        channels=(question.channel,),
        territories=(question.territory,),
        **media,
        valid_from=question.valid_from,
        valid_until=question.valid_until,
    )


def _outside(paper: str, terms: Terms, question: Question, what: Medium, by: int | None) -> Iterator[Weighed]:
    checks = (
        ("use", question.use in terms.uses, f"{question.use}; licensed: {', '.join(terms.uses)}"),
        ("channel", question.channel in terms.channels, f"{question.channel}; licensed: {', '.join(terms.channels)}"),
        (
            "territory",
            question.territory in terms.territories or "WORLD" in terms.territories,
            f"{question.territory}; licensed: {', '.join(terms.territories)}",
        ),
        (
            "window",
            terms.valid_from <= question.valid_from and question.valid_until <= terms.valid_until,
            f"licensed from {format_instant(terms.valid_from)} until {format_instant(terms.valid_until)} (exclusive)",
        ),
    )
    for name, inside, detail in checks:
        if not inside:
            yield weigh("licence", "fail", f"{paper}_{name}_out_of_scope", detail, by)
    if what.name not in terms.media:
        detail = f"{what.name or 'unknown'}; licensed: {', '.join(terms.media)}"
        outcome, code = ("fail", f"{paper}_medium_out_of_scope") if what.name else ("not_checked", "medium_unknown")
        yield weigh("licence", outcome, code, detail, by, what.entry_index)


def _used_up(history: History, grant: LicenceGranted, caps: Caps, by: int | None) -> Iterator[Weighed]:
    """A cap that is reached lets nothing new happen; what is placed already stays placed."""
    rooms: tuple[tuple[Counted, int | None, int], ...] = (
        ("placements", caps.placements, 1),
        ("impressions", caps.impressions, 1),
        ("assets", caps.assets, 0),  # this file is counted already
    )
    for what, cap, room in rooms:
        if cap is not None and (used := usage(history, grant, what)) + room > cap:
            yield weigh("licence", "fail", f"licence_{what}_exhausted", f"{used} of {cap} {what} used", by)


def _beyond_contract(history: History, grant: LicenceGranted, question: Question, what: Medium) -> Iterator[Weighed]:
    """The contract may have changed since the licence was recorded; what is narrower counts."""
    found = newest_term(history, grant.source) if grant.source else None
    if found is None:
        return
    said, term = found
    if term.terminated:
        detail = f"contract {term.source.ref} is terminated by revision {term.source.revision}"
        yield weigh("licence", "fail", "contract_terminated", detail, said.index)
    yield from _outside("contract", term.terms, question, what, said.index)
    yield from _used_up(history, grant, term.caps, said.index)
