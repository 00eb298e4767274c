"""consent request, grant, refuse, withdraw, narrow, renew, suspend, resume, show: a cameo from question to end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops.cli.consent_showing import show_consent
from ops.cli.invocation import HomeOption, Invocation, JsonOption, everywhere, invocation_of
from ops.cli.printing import facts

if TYPE_CHECKING:
    from api.services.services import Services
    from schemas.statements.consent import ConsentRequested

consents = typer.Typer(help="Consents: ask for one, give it, take it back in part or whole, and ask what holds when.")
consents.callback()(everywhere)
ConsentArgument = Annotated[str, typer.Argument(metavar="CONSENT", help="Its number.")]
AsOption = Annotated[str, typer.Option("--as", metavar="ACTOR", help="Whose key signs; it lies in keys/.")]
ReasonOption = Annotated[str, typer.Option(metavar="TEXT", help="Why. It stays in the log: name nobody.")]
UntilOption = Annotated[str | None, typer.Option(metavar="INSTANT", help="The end, exclusive; less than was asked.")]
_Names = Annotated[list[str] | None, typer.Option(metavar="NAME", help="May be given several times.")]


@consents.command("request")
def request(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The terms as JSON; `say --example` shows one.")],
    actor: AsOption,
    notice: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The notice shown to the person; it is kept by its digest.")
    ] = None,
    language: Annotated[str, typer.Option(metavar="TAG", help="The notice's language, such as pt-PT.")] = "en",
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Ask for a cameo on terms. Everything that is missing or too vague is listed, with the rule behind it."""
    from ops.cli.actor_commands import statement_file
    from schemas.base import new_id

    run, wanted = invocation_of(ctx), statement_file(file)
    terms = dict(wanted["body"])
    with run.services() as services:
        if notice is not None:
            terms["notice"] = {"sha256": services.blobs.put(notice.read_bytes()), "language": language}
        terms.setdefault("consent", new_id(services.clock.now()))
        found = said_as(run, services, actor, "consent.requested.v2", terms)
    return answer(run, found)


