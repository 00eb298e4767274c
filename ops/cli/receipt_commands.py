"""log receipt and log stamp: what outlives this home, for other people's tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ops.cli.invocation import HomeOption, JsonOption, invocation_of
from ops.cli.printing import facts, shown


def receipt(
    ctx: typer.Context,
    index: Annotated[int, typer.Argument(metavar="INDEX", min=0, help="An entry.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="A new file; by custom .receipt or .tlog-proof.")],
    cose: Annotated[
        bool, typer.Option("--cose", help="A COSE receipt (RFC 9942) instead of a C2SP tlog-proof.")
    ] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Write an entry's proof of inclusion, at the log's head, to a file. It holds no word of the entry itself."""
    from ledger.log.logkeys import stored_log_keys

    run = invocation_of(ctx)
    with run.services() as services:
        proof = services.receipts.issue(index) if cose else services.ledger.receipt(index).proof()
        keys = list(stored_log_keys(services.ledger.store).current.vkeys)
    _write_new(out, proof)
    found = {
        "index": index,
        "file": shown(out),
        "bytes": len(proof),
        "format": "cose" if cose else "tlog-proof",
        "log_vkeys": keys[:1] if cose else keys,
    }
    run.answer(found, facts((name.replace("_", " "), value) for name, value in found.items() if name != "log_vkeys"))
    return 0


def stamp(ctx: typer.Context, home: HomeOption = None, json: JsonOption = False) -> int:
    """Have the newest checkpoint time-stamped now, if the log has grown and the interval of the settings is over."""
    from ledger.errors import Misuse
    from ops.home import Home
    from ops.stamper import home_stamper

    run = invocation_of(ctx)
    with run.services() as services:
        stamper = home_stamper(Home(run.home), run.settings, services.ledger)
        if stamper is None:
            raise Misuse("tsa_url_missing", "the settings name no time-stamping authority", "Set tsa_url.")
        stamped = stamper.run_once(services.clock.now())
    found = {"stamped": stamped is not None, **(stamped.as_json() if stamped else {})}
    run.answer(found, facts((name.replace("_", " "), value) for name, value in found.items()) if stamped else "not due")
    return 0


def _write_new(path: Path, content: bytes) -> None:
    """Raises Misuse `file_exists`, `file_unwritable`."""
    from ledger.errors import Misuse

    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError as error:
        raise Misuse("file_exists", f"{path.name} is there already", "Give a new name; nothing was changed.") from error
    except OSError as error:
        raise Misuse("file_unwritable", f"{path.name} can't be written: {error.strerror}", "Give another.") from error
