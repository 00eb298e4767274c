"""rules list, adopt, labels, due: which rules of law and trade this ledger applies. Nothing in a pack is legal advice."""

from __future__ import annotations

from typing import Annotated

import typer

from ops.cli.invocation import HomeOption, JsonOption, everywhere, invocation_of
from ops.cli.printing import facts, table

rules = typer.Typer(help="Rule packs: what applies, who adopted it, which labels it asks for. No legal advice.")
rules.callback()(everywhere)
AtOption = Annotated[str | None, typer.Option(metavar="INSTANT", help="As of then; now if left out.")]
_Ids = Annotated[list[str] | None, typer.Option(metavar="RULE", help="May be given several times.")]


@rules.command("list")
def list_rules(ctx: typer.Context, at: AtOption = None, home: HomeOption = None, json: JsonOption = False) -> int:
    """Every entry of every pack that is here: what it is, where it is written, how well it was read, and if it applies."""
    from api.services.rules import rules_answer
    from ops.cli.inputs import instant

    run, when = invocation_of(ctx), instant(at, "--at")
    with run.services() as services:
        answer = rules_answer(services.ledger.history(as_of=when), when or services.clock.now())
    rows = [
        (
            one.id,
            "yes" if one.in_force else "no",
            one.kind.replace("_", " "),
            one.since[:10],
            one.confidence,
            one.citation,
        )
        for pack in answer.packs
        for one in pack.entries
    ]
    for pack in answer.packs:
        adopted = "in force" if pack.adopted else "not adopted"
        run.note(f"{pack.pack} {pack.version}, {adopted}, sha256 {pack.sha256}. {pack.disclaimer}")
    run.answer(answer.model_dump(mode="json"), table("rule", "applies", "kind", "since", "read", "source", rows=rows))
    return 0


@rules.command("adopt")
def adopt(
    ctx: typer.Context,
    pack: Annotated[str, typer.Argument(metavar="PACK", help="Its name, such as law.")],
    version: Annotated[str, typer.Argument(metavar="VERSION", help="Such as 2026.11.")],
    actor: Annotated[str, typer.Option("--as", metavar="ACTOR", help="Who in legal; their key lies in keys/.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why these, and on whose advice.")],
    on: _Ids = None,
    off: _Ids = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="INSTANT", help="From then on; now if left out.")
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Adopt a pack, as legal: its rules apply to what is asked for, given and decided from then on."""
    from ledger.errors import NotFound
    from ledger.keys import read_signing_key
    from ledger.rules.rulepacks import packs
    from ops.cli.inputs import actor_name, instant
    from ops.home import Home
    from ops.speaking import parsed, speak

    run = invocation_of(ctx)
    known = packs().get((pack, version))
    if known is None:
        raise NotFound("rulepack_unknown", "no such rule pack comes with this release", "See `countersign rules list`.")
    words = {"pack": pack, "version": version, "pack_sha256": known.sha256, "reason": reason}
    switches = {"switched_on": on or [], "switched_off": off or []}
    with run.services() as services:
        begins = instant(since, "--from") or services.clock.now()
        body = parsed("rulepack.adopted.v1", {**words, **switches, "effective_at": begins})
        key = read_signing_key(Home(run.home).actor_key(actor_name(actor)))
        receipt = speak(services.ledger, key, actor, body)
    found = {**body.as_json(), "entry_index": receipt.index}
    run.note(known.disclaimer)
    run.answer(found, facts((name.replace("_", " "), value) for name, value in found.items()))
    return 0


@rules.command("labels")
def labels(
    ctx: typer.Context,
    territory: Annotated[str, typer.Option(metavar="CODE", help="ISO 3166, or WORLD for every market's.")],
    channel: Annotated[str, typer.Option(metavar="NAME", help="Where it is shown.")],
    use: Annotated[str, typer.Option(metavar="NAME", help="What for.")] = "advertising",
    at: AtOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Which labels a market and a channel ask for at an instant. Exit 4 where no pack was adopted: nobody looked."""
    from api.services.rules import labels_answer
    from ops.cli.inputs import instant

    run, when = invocation_of(ctx), instant(at, "--at")
    with run.services() as services:
        history = services.ledger.history(as_of=when)
        answer = labels_answer(history, territory, channel, use, when or services.clock.now())
    rows = [
        (one.form, one.text or "-", one.seconds_min or "-", f"{one.rule.id}; {one.rule.citation}")
        for one in answer.labels
    ]
    run.note(answer.disclaimer)
    heading = f"{answer.outcome.replace('_', ' ')}: {len(rows)} labels"
    shown = table("form", "text", "seconds", "rule", rows=rows)
    run.answer(answer.model_dump(mode="json"), heading, *([shown] if rows else []))
    return 0 if answer.outcome == "decided" else 4


@rules.command("due")
def due(ctx: typer.Context, home: HomeOption = None, json: JsonOption = False) -> int:
    """Dates that the rules in force set: references to erase, rights after death that end; and the clocks of events."""
    from api.services.dossier import caught_up
    from api.services.rules_due import rules_due

    run = invocation_of(ctx)
    with run.services() as services:
        caught_up(services)
        answer = rules_due(services, services.clock.now())
    dates = [
        (
            one.what.replace("-", " "),
            one.person,
            one.due_at[:10],
            "held" if one.held else "overdue" if one.overdue else "",
            one.because,
            f"{one.rule.id}; {one.rule.citation}",
        )
        for one in answer.dates
    ]
    clocks = [(one.event, one.hours_max, f"{one.rule.id}; {one.rule.citation}") for one in answer.timers]
    run.note(answer.disclaimer)
    first = table("what", "person", "by", "", "because", "rule", rows=dates) if dates else "no date is set"
    second = [table("event", "hours at most", "rule", rows=clocks)] if clocks else []
    run.answer(answer.model_dump(mode="json"), first, *second)
    return 0
