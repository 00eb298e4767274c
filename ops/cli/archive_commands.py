"""import --provider: the archive of a generator that is gone, and generate: asking one that may be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops.cli.invocation import HomeOption, Invocation, JsonOption, invocation_of
from ops.cli.printing import facts, shown, styled, table

if TYPE_CHECKING:
    from ledger.generators.archive import ArchivedClip
    from ledger.generators.port import Generator

METHOD = "home"


def import_archive(
    run: Invocation, files: list[Path], provider: str, sealed_under: str | None, *, dry_run: bool
) -> int:
    """Pairs, takes in and reports. May be stopped and run again at any time: it goes on where it was."""
    from api.services.archives import generator_named
    from ledger.generators.archive import read_archive
    from ops.cli.failures import worst
    from ops.cli.inputs import actor_name, files_in

    generator = generator_named(provider)
    pseudonym = actor_name(sealed_under) if sealed_under else None
    archive = read_archive(files_in(files), generator)
    rows, codes = _planned(archive.clips) if dry_run else _taken_in(run, archive.clips, generator, pseudonym)
    left_out = [{"file": shown(one.path), "code": one.code, "why": one.why} for one in archive.left_out]
    counts = {
        name: sum(row["outcome"] == name for row in rows) for name in dict.fromkeys(row["outcome"] for row in rows)
    }
    found = {
        "provider": provider,
        "retired_on": generator.retired_on.isoformat() if generator.retired_on else None,
        "dry_run": dry_run,
        "counts": {**counts, "left_out": len(left_out)},
        "clips": rows,
        "left_out": left_out,
    }
    run.answer(found, *_archive_text(found))
    return worst(codes)


def _planned(clips: tuple[ArchivedClip, ...]) -> tuple[list[dict[str, Any]], list[int]]:
    from api.services.archives import planned_json

    rows = [
        {"file": shown(clip.path), "outcome": "would_import", "asset_sha256": None, **planned_json(clip)}
        for clip in clips
    ]
    return [{**row, "evidence_grade": "provider_record" if row["job"] else "self_declared"} for row in rows], []


def _taken_in(
    run: Invocation, clips: tuple[ArchivedClip, ...], generator: Generator, sealed_under: str | None
) -> tuple[list[dict[str, Any]], list[int]]:
    from api.services.archives import planned_json, take_in
    from ledger.errors import LedgerError
    from ops.cli.failures import error_json

    rows: list[dict[str, Any]] = []
    codes: list[int] = []
    with run.services() as services:
        actor = run.settings.operator
        for clip in run.each("importing", clips, lambda one: shown(one.path)):
            try:
                taken = take_in(services, clip, generator, actor=actor, method=METHOD, sealed_under=sealed_under)
                rows.append({"file": shown(clip.path), **taken.as_json()})
            except LedgerError as error:
                failed = {
                    "outcome": "refused",
                    "asset_sha256": None,
                    "evidence_grade": None,
                    "error": error_json(error),
                }
                rows.append({"file": shown(clip.path), **planned_json(clip), **failed})
                codes.append(error.exit_code)
    return rows, codes


def _archive_text(found: dict[str, Any]) -> list[Any]:
    rows = [
        (
            row["file"],
            styled(row["outcome"].replace("_", " "), "bold red" if "error" in row else ""),
            (row["evidence_grade"] or "").replace("_", " "),
            row["job"] or "-",
            row["error"]["code"] if "error" in row else row["problem"]["code"] if row["problem"] else "",
        )
        for row in found["clips"]
    ]
    counted = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in found["counts"].items())
    parts: list[Any] = [
        table("file", "outcome", "known by", "job", "remark", rows=rows),
        facts([("together", counted)]),
    ]
    if found["left_out"]:
        left = [(one["file"], one["code"], one["why"]) for one in found["left_out"]]
        parts.append(table("not imported", "code", "why", rows=left))
    return parts


def generate(
    ctx: typer.Context,
    generation: Annotated[str, typer.Argument(metavar="ID", help="A generation that was requested in the log.")],
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Start a requested generation at its provider. One that is gone refuses with the date, and that is recorded."""
    from api.services.generating import start

    run = invocation_of(ctx)
    with run.services() as services:
        record = start(services, generation)
    found = {"generation": generation, "provider": record.provider, "job": record.job, "status": record.status}
    run.answer(found, facts(found.items()))
    return 0
