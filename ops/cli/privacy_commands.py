"""erase, hold, disclose, vault rotate-kek: forgetting people, not forgetting them yet, showing one field of theirs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops.cli.invocation import HomeOption, JsonOption, everywhere, invocation_of
from ops.cli.printing import facts, shown

if TYPE_CHECKING:
    from api.services.services import Services
    from ledger.door import Receipt
    from ops.cli.invocation import Invocation
    from schemas.base import Body

AsOption = Annotated[str, typer.Option("--as", metavar="ACTOR", help="Whose key signs; it lies in keys/.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Overwrite --out.")]

holds = typer.Typer(help="Legal holds: what stands under one is not erased.")
holds.callback()(everywhere)
vault = typer.Typer(help="The vault of personal data and its key.")
vault.callback()(everywhere)


def erase(
    ctx: typer.Context,
    person: Annotated[str, typer.Argument(metavar="PERSON", help="The pseudonym.")],
    actor: Annotated[
        str | None, typer.Option("--as", metavar="ACTOR", help="Ask for it as the person's own actor, or as legal.")
    ] = None,
    ground: Annotated[
        str, typer.Option(metavar="GROUND", help="Why, when asking; GDPR 17(1) in a word.")
    ] = "consent-withdrawn",
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the certificate there.")] = None,
    force: ForceOption = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Destroy what is sealed about a person, for good. Goes on where a crash or a held-up vault stopped it."""
    from api.services.erasure import erase as erase_person
    from api.services.erasure_certificate import erasure_certificate
    from ops.cli.inputs import writable_target
    from ops.wholefile import write_whole

    run = invocation_of(ctx)
    target = writable_target(out, force=force) if out else None
    with run.services() as services:
        if actor is not None:
            _ask(run, services, person, actor, ground)
        done = erase_person(services, person)
        if target is not None:
            write_whole(target, erasure_certificate(services, person))
    found = {**done.as_json(), "certificate": shown(target) if target else None}
    pairs = [
        ("erased", person),
        ("at", done.erased_at),
        ("destroyed", f"{done.keys} key, {done.values} values of {done.statements} statements"),
        ("entries", f"{done.request_index} asked, {done.begun_index} begun, {done.erased_index} done"),
        ("certificate", found["certificate"] or "none; name one with --out, any time"),
    ]
    run.note("Backups of the vault from before still open while their key is kept: see `vault rotate-kek`.")
    run.answer(found, facts(pairs))
    return 0


def _ask(run: Invocation, services: Services, person: str, actor: str, ground: str) -> None:
    """Says the request, unless it was said before: the command may be repeated as it stands."""
    from ledger.rules.erasure import erasure_state
    from ops.speaking import parsed

    body = parsed("subject.erasure-requested.v1", {"person": person, "ground": ground})
    if erasure_state(services.ledger.history(), body.person).stage == "kept":
        speak_as(run, services, actor, body)


@holds.command("place")
def place(
    ctx: typer.Context,
    matter: Annotated[str, typer.Option(metavar="MATTER", help="The number under which legal keeps the matter.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why. It stays in the log: name nobody.")],
    actor: AsOption,
    person: Annotated[str | None, typer.Option(metavar="PERSON", help="A pseudonym.")] = None,
    asset: Annotated[str | None, typer.Option(metavar="FILE|DIGEST", help="A file, and all who are in it.")] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Place a hold on a person or on a file: no erasure of them begins while it stands."""
    from ops.cli.inputs import asset_digest
    from ops.speaking import parsed
    from schemas.base import new_id

    run = invocation_of(ctx)
    with run.services() as services:
        hold = new_id(services.clock.now())
        target = {"person": person, "asset": asset_digest(asset) if asset else None}
        named = {name: value for name, value in target.items() if value is not None}
        body = parsed("hold.placed.v1", {"hold": hold, "matter": matter, "reason": reason, **named})
        receipt = speak_as(run, services, actor, body)
    _answer_hold(run, body, receipt)
    return 0


@holds.command("release")
def release(
    ctx: typer.Context,
    hold: Annotated[str, typer.Argument(metavar="HOLD", help="Its id, as `hold place` gave it.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why. It stays in the log: name nobody.")],
    actor: AsOption,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Release a hold. What was asked for meanwhile may then be erased."""
    from ledger.errors import NotFound
    from ops.speaking import parsed
    from schemas.statements.erasure import HoldPlaced

    run = invocation_of(ctx)
    with run.services() as services:
        placed = services.ledger.history().last(f"hold:{hold}", HoldPlaced)
        if placed is None:
            raise NotFound("hold_unknown", "no hold of this id was placed", "See `countersign log tail`.")
        body = parsed("hold.released.v1", {**placed.body.as_json(), "reason": reason})
        receipt = speak_as(run, services, actor, body)
    _answer_hold(run, body, receipt)
    return 0


def _answer_hold(run: Invocation, body: Body, receipt: Receipt) -> None:
    found: dict[str, Any] = {"type": body.TYPE, **body.as_json(), "entry_index": receipt.index}
    run.answer(found, facts((name.replace("_", " "), value) for name, value in found.items()))


def disclose(
    ctx: typer.Context,
    statement_id: Annotated[str, typer.Argument(metavar="STATEMENT_ID", help="The statement that seals the field.")],
    pointer: Annotated[str, typer.Argument(metavar="POINTER", help="The field, such as /body/name.")],
    to: Annotated[str, typer.Option(metavar="NAME", help="To whom: a pseudonymous name, such as auditor-3.")],
    actor: AsOption,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The document to hand over; readable by you only.")],
    force: ForceOption = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Show one sealed field to one reader, who can check it against the log. Recorded first; shows no other field."""
    from api.services.disclosing import disclose as disclose_field
    from ops.cli.inputs import writable_target
    from ops.wholefile import write_whole

    run = invocation_of(ctx)
    target = writable_target(out, force=force)
    with run.services() as services:
        made = disclose_field(services, statement_id, pointer, to, lambda body: speak_as(run, services, actor, body))
        write_whole(target, made.document)
    found = {
        "statement_id": statement_id,
        "pointer": pointer,
        "to": to,
        "entry_index": made.entry_index,
        "file": shown(target),
    }
    run.answer(found, facts([*((name.replace("_", " "), value) for name, value in found.items()), _how(target)]))
    return 0


def _how(target: Path) -> tuple[str, str]:
    return "check it", f"countersign check {shown(target)} --vkeys FILE"


@vault.command("rotate-kek")
def rotate_kek(ctx: typer.Context, home: HomeOption = None, json: JsonOption = False) -> int:
    """Wrap everybody's key under a new key-encryption key and destroy the old one. Safe beside a running `serve`."""
    from ops.home import Home

    run = invocation_of(ctx)
    assert run.settings  # noqa: S101 - raises NotFound for a folder that is no home, before a vault is made in it
    opened = Home(run.home).open_vault()
    try:
        count = opened.rotate()
    finally:
        opened.close()
    run.note("Back up keys/ anew, and destroy its older copies: the old key still opens older backups of the vault.")
    run.answer({"keys_wrapped": count}, facts([("keys wrapped anew", count), ("old key", "destroyed")]))
    return 0


def speak_as(run: Invocation, services: Services, actor: str, body: Body) -> Receipt:
    from ledger.keys import read_signing_key
    from ops.cli.inputs import actor_name
    from ops.home import Home
    from ops.speaking import speak

    key = read_signing_key(Home(run.home).actor_key(actor_name(actor)))
    return speak(services.ledger, key, actor, body)
