"""init and demo: how a home begins."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ops.cli.invocation import HomeOption, JsonOption, invocation_of
from ops.cli.printing import facts, shown

DEMO_HOME = Path("demo-home")  # never COUNTERSIGN_HOME: the demo starts over, and must not start over somebody's log


def init(
    ctx: typer.Context,
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="Where; else as --home says.")] = None,
    origin: Annotated[
        str | None, typer.Option(metavar="NAME", help="The log's name for good, such as a domain.")
    ] = None,
    service_key: Annotated[
        str, typer.Option("--service-key", metavar="URI", help="The service's key lies in an HSM: hsm:ID?label=TOKEN.")
    ] = "",
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Make a home: keys, log, vault, settings. An existing one is never touched."""
    from ledger.clock import SystemClock
    from ops.home import init_home
    from ops.settings import read_settings

    run = invocation_of(ctx)
    made, receipt = init_home(folder or run.home, SystemClock(), origin, service_key=service_key)
    settings = read_settings(made.path)
    vkeys = [signer.verifier.vkey() for signer in made.log_signers(settings.origin)]
    do = [
        f"Copy {shown(made.keys)} to a safe place: without these keys the log can't go on.",
        "Give the two vkeys to everybody who is to check your evidence: countersign log vkeys",
        f"Import a file: countersign import --home {shown(made.path)} FILE",
    ]
    document = {
        "home": shown(made.path),
        "origin": settings.origin,
        "operator": settings.operator,
        "service": settings.service_actor,
        "log_vkeys": vkeys,
        "entry_index": receipt.index,
        "do": do,
    }
    pairs = [
        ("made", shown(made.path)),
        ("origin", settings.origin),
        ("log vkeys", vkeys[0]),
        ("", f"{vkeys[1][:60]}… (ML-DSA-44)"),
        ("operator", settings.operator),
        *(("next" if not n else "", line) for n, line in enumerate(do)),
    ]
    run.answer(document, facts(pairs))
    return 0


def demo(
    ctx: typer.Context,
    media: Annotated[Path | None, typer.Option(metavar="FILE", help="Your own clip instead of the demo's.")] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Run the whole main job on real files, in ./demo-home (or --home), which is started over."""
    from ops.demo.run import run_demo

    run = invocation_of(ctx)
    target = run.given_home or DEMO_HOME
    run_demo(target, media, run.stderr if run.json else run.stdout)
    if run.json:
        run.answer({"home": shown(target), "files": sorted(file.name for file in target.iterdir() if file.is_file())})
    return 0
