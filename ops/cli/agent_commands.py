"""mcp: verify, rights and audit as tools for agents, over stdin and stdout."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ops.cli.invocation import HomeOption, invocation_of


def mcp(
    ctx: typer.Context,
    files: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Files in it may be verified by path; by digest alone without."),
    ] = None,
    home: HomeOption = None,
) -> int:
    """Offer verify, rights and audit to an agent (Model Context Protocol over stdio). It reads and says nothing."""
    from ledger.errors import Misuse, Unavailable

    if files is not None and not files.is_dir():
        raise Misuse("folder_missing", "--files does not name a folder", "Name one, or leave it out.")
    try:
        from api.agent_tools import agent_server
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in ("mcp", "mcp_types"):
            raise
        raise Unavailable("mcp_missing", "the package mcp is not installed", "Install countersign[mcp].") from error
    with invocation_of(ctx).services() as services:
        agent_server(services, files).run("stdio")
    return 0
