"""rights: why a file may be used, what may not be generated, which labels viewers see; contracts read, registries asked."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from ops.cli.invocation import HomeOption, JsonOption, everywhere, invocation_of
from ops.cli.printing import facts, styled, table

if TYPE_CHECKING:
    from schemas.api.rights import WhyAnswer

rights = typer.Typer(help="Who holds what, why a file may be used, what may not be made.", callback=everywhere)
DENIED = 3


@rights.command()
def why(
    ctx: typer.Context,
    asset: Annotated[str, typer.Argument(metavar="FILE|DIGEST", help="An imported asset.")],
    use: Annotated[str, typer.Option(metavar="USE", help="For what, such as advertising.")],
    channel: Annotated[str, typer.Option(metavar="CHANNEL", help="Through what, such as social.")],
    territory: Annotated[str, typer.Option(metavar="CODE", help="Where: ISO 3166-1 alpha-2, or WORLD.")],
    at: Annotated[str | None, typer.Option(metavar="INSTANT", help="When; RFC 3339 in UTC. Default: now.")] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Why may we use this? The way from who holds it to where it is shown; or no. Exit code 0 only for yes."""
    from api.services.circumstances import Circumstances
    from api.services.why import ask_why, why_answer
    from ops.cli.inputs import asset_digest, instant

    run = invocation_of(ctx)
    asked = Circumstances(use=use, channel=channel, territory=territory)
    with run.services() as services:
        found = why_answer(ask_why(services, asset_digest(asset), asked, instant(at, "--at")))
    run.answer(found.model_dump(mode="json"), *_why_text(found))
    return 0 if found.answer == "yes" else DENIED


def _why_text(found: WhyAnswer) -> list[RenderableType]:
    nodes = {node.key: node for node in found.nodes}
    words = {(link.source, link.target): link.word for link in found.links}
    parts: list[RenderableType] = [styled(found.answer.upper(), "bold green" if found.answer == "yes" else "bold red")]
    for path in found.paths:
        line = Text(f"{nodes[path[0]].kind} {nodes[path[0]].label}")
        for source, target in itertools.pairwise(path):
            line.append(f" —{words[source, target]}→ ", style="dim")
            line.append(f"{nodes[target].kind} {nodes[target].label}")
        parts.append(line)
    if found.reasons:
        rows = [
            (one.code, one.detail, "" if one.entry_index is None else str(one.entry_index)) for one in found.reasons
        ]
        parts.append(table("because", "", "entry", rows=rows))
    return parts


@rights.command()
def forbidden(ctx: typer.Context, home: HomeOption = None, json: JsonOption = False) -> int:
    """The do-not-generate list as it stands, and how many files fall under each entry."""
    from api.services.guardrails import guardrails_answer

    run = invocation_of(ctx)
    with run.services() as services:
        found = guardrails_answer(services)
    rows = [(one.guardrail, one.kind, one.label or one.person or "", len(one.matches)) for one in found.guardrails]
    run.answer(found.model_dump(mode="json"), table("entry", "kind", "what", "files", rows=rows))
    return 0


@rights.command()
def sweep(ctx: typer.Context, home: HomeOption = None, json: JsonOption = False) -> int:
    """Look through everything for entries that nobody looked for yet, and record what matches."""
    from api.services.screening import sweep_all

    run = invocation_of(ctx)
    with run.services() as services:
        done = sweep_all(services)
    rows = [(one.guardrail, one.generations, one.assets, len(one.matched), len(one.descendants)) for one in done]
    shown = (
        table("entry", "prompts", "files", "matched", "made from them", rows=rows) if done else "nothing to look for"
    )
    run.answer({"swept": [one.as_json() for one in done]}, shown)
    return 0


@rights.command()
def labels(ctx: typer.Context, home: HomeOption = None, json: JsonOption = False) -> int:
    """Placements whose label differs from what it should be, or that nobody looked at. Exit code 3 if there are any."""
    from api.services.labels import labels as list_labels

    run = invocation_of(ctx)
    with run.services() as services:
        found = list_labels(services)
    rows = [
        (one.placement, one.platform, one.expected or "", one.shown or "", one.mismatch.replace("_", " "))
        for one in found.placements
    ]
    run.answer(found.model_dump(mode="json"), table("placement", "platform", "expected", "shown", "", rows=rows))
    return DENIED if found.mismatches else 0


@rights.command()
def contracts(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of contracts as JSON files.")],
    system: Annotated[str, typer.Option(metavar="NAME", help="What the contract system is called.")] = "contracts",
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Read contract terms; weigh again what hangs on changed ones. Exit code 3 if something is not allowed any more."""
    from api.services.outside import sync_contracts
    from ledger.contracts.folder import ContractFolder

    run = invocation_of(ctx)
    with run.services() as services:
        done = sync_contracts(services, ContractFolder(system, folder))
    rows = [
        (
            body.source.ref,
            body.source.revision,
            one.asset,
            one.clearance or "none",
            _allowed(one.allowed),
            ", ".join(one.codes),
        )
        for body in done.changed
        for one in body.affected
    ]
    parts: list[RenderableType] = [facts([("changed", len(done.changed)), ("unchanged", done.unchanged)])]
    parts += [table("contract", "revision", "file", "clearance", "now", "because", rows=rows)] if rows else []
    parts += [styled(f"not used: {one.name}: {one.why}", "bold red") for one in done.refused]
    run.answer(done.as_json(), *parts)
    return DENIED if done.refused or any(body.denied_count for body in done.changed) else 0


def _allowed(allowed: bool | None) -> str:
    return "not cleared" if allowed is None else "allowed" if allowed else "denied"


@rights.command()
def registry(
    ctx: typer.Context,
    consent: Annotated[str, typer.Argument(metavar="CONSENT", help="The consent in this ledger.")],
    url: Annotated[str, typer.Option(metavar="URL", help="Where the registry answers.")],
    reference: Annotated[str, typer.Option(metavar="TEXT", help="The registry's own number for it.")],
    name: Annotated[str, typer.Option(metavar="NAME", help="What the registry is called.")],
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Ask an outside registry about a consent, and record what it says, or that it says nothing."""
    from api.services.outside import ask_registry
    from ledger.registries.http import HttpRegistry
    from ledger.statement import read_entry

    run = invocation_of(ctx)
    with run.services() as services:
        receipt = ask_registry(services, HttpRegistry(name, url), consent, reference)
        body = read_entry(services.ledger.store.entry(receipt.index)).body.as_json()
    found = {**body, "entry_index": receipt.index}
    run.answer(found, facts(found.items()))
    return 0 if body["status"] == "given" else DENIED
