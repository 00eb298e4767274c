"""pass, check-pass: a yes that travels with a file, and its check without a home, a network or trust in who sent it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ops.cli.invocation import HomeOption, JsonOption, invocation_of
from ops.cli.printing import facts, shown, styled
from ops.cli.verdict_commands import ChannelOption, TerritoryOption, UseOption


def pass_(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE|SHA256", help="The cleared file, or its digest.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the pass is written.")],
    use: UseOption = None,
    territory: TerritoryOption = None,
    channel: ChannelOption = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Issue a distribution pass for a cleared file: good for an hour at most, and while the status list says so."""
    from api.services.circumstances import Circumstances
    from api.services.passes import issue_pass
    from ops.cli.inputs import asset_digest, writable_target

    run, target = invocation_of(ctx), writable_target(out, force=force)
    asked = Circumstances(use=use, territory=territory, channel=channel)
    with run.services() as services:
        issued = issue_pass(services, asset_digest(file), asked)
    target.write_bytes(issued.document)
    found = {"pass": shown(target), **issued.claims}
    pairs = [(name.replace("_", " "), value) for name, value in found.items() if name != "status"]
    fetch = ("status list", issued.claims["status"]["status_list"]["uri"])
    check = ("check it", f"countersign check-pass {shown(target)} --file FILE --vkeys FILE --status FILE")
    run.answer(found, facts([*pairs, fetch, check]))
    return 0


def deliver(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE|SHA256", help="The cleared file, or its digest.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the twin that carries the pass goes.")],
    use: UseOption = None,
    territory: TerritoryOption = None,
    channel: ChannelOption = None,
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="What the manifest calls it.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Sign a cleared file so that it carries a pass for its picture and sound; the twin is cleared for the same."""
    import shutil

    from api.services.circumstances import Circumstances
    from api.services.delivering import deliver as deliver_file
    from ops.cli.inputs import asset_digest, writable_target

    run, target = invocation_of(ctx), writable_target(out, force=force)
    asked = Circumstances(use=use, territory=territory, channel=channel)
    with run.services() as services:
        made = deliver_file(
            services, asset_digest(file), asked, title=title or target.name, asked_by=run.settings.operator
        )
        shutil.copyfile(made.signed.path, target)
    found = {"file": shown(target), "asset_sha256": made.signed.asset_sha256, "clearance": made.answer.as_json()}
    listed = made.claims["status"]["status_list"]
    pairs = [
        ("file", found["file"]),
        ("asset", made.signed.asset_sha256),
        ("twin cleared", "yes" if made.answer.issued else "no"),
        ("pass ends", made.claims["exp"]),
        ("status list", listed["uri"]),
        ("check it", f"countersign-client check-file {shown(target)} --vkeys FILE --status FILE"),
    ]
    run.answer({**found, "pass": made.claims}, facts(pairs))
    return 0 if made.answer.issued else 3


def check_pass(
    ctx: typer.Context,
    document: Annotated[Path, typer.Argument(metavar="PASS", help="The pass.")],
    vkeys: Annotated[Path, typer.Option(metavar="FILE", help="The log's keys, as you got them elsewhere.")],
    file: Annotated[Path | None, typer.Option("--file", metavar="FILE", help="The file that it came with.")] = None,
    sha256: Annotated[str | None, typer.Option(metavar="SHA256", help="Or the digest of that file.")] = None,
    status: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The status list that the pass names, fetched just now.")
    ] = None,
    use: UseOption = None,
    territory: TerritoryOption = None,
    channel: ChannelOption = None,
    at: Annotated[str | None, typer.Option(metavar="INSTANT", help="When; default: now.")] = None,
    json: JsonOption = False,
) -> int:
    """Check a distribution pass offline. Exit 0 only if it counts, for this file, now; without a status list it never does."""
    from api.client.checking import check_pass_files
    from ledger.clock import SystemClock
    from ops.cli.inputs import instant

    run = invocation_of(ctx)
    proven = check_pass_files(
        document,
        vkeys,
        file=file,
        sha256=sha256,
        status=status,
        now=instant(at, "--at") or SystemClock().now(),
        asked={"use": use, "territory": territory, "channel": channel},
    )
    found = {"verdict": "allow", **proven.as_json()}
    pairs = [(name.replace("_", " "), value) for name, value in found.items() if name != "verdict"]
    run.answer(found, styled("ALLOW", "bold green"), facts(pairs))
    return 0
