"""consent report, holder, notice, calendar: what ended, who was told, what they answered, what ends next."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group, RenderableType

from ops.cli.invocation import HomeOption, JsonOption, everywhere, invocation_of
from ops.cli.printing import facts, shown, styled, table

if TYPE_CHECKING:
    from schemas.api.endings import ConsentReport, NoticeRecord

AsOption = Annotated[str, typer.Option("--as", metavar="ACTOR", help="Whose key signs; it lies in keys/.")]
ROWS_SHOWN = 100  # notices on a screen; `--json` has as many, with where to go on

holders = typer.Typer(help="Who has to be told of what ends.")
holders.callback()(everywhere)
notices = typer.Typer(help="What holders were told, and their answers.")
notices.callback()(everywhere)


def report(
    ctx: typer.Context,
    consent: Annotated[str, typer.Argument(metavar="CONSENT", help="Its number.")],
    after: Annotated[int, typer.Option(metavar="ENTRY", min=-1, help="Notices issued after this entry.")] = -1,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """What its end took along: files, clearances, placements, who was told, who answered when, what is open."""
    from api.services.endings import consent_report

    run = invocation_of(ctx)
    with run.services() as services:
        found = consent_report(services, consent, after=after, limit=ROWS_SHOWN)
    run.answer(found.model_dump(mode="json"), lambda: _report(found))
    return 0


def _report(found: ConsentReport) -> RenderableType:
    end, counts, took = found.end, found.counts, found.propagation_seconds
    pairs: list[tuple[str, object]] = [("consent", found.consent), ("state", found.state)]
    if end is None:
        return Group(facts(pairs), "", "It has not ended.")
    recorded = f"entry {end.entry_index}" if end.entry_index is not None else "not recorded yet; it holds all the same"
    pairs += [
        ("ended", f"{end.ended_at}, {end.how} ({recorded})"),
        ("asked of holders", f"{end.outcome} by {end.due_at}"),
        ("files flagged", f"{counts.files_flagged} of {counts.files}"),
        ("clearances revoked", f"{counts.clearances_revoked} of {counts.clearances}"),
        ("placements ended", f"{counts.placements_ended} of {counts.placements}"),
        ("notices", f"{counts.notices}: {counts.notices_delivered} delivered, {counts.notices_answered} answered"),
    ]
    if took is not None:
        steps = (("told", took.notice_issued), ("delivered", took.notice_delivered), ("answered", took.answered))
        spoken = [f"{name} {seconds:,.1f} s" for name, seconds in steps if seconds is not None]
        pairs.append(("after the end", ", ".join(["blocked 0 s (by rule)", *spoken])))
    parts: list[RenderableType] = [facts(pairs)]
    if found.notices:
        parts += ["", notice_table(found.notices)]
    nobody = [(one.party, one.kind, one.ref, f"{one.asset[:12]}…") for one in found.told_to_nobody]
    if nobody:
        parts += ["", table("has it; nobody is registered to be told", "by", "", "file", rows=nobody)]
    open_ones = counts.notices_open + counts.told_to_nobody
    verdict = ("COMPLETE", "bold green") if found.complete else (f"OPEN: {open_ones}", "bold yellow")
    return Group(*parts, "", styled(*verdict))


def notice_table(found: tuple[NoticeRecord, ...]) -> RenderableType:
    rows = [
        (
            one.notice,
            one.holder,
            one.kind,
            len(one.items),
            styled(one.standing, "yellow" if one.open else "green"),
            one.done or one.failed_why or "",
            one.answered_at or one.delivered_at or one.issued_at,
            one.due_at or "for information",
        )
        for one in found
    ]
    return table("notice", "holder", "about", "files", "standing", "", "last step", "due", rows=rows)


@holders.command("register")
def register(
    ctx: typer.Context,
    holder: Annotated[str, typer.Argument(metavar="ACTOR", help="An enrolled actor.")],
    actor: AsOption,
    endpoint: Annotated[str | None, typer.Option(metavar="URL", help="Where webhooks go; https.")] = None,
    platform: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="They answer for placements there.")
    ] = None,
    person: Annotated[list[str] | None, typer.Option(metavar="PSEUDONYM", help="They are told on this side.")] = None,
    everything: Annotated[bool, typer.Option("--everything", help="They are told of every end.")] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Say who has to be told, of what, and where. The newest registration counts; a first secret is made and shown once."""
    from ledger.errors import NotFound
    from ledger.keys import read_signing_key
    from ops import speaking
    from ops.cli.inputs import actor_name
    from ops.home import Home
    from ops.notifying.webhook import Secrets

    run = invocation_of(ctx)
    words = {"holder": holder, "endpoint": endpoint, "platforms": platform or [], "persons": person or []}
    body = speaking.parsed("holder.registered.v1", {**words, "everything": everything})
    secrets, secret = Secrets(Home(run.home).webhook_secrets), None
    with run.services() as services:
        key = read_signing_key(Home(run.home).actor_key(actor_name(actor)))
        receipt = speaking.speak(services.ledger, key, actor, body)
    if endpoint is not None:
        try:
            secrets.of(body.holder)
        except NotFound:
            secret = secrets.renew(body.holder)
            run.note("This secret is shown once; the holder checks our signatures with it (Standard Webhooks).")
    found = {**body.as_json(), "entry_index": receipt.index, "secret": secret}
    run.answer(found, facts((name, _words(value)) for name, value in found.items() if value not in (None, [], False)))
    return 0


