"""From judged to answered without a thread that waits: what the intake's thread does with those it took (ADR 019)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import count

from ledger.errors import LedgerError
from ledger.intake import Answer, Unparsed
from ledger.knock import Knock
from ledger.receipt import Receipt
from ledger.store.contract import Pending
from ledger.writer import NOTHING, Committed, Writer


@dataclass(frozen=True)
class Ready:
    """A statement that passed steps 1 to 5 and waits for the writer."""

    knock: Knock
    entry: bytes
    pending: Pending


Judged = Ready | Receipt | LedgerError
Judge = Callable[[Sequence[Unparsed]], Sequence[Judged]]
Conclude = Callable[[Ready, Committed, int], Receipt | LedgerError]
"""(who waited, what was committed, their place in it) -> step 7"""


def concluded(outcomes: Sequence[Judged], committed: Committed, conclude: Conclude) -> list[Receipt | LedgerError]:
    """Everybody's answer once the writer has answered for those who waited, in order."""
    places = count()
    return [conclude(each, committed, next(places)) if isinstance(each, Ready) else each for each in outcomes]


def enter_soon(
    statements: Sequence[Unparsed], judge: Judge, writer: Writer, conclude: Conclude, answer: Answer
) -> None:
    """Judges now; answers when the commit is done, while the next are judged. Never raises."""
    outcomes = _judged(statements, judge)
    waiting = [each for each in outcomes if isinstance(each, Ready)]

    def told(done: Future[Committed]) -> None:
        places, error = count(), done.exception()
        committed = NOTHING if error else done.result()
        answer(
            [
                (error or conclude(each, committed, next(places))) if isinstance(each, Ready) else each
                for each in outcomes
            ]
        )

    try:
        writer.submit([each.pending for each in waiting]).add_done_callback(told)
    except LedgerError as closed:
        answer([closed if isinstance(each, Ready) else each for each in outcomes])


def _judged(statements: Sequence[Unparsed], judge: Judge) -> Sequence[Judged | Exception]:
    """All together; when that fails altogether, each on its own, so that one can't take the others with it."""
    try:
        return judge(statements)
    except Exception:
        return [_alone(each, judge) for each in statements]


def _alone(statement: Unparsed, judge: Judge) -> Judged | Exception:
    try:
        return judge([statement])[0]
    except Exception as error:
        return error
