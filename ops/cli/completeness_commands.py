"""log index, log complete: naming the root of the tag index, and proving with it all that the log holds about a tag."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ops.cli.invocation import HomeOption, JsonOption, invocation_of
from ops.cli.printing import facts, shown


def index(ctx: typer.Context, home: HomeOption = None, json: JsonOption = False) -> int:
    """Bring the tag index up to the log and have the log name its root. Says nothing twice."""
    from api.services.completeness import name_root

    run = invocation_of(ctx)
    with run.services() as services:
        before = services.ledger.store.size()
        said = name_root(services.ledger, services.index)
    body = said.body.as_json()
    found = {"size": body["size"], "root": body["root"], "entry_index": said.index, "new": said.index >= before}
    run.answer(found, facts((name.replace("_", " "), value) for name, value in found.items()))
    return 0


def complete(
    ctx: typer.Context,
    tag: Annotated[str, typer.Argument(metavar="TAG", help="Such as consent:0190… or asset:<sha256>.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The document to write, such as complete.json.")],
    wire_type: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="Answer for this type only: consent.withdrawn.v1.")
    ] = None,
    without_entries: Annotated[
        bool, typer.Option("--without-entries", help="Prove how many there are, and show none of them.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite --out.")] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Prove offline what the log holds about a tag: all of it, or that there is nothing. `check` verifies the document."""
    from api.services.completeness import completeness
    from ledger.log.logkeys import stored_log_keys
    from ledger.proof.completeness import verify_completeness
    from ops.cli.documents import story_json, type_rows
    from ops.cli.inputs import writable_target
    from ops.wholefile import write_whole

    run = invocation_of(ctx)
    target = writable_target(out, force=force)
    with run.services() as services:
        raw = completeness(services.ledger, services.index, tag, wire_type, entries=not without_entries)
        keys = stored_log_keys(services.ledger.store)
    story = verify_completeness(raw, keys)  # what we hand out, we have checked
    write_whole(target, raw)
    found = {**story_json(story), "file": shown(target), "size_bytes": len(raw)}
    pairs = [(name.replace("_", " "), value) for name, value in found.items() if name != "types" and value is not None]
    pairs += type_rows(found["types"])
    run.answer(found, facts([*pairs, ("check it", f"countersign check {shown(target)} --vkeys FILE")]))
    return 0
