"""drift run, report, check: which signals survive which export preset, month by month."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.text import Text

from ops.cli.invocation import HomeOption, JsonOption, everywhere, invocation_of
from ops.cli.printing import facts, styled, table

drift = typer.Typer(help="The drift lab: which signals survive which export preset, month by month.")
drift.callback()(everywhere)

_COLOURS = {
    "survived": "green",
    "lost": "bold red",
    "invalid": "bold red",
    "not_checked": "yellow",
    "not_present": "dim",
}
_COLUMNS = ("visible_mark", "c2pa", "invisible_watermark", "fingerprint")  # schemas.api.drift.COLUMNS
LOSES = 3  # as a no: the preset takes something away, or a month was missed
UNKNOWN = 4


@drift.command("run")
def run_now(
    ctx: typer.Context,
    preset: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Only these; all if left out.")] = None,
    source: Annotated[
        str | None, typer.Option(metavar="FILE|DIGEST", help="An imported video instead of the lab's own clip.")
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Make each rendition, look at what is left of the signals, and record it."""
    from api.services.drift import measure
    from ledger.media.recipes import RECIPES, recipe_named
    from ledger.media.transcoding import transcoders_here
    from ops.cli.inputs import asset_digest
    from ops.drift import run_lab

    run = invocation_of(ctx)
    recipes = [recipe_named(name) for name in preset] if preset else list(RECIPES)
    with run.services() as services:
        run.note(f"measuring {len(recipes)} presets")
        if source is None:
            done = run_lab(services, recipes)
        else:
            path, fenced = _imported(services, asset_digest(source)), [one for one in transcoders_here() if one.fenced]
            done = measure(services, path, "an imported file", fenced, recipes)
    found = done.as_json()
    cells = [(one["transcoder"], one["preset"], *_words(one)) for one in found["cells"]]
    pairs = [("month", found["month"]), ("clip", found["source"]), ("entry", found["entry_index"])]
    run.answer(found, facts(pairs), table("transcoder", "preset", *_titles(), rows=cells))
    return 0


def _imported(services: Any, asset: str) -> Any:
    from ledger.errors import NotFound

    if not services.blobs.has(asset):
        raise NotFound("asset_unknown", "no file with this digest is here", "Import it first.")
    return services.blobs.path(asset)


@drift.command("report")
def report(
    ctx: typer.Context,
    asset: Annotated[
        str | None, typer.Argument(metavar="FILE|DIGEST", help="The steps in this file's line instead of the lab.")
    ] = None,
    at: Annotated[str | None, typer.Option(metavar="INSTANT", help="As known then; now if left out.")] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """The newest word on each preset, how it went month by month, and alerts by name. Exit code 3 for a missed month."""
    from api.services.drift_report import drift_report, rendition_report
    from ops.cli.inputs import asset_digest, instant

    run, when = invocation_of(ctx), instant(at, "--at")
    with run.services() as services:
        if asset is not None:
            steps = rendition_report(services, asset_digest(asset)).model_dump(mode="json")
            run.answer(steps, *_steps_text(steps))
            return 0
        found = drift_report(services, when).model_dump(mode="json")
    run.answer(found, *_report_text(found))
    return LOSES if found["missed"] else 0


@drift.command("check")
def check_preset(
    ctx: typer.Context,
    preset: Annotated[str, typer.Argument(metavar="PRESET", help="The preset that you are about to export with.")],
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Warn before exporting: what the newest measurements have against a preset. Exit code 3 if it takes a signal away, 4 if
    C2PA or fingerprint were not checked or nobody measured it."""
    from api.services.drift_report import drift_report, preset_alarms
    from ledger.errors import NotFound
    from ledger.media.recipes import recipe_named

    run = invocation_of(ctx)
    recipe = recipe_named(preset)
    with run.services() as services:
        try:
            newest = drift_report(services)
            alerts = preset_alarms(newest, preset)
        except NotFound as error:
            unknown = {"preset": preset, "recipe": recipe.line, "verdict": "not_measured", "alerts": list[str]()}
            run.answer(unknown, styled(f"{preset}: {error.what}. {error.do}", "yellow"))
            return UNKNOWN
    told = [alert.model_dump(mode="json") for alert in alerts]
    cells = [one.cell.model_dump(mode="json") for one in newest.cells if one.cell.preset == preset]
    unseen = [name for name in _COLUMNS if any(cell[name]["outcome"] == "not_checked" for cell in cells)]
    verdict = "loses" if told else "not_known" if {"c2pa", "fingerprint"} & set(unseen) else "keeps"
    found = {"preset": preset, "recipe": recipe.line, "verdict": verdict, "alerts": told, "not_checked": unseen}
    lines = [styled(one["detail"], "bold red") for one in told]
    run.answer(
        found, *lines, facts([(preset, verdict.replace("_", " ")), ("not checked", ", ".join(unseen) or "nothing")])
    )
    return {"loses": LOSES, "not_known": UNKNOWN, "keeps": 0}[verdict]


def _report_text(found: dict[str, Any]) -> list[Any]:
    rows = [
        (
            one["cell"]["transcoder"],
            one["cell"]["preset"],
            *_words(one["cell"]),
            one["month"],
            one["entry_index"],
        )
        for one in found["cells"]
    ]
    state = "measured" if found["measured"] else styled("not measured yet", "yellow")
    parts: list[Any] = [facts([(found["month"], state), ("missed", ", ".join(found["missed"]) or "no month")])]
    if rows:
        parts.append(table("transcoder", "preset", *_titles(), "month", "entry", rows=rows))
    return [*parts, *(styled(alert["detail"], "bold red") for alert in found["alerts"])]


def _steps_text(found: dict[str, Any]) -> list[Any]:
    rows = [
        (
            one["relation"],
            one["child"][:12],
            *_words(one["columns"]),
            one["entry_index"],
        )
        for one in found["steps"]
    ]
    return (
        [table("step", "made", *_titles(), "entry", rows=rows)]
        if rows
        else ["Nothing was made from or into this file."]
    )


def _words(cell: dict[str, Any]) -> list[Text]:
    """One a column; a column that nothing could fill was not checked."""
    outcomes = [cell[name]["outcome"] if name in cell else "not_checked" for name in _COLUMNS]
    return [styled(outcome.replace("_", " "), _COLOURS[outcome]) for outcome in outcomes]


def _titles() -> tuple[str, ...]:
    return tuple(name.replace("_", " ") for name in _COLUMNS)
