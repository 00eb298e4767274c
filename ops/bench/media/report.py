"""docs/media-figures.md and its plots, from the parts' JSON. A part that was not run is left out and said to be."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ops.bench.figures import HEADINGS

BAR_PX: Final = 420
ROW_PX: Final = 17
LEFT_PX: Final = 210
COLOURS: Final = ("#1a6", "#999")
OURS: Final = ("ours: copy or confirmed by geometry", "ours, with candidates")


def write_report(out: Path, docs: Path) -> None:
    parts = {file.stem: json.loads(file.read_text()) for file in sorted(out.glob("*.json"))}
    lines = [
        "# Measured: finding copies by picture",
        "",
        "`make bench-media` writes this page; [media.md](media.md) says what is measured.",
        "",
    ]
    for name, write in WRITERS.items():
        lines += write(parts[name]) if name in parts else [f"## {name}", "", "Not run.", ""]
    (docs / "media-figures.md").write_text("\n".join(lines), encoding="utf-8")
    if "index" in parts:
        (docs / "media-index.svg").write_text(_index_plot(parts["index"]["figures"]), encoding="utf-8")
    for name, ours, other in (("stills", OURS[0], "ThreatExchange's PDQ policy"), ("clips", OURS[1], "vPDQ policy")):
        if name in parts:
            rows = {row["method"]: row["recalls"] for row in parts[name]["rows"]}
            (docs / f"media-{name}.svg").write_text(plot(rows[ours], rows[other], (ours, other)), encoding="utf-8")


def _share(value: float) -> tuple[float, str]:
    return value, f"{value:.2f}"


def plot(
    ours: Mapping[str, float],
    other: Mapping[str, float],
    names: Sequence[str],
    scale: Callable[[float], tuple[float, str]] = _share,
) -> str:
    """Two bars a row as SVG; `scale` says how much of the bar a value fills, 0 to 1, and how it is written."""
    height = ROW_PX * (len(ours) + 2)
    legend = "  ".join(
        f'<tspan fill="{colour}">■</tspan> {html.escape(name)}' for name, colour in zip(names, COLOURS, strict=True)
    )
    body = [f'<text x="{LEFT_PX}" y="12">{legend}</text>']
    for n, edit in enumerate(ours):
        y = ROW_PX * (n + 1) + 4
        body.append(f'<text x="{LEFT_PX - 6}" y="{y + 11}" text-anchor="end">{html.escape(edit)}</text>')
        for offset, value, colour in ((1, ours[edit], COLOURS[0]), (8, other[edit], COLOURS[1])):
            body.append(
                f'<rect x="{LEFT_PX}" y="{y + offset}" width="{scale(value)[0] * BAR_PX:.0f}" height="6" fill="{colour}"/>'
            )
        body.append(f'<text x="{LEFT_PX + BAR_PX + 6}" y="{y + 11}">{scale(ours[edit])[1]}</text>')
    size = f'width="{LEFT_PX + BAR_PX + 50}" height="{height}"'
    style = 'font-family="sans-serif" font-size="11" fill="#333"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}><rect {size} fill="white"/>\n'
        + "\n".join(body)
        + "\n</svg>\n"
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    lines = [f"| {' | '.join(map(str, row))} |" for row in (head, *rows)]
    return [lines[0], "|" + "---|" * len(head), *lines[1:], ""]


def _sizes(sizes: Mapping[str, int]) -> list[str]:
    return [", ".join(f"{name} {count:,}" for name, count in sizes.items()) + ".", ""]


def _stills(part: Mapping[str, Any]) -> list[str]:
    rows = [
        (row["method"], row["point"], row["bits"], f"{row['mean']:.3f}", f"{row['wrong']:,} of {row['pairs']:,}")
        for row in part["rows"]
    ]
    head = ("method", "wrong pairs allowed, or fixed point", "bits", "mean recall", "wrong pairs matched")
    lines = ["## Stills", "", *_sizes(part["sizes"]), *_table(head, rows)]
    best = next(row for row in part["rows"] if row["method"] == OURS[0])
    return [*lines, *_not_here(part), "![Recall by edit](media-stills.svg)", "", *_failing(best)]


def _clips(part: Mapping[str, Any]) -> list[str]:
    rows = [(row["method"], f"{row['mean']:.3f}", len(row["false"])) for row in part["rows"]]
    lines = ["## Clips", "", *_sizes(part["sizes"]), *_table(("method", "mean recall", "false clips"), rows)]
    false = [f"- {row['method']}: {one}" for row in part["rows"] for one in row["false"]]
    best = next(row for row in part["rows"] if row["method"] == OURS[1])
    return [
        *lines,
        *false,
        "" if false else "No false clip by any method.",
        "",
        *_not_here(part),
        "![Recall by edit](media-clips.svg)",
        "",
        *_failing(best),
    ]


def _sounds(part: Mapping[str, Any]) -> list[str]:
    """A row an edit; the methods are the columns."""
    names = [row["method"] for row in part["rows"]]
    rows = [[edit, *(f"{row['recalls'][edit]:.2f}" for row in part["rows"])] for edit in part["rows"][0]["recalls"]]
    rows.append(["**mean**", *(f"**{row['mean']:.3f}**" for row in part["rows"])])
    rows.append(["false", *(len(row["false"]) for row in part["rows"])])
    false = [f"- {row['method']}: {one}" for row in part["rows"] for one in row["false"]]
    return ["## Sounds", "", *_sizes(part["sizes"]), *_table(("edit", *names), rows), *false, ""]


def _index(part: Mapping[str, Any]) -> list[str]:
    """The table as `make bench` has it, and queries a second as a plot."""
    return ["## Index", "", *_table(HEADINGS, part["rows"]), "![Queries a second](media-index.svg)", ""]


def _index_plot(figures: Sequence[Mapping[str, Any]]) -> str:
    """Ours and the bare scan, in tenths of the powers of ten: a rate of 10^5 a second fills the bar."""
    shown = [one for one in figures if one["unit"] == "s" and " bits, a " in one["name"]]
    rates = [
        {one["name"].removeprefix("index: "): 1 / one[key] for one in shown} for key in ("seconds", "baseline_seconds")
    ]
    return plot(rates[0], rates[1], ("ours, queries a second (logarithmic)", "bare faiss scan"), _power)


def _power(rate: float) -> tuple[float, str]:
    return max(0.0, math.log10(rate) / 5), f"{rate:,.0f}"


def _not_here(part: Mapping[str, Any]) -> list[str]:
    said = ", ".join(part.get("missing", ()))
    return [f"Not measured, because `make bench-peers` did not bring it here: {said}.", ""] if said else []


def _failing(row: Mapping[str, Any]) -> list[str]:
    short = sorted((value, edit) for edit, value in row["recalls"].items() if value < 0.95)
    said = ", ".join(f"{edit} {value:.2f}" for value, edit in short) or "nowhere"
    return [f"Where {row['method']} finds fewer than 95 in 100: {said}.", ""]


def _time(part: Mapping[str, Any]) -> list[str]:
    rows = [
        (name, f"{seconds * 1000:,.0f} ms", f"{part['ratios'][name]:.2f} ×")
        for name, seconds in part["seconds"].items()
    ]
    aim = "Some seconds of 1080p with sound, in warm processes; aimed at: fingerprints and sound within "
    aim += f"{part['reach']} × of decoding every frame."
    return ["## Time", "", aim, "", *_table(("work", "median", "against decoding every frame"), rows)]


def _mutants(part: Mapping[str, Any]) -> list[str]:
    wrong = [f"- {one}" for one in part["wrong"]] or ["Every one was answered as it must be."]
    states = ", ".join(f"{name} {count:,}" for name, count in part["states"].items())
    codes = ", ".join(f"`{name}` {count:,}" for name, count in part["codes"].items())
    said = (
        f"{part['mutants']:,} broken files; the slowest took {part['slowest_s']} s. Pictures: {states}. Codes: {codes}."
    )
    return ["## Broken files", "", said, "", *wrong, ""]


WRITERS: Final[dict[str, Callable[[Mapping[str, Any]], list[str]]]] = {
    "stills": _stills,
    "clips": _clips,
    "sounds": _sounds,
    "index": _index,
    "time": _time,
    "mutants": _mutants,
}
