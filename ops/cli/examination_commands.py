"""reexamine: what newer algorithms find in files that are here already."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops.cli.invocation import HomeOption, JsonOption, invocation_of
from ops.cli.printing import facts, table

if TYPE_CHECKING:
    from schemas.statements.reexamination import AssetReexamined


def reexamine(
    ctx: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say how many files are left; look at none.")] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Examine files again whose examination was made by older algorithms; record what changed. May be stopped at any time."""
    from api.services.reexamining import Reexamination

    run = invocation_of(ctx)
    with run.services() as services:
        job = Reexamination(services)
        left = job.left()
        if dry_run:
            run.answer({"left": left}, facts([("files left", left)]))
            return 0
        said: list[AssetReexamined] = []
        with run.counting("examining again", left) as done:
            for body in job.run(progress=run.within):
                said.append(body)
                done(body.asset)
    outcomes: Counter[str] = Counter(body.outcome for body in said)
    found = {"left": 0, "files": [_file(body) for body in said], **{name: outcomes[name] for name in _OUTCOMES}}
    run.answer(found, facts((name.replace("_", " "), found[name]) for name in _OUTCOMES), lambda: _table(said))
    return 0


_OUTCOMES = ("examined", "not_held", "failed")


def _file(body: AssetReexamined) -> dict[str, Any]:
    return body.as_json() | {"matches_new": _new(body), "matches_lost": _lost(body)}


def _new(body: AssetReexamined) -> int:
    return sum(one.before == "none" for one in body.matches)


def _lost(body: AssetReexamined) -> int:
    return sum(one.now == "none" for one in body.matches)


def _table(said: list[AssetReexamined]) -> Any:
    rows = [
        (body.asset, body.outcome, ", ".join(one.extractor for one in body.changes), str(_new(body)), str(_lost(body)))
        for body in said
    ]
    return table("asset", "outcome", "changed", "matches new", "lost", rows=rows)
