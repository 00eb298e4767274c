"""docs/media-figures.md and its plots, from the parts' JSON. A part that was not run is left out and said to be."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

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
    for name, write in (("stills", _stills), ("clips", _clips), ("time", _time), ("mutants", _mutants)):
        lines += write(parts[name]) if name in parts else [f"## {name}", "", "Not run.", ""]
    (docs / "media-figures.md").write_text("\n".join(lines), encoding="utf-8")
    for name, ours, other in (("stills", OURS[0], "ThreatExchange's PDQ policy"), ("clips", OURS[1], "vPDQ policy")):
        if name in parts:
            rows = {row["method"]: row["recalls"] for row in parts[name]["rows"]}
            (docs / f"media-{name}.svg").write_text(plot(rows[ours], rows[other], (ours, other)), encoding="utf-8")


def plot(ours: Mapping[str, float], other: Mapping[str, float], names: Sequence[str]) -> str:
    """Two bars an edit, 0 to 1, as SVG."""
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
                f'<rect x="{LEFT_PX}" y="{y + offset}" width="{value * BAR_PX:.0f}" height="6" fill="{colour}"/>'
            )
        body.append(f'<text x="{LEFT_PX + BAR_PX + 6}" y="{y + 11}">{ours[edit]:.2f}</text>')
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
    return [*lines, "![Recall by edit](media-stills.svg)", "", *_failing(best)]


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
        "![Recall by edit](media-clips.svg)",
        "",
        *_failing(best),
    ]


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
    aim += f"{part['reach']} × of decoding the same frames."
    return ["## Time", "", aim, "", *_table(("work", "median", "against decoding"), rows)]


def _mutants(part: Mapping[str, Any]) -> list[str]:
    wrong = [f"- {one}" for one in part["wrong"]] or ["Every one was answered as it must be."]
    states = ", ".join(f"{name} {count:,}" for name, count in part["states"].items())
    codes = ", ".join(f"`{name}` {count:,}" for name, count in part["codes"].items())
    said = (
        f"{part['mutants']:,} broken files; the slowest took {part['slowest_s']} s. Pictures: {states}. Codes: {codes}."
    )
    return ["## Broken files", "", said, "", *wrong, ""]
