"""dispute: opened, sighted, notified, answered, decided, closed; and how one stands or stood."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group, RenderableType

from ops.cli.invocation import HomeOption, JsonOption, everywhere, invocation_of
from ops.cli.printing import facts, styled, table
from ops.cli.privacy_commands import AsOption, speak_as

if TYPE_CHECKING:
    from api.services.services import Services
    from ops.cli.invocation import Invocation
    from schemas.api.disputes import DisputeAnswer
    from schemas.base import Body

disputes = typer.Typer(help="Disputes about files: held, seen elsewhere, notified, under statutory clocks, decided.")
disputes.callback()(everywhere)

Dispute = Annotated[str, typer.Argument(metavar="DISPUTE", help="Its number, as `dispute open` gave it.")]
AtOption = Annotated[str | None, typer.Option("--at", metavar="INSTANT", help="As it stood then; now when left out.")]
_TONES = {"met": "green", "missed": "bold red", "running": "yellow"}


@disputes.command("open")
def open_(
    ctx: typer.Context,
    assets: Annotated[list[str], typer.Argument(metavar="FILE|DIGEST", help="Files of this ledger.")],
    matter: Annotated[str, typer.Option(metavar="MATTER", help="The number under which legal keeps it.")],
    party: Annotated[
        list[str], typer.Option(metavar="NAME:ROLE", help="A pseudonym and claimant, respondent, platform, authority.")
    ],
    claim: Annotated[str, typer.Option(metavar="TEXT", help="What is claimed. It stays in the log: name nobody.")],
    actor: AsOption,
    kind: Annotated[str, typer.Option(metavar="KIND", help="misuse, likeness, rights or accuracy.")] = "misuse",
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Open a dispute: its files are held and not cleared while it is open."""
    from ops.cli.inputs import asset_digest
    from ops.speaking import parsed
    from schemas.base import new_id

    run = invocation_of(ctx)
    with run.services() as services:
        parties = [dict(zip(("name", "role"), one.partition(":")[::2], strict=True)) for one in party]
        words = {"matter": matter, "claim": claim, "kind": kind, "parties": parties}
        named = {"dispute": new_id(services.clock.now()), "assets": [asset_digest(one) for one in assets]}
        return _said(run, services, actor, parsed("dispute.opened.v1", {**named, **words}))


