"""checklist adopt, end, answer, list: the page of questions that is answered for each file before its gate (SPEC S5.20)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops.cli.invocation import HomeOption, Invocation, JsonOption, everywhere, invocation_of
from ops.cli.printing import facts, table
from ops.cli.privacy_commands import AsOption, speak_as

if TYPE_CHECKING:
    from ledger.history import History
    from schemas.statements.publishing import ChecklistAdopted

checklists = typer.Typer(help="Pages of questions that somebody at a gate answers for each file before it is cleared.")
checklists.callback()(everywhere)
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="What the checklist is called.")]
ReasonOption = Annotated[str, typer.Option(metavar="TEXT", help="Where it comes from; it stays in the log for good.")]
Answered = Annotated[list[str] | None, typer.Option(metavar="ID[=COMMENT]", help="Repeat for more.")]


@checklists.command("adopt")
def adopt(
    ctx: typer.Context,
    name: NameArgument,
    gate: Annotated[str, typer.Option(metavar="GATE", help="brand, rights or legal: who answers it.")],
    item: Annotated[list[str], typer.Option(metavar="ID=QUESTION", help="Repeat for more.")],
    reason: ReasonOption,
    actor: AsOption,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Put a checklist into force, or its next version in place of the last; what was answered before is outdated then."""
    run = invocation_of(ctx)
    items = [{"id": one, "question": question} for one, question in _pairs(item, "--item")]
    return _adopted(run, actor, {"checklist": name, "gate": gate, "items": items, "reason": reason})


@checklists.command("end")
def end(
    ctx: typer.Context,
    name: NameArgument,
    reason: ReasonOption,
    actor: AsOption,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Ask it no longer. What was answered stays in the log."""
    run = invocation_of(ctx)
    with run.services() as services:
        before = _standing(services.ledger.history(), name)
    return _adopted(run, actor, {"checklist": name, "gate": before.gate, "items": [], "reason": reason})


@checklists.command("answer")
def answer(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE|DIGEST", help="A file of this ledger.")],
    name: NameArgument,
    actor: AsOption,
    yes: Answered = None,
    no: Answered = None,
    not_applicable: Answered = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Go through the version in force for exactly these bytes. Exit 3 while anything is left open."""
    from ledger.rules.publishing import open_items
    from ops.cli.inputs import asset_digest
    from ops.speaking import parsed
    from schemas.statements.publishing import ChecklistAnswered

    run, asset = invocation_of(ctx), asset_digest(file)
    said = {"yes": yes, "no": no, "not-applicable": not_applicable}
    answers = [one for word, items in said.items() for one in _answers(word, items or ())]
    with run.services() as services:
        adopted = _standing(services.ledger.history(), name)
        words = {"asset": asset, "checklist": name, "version": adopted.version, "answers": answers}
        body = parsed(ChecklistAnswered.TYPE, words)
        receipt = speak_as(run, services, actor, body)
    left = open_items(adopted, ChecklistAnswered.model_validate(words))
    found = {"asset": asset, "checklist": name, "version": adopted.version, "entry_index": receipt.index}
    run.answer({**found, "open": left}, facts([*found.items(), ("left open", ", ".join(left) or "nothing")]))
    return 3 if left else 0


@checklists.command("list")
def list_(
    ctx: typer.Context,
    file: Annotated[str | None, typer.Argument(metavar="FILE|DIGEST", help="How each stands for this file.")] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """The checklists in force with their questions; of a file, what is answered, open or outdated."""
    from ledger.rules.publishing import checklists as in_force
    from ledger.rules.weighing_publishing import weigh_checklists
    from ops.cli.inputs import asset_digest

    run = invocation_of(ctx)
    with run.services() as services:
        history = services.ledger.history()
        if file is not None:
            rows = [one.model_dump(mode="json") for one in weigh_checklists(history, asset_digest(file))]
            cells = [(one["outcome"], one["code"], one["detail"]) for one in rows]
            run.answer({"weighed": rows}, table("outcome", "code", "detail", rows=cells))
            return 0
        standing = [body for _, body in in_force(history)]
    lines = [(one.checklist, one.version, one.gate, item.id, item.question) for one in standing for item in one.items]
    found = {"checklists": [one.as_json() for one in standing]}
    run.answer(found, table("checklist", "version", "gate", "item", "question", rows=lines))
    return 0


def _adopted(run: Invocation, actor: str, words: dict[str, Any]) -> int:
    from ops.speaking import parsed
    from schemas.statements.publishing import ChecklistAdopted

    with run.services() as services:
        said = services.ledger.history().last(f"checklist:{words['checklist']}", ChecklistAdopted)
        before = said.body.version if said is not None and isinstance(said.body, ChecklistAdopted) else 0
        receipt = speak_as(run, services, actor, parsed(ChecklistAdopted.TYPE, {**words, "version": before + 1}))
    found = {"checklist": words["checklist"], "version": before + 1, "entry_index": receipt.index}
    run.answer(found, facts(found.items()))
    return 0


def _standing(history: History, name: str) -> ChecklistAdopted:
    from ledger.errors import NotFound
    from ledger.rules.publishing import checklists as in_force

    found = next((body for _, body in in_force(history) if body.checklist == name), None)
    if found is None:
        raise NotFound("checklist_unknown", f"no checklist {name} is in force", "See `countersign checklist list`.")
    return found


def _answers(word: str, items: Iterable[str]) -> Iterator[dict[str, Any]]:
    for one in items:
        item, _, comment = one.partition("=")
        yield {"item": item, "answer": word} | ({"comment": comment} if comment else {})


def _pairs(given: Iterable[str], option: str) -> Iterator[tuple[str, str]]:
    from ledger.errors import Misuse

    for one in given:
        name, equals, text = one.partition("=")
        if not equals:
            raise Misuse("item_invalid", f"{one!r} after {option} is not ID=QUESTION", 'Say --item logo="Is it whole?"')
        yield name, text
