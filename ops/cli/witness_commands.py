"""witness: look after logs of other people, and cosign what extends what one has seen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ops.cli.invocation import HomeOption, JsonOption, invocation_of
from ops.cli.listening import LOGGING, SHUTDOWN_SECONDS, address_of, listening, on_signal
from ops.cli.printing import facts, shown

WITNESS_PORT = 8401


def witness(
    ctx: typer.Context,
    state: Annotated[Path, typer.Option("--state", metavar="DIR", help="The witness's folder; --name makes it.")],
    log: Annotated[list[str] | None, typer.Option("--log", metavar="VKEY", help="A log's key. Repeatable.")] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="Make a new witness, called NAME, with its own key.")
    ] = None,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Beyond loopback, put TLS in front of it.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="PORT", min=0, max=65_535, help="0 takes a free one.")] = WITNESS_PORT,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Cosign other people's checkpoints (C2SP tlog-witness). Needs no home, only a folder of its own."""
    from ledger.clock import SystemClock
    from ledger.proof.notekeys import NoteVerifier
    from ops.witness.judging import Witness
    from ops.witness.state import WitnessFolder

    run = invocation_of(ctx)
    log_keys = [NoteVerifier.parse(vkey) for vkey in log or ()]  # a wrong one is told before a witness is made
    folder = WitnessFolder(state) if name is None else WitnessFolder.init(state, name)
    judging = Witness(folder, log_keys, SystemClock())
    found = {"vkey": judging.vkey, "state": shown(state), "logs": list(judging.origins)}
    if not judging.origins:
        run.answer({**found, "address": None}, judging.vkey)
        run.note("That is the witness's key. Give it to the log's operator, and start again with the log's --log VKEY.")
        return 0
    import uvicorn

    from ops.witness.app import REQUESTS_AT_ONCE_MAX, witness_app

    with listening(host, port) as listener:
        found["address"] = address_of(*listener.getsockname()[:2])
        config = uvicorn.Config(
            witness_app(judging),
            log_config=LOGGING,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            limit_concurrency=REQUESTS_AT_ONCE_MAX,
        )
        server = uvicorn.Server(config)
        with on_signal(lambda: setattr(server, "should_exit", True)):
            run.answer(
                found, facts([("witnessing at", found["address"]), ("logs", ", ".join(judging.origins))]), judging.vkey
            )
            run.stdout.file.flush()
            server.run(sockets=[listener])
    return 0
