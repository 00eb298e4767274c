"""search: known files by an example, or by words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from ops.cli.invocation import HomeOption, Invocation, JsonOption, invocation_of
from ops.cli.printing import facts, seconds, shown, styled, table
from ops.cli.verdict_commands import COLOURS, ChannelOption, TerritoryOption, UseOption

if TYPE_CHECKING:
    from datetime import datetime

    from api.services.circumstances import Circumstances


def search(
    ctx: typer.Context,
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE…", help="Media files, or folders of them.")
    ] = None,
    text: Annotated[
        str | None, typer.Option(metavar="WORDS", help="Words of titles, briefs, prompts, models, names, numbers.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what may not be used, each with its verdict.")
    ] = False,
    use: UseOption = None,
    territory: TerritoryOption = None,
    channel: ChannelOption = None,
    at: Annotated[str | None, typer.Option(metavar="INSTANT", help="When; RFC 3339 in UTC. Default: now.")] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=100, help="With --text: files in one answer.")] = 20,
    before: Annotated[
        int | None, typer.Option(metavar="ENTRY", min=1, help="With --text: go on below this entry.")
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Which known assets are near these files, or have these words? What may be used, unless --all. Nothing is recorded."""
    from api.services.circumstances import Circumstances
    from ledger.errors import Misuse
    from ops.cli.inputs import instant

    run, asked, when = invocation_of(ctx), Circumstances(use, territory, channel), instant(at, "--at")
    if bool(files) == (text is not None):
        raise Misuse("search_ambiguous", "a search is by files or by words", "Name files, or give --text.")
    if text is not None:
        return _by_words(run, text, everything, asked, when, before, limit)
    return _by_example(run, files or [], everything, asked, when)


def _by_words(
    run: Invocation,
    text: str,
    everything: bool,
    asked: Circumstances,
    at: datetime | None,
    before: int | None,
    limit: int,
) -> int:
    from api.services.wordsearch import search_words

    rights = "all" if everything else "clean"
    with run.services() as services:
        found = search_words(services, text, rights=rights, asked=asked, at=at, before=before, limit=limit)  # type: ignore[arg-type]  # one of the two
    answer = found.model_dump(mode="json")
    rows = [
        (one["asset_sha256"], one["title"] or "", _word(one), "; ".join(part["words"] for part in one["found_in"]))
        for one in answer["files"]
    ]
    works = [(one.reference, one.title or "", one.owner or "") for one in found.references]
    run.answer(
        answer,
        table("asset", "title", "may it be used?", "found in", rows=rows) if rows else "no file that may be offered",
        *_left_out(answer),
        *([table("reference work", "title", "owner", rows=works)] if works else []),
        *([facts([("go on with", f"--before {found.next_before}")])] if found.next_before else []),
    )
    return 0


def _by_example(run: Invocation, files: list[Path], everything: bool, asked: Circumstances, at: datetime | None) -> int:
    from api.services.searching import search_file
    from ledger.errors import LedgerError
    from ops.cli.failures import error_json, worst
    from ops.cli.inputs import files_in

    results: list[dict[str, Any]] = []
    codes: list[int] = []
    with run.services() as services:
        for file in run.each("searching", files_in(files), shown):
            try:
                found = search_file(services, file, "all" if everything else "clean", asked, at, naming=True)
                results.append({**found.as_json(), "file": shown(file)})
            except LedgerError as error:
                results.append({"file": shown(file), "matches": [], "error": error_json(error)})
                codes.append(error.exit_code)
    run.answer({"results": results}, *(part for result in results for part in _found_text(result)))
    return worst(codes)


def _found_text(result: dict[str, Any]) -> list[Any]:
    name = Text.assemble(styled(result["file"], "bold"))
    if "error" in result:
        return [name, styled(f"  {result['error']['code']}: {result['error']['detail']}", "bold red")]
    left_out = _left_out(result)
    left_out += [
        styled(f"  shows {one['person']}, who has not agreed to this file; a person should look", "yellow")
        for one in result["faces"]["enrolled"]
    ]
    if result["not_checked"]:
        left_out.append(styled(f"  not looked for by: {', '.join(result['not_checked'])}", "yellow"))
    if not result["matches"]:
        return [name, *left_out] if left_out else [name, styled("  nothing known is near")]
    rows = [
        (
            one["asset_sha256"],
            f"{one['decision']}, sound" if one.get("medium") == "sound" else one["decision"],
            f"{one['score']:.3f}",
            seconds(one["query_ms"]),
            seconds(one["reference_ms"]),
            _word(one),
        )
        for one in result["matches"]
    ]
    return [
        name,
        table("asset", "decision", "score", "here at", "there at", "may it be used?", rows=rows),
        *left_out,
    ]


def _word(one: dict[str, Any]) -> Text:
    uses = ", ".join(f"{use['use']} {use['channel']} {use['territory']}" for use in one["cleared"])
    about = uses or ", ".join(one["codes"])
    return styled(f"{one['verdict']}: {about}" if about else one["verdict"], COLOURS[one["verdict"]])


def _left_out(answer: dict[str, Any]) -> list[Text]:
    """How many, and each with what stands against it."""
    if not answer["hidden"]:
        return []
    head = styled(
        f"  left out, because they may not be used: {answer['left_out']['count']} (--all shows them)", "yellow"
    )
    rows = [styled(f"  {one['asset_sha256']} ({', '.join(one['codes'])})", "yellow") for one in answer["hidden"]]
    return [head, *rows]
