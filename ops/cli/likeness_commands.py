"""likeness permit, enrol, withdraw, scan, show, review: whose face may be recognised, and the faces of files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops.cli.invocation import HomeOption, JsonOption, everywhere, invocation_of
from ops.cli.printing import facts, shown, table

if TYPE_CHECKING:
    from schemas.api.likeness import LikenessAnswer

likeness = typer.Typer(help="Faces: whose may be recognised, what is in a file. Templates lie in the vault only.")
likeness.callback()(everywhere)
AsOption = Annotated[str, typer.Option("--as", metavar="ACTOR", help="Whose key signs; it lies in keys/.")]
AssetArgument = Annotated[str, typer.Argument(metavar="FILE|DIGEST", help="A file of the ledger.")]


@likeness.command("permit")
def permit(
    ctx: typer.Context,
    person: Annotated[str, typer.Argument(metavar="PERSON", help="The pseudonym.")],
    until: Annotated[str, typer.Option(metavar="INSTANT", help="Templates are destroyed then; three years at most.")],
    actor: AsOption,
    guardrail: Annotated[
        str | None, typer.Option(metavar="ID", help="As legal, without their word: the list entry that protects them.")
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Permit that a person's face is recognised: as the person themselves, or as counsel for somebody on the list."""
    from ops.cli.inputs import needed_instant
    from schemas.base import format_instant, new_id

    run, when = invocation_of(ctx), needed_instant(until, "--until")
    with run.services() as services:
        body: dict[str, Any] = {
            "permission": new_id(services.clock.now()),
            "person": person,
            "basis": "guardrail" if guardrail else "consent",
            "retain_until": format_instant(when),
        }
        found = _said(
            run, services, actor, "likeness.permitted.v1", body | ({"guardrail": guardrail} if guardrail else {})
        )
    run.answer(found, facts((name.replace("_", " "), value) for name, value in found.items()))
    return 0


@likeness.command("withdraw")
def withdraw(
    ctx: typer.Context,
    permission: Annotated[str, typer.Argument(metavar="PERMISSION", help="Its number.")],
    person: Annotated[str, typer.Option(metavar="PERSON", help="The pseudonym.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why. It stays in the log.")],
    actor: AsOption,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Take a permission back: nobody is recognised by it from now on, and its templates are destroyed at once."""
    from api.services.likeness import destroy_ended

    run = invocation_of(ctx)
    with run.services() as services:
        body = {"permission": permission, "person": person, "reason": reason}
        found = _said(run, services, actor, "likeness.withdrawn.v1", body)
        found["destroyed"] = len(destroy_ended(services))
    run.answer(found, facts((name, value) for name, value in found.items()))
    return 0


@likeness.command("enrol")
def enrol(
    ctx: typer.Context,
    permission: Annotated[str, typer.Argument(metavar="PERMISSION", help="The number that `permit` answered.")],
    pictures: Annotated[list[Path], typer.Argument(metavar="PICTURE...", help="One face in each, of this person.")],
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Measure reference pictures. The templates go to the vault under a key of their own; the pictures are not kept."""
    from api.services.likeness import enrol as enrol_person

    run = invocation_of(ctx)
    with run.services() as services:
        receipt = enrol_person(services, permission, pictures)
        (said,) = services.ledger.read(after=receipt.index, limit=1)
    found = {**said.body.as_json(), "entry_index": receipt.index}
    run.note("Files that came before are compared with it by the next round of `serve` or `worker`.")
    run.answer(
        found, facts([("enrolled", found["person"]), ("enrolment", found["enrolment"]), ("entry", receipt.index)])
    )
    return 0


@likeness.command("scan")
def scan(ctx: typer.Context, asset: AssetArgument, home: HomeOption = None, json: JsonOption = False) -> int:
    """Look for faces in a file and hold them against who is enrolled. Exit 4 where a person has to look."""
    from api.services.faces import scan as scan_file
    from api.services.likeness_answers import likeness_answer
    from ops.cli.inputs import asset_digest

    run = invocation_of(ctx)
    with run.services() as services:
        digest = asset_digest(asset)
        scan_file(services, digest)
        answer = likeness_answer(services, digest)
    return _tell(run, answer)


@likeness.command("show")
def show(
    ctx: typer.Context,
    asset: AssetArgument,
    crops: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Also cut every face out, into a folder.")
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """The faces of a file, as consents stand now. Exit 4 where a person has to look, or nothing looked."""
    from api.services.faces import crop
    from api.services.likeness_answers import likeness_answer
    from ops.cli.inputs import asset_digest
    from ops.wholefile import write_whole

    run = invocation_of(ctx)
    with run.services() as services:
        answer = likeness_answer(services, asset_digest(asset))
        if crops is not None:
            crops.mkdir(mode=0o700, exist_ok=True)
            for one in answer.faces:
                write_whole(
                    crops / f"{answer.asset_sha256[:12]}-{one.face}.jpg", crop(services, answer.asset_sha256, one.face)
                )
            run.note(f"{len(answer.faces)} pictures of people in {shown(crops)}: remove them when you have looked.")
    return _tell(run, answer)


@likeness.command("review")
def review(
    ctx: typer.Context,
    asset: AssetArgument,
    face: Annotated[int, typer.Argument(metavar="FACE", help="Its number, as `show` tells it.")],
    verdict: Annotated[str, typer.Option(metavar="WORD", help="drawn, not-a-face, released or off-list.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why. It stays in the log: name nobody.")],
    actor: AsOption,
    release: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The release, for `released`; it is kept.")
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Say what a face is, having looked at it."""
    from ledger.errors import NotFound
    from ledger.rules.faces import newest_scan
    from ops.cli.inputs import asset_digest

    run = invocation_of(ctx)
    with run.services() as services:
        digest = asset_digest(asset)
        one = newest_scan(services.ledger.history(), digest)
        if one is None:
            raise NotFound("scan_unknown", "nobody looked for faces in this file", "Say `likeness scan` first.")
        body: dict[str, Any] = {
            "asset": digest,
            "scan": one[1].scan,
            "face": face,
            "verdict": verdict,
            "reason": reason,
        }
        body |= {"release_sha256": services.blobs.put(release.read_bytes())} if release else {}
        found = _said(run, services, actor, "likeness.reviewed.v1", body)
    run.answer(found, facts((name.replace("_", " "), value) for name, value in found.items()))
    return 0


def _said(run: Any, services: Any, actor: str, wire_type: str, body: dict[str, Any]) -> dict[str, Any]:
    from ledger.keys import read_signing_key
    from ops.cli.inputs import actor_name
    from ops.home import Home
    from ops.speaking import parsed, speak

    key = read_signing_key(Home(run.home).actor_key(actor_name(actor)))
    return {**body, "entry_index": speak(services.ledger, key, actor, parsed(wire_type, body)).index}


def _tell(run: Any, answer: LikenessAnswer) -> int:
    rows = [
        (one.face, f"{one.first_ms}-{one.last_ms} ms", one.finding, one.person or "-", one.verdict or "-")
        for one in answer.faces
    ]
    heading = f"{answer.outcome.replace('_', ' ')}: faces {answer.state.replace('_', ' ')}, {len(rows)} measured"
    listed = [table("face", "when", "finding", "person", "review", rows=rows)] if rows else []
    run.answer(answer.model_dump(mode="json"), heading, *listed)
    return {"pass": 0, "fail": 3}.get(answer.outcome, 4)
