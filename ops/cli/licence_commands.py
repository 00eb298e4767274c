"""licence report: who had something under a licence, what its end or its contract took along, who answered, what is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType

from ops.cli.ending_commands import ROWS_SHOWN, notice_table
from ops.cli.invocation import HomeOption, JsonOption, everywhere, invocation_of
from ops.cli.printing import facts, styled, table

if TYPE_CHECKING:
    from schemas.api.licences import LicenceReport

licences = typer.Typer(help="Licences, and what became of what rests on them.")
licences.callback()(everywhere)


@licences.command("report")
def report(
    ctx: typer.Context,
    licence: Annotated[str, typer.Argument(metavar="LICENCE", help="Its number.")],
    after: Annotated[int, typer.Option(metavar="ENTRY", min=-1, help="Notices issued after this entry.")] = -1,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Who had something under it, what its end or its contract took along, who answered when, what is open."""
    from api.services.licences import licence_report

    run = invocation_of(ctx)
    with run.services() as services:
        found = licence_report(services, licence, after=after, limit=ROWS_SHOWN)
    run.answer(found.model_dump(mode="json"), lambda: _report(found))
    return 0


def _report(found: LicenceReport) -> RenderableType:
    counts, contract = found.counts, found.contract
    pairs: list[tuple[str, object]] = [
        ("licence", found.licence),
        ("of", f"{found.title}, {found.licensor} to {found.licensee}"),
        ("state", f"{found.state.replace('_', ' ')}, until {found.valid_until} (exclusive)"),
    ]
    if contract is not None:
        ended = ", terminated" if contract.terminated else ""
        pairs.append(("contract", f"{contract.ref} ({contract.system}), revision {contract.revision}{ended}"))
    pairs += [(one.what, f"{one.used} of {one.cap}" if one.cap is not None else one.used) for one in found.caps]
    if found.end is not None:
        recorded = f"entry {found.end.entry_index}" if found.end.entry_index is not None else "not recorded yet"
        pairs += [
            ("ended", f"{found.end.ended_at}, {found.end.how} ({recorded})"),
            ("asked of holders", f"{found.end.outcome} by {found.end.due_at}"),
        ]
    pairs += [
        ("files flagged", f"{counts.files_flagged} of {counts.files}"),
        ("clearances revoked", f"{counts.clearances_revoked} of {counts.clearances}"),
        ("notices", f"{counts.notices}: {counts.notices_delivered} delivered, {counts.notices_answered} answered"),
    ]
    return Group(facts(pairs), *_tables(found), "", _verdict(found))


def _tables(found: LicenceReport) -> list[RenderableType]:
    parts: list[RenderableType] = []
    if found.held:
        parts += [
            "",
            table("who has something", "", "of", rows=[(one.party, one.count, one.kind) for one in found.held]),
        ]
    if found.changes:
        rows = [(one.how, one.entry_index, one.outcome, one.due_at, one.notices) for one in found.changes]
        parts += ["", table("contract", "entry", "asked", "due", "notices", rows=rows)]
    if found.notices:
        parts += ["", notice_table(found.notices)]
    if found.told_to_nobody:
        nobody = [(one.party, one.kind, one.ref, f"{one.asset[:12]}…") for one in found.told_to_nobody]
        parts += ["", table("has it; nobody is registered to be told", "by", "", "file", rows=nobody)]
    return parts


def _verdict(found: LicenceReport) -> RenderableType:
    over = found.end is not None or (found.contract is not None and found.contract.terminated)
    if not over:
        return "It has not ended."
    still_open = found.counts.notices_open + found.counts.told_to_nobody
    return styled("COMPLETE", "bold green") if found.complete else styled(f"OPEN: {still_open}", "bold yellow")
