"""privilege: what counsel claims privilege over, row by row, and where a claim is given up. Packs leave it out and list it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ops.cli.invocation import HomeOption, JsonOption, everywhere, invocation_of
from ops.cli.printing import facts, table
from ops.cli.privacy_commands import AsOption, speak_as

privilege = typer.Typer(
    help="Claims of privilege over documents and sealed fields: what evidence packs leave out and list."
)
privilege.callback()(everywhere)


@privilege.command("assert")
def assert_(
    ctx: typer.Context,
    document: Annotated[
        str,
        typer.Argument(
            metavar="DOCUMENT|DIGEST|STATEMENT/FIELD", help="Only its digest is taken: nothing of it is kept."
        ),
    ],
    basis: Annotated[
        str, typer.Option(metavar="BASIS", help="attorney-client, work-product, common-interest or other.")
    ],
    kind: Annotated[str, typer.Option(metavar="KIND", help="What it is: letter, memo, notes.")],
    author: Annotated[str, typer.Option(metavar="NAME", help="Who wrote it, under a pseudonym.")],
    written_at: Annotated[str, typer.Option(metavar="INSTANT", help="When.")],
    description: Annotated[
        str, typer.Option(metavar="TEXT", help="Enough to judge the claim, and nothing of what is privileged.")
    ],
    actor: AsOption,
    to: Annotated[list[str] | None, typer.Option(metavar="NAME", help="To whom; several may.")] = None,
    asset: Annotated[list[str] | None, typer.Option(metavar="FILE|DIGEST", help="Files that it is about.")] = None,
    dispute: Annotated[str | None, typer.Option(metavar="DISPUTE", help="The dispute that it is about.")] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Claim privilege, as legal: packs about these files or this dispute leave it out from now on, and list it."""
    from ops.cli.inputs import asset_digest, needed_instant
    from ops.speaking import parsed
    from schemas.base import new_id

    run = invocation_of(ctx)
    statement, slash, field = document.partition("/")
    held = {"statement": statement, "pointer": f"/body/{field}"} if _is_field(slash, field, statement) else {}
    thing = held or {"document_sha256": asset_digest(document)}
    told = {"kind": kind, "author": author, "recipients": to or [], "basis": basis, "description": description}
    about = {"assets": [asset_digest(one) for one in asset or []], "dispute": dispute}
    when = {"written_at": needed_instant(written_at, "--written-at")}
    with run.services() as services:
        number = new_id(services.clock.now())
        body = parsed("privilege.asserted.v1", {"privilege": number, **thing, **told, **about, **when})
        receipt = speak_as(run, services, actor, body)
    found: dict[str, Any] = {"privilege": number, **thing, "entry_index": receipt.index}
    run.answer(found, facts(found.items()))
    return 0


@privilege.command("waive")
def waive(
    ctx: typer.Context,
    number: Annotated[str, typer.Argument(metavar="PRIVILEGE", help="Its number, as `privilege assert` gave it.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why. It stays in the log.")],
    actor: AsOption,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Give a claim up, as legal: packs made from now on no longer leave the document or field out for it."""
    from ledger.errors import NotFound
    from ops.speaking import parsed
    from schemas.statements.privilege import PrivilegeAsserted

    run = invocation_of(ctx)
    with run.services() as services:
        said = services.ledger.history().last(f"privilege:{number}", PrivilegeAsserted)
        if said is None or not isinstance(said.body, PrivilegeAsserted):
            raise NotFound("privilege_unknown", f"nobody made claim {number}", "See `privilege list`.")
        same = {"privilege": number, "assets": said.body.assets, "dispute": said.body.dispute}
        receipt = speak_as(run, services, actor, parsed("privilege.waived.v1", {**same, "reason": reason}))
    found = {"privilege": number, "entry_index": receipt.index}
    run.answer(found, facts(found.items()))
    return 0


@privilege.command("list")
def list_(
    ctx: typer.Context,
    asset: Annotated[str, typer.Argument(metavar="FILE|DIGEST", help="A file of this ledger.")],
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """The privilege log of a file, its family and its disputes, as a pack would list it."""
    from api.services.evidence_privilege import privilege_log
    from ops.cli.inputs import asset_digest

    run = invocation_of(ctx)
    with run.services() as services:
        rows = privilege_log(services.ledger.history(), [asset_digest(asset)], services.clock.now())
    found = [one.model_dump(mode="json", exclude_none=True) for one in rows]
    cells = [
        (one.entry, one.kind, one.author, one.basis, one.description, "" if one.waived is None else "given up")
        for one in rows
    ]
    run.answer({"privilege_log": found}, table("entry", "what", "by", "basis", "description", "", rows=cells))
    return 0


def _is_field(slash: str, field: str, statement: str) -> bool:
    """A statement's number and a field of it, rather than the path of a file."""
    return bool(slash) and field.isidentifier() and len(statement) == 36 and statement.count("-") == 4
