"""verify, approve and clear: the one question, and what has to be said before its answer can be yes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from ops.cli.invocation import HomeOption, JsonOption, invocation_of
from ops.cli.printing import facts, shown, styled, table

if TYPE_CHECKING:
    from api.services.verification import Verification

COLOURS = {"allow": "green", "deny": "red", "review": "yellow", "unknown": "yellow"}
IDENTIFIED = {
    "digest": "by its bytes",
    "manifest": "by its C2PA manifest; the bytes differ",
    "ledger_assertion": "by the ledger entry that its manifest names; the bytes differ",
    "soft_binding": "by the soft binding in its manifest; the bytes differ",
    "fingerprint": "by its picture; the bytes differ",
    "sound": "by its sound; the bytes differ",
    "face": "only by a face: it shows somebody who enrolled",
    "none": "not at all",
}
OUTCOME_COLOURS = {"pass": "green", "fail": "red", "not_checked": "yellow", "not_applicable": "dim"}
UseOption = Annotated[str | None, typer.Option(metavar="USE", help="For what, such as advertising.")]
TerritoryOption = Annotated[str | None, typer.Option(metavar="CODE", help="Where: ISO 3166-1 alpha-2, or WORLD.")]
ChannelOption = Annotated[str | None, typer.Option(metavar="CHANNEL", help="Through what, such as social.")]


def verify(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file in question.")],
    use: UseOption = None,
    territory: TerritoryOption = None,
    channel: ChannelOption = None,
    at: Annotated[str | None, typer.Option(metavar="INSTANT", help="When; RFC 3339 in UTC. Default: now.")] = None,
    since: Annotated[str | None, typer.Option("--from", metavar="INSTANT", help="From when it shall be used.")] = None,
    until: Annotated[
        str | None, typer.Option(metavar="INSTANT", help="Until when it shall be used, exclusive.")
    ] = None,
    sidecar: Annotated[Path | None, typer.Option(metavar="FILE", help="Its C2PA manifest store (.c2pa).")] = None,
    fragment: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="A segment, where FILE is an init segment; repeatable.")
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """May this file be used, for this, here, now? Exit code 0 only for allow. FILE may be a manifest store alone."""
    from api.services.circumstances import Circumstances
    from api.services.verification import verify_file
    from ledger.media.beside import Beside
    from ops.cli.inputs import instant

    run = invocation_of(ctx)
    asked = Circumstances(use, territory, channel, instant(since, "--from"), instant(until, "--until"))
    beside = Beside(sidecar, tuple(fragment or ())) if sidecar or fragment else None
    when = instant(at, "--at")
    with run.services() as services:
        verification = verify_file(services, file, asked, when, beside, naming=True)
    run.answer(verification.as_json(), lambda: _verdict(file, verification))
    return verification.exit_code


def _verdict(file: Path, verification: Verification) -> RenderableType:
    answer = verification.as_json()
    word = verification.verdict
    asked = ", ".join(answer["asked"][name] for name in ("use", "territory", "channel") if answer["asked"][name])
    asked = asked or "no circumstances given"
    c2pa = answer["c2pa"]
    pairs: list[tuple[str, object]] = [
        ("file", shown(file)),
        ("asked", f"{asked}, at {answer['at']}"),
        ("recognised", IDENTIFIED[answer["identified_by"]]),
        ("asset", answer["asset_sha256"] or "none in this ledger"),
        ("origin known by", (answer["evidence_grade"] or "").replace("_", " ")),
        ("C2PA", f"{c2pa['state']}, ingredients {c2pa['ingredients_state']}"),
        ("", " · ".join(str(c2pa[name]) for name in ("issuer", "claim_generator") if c2pa[name])),
        ("when signed", f"{c2pa['signing_state']}, at {c2pa['signed_at']}" if c2pa["signed_at"] else ""),
        ("faces", _faces(answer["faces"])),
        ("not checked", styled(", ".join(answer["not_checked"]) or "nothing left out", "yellow")),
        ("log", f"{answer['log_size']} entries were weighed"),
    ]
    rows = [(one["code"], one["detail"], _entry(one["entry_index"])) for one in answer["reasons"]]
    parts: list[RenderableType] = [
        styled(word.upper(), f"bold {COLOURS[word]}"),
        facts(pair for pair in pairs if pair[1]),
        "",
        table("because", "", "entry", rows=rows),
    ]
    return Panel(Group(*parts), border_style=COLOURS[word], expand=False)


def _faces(step: dict[str, Any]) -> str:
    if step["state"] == "not_checked":
        return f"not checked ({step['reason']})"
    seen = [f"{one['person'] or 'somebody enrolled'}: {one['finding']}" for one in step["enrolled"]]
    strangers = [f"{step['strangers']} of nobody enrolled"] if step["strangers"] else []
    return ", ".join(seen + strangers) or "none"


def _entry(index: int | None) -> str:
    return "" if index is None else str(index)


def approve(
    ctx: typer.Context,
    asset: Annotated[str, typer.Argument(metavar="FILE|DIGEST", help="An imported asset.")],
    gate: Annotated[str, typer.Option(metavar="GATE", help="brand, rights or legal.")],
    actor: Annotated[str, typer.Option("--as", metavar="ACTOR", help="Whose key signs; it lies in keys/.")],
    comment: Annotated[str, typer.Option(metavar="TEXT", help="What was looked at.")],
    reject: Annotated[bool, typer.Option("--reject", help="Say no: this closes the file for good.")] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Answer at a gate, for exactly these bytes."""
    from ledger.keys import read_signing_key
    from ops import speaking
    from ops.cli.inputs import actor_name, asset_digest, one_of
    from ops.home import Home
    from schemas.statements.review import Gate, ReviewApproved, ReviewRejected

    run = invocation_of(ctx)
    one_of(gate, get_args(Gate), "--gate")
    kind = (ReviewRejected if reject else ReviewApproved).TYPE
    body = speaking.parsed(kind, {"asset": asset_digest(asset), "gate": gate, "comment": comment})
    with run.services() as services:
        key = read_signing_key(Home(run.home).actor_key(actor_name(actor)))
        receipt = speaking.speak(services.ledger, key, actor, body)
    found = {"asset_sha256": body.asset, "gate": gate, "type": kind, "actor": actor, "entry_index": receipt.index}
    run.answer(found, facts(found.items()))
    return 0


