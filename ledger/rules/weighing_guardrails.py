"""The do-not-generate list in a decision: does the file, what it was made from, or a prompt behind it fall under an entry?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from ledger.history import History, bodies
from ledger.rules.guardrails import Entry, listed, looked_at, looks_for, open_names, screening
from ledger.rules.lineage import arrival
from ledger.rules.weighing import weigh
from ledger.screening.matching import find
from ledger.statement import Said
from schemas.statements.clearance import Question, Weighed
from schemas.statements.generation import GenerationRequested
from schemas.statements.guardrail import GuardrailMatched

ROWS_MAX = 20  # reasons named; more say the same
Requests = Sequence[tuple[Said, GenerationRequested]]


def weigh_guardrails(
    history: History, family: Sequence[str], requests: Requests, question: Question, at: datetime
) -> Iterator[Weighed]:
    """Every match and everything that nobody looked at, or one row that all is clear."""
    entries = [one for one in listed(history, at) if _concerns(one, question)]
    if not entries:
        yield weigh("guardrail", "not_applicable", "nothing_listed", "nothing on the list concerns this use")
        return
    found = list(_against(history, entries, family, requests))
    yield from found[:ROWS_MAX]
    if not found:
        yield weigh("guardrail", "pass", "guardrails_clear", f"entries on the list: {len(entries)}; none matches")


def _concerns(one: Entry, question: Question) -> bool:
    body = one[1]
    where = "WORLD" in (*body.territories, question.territory) or question.territory in body.territories
    return where and (not body.uses or question.use in body.uses)


def _against(history: History, entries: list[Entry], family: Sequence[str], requests: Requests) -> Iterator[Weighed]:
    yield from _prompts(entries, requests)
    for one in entries:
        yield from _media(one, family, requests)
        yield from _matched(history, one, family)
        yield from _screened(history, one, requests)
        yield from _not_looked_at(history, one, family, requests)


def _prompts(entries: list[Entry], requests: Requests) -> Iterator[Weighed]:
    by_name, names = {body.guardrail: said for said, body in entries}, open_names(entries)
    for said, request in requests:
        for finding in find(request.prompt, names):
            detail = f"its prompt falls under guardrail {finding.entry} ({finding.method}, {finding.score})"
            yield weigh("guardrail", "fail", "guardrail_prompt", detail, said.index, by_name[finding.entry].index)


def _media(one: Entry, family: Sequence[str], requests: Requests) -> Iterator[Weighed]:
    said, body = one
    given = {reference.sha256 for _, request in requests for reference in request.references}
    if set(body.reference_media) & ({*family} | given):
        detail = f"it is, or is made from, reference media of guardrail {body.guardrail}"
        yield weigh("guardrail", "fail", "guardrail_media", detail, said.index)


def _matched(history: History, one: Entry, family: Sequence[str]) -> Iterator[Weighed]:
    said, body = one
    for name in family:
        for found, match in bodies(history.about(f"asset:{name}", GuardrailMatched), GuardrailMatched):
            if match.finding.guardrail == body.guardrail:
                detail = f"it falls under guardrail {body.guardrail} ({match.finding.method}, {match.finding.score})"
                yield weigh("guardrail", "fail", "guardrail_matched", detail, said.index, found.index)


def _screened(history: History, one: Entry, requests: Requests) -> Iterator[Weighed]:
    said, body = one
    for _, request in requests:
        seen = screening(history, f"generation:{request.generation}")
        if seen and any(finding.guardrail == body.guardrail for finding in seen[1].findings):
            detail = f"its prompt falls under guardrail {body.guardrail}"
            yield weigh("guardrail", "fail", "guardrail_prompt", detail, said.index, seen[0].index)


def _not_looked_at(history: History, one: Entry, family: Sequence[str], requests: Requests) -> Iterator[Weighed]:
    said, body = one
    looks = looks_for(body)
    if "words" in looks:
        for asked, request in requests:
            if looked_at(history, one, "words", f"generation:{request.generation}", asked.index) is None:
                detail = f"nobody looked for guardrail {body.guardrail} in its prompt"
                yield weigh("guardrail", "not_checked", "guardrail_words_not_checked", detail, said.index, asked.index)
    if "media" in looks:
        for name in family:
            came = arrival(history, name)
            index = came.index if came else None
            if looked_at(history, one, "media", f"asset:{name}", index) is None:
                detail = f"nobody compared it with reference media of guardrail {body.guardrail}"
                yield weigh("guardrail", "not_checked", "guardrail_media_not_checked", detail, said.index, index)
