"""log rotate-keys: the log's own keys, turned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ops.cli.invocation import HomeOption, Invocation, JsonOption, invocation_of
from ops.cli.printing import facts

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
    shown = {**found, "log_vkeys": turned.log_vkeys[0], "destroyed": ", ".join(turned.destroyed) or "none"}
    shown |= {"": f"{turned.log_vkeys[1][:60]}… (ML-DSA-44)"}
    run.answer(found, facts((name.replace("_", " "), value) for name, value in shown.items()))
    run.note("Give the new vkeys to everybody who has the old ones, and to each witness (ops/runbooks/keys.md).")
    return 0


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
