"""opinion: what somebody outside says of a file that is here. Nothing leaves unless the settings name them."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ops.cli.invocation import HomeOption, JsonOption, invocation_of
from ops.cli.printing import facts, styled, table

METHOD = "home"


def opinion(
    ctx: typer.Context,
    asset: Annotated[str, typer.Argument(metavar="FILE|DIGEST", help="An imported asset.")],
    source: Annotated[
        str, typer.Option("--from", metavar="SOURCE", help="openai-provenance or openai-moderation.")
    ] = "openai-provenance",
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Send the file, or frames and sound of it, to be looked at; record what left and what came back. Exit code 4 without an
    answer."""
    from api.services.opinions import ask_opinion
    from ops.cli.inputs import asset_digest

    run, digest = invocation_of(ctx), asset_digest(asset)
    with run.services() as services:
        run.note(f"asking {source}")
        answer = ask_opinion(services, digest, source, actor=run.settings.operator, method=METHOD)
    found = {"asset_sha256": digest, **answer.model_dump(mode="json")}
    run.answer(found, *_text(found))
    return 0 if any(one.state != "not_checked" for one in answer.signals) else 4


def _text(found: dict[str, Any]) -> list[Any]:
    kinds = {one["sha256"]: one["kind"] for one in found["sent"]}
    rows = [
        (
            one["signal"],
            styled(one["state"].replace("_", " "), "yellow" if one["state"] == "not_checked" else "bold"),
            one["reason"] or "; ".join(f"{name} {value}" for name, value in one["detail"].items()),
            kinds.get(one["about"], ""),
        )
        for one in found["signals"]
    ]
    entries = [str(found[name]) for name in ("asked_index", "given_index") if found[name] is not None]
    pairs = [
        ("source", found["source"]),
        ("sent to", found["host"] or "nobody"),
        ("entries", ", ".join(entries) or "none"),
    ]
    note = "This decides nothing here; “not detected” proves nothing."
    return [facts(pairs), table("signal", "word", "", "about", rows=rows), styled(note, "dim")]
