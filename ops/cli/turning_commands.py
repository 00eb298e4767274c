"""log rotate-keys, actor rotate, actor revoke: keys, turned and ended."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ops.cli.invocation import HomeOption, Invocation, JsonOption, invocation_of
from ops.cli.printing import facts, shown

if TYPE_CHECKING:
    from ops.home import Home


def rotate_keys(
    ctx: typer.Context,
    reason: Annotated[
        Literal["scheduled", "suspected-theft"],
        typer.Option(
            metavar="WHY", help="scheduled, or suspected-theft: the old keys then prove nothing by themselves."
        ),
    ] = "scheduled",
    operator: Annotated[
        str | None, typer.Option("--as", metavar="ADMIN", help="Whose key says it; else the operator's.")
    ] = None,
    destroy_old: Annotated[
        bool, typer.Option("--destroy-old", help="Delete the old private keys once the log has turned.")
    ] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """New keys sign the log's checkpoints from now on; the old ones endorse them. What was signed before stays good."""
    from ledger.clock import SystemClock
    from ops.cli.inputs import actor_name
    from ops.home import Home
    from ops.logturning import rotate_log_keys

    run = invocation_of(ctx)
    place, speaker = Home(run.home), actor_name(operator) if operator else None
    turned = rotate_log_keys(
        place, run.settings, SystemClock(), reason=reason, operator=speaker, destroy_old=destroy_old
    )
    found = {**turned.__dict__, "published": _published(run, place)}
    told = {**found, "log_vkeys": turned.log_vkeys[0], "destroyed": ", ".join(turned.destroyed) or "none"}
    told |= {"": f"{turned.log_vkeys[1][:60]}… (ML-DSA-44)"}
    run.answer(found, facts((name.replace("_", " "), value) for name, value in told.items()))
    run.note("Give the new vkeys to everybody who has the old ones, and to each witness (ops/runbooks/keys.md).")
    return 0


def key_history(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="A new file.")],
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Write what leads from the log's keys of any time to those of today. `countersign check FILE --vkeys OLD` reads it."""
    from ledger.errors import Misuse
    from ledger.log.logkeys import key_history, stored_log_keys
    from ops.wholefile import write_whole

    run = invocation_of(ctx)
    if out.exists():
        raise Misuse("file_exists", "the file is already there", "Choose another name.")
    with run.services() as services:
        document, chain = key_history(services.ledger.store), stored_log_keys(services.ledger.store)
    write_whole(out, document)
    found = {"file": shown(out), "links": len(chain.links), "bytes": len(document)}
    run.answer(found, facts(found.items()))
    return 0


def rotate(
    ctx: typer.Context,
    actor: Annotated[str, typer.Argument(metavar="NAME", help="An actor, or the service.")],
    admin: Annotated[
        str | None,
        typer.Option("--as", metavar="ADMIN", help="An administrator says it; else the actor, with the old key."),
    ] = None,
    key: Annotated[
        str, typer.Option("--key", metavar="URI", help="For the service: the new key lies in an HSM or a key store.")
    ] = "",
    public_key: Annotated[
        Path | None, typer.Option("--public-key", metavar="FILE", help="Its PEM, where the URI does not tell it.")
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """A new key takes over from an old one. What the old one signed before stays signed."""
    from ops.actorkeys import rotate_key
    from ops.cli.inputs import actor_name
    from ops.home import Home

    run = invocation_of(ctx)
    spki = _public_key(public_key) if public_key else None
    with run.services() as services:
        receipt, keyid = rotate_key(
            services.ledger,
            Home(run.home),
            run.settings,
            actor_name(actor),
            admin=actor_name(admin) if admin else None,
            uri=key,
            spki=spki,
        )
    found = {"actor": actor, "keyid": keyid, "entry_index": receipt.index if receipt else None}
    run.answer(found, facts((name.replace("_", " "), value) for name, value in found.items()))
    return 0


def revoke(
    ctx: typer.Context,
    actor: Annotated[str, typer.Argument(metavar="NAME", help="Whose key.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Stands in the log; no names.")],
    effective_at: Annotated[
        str | None, typer.Option("--effective-at", metavar="INSTANT", help="From when on it is not theirs; else now.")
    ] = None,
    key: Annotated[str | None, typer.Option("--key", metavar="KEYID", help="Which; else the only current one.")] = None,
    by: Annotated[str | None, typer.Option("--as", metavar="ACTOR", help="Who says it; else the operator.")] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """End a key. Entries recorded from that instant on, signed with it, are not its owner's word: packs with them fail."""
    from ops.actorkeys import revoke_key
    from ops.cli.inputs import actor_name, instant
    from ops.home import Home
    from schemas.base import format_instant

    run = invocation_of(ctx)
    when = instant(effective_at, "--effective-at")
    with run.services() as services:
        at = when or services.clock.now()
        speaker = actor_name(by) if by else run.settings.operator
        receipt = revoke_key(services.ledger, Home(run.home), actor_name(actor), at, reason, keyid=key, by=speaker)
    found = {"actor": actor, "effective_at": format_instant(at), "entry_index": receipt.index}
    run.answer(found, facts((name.replace("_", " "), value) for name, value in found.items()))
    return 0


def _public_key(path: Path) -> bytes:
    """The DER in a PEM file. Raises Misuse `public_key_unreadable`."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

    from ledger.errors import Misuse

    try:
        return load_pem_public_key(path.read_bytes()).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (OSError, ValueError) as error:
        raise Misuse("public_key_unreadable", "the file holds no public key in PEM", "Name another file.") from error


def _published(run: Invocation, home: Home) -> Any:
    """The checkpoint that both signed reaches witnesses who know the old keys only, if it is published at once."""
    from ledger.errors import LedgerError
    from ledger.log.published import CHECKPOINT, PublishedFolder
    from ops.publishing import HomePublisher

    if PublishedFolder(home.public).read(CHECKPOINT) is None:
        return None
    try:
        with run.services() as services:
            return HomePublisher(home, run.settings, services.ledger.store).publish().publication.size
    except LedgerError as error:
        run.note(f"The log has turned; publishing it did not work: {error.what}")
        return None
