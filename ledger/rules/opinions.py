"""Outside opinions: who may send what where, and whose answer counts as what was asked. No rule reads them to decide."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from ledger.history import History, bodies
from ledger.rules.assets import known
from ledger.rules.proposal import Proposal, refuse
from ledger.statement import Said
from schemas.statements.opinion import OpinionAsked, OpinionGiven


@dataclass(frozen=True)
class Opinion:
    """A question and its answer; `given` is None where none was recorded: a crash, or it is on its way."""

    asked: OpinionAsked
    asked_index: int
    given: OpinionGiven | None
    given_index: int | None


def opinions(history: History, asset: str) -> Iterator[Opinion]:
    """Every question about the file, oldest first."""
    found = history.about(f"asset:{asset}", OpinionAsked, OpinionGiven)
    answers = {body.opinion: (said, body) for said, body in bodies(found, OpinionGiven)}
    for said, body in bodies(found, OpinionAsked):
        answer = answers.get(body.opinion)
        yield Opinion(body, said.index, answer[1] if answer else None, answer[0].index if answer else None)


def accept_question(proposal: Proposal, body: OpinionAsked, history: History, at: datetime) -> None:
    """About a file that is here; of itself only its own bytes; under a new number."""
    known(history, body.asset)
    if any(one.kind == "file" and one.sha256 != body.asset for one in body.sent):
        refuse("sent_other_file", "what is sent as the file is the file that it is about")
    for said in history.about(f"opinion:{body.opinion}", OpinionAsked):
        refuse("opinion_known", f"opinion {body.opinion} was asked for before", said.index)


def accept_answer(proposal: Proposal, body: OpinionGiven, history: History, at: datetime) -> None:
    """To a question, once, by whom and about what was asked."""
    asked = _asked(history, body.opinion)
    if asked is None:
        refuse("opinion_not_asked", f"opinion {body.opinion} was never asked for")
    said, question = asked
    if (question.asset, question.source) != (body.asset, body.source):
        refuse("opinion_differs", "the answer is about another file or by somebody else", said.index)
    if not {one.about for one in body.signals} <= {one.sha256 for one in question.sent}:
        refuse("opinion_about_other", "the answer speaks of something that was not sent", said.index)
    for before in history.about(f"opinion:{body.opinion}", OpinionGiven):
        refuse("opinion_answered", f"opinion {body.opinion} was answered before", before.index)


def _asked(history: History, opinion: str) -> tuple[Said, OpinionAsked] | None:
    found = bodies(history.about(f"opinion:{opinion}", OpinionAsked), OpinionAsked)
    return found[0] if found else None
