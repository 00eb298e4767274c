"""actor enrol, actor list, token, say: who speaks here, and saying it by hand."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ops.cli.invocation import HomeOption, Invocation, JsonOption, everywhere, invocation_of
from ops.cli.printing import document, facts, shown, table

STATEMENT_FILE_BYTES_MAX = 256 * 2**10  # a payload has at most 45,000 bytes; sealed values come on top

actors = typer.Typer(help="Who may speak: enrol somebody with a key of their own, list everybody.")
actors.callback()(everywhere)


@actors.command("enrol")
def enrol(
    ctx: typer.Context,
    actor: Annotated[str, typer.Argument(metavar="NAME", help="Lower-case letters, digits, dots and hyphens.")],
    role: Annotated[list[str], typer.Option(metavar="ROLE", help="What they may say; may be given several times.")],
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Enrol somebody: a new key goes into the home's keys folder, the operator signs that it is theirs."""
    from ops import speaking
    from ops.home import Home

    run = invocation_of(ctx)
    with run.services() as services:
        receipt, key = speaking.enrol(services.ledger, Home(run.home), run.settings.operator, actor, role)
    file = shown(Home(run.home).actor_key(actor))
    found = {"actor": actor, "roles": role, "keyid": key.keyid, "key_file": file, "entry_index": receipt.index}
    run.answer(found, facts((name.replace("_", " "), _words(value)) for name, value in found.items()))
    return 0


@actors.command("list")
def list_actors(ctx: typer.Context, home: HomeOption = None, json: JsonOption = False) -> int:
    """Everybody who is enrolled, with their roles and current keys."""
    from ledger.rules.actors import actor_state
    from schemas.statements.actor import ActorEnrolled, LogOpened
    from schemas.statements.passkey import ActorAdmitted

    run = invocation_of(ctx)
    with run.services() as services:
        history = services.ledger.history()
        names: list[str] = []
        for said in services.ledger.read(types=[LogOpened.TYPE, ActorEnrolled.TYPE, ActorAdmitted.TYPE]):
            body = said.body
            names += [body.service, body.admin] if isinstance(body, LogOpened) else [getattr(body, "actor", "")]
        states = [actor_state(history, name) for name in names]
    found: list[dict[str, Any]] = [
        {
            "actor": state.actor,
            "roles": sorted(state.roles),
            "entry_index": state.enrolled_by,
            "keys": [
                {"keyid": key.keyid, "current": key.until is None, "kind": "passkey" if key.passkey else "key"}
                for key in state.keys.values()
            ],
        }
        for state in states
    ]
    rows = [(one["actor"], ", ".join(one["roles"]), one["entry_index"], _keys(one["keys"])) for one in found]
    run.answer({"actors": found}, table("actor", "roles", "entry", "keys", rows=rows))
    return 0


