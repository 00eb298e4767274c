"""trust import, list: whose C2PA signatures and time stamps this ledger believes, who said so, since when and until when."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ops.cli.invocation import HomeOption, JsonOption, everywhere, invocation_of
from ops.cli.printing import facts, table

trust = typer.Typer(help="Trust lists: whose C2PA signatures and time stamps are believed, since when and until when.")
trust.callback()(everywhere)


@trust.command("import")
def import_list(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Certificates of authorities, in PEM.")],
    kind: Annotated[str, typer.Option(metavar="signer|tsa", help="Whom they vouch for: signers, or time stamps.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Where it comes from, and why it is believed.")],
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The same name takes the older list's place. Default: the file's."),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="INSTANT", help="Sunset: from then on it only counts for what was signed before."),
    ] = None,
    actor: Annotated[
        str | None,
        typer.Option("--as", metavar="ACTOR", help="Who says so; their key lies in keys/. Default: the operator."),
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Take a list in, as an administrator or legal: files are judged under it from then on, and say so."""
    from api.services.trustlists import list_name, read_pem_file
    from ledger.keys import read_signing_key
    from ops.cli.inputs import actor_name, instant, one_of
    from ops.home import Home
    from ops.settings import read_settings
    from ops.speaking import parsed, speak

    run, sunset = invocation_of(ctx), instant(until, "--until")
    one_of(kind, ("signer", "tsa"), "--kind")
    speaker = actor_name(actor or read_settings(run.home).operator)
    with run.services() as services:
        read = read_pem_file(file, services.clock.now())
        key = read_signing_key(Home(run.home).actor_key(speaker))
        digest = services.blobs.put(read.content)  # first: an entry never names a list that isn't here
        words = {
            "list": name or list_name(file),
            "kind": kind,
            "list_sha256": digest,
            "reason": reason,
            "until": sunset,
        }
        body = parsed("trust.list-imported.v1", {**words, "certificates": read.certificates})
        receipt = speak(services.ledger, key, speaker, body)
    found = {**body.as_json(), "expired_certificates": read.expired, "entry_index": receipt.index}
    run.answer(found, facts((label.replace("_", " "), value) for label, value in found.items() if value is not None))
    return 0


@trust.command("list")
def list_lists(
    ctx: typer.Context,
    at: Annotated[str | None, typer.Option(metavar="INSTANT", help="As known then; now if left out.")] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Every list in force: for whom, since when by whose word, until when. The home's own files in trust/ come on top."""
    from api.services.trustlists import lists_answer
    from ops.cli.inputs import instant

    run, when = invocation_of(ctx), instant(at, "--at")
    with run.services() as services:
        answer = lists_answer(services, when)
    rows = [
        (
            f"{one['list']} ({one['kind']}, {one['certificates']})",
            "yes" if one["counts"] else "past only",
            f"{one['since'][:10]} by {one['said_by']}",
            (one["until"] or "-")[:10],
            one["list_sha256"][:8] if one["here"] else "MISSING",
            one["entry_index"],
        )
        for one in answer["lists"]
    ]
    columns = ("list", "counts", "since", "until", "sha256", "entry")
    run.answer(answer, table(*columns, rows=rows) if rows else "No list was imported; only files in trust/ count.")
    return 0