@consents.command("grant")
def grant(
    ctx: typer.Context,
    consent: ConsentArgument,
    actor: AsOption,
    until: UntilOption = None,
    use: _Names = None,
    channel: _Names = None,
    territory: _Names = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Give what was asked for, or less: with --use, --channel, --territory and --until."""
    run = invocation_of(ctx)
    less = {"uses": use, "channels": channel, "territories": territory, "valid_until": until}
    with run.services() as services:
        asked = _requested(services, consent).as_json()
        body = {**asked, **{name: value for name, value in less.items() if value}}
        found = said_as(run, services, actor, "consent.granted.v2", body)
    return answer(run, found)


@consents.command("refuse")
def refuse(
    ctx: typer.Context,
    consent: ConsentArgument,
    reason: ReasonOption,
    actor: AsOption,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Say no to a request."""
    return _about(ctx, consent, actor, "consent.refused.v1", {"reason": reason})


@consents.command("withdraw")
def withdraw(
    ctx: typer.Context,
    consent: ConsentArgument,
    reason: ReasonOption,
    actor: AsOption,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Take the whole of it back. What was used before stays as it was; nothing new may be."""
    return _about(ctx, consent, actor, "consent.withdrawn.v1", {"reason": reason})


@consents.command("narrow")
def narrow(
    ctx: typer.Context,
    consent: ConsentArgument,
    reason: ReasonOption,
    actor: AsOption,
    use: _Names = None,
    channel: _Names = None,
    territory: _Names = None,
    medium: _Names = None,
    training: Annotated[bool, typer.Option("--training", help="No training on it any more.")] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Take part of it back: uses, channels, territories, media, training. For good."""
    taken = {"uses": use, "channels": channel, "territories": territory, "media": medium}
    body = {name: values for name, values in taken.items() if values}
    return _about(ctx, consent, actor, "consent.narrowed.v1", {**body, "training_use": training, "reason": reason})


@consents.command("renew")
def renew(
    ctx: typer.Context,
    consent: ConsentArgument,
    since: Annotated[str, typer.Option("--from", metavar="INSTANT", help="From when, in UTC.")],
    until: Annotated[str, typer.Option(metavar="INSTANT", help="Until when, exclusive.")],
    actor: AsOption,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Agree again, for another time, to what is left of it."""
    return _about(ctx, consent, actor, "consent.renewed.v1", {"valid_from": since, "valid_until": until})


@consents.command("suspend")
def suspend(
    ctx: typer.Context,
    consent: ConsentArgument,
    reason: ReasonOption,
    actor: AsOption,
    cause: Annotated[
        str, typer.Option(metavar="CAUSE", help="by-person, dispute, investigation or term-changed.")
    ] = "by-person",
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Stop everything new under it until the suspension is lifted by whoever made it (legal for other causes)."""
    return _about(ctx, consent, actor, "consent.suspended.v1", {"cause": cause, "reason": reason}, fresh="suspension")


@consents.command("resume")
def resume(
    ctx: typer.Context,
    consent: ConsentArgument,
    suspension: Annotated[str, typer.Argument(metavar="SUSPENSION", help="Its number, as `consent show` gives it.")],
    reason: ReasonOption,
    actor: AsOption,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Lift one suspension, or the one that an ended engagement made, with what was found."""
    return _about(ctx, consent, actor, "consent.resumed.v1", {"suspension": suspension, "reason": reason})


@consents.command("show")
def show(
    ctx: typer.Context,
    consent: ConsentArgument,
    at: Annotated[str | None, typer.Option(metavar="INSTANT", help="The instant asked about; now if left out.")] = None,
    known_at: Annotated[
        str | None, typer.Option(metavar="INSTANT", help="What was recorded until then counts; --at if left out.")
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """What holds, or held at --at; with --known-at also: what could be known of it then. Exit 0 only if it is in force."""
    return show_consent(invocation_of(ctx), consent, at, known_at)


def _about(
    ctx: typer.Context, consent: str, actor: str, wire_type: str, body: dict[str, Any], fresh: str | None = None
) -> int:
    from schemas.base import new_id

    run = invocation_of(ctx)
    with run.services() as services:
        named = {"consent": consent, "person": _requested(services, consent).person}
        number = {fresh: new_id(services.clock.now())} if fresh else {}
        found = said_as(run, services, actor, wire_type, {**named, **number, **body})
    return answer(run, found)


def _requested(services: Services, consent: str) -> ConsentRequested:
    from ledger.errors import NotFound
    from schemas.statements.consent import ConsentRequested

    said = services.ledger.history().last(f"consent:{consent}", ConsentRequested)
    if said is None or not isinstance(said.body, ConsentRequested):
        raise NotFound("consent_unknown", "no consent of this number was asked for", "Check the number.")
    return said.body


def said_as(run: Invocation, services: Services, actor: str, wire_type: str, body: dict[str, Any]) -> dict[str, Any]:
    from ledger.keys import read_signing_key
    from ops.cli.inputs import actor_name
    from ops.home import Home
    from ops.speaking import parsed, speak

    said = parsed(wire_type, body)
    key = read_signing_key(Home(run.home).actor_key(actor_name(actor)))
    receipt = speak(services.ledger, key, actor, said)
    return {"type": wire_type, "entry_index": receipt.index, "actor": actor, "body": said.as_json()}


def answer(run: Invocation, found: dict[str, Any]) -> int:
    body = found["body"]
    pairs = [("recorded", f"{found['type']} by {found['actor']}"), ("entry", found["entry_index"])]
    pairs += [(name.replace("_", " "), value) for name, value in body.items() if name in ("consent", "suspension")]
    run.answer(found, facts(pairs), f"countersign consent show {body['consent']}")
    return 0