def clear(
    ctx: typer.Context,
    asset: Annotated[str, typer.Argument(metavar="FILE|DIGEST", help="An imported asset.")],
    use: Annotated[str, typer.Option(metavar="USE", help="For what.")],
    channel: Annotated[str, typer.Option(metavar="CHANNEL", help="Through what.")],
    territory: Annotated[str, typer.Option(metavar="CODE", help="Where.")],
    until: Annotated[str, typer.Option(metavar="INSTANT", help="Until when, exclusive.")],
    since: Annotated[str | None, typer.Option("--from", metavar="INSTANT", help="From when. Default: now.")] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Ask for clearance; the verdict, yes or no, is signed and recorded. Exit code 3 for no."""
    from api.services.clearing import ask
    from ops.cli.inputs import asset_digest, instant, needed_instant

    run = invocation_of(ctx)
    digest = asset_digest(asset)
    start, end = instant(since, "--from"), needed_instant(until, "--until")
    with run.services() as services:
        wanted = {"use": use, "channel": channel, "territory": territory}
        window = {"valid_from": start or services.clock.now(), "valid_until": end}
        answer = ask(services, _question({"asset": digest, **wanted, **window}), asked_by=run.settings.operator)
    found = {"asset_sha256": digest, **answer.as_json()}
    run.answer(found, lambda: _clearance(found))
    return 0 if answer.issued else 3


def _question(members: dict[str, Any]) -> Any:
    from ledger.errors import Misuse
    from schemas.statements.clearance import Question

    try:
        return Question.model_validate(members)
    except ValueError as error:
        what = "use and channel are lower-case words, territory is an ISO 3166-1 code or WORLD, the window has a length"
        raise Misuse("question_invalid", what, "Ask again.") from error


def _clearance(found: dict[str, Any]) -> RenderableType:
    word, colour = ("CLEARED", "green") if found["issued"] else ("REFUSED", "red")
    rows = [
        (
            one["rule"],
            styled(one["outcome"], OUTCOME_COLOURS[one["outcome"]]),
            one["detail"],
            ", ".join(map(str, one["entries"])),
        )
        for one in found["weighed"]
    ]
    pairs = [("clearance", found["clearance"]), ("entry", found["entry_index"])]
    weighed = table("rule", "outcome", "", "entries", rows=rows)
    return Panel(Group(styled(word, f"bold {colour}"), facts(pairs), "", weighed), border_style=colour, expand=False)


def _outcome(outcome: str) -> Text:
    return styled(outcome.replace("_", " "), OUTCOME_COLOURS[outcome])