def token(
    ctx: typer.Context,
    actor: Annotated[str, typer.Argument(metavar="ACTOR", help="An enrolled actor.")],
    revoke: Annotated[bool, typer.Option("--revoke", help="Forget every token of this actor instead.")] = False,
    link: Annotated[bool, typer.Option("--link", help="As a secret link to the person's own page.")] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Issue a bearer token for the API. It is shown once and stored as a hash."""
    from ledger.errors import NotFound
    from ledger.rules.actors import actor_state

    run = invocation_of(ctx)
    with run.services() as services:
        if revoke:
            count = services.tokens.revoke(actor)
            run.answer({"actor": actor, "revoked": count}, f"{count} revoked")
            return 0
        if actor_state(services.ledger.history(), actor).enrolled_by is None:
            raise NotFound("actor_unknown", "nobody of this name is enrolled here", "See `countersign actor list`.")
        made = services.tokens.issue(actor, services.clock.now())
        if link:  # behind the #: a browser sends it to nobody, and the page takes it out of the address
            made = f"{services.public_url}/sign-in?next=/consents#token={made}"
    run.note(f"This {'link' if link else 'token'} is shown once; it speaks for the actor until it is revoked.")
    run.answer({"actor": actor, "token": made}, made)
    return 0


def say(
    ctx: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help='{"type", "body", "sealed"}; - for stdin.')
    ] = None,
    actor: Annotated[
        str | None, typer.Option("--as", metavar="ACTOR", help="Whose key signs; it lies in keys/.")
    ] = None,
    new: Annotated[
        list[str] | None, typer.Option("--new-id", metavar="MEMBER", help="Give this member of the body a fresh id.")
    ] = None,
    example: Annotated[
        str | None, typer.Option(metavar="TYPE", help="Print an example FILE of a type instead.")
    ] = None,
    types: Annotated[bool, typer.Option("--types", help="List the types instead.")] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Sign a statement with an actor's key from this home's keys folder, and append it."""
    from ledger.errors import Misuse

    run = invocation_of(ctx)
    if types:
        return _types(run)
    if example is not None:
        return _example(run, example)
    if file is None or actor is None:
        raise Misuse("usage", "say needs a FILE and --as ACTOR", "See `countersign say --help`.")
    return _say(run, statement_file(file), actor, new or [])


def _say(run: Invocation, wanted: dict[str, Any], actor: str, fresh: list[str]) -> int:
    from functools import partial

    from api.services.listening import hear
    from ledger.keys import read_signing_key
    from ops import speaking
    from ops.cli.inputs import actor_name
    from ops.home import Home
    from schemas.base import new_id

    with run.services() as services:
        body = dict(wanted["body"])
        body |= {member: new_id(services.clock.now()) for member in fresh}
        parsed = speaking.parsed(wanted["type"], body)
        key = read_signing_key(Home(run.home).actor_key(actor_name(actor)))
        sealed, subject = wanted.get("sealed"), wanted.get("subject") or body.get("person")
        speak = partial(speaking.speak, services.ledger, key, actor, parsed, sealed=sealed, subject=subject)
        receipt = hear(services, lambda: parsed, speak)
    found = {
        "entry_index": receipt.index,
        "statement_id": receipt.statement_id,
        "type": wanted["type"],
        "actor": actor,
        "existing": receipt.existing,
        "log_size": receipt.size,
        "body": parsed.as_json(),
    }
    run.answer(found, facts((name, value) for name, value in found.items() if name != "body"), document(found["body"]))
    return 0


def statement_file(file: Path) -> dict[str, Any]:
    """A statement written by hand. Raises Misuse `statement_file_invalid`, `file_unreadable`, NotFound, TooLarge."""
    from ledger.errors import Misuse, NotFound, TooLarge
    from ledger.proof.canonical import parse_json

    try:
        with sys.stdin.buffer if str(file) == "-" else file.open("rb") as stream:
            raw = stream.read(STATEMENT_FILE_BYTES_MAX + 1)
    except FileNotFoundError as error:
        raise NotFound("file_not_found", "there is no such file", "Name a file, or - for standard input.") from error
    except OSError as error:
        raise Misuse("file_unreadable", f"the file can't be read: {error.strerror}", "Check it.") from error
    if len(raw) > STATEMENT_FILE_BYTES_MAX:
        raise TooLarge("statement_too_large", f"more than {STATEMENT_FILE_BYTES_MAX} bytes", "Name a blob by digest.")
    value: dict[str, Any] = parse_json(raw)
    shape = isinstance(value, dict) and {"type", "body"} <= value.keys() <= {"type", "body", "sealed", "subject"}
    if not shape or not isinstance(value["body"], dict) or not isinstance(value["type"], str):
        what = "the file is not {type, body} with an optional sealed and subject"
        raise Misuse("statement_file_invalid", what, "See `countersign say --example TYPE`.")
    if not isinstance(value.get("sealed", {}), dict) or not isinstance(value.get("subject", ""), str):
        raise Misuse("statement_file_invalid", "sealed is not an object, or subject not text", "Correct the file.")
    return value


def _types(run: Invocation) -> int:
    from ledger.rules.permissions import PERMISSIONS
    from schemas.catalogue import BODIES

    found = [{"type": body.TYPE, "said_by": sorted(PERMISSIONS.get(body.TYPE, ()))} for body in BODIES]
    rows = [(one["type"], ", ".join(one["said_by"])) for one in found]
    run.answer({"types": found}, table("type", "may be said by", rows=rows))
    return 0


def _example(run: Invocation, wire_type: str) -> int:
    from ledger.errors import Misuse
    from schemas.catalogue import TYPES, body_class

    if wire_type not in TYPES:
        raise Misuse("type_unknown", "there is no such type of statement", "See `countersign say --types`.")
    kind = body_class(wire_type)
    sealed = kind.example_sealed()
    found = {"type": wire_type, "body": kind.example().as_json(), **({"sealed": sealed} if sealed else {})}
    run.answer(found, document(found))
    return 0


def _words(value: object) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def _keys(keys: list[dict[str, Any]]) -> str:
    return ", ".join(f"{key['keyid'][:16]}…{_kind(key)}" for key in keys)


def _kind(key: dict[str, Any]) -> str:
    remarks = [word for word, true in (("passkey", key["kind"] == "passkey"), ("ended", not key["current"])) if true]
    return f" ({', '.join(remarks)})" if remarks else ""