@holders.command("secret")
def secret(
    ctx: typer.Context,
    holder: Annotated[str, typer.Argument(metavar="ACTOR", help="A registered holder.")],
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Make a holder's webhook secret anew. It is shown once; the one before signs too until the next renewal."""
    from ledger.errors import NotFound
    from ledger.rules.notices import registration
    from ops.home import Home
    from ops.notifying.webhook import Secrets

    run = invocation_of(ctx)
    with run.services() as services:
        if registration(services.ledger.history(), holder) is None:
            raise NotFound("holder_unknown", "nobody is registered under this name", "See `countersign holder list`.")
    made = Secrets(Home(run.home).webhook_secrets).renew(holder)
    run.answer({"holder": holder, "secret": made}, made)
    return 0


@holders.command("list")
def list_holders(ctx: typer.Context, home: HomeOption = None, json: JsonOption = False) -> int:
    """Everybody who is told of what ends, of what, and where."""
    run = invocation_of(ctx)
    with run.services() as services:
        services.views.catch_up()
        found = services.views.holders.holders()
    rows = [
        (
            one["holder"],
            one["endpoint"] or "reads them",
            "disabled" if one["disabled_by"] is not None else "",
            ", ".join(one["parties"]),
        )
        for one in found
    ]
    run.answer({"holders": found}, table("holder", "endpoint", "", "told of", rows=rows))
    return 0


@notices.command("list")
def list_notices(
    ctx: typer.Context,
    holder: Annotated[str, typer.Argument(metavar="HOLDER", help="Whose.")],
    after: Annotated[int, typer.Option(metavar="ENTRY", min=-1, help="Issued after this entry.")] = -1,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """What a holder was told, oldest first."""
    from api.services.endings import notice_record

    run = invocation_of(ctx)
    with run.services() as services:
        services.views.catch_up()
        page = services.views.holders.of_holder(holder, after=after, limit=ROWS_SHOWN)
        found = tuple(notice_record(services, one) for one in page)
    run.answer({"notices": [one.model_dump(mode="json") for one in found]}, lambda: notice_table(found))
    return 0


@notices.command("acknowledge")
def acknowledge(
    ctx: typer.Context,
    notice: Annotated[str, typer.Argument(metavar="NOTICE", help="Its number.")],
    actor: AsOption,
    done: Annotated[
        str,
        typer.Option(metavar="WORD", help="received, taken-down, wound-down, not-held, …"),
    ],
    done_at: Annotated[str | None, typer.Option("--at", metavar="INSTANT", help="Since when.")] = None,
    detail: Annotated[str | None, typer.Option(metavar="TEXT", help="It stays in the log: name nobody.")] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Answer a notice with the holder's own key."""
    from ledger.keys import read_signing_key
    from ops import speaking
    from ops.cli.inputs import actor_name
    from ops.home import Home

    run = invocation_of(ctx)
    words = {"notice": notice, "holder": actor, "done": done, "done_at": done_at, "detail": detail}
    given = {name: value for name, value in words.items() if value is not None}
    body = speaking.parsed("notice.acknowledged.v1", given)
    with run.services() as services:
        key = read_signing_key(Home(run.home).actor_key(actor_name(actor)))
        receipt = speaking.speak(services.ledger, key, actor, body)
    found: dict[str, Any] = {**body.as_json(), "entry_index": receipt.index}
    run.answer(found, facts((name.replace("_", " "), value) for name, value in found.items()))
    return 0


def calendar(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to write it; replaced when there.")],
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Write what ends when as an iCalendar file: ends of consents with alarms, answers that are due. It names nobody."""
    from api.services.calendar import calendar_feed
    from ops.wholefile import write_whole

    run = invocation_of(ctx)
    with run.services() as services:
        feed = calendar_feed(services)
    write_whole(out, feed)
    found = {"out": shown(out), "events": feed.count(b"BEGIN:VEVENT"), "bytes": len(feed)}
    run.answer(found, facts(found.items()))
    return 0


def _words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