@disputes.command("sight")
def sight(
    ctx: typer.Context,
    dispute: Dispute,
    captured: Annotated[Path, typer.Argument(metavar="CAPTURE", help="The copy, a screenshot or a saved page.")],
    platform: Annotated[str, typer.Option(metavar="PLATFORM", help="Where.")],
    url: Annotated[str, typer.Option(metavar="URL", help="Its address.")],
    seen_at: Annotated[str, typer.Option(metavar="INSTANT", help="When.")],
    actor: AsOption,
    capture: Annotated[str, typer.Option(metavar="KIND", help="file, screenshot or page.")] = "file",
    asset: Annotated[
        str | None, typer.Option(metavar="FILE|DIGEST", help="The file that you see in it; found when left out.")
    ] = None,
    private: Annotated[bool, typer.Option("--private", help="Keep the address out of the log.")] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Record a copy that was seen, with what was captured of it and how we know of which file it is."""
    from api.services.disputes import Sighting
    from api.services.disputes import sight as sight_copy
    from ops.cli.inputs import asset_digest, file_sha256, needed_instant, one_of

    run = invocation_of(ctx)
    one_of(capture, ("file", "screenshot", "page"), "--capture")
    file_sha256(captured)  # says at once what can't be read
    named = asset_digest(asset) if asset else None
    seen = Sighting(platform, url, needed_instant(seen_at, "--seen-at"), capture, named, private)  # type: ignore[arg-type]
    with run.services() as services:
        receipt = sight_copy(services, dispute, captured, seen, lambda body: speak_as(run, services, actor, body))
        return _told(run, services, dispute, receipt.index)


@disputes.command("notice")
def notice(
    ctx: typer.Context,
    dispute: Dispute,
    event: Annotated[
        str, typer.Option(metavar="EVENT", help="intimate-depiction, order, counter-notice or complaint.")
    ],
    from_party: Annotated[str, typer.Option("--from", metavar="NAME", help="Whose notice.")],
    to_party: Annotated[str, typer.Option("--to", metavar="NAME", help="Whom it reached.")],
    received_at: Annotated[str, typer.Option(metavar="INSTANT", help="When it reached them.")],
    detail: Annotated[str, typer.Option(metavar="TEXT", help="What it says. It stays in the log: name nobody.")],
    actor: AsOption,
    territory: Annotated[
        list[str] | None, typer.Option(metavar="COUNTRY", help="Whose law applies; several may.")
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Record a notice, an order or a counter-notice; the rules in force set its clocks going."""
    from api.services.disputes import notify
    from ops.cli.inputs import needed_instant
    from schemas.api.disputes import NoticeReceived

    run = invocation_of(ctx)
    words = {"event": event, "from_party": from_party, "to_party": to_party, "detail": detail}
    when = {"received_at": needed_instant(received_at, "--received-at"), "territories": tuple(territory or ())}
    came = NoticeReceived.model_validate({**words, **when})
    with run.services() as services:
        receipt = notify(services, dispute, came, lambda body: speak_as(run, services, actor, body))
        return _told(run, services, dispute, receipt.index)


@disputes.command("answer")
def answer(
    ctx: typer.Context,
    dispute: Dispute,
    notice: Annotated[str, typer.Argument(metavar="NOTICE", help="Its number, as `dispute show` gives it.")],
    done: Annotated[str, typer.Option(metavar="DONE", help="removed, restored or refused.")],
    done_at: Annotated[str, typer.Option(metavar="INSTANT", help="When it was done.")],
    detail: Annotated[str, typer.Option(metavar="TEXT", help="What was done. Name nobody.")],
    actor: AsOption,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Record what was done on a notice; it meets every clock that had not run out by then."""
    from ops.speaking import parsed

    run = invocation_of(ctx)
    words = {"dispute": dispute, "notice": notice, "done": done, "done_at": done_at, "detail": detail}
    with run.services() as services:
        return _said(run, services, actor, parsed("dispute.answered.v1", words))


@disputes.command("decide")
def decide(
    ctx: typer.Context,
    dispute: Dispute,
    outcome: Annotated[str, typer.Option(metavar="OUTCOME", help="upheld, rejected, settled or withdrawn.")],
    by: Annotated[str, typer.Option(metavar="NAME", help="Who decided: a party, a court, an authority.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why. It stays in the log: name nobody.")],
    actor: AsOption,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Record how it came out. What was upheld stays out of use; the hold stands until the dispute is closed."""
    words = {"outcome": outcome, "decided_by": by, "reason": reason}
    return _of_its_files(ctx, dispute, actor, "dispute.decided.v1", words)


@disputes.command("close")
def close(
    ctx: typer.Context,
    dispute: Dispute,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why. It stays in the log: name nobody.")],
    actor: AsOption,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Close a decided dispute whose clocks are all over, and release its hold."""
    return _of_its_files(ctx, dispute, actor, "dispute.closed.v1", {"reason": reason})


@disputes.command("show")
def show(
    ctx: typer.Context, dispute: Dispute, at: AtOption = None, home: HomeOption = None, json: JsonOption = False
) -> int:
    """How a dispute stands, or stood: clocks, sightings, notices, decision, hold."""
    from api.services.disputes import dispute_answer
    from ops.cli.inputs import instant

    run = invocation_of(ctx)
    with run.services() as services:
        found = dispute_answer(services, dispute, instant(at, "--at"))
    run.answer(found.model_dump(mode="json"), lambda: _shown(found))
    return 0


@disputes.command("list")
def list_(ctx: typer.Context, home: HomeOption = None, json: JsonOption = False) -> int:
    """Disputes, the newest first, each with the instant at which its next clock runs out."""
    from api.services.dossier import caught_up
    from schemas.base import format_instant

    run = invocation_of(ctx)
    with run.services() as services:
        caught_up(services)
        rows = services.views.disputes.newest()
    found = [{**vars(one), "next_due_at": format_instant(one.next_due_at) if one.next_due_at else None} for one in rows]
    cells = [(one["dispute"], one["matter"], one["kind"], one["state"], one["next_due_at"] or "") for one in found]
    run.answer({"disputes": found}, table("number", "matter", "about", "state", "next clock runs out", rows=cells))
    return 0


def _of_its_files(ctx: typer.Context, dispute: str, actor: str, kind: str, words: dict[str, Any]) -> int:
    from api.services.disputes import require_dispute
    from ops.speaking import parsed

    run = invocation_of(ctx)
    with run.services() as services:
        assets = require_dispute(services, dispute).opening.assets
        return _said(run, services, actor, parsed(kind, {"dispute": dispute, "assets": assets, **words}))


def _said(run: Invocation, services: Services, actor: str, body: Body) -> int:
    receipt = speak_as(run, services, actor, body)
    return _told(run, services, str(body.as_json()["dispute"]), receipt.index)


def _told(run: Invocation, services: Services, dispute: str, index: int) -> int:
    from api.services.disputes import dispute_answer

    found = dispute_answer(services, dispute)
    run.answer({**found.model_dump(mode="json"), "entry_index": index}, lambda: _shown(found))
    return 0


def _shown(found: DisputeAnswer) -> RenderableType:
    pairs = [
        ("dispute", found.dispute),
        ("matter", f"{found.matter}, {found.kind}"),
        ("claim", found.claim),
        ("as of", found.at),
        ("state", f"{found.state}{', held' if found.held else ''}"),
        *(("file", asset) for asset in found.assets),
        ("parties", ", ".join(found.parties)),
        ("decided", f"{found.outcome}: {found.reason}" if found.outcome else ""),
    ]
    parts: list[RenderableType] = [facts(pair for pair in pairs if pair[1])]
    if found.clocks:
        rows = [(one.rule, styled(one.state, _TONES[one.state]), one.due_at, one.entry_index) for one in found.clocks]
        parts += ["", table("clock", "", "runs out", "entry", rows=rows)]
    if found.notices:
        told = [(one.notice, one.event, one.received_at, one.done or "not answered") for one in found.notices]
        parts += ["", table("notice", "", "received", "done", rows=told)]
    if found.sightings:
        seen = [(one.platform, one.url or "private", one.matched_by, one.match) for one in found.sightings]
        parts += ["", table("seen on", "at", "found by", "", rows=seen)]
    return Group(*parts)
