"""report.pdf: the pack for print, with figures. Made with fpdf2 (extra `pdf`), in the fonts that every reader has.

Those fonts know Latin-1; a character outside it is written as its code point, so that nothing is lost and nothing fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from api.services.evidence_figures import lineage, timeline
from schemas.base import format_instant
from schemas.evidence import PackManifest
from schemas.facts import PackFacts

if TYPE_CHECKING:
    from fpdf import FPDF

ROWS_MAX = 300  # of one table; report.html and facts.json have all of them
_INK, _SOFT, _BAD, _LINE = (28, 35, 38), (91, 103, 109), (163, 38, 42), (200, 206, 208)
Row = Sequence[object]


def pdf_there() -> bool:
    """Whether this machine has the extra `pdf`."""
    return find_spec("fpdf") is not None


def render_pdf(manifest: PackManifest, facts: PackFacts, verifier_sha256: str) -> bytes:
    """The report, the same bytes for the same pack. Raises ImportError without the extra `pdf`."""
    from fpdf import FPDF

    pdf = FPDF(format="A4")
    pdf.set_creation_date(manifest.made_at)
    pdf.set_title("Countersign evidence pack")
    pdf.set_margin(15)
    pdf.set_auto_page_break(True, 18)
    pdf.add_page()
    _heading(pdf, manifest)
    _figures(pdf, facts)
    _claims(pdf, manifest)
    for title, columns, widths, rows in _tables(facts):
        _table(pdf, title, columns, widths, rows)
    _list(pdf, "What the custody does not cover", (f"{gap.asset[:16]}: {gap.detail}" for gap in facts.custody_gaps))
    _list(pdf, "What this pack does not show", (gap.detail for gap in manifest.gaps))
    _list(
        pdf,
        "How to check it",
        (
            "Offline, with Python 3.11 and the `cryptography` package: python verify.py PACK.zip --vkeys log.vkeys",
            f"The verify.py in this pack has the SHA-256 {verifier_sha256}",
            "This page is a reading aid; the evidence is in the signed entries and proofs beside it.",
        ),
    )
    return bytes(pdf.output())


def plain(text: object) -> str:
    """In Latin-1; whatever is not is written as its code point."""
    told = str(text)
    return "".join(one if ord(one) < 256 else {"…": "...", "–": "-"}.get(one, f"[U+{ord(one):04X}]") for one in told)


def _heading(pdf: FPDF, manifest: PackManifest) -> None:
    pdf.set_font("helvetica", "B", 17)
    files = manifest.subject.files
    _line(pdf, f"What the log shows about {'one file' if len(files) == 1 else f'{len(files)} files'}", 9)
    pairs = [("File (SHA-256)", asset) for asset in files]
    pairs += [("Dispute", manifest.subject.dispute)] if manifest.subject.dispute else []
    pairs += [("Made at", format_instant(manifest.made_at))]
    if manifest.known:
        pairs.append(("As known at", f"{format_instant(manifest.known.at)}, first {manifest.known.size} entries"))
    pairs += [("Made for", manifest.reader)] if manifest.reader else []
    pairs.append(("Log", f"{manifest.origin}, {manifest.size} entries; {len(manifest.entries)} of them in this pack"))
    for name, value in pairs:
        pdf.set_font("helvetica", "", 8.5)
        pdf.set_text_color(*_SOFT)
        pdf.cell(30, 5, plain(name))
        pdf.set_text_color(*_INK)
        pdf.set_font("courier" if name.startswith("File") else "helvetica", "", 8.5)
        pdf.multi_cell(0, 5, align="L", text=plain(value), new_x="LMARGIN", new_y="NEXT")


def _figures(pdf: FPDF, facts: PackFacts) -> None:
    told = timeline(facts)
    if told is not None:
        _title(pdf, "Timeline", told.height)
        left, top = pdf.l_margin, pdf.get_y() + 2
        pdf.set_draw_color(*_SOFT)
        pdf.line(left, top, left + 180, top)
        for mark in told.marks:
            pdf.set_draw_color(*_LINE)
            y = top + 5 + 5.0 * mark.row
            pdf.line(left + mark.x, top, left + mark.x, y)
            _dot(pdf, left + mark.x, top, mark.bad)
            right = mark.x > 95  # the label stands on the side where there is room
            pdf.set_xy(left if right else left + mark.x + 1, y - 2.5)
            pdf.set_font("helvetica", "", 7.5)
            pdf.set_text_color(*(_BAD if mark.bad else _INK))
            pdf.cell(mark.x - 1 if right else 180 - mark.x, 5, plain(mark.label), align="R" if right else "L")
        pdf.set_xy(left, top + told.height)
        _left_out(pdf, told.left_out, "events")
    drawn = lineage(facts)
    _title(pdf, "Where the files come from", drawn.height)
    left, top = pdf.l_margin, pdf.get_y() + 2
    for source, target in drawn.arrows:
        pdf.set_draw_color(*_SOFT)
        start, end = drawn.boxes[source], drawn.boxes[target]
        pdf.line(left + start.x + 54, top + start.y + 6, left + end.x, top + end.y + 6)
    for box in drawn.boxes:
        pdf.set_draw_color(*(_BAD if box.disputed else _SOFT))
        pdf.set_fill_color(255, 255, 255)
        pdf.rect(left + box.x, top + box.y, 54, 12, style="DF")
        for n, (font, text) in enumerate((("courier", box.asset[:24]), ("helvetica", box.how[:38]))):
            pdf.set_xy(left + box.x + 1, top + box.y + 1 + 5 * n)
            pdf.set_font(font, "", 7)
            pdf.set_text_color(*_INK)
            pdf.cell(52, 5, plain(text))
    pdf.set_xy(left, top + drawn.height)
    _left_out(pdf, drawn.left_out, "files")
    _small(
        pdf,
        "Red boxes: the files in question. Frames side by side: the log's blobs hold none; matches of copies",
    )
    _small(pdf, "that were seen stand with their share and place under the dispute.")


def _dot(pdf: FPDF, x: float, y: float, bad: bool) -> None:
    pdf.set_fill_color(*(_BAD if bad else _INK))
    pdf.ellipse(x - 0.8, y - 0.8, 1.6, 1.6, style="F")


def _claims(pdf: FPDF, manifest: PackManifest) -> None:
    _title(pdf, "What is claimed", 12)
    for claim in manifest.claims[:ROWS_MAX]:
        pdf.set_font("helvetica", "B", 8.5)
        pdf.set_text_color(*(_INK if claim.verdict == "allow" else _BAD))
        pdf.cell(14, 5, claim.verdict)
        pdf.set_font("helvetica", "", 8.5)
        pdf.set_text_color(*_INK)
        pdf.multi_cell(
            0, 5, align="L", text=plain(f"{format_instant(claim.at)}  {claim.sentence}"), new_x="LMARGIN", new_y="NEXT"
        )


def _tables(facts: PackFacts) -> Iterable[tuple[str, Row, tuple[int, ...], list[Row]]]:
    status: list[Row] = [
        (one.moment, format_instant(one.at), one.consent[-12:], one.person, one.state, one.state_known_now)
        for one in facts.status
    ]
    columns = ("moment", "at", "consent", "of", "as known then", "as known now")
    yield "Consent at generation, at publication and now", columns, (22, 46, 28, 28, 28, 28), status
    approvals: list[Row] = [
        (one.gate, "approved" if one.approved else "rejected", one.actor, ", ".join(one.roles), format_instant(one.at))
        for one in facts.approvals
    ]
    yield "Approvals", ("gate", "answer", "by", "as", "at"), (30, 30, 36, 38, 46), approvals
    labels: list[Row] = [
        (
            one.platform,
            one.territory,
            format_instant(one.starts_at),
            one.expected or "not said",
            one.shown or "not said",
        )
        for one in facts.labels
    ]
    yield (
        "Placements and labels",
        ("platform", "in", "from", "label meant", "label shown"),
        (40, 14, 46, 40, 40),
        labels,
    )
    clocks: list[Row] = [
        (clock.rule, format_instant(clock.received_at), format_instant(clock.due_at), clock.state)
        for dispute in facts.disputes
        for clock in dispute.clocks
    ]
    yield "Statutory clocks", ("rule", "from", "runs out", "state"), (62, 46, 46, 26), clocks
    seen: list[Row] = [
        (one.platform, format_instant(one.seen_at), one.matched_by, one.match)
        for dispute in facts.disputes
        for one in dispute.sightings
    ]
    yield "Copies that were seen", ("on", "at", "found by", "how near"), (32, 46, 26, 76), seen
    custody: list[Row] = [
        (one.entry, format_instant(one.at), one.event, one.handler, one.what) for one in facts.custody
    ]
    yield "Custody", ("entry", "at", "event", "handler", "what"), (14, 46, 22, 28, 70), custody


def _table(pdf: FPDF, title: str, columns: Row, widths: tuple[int, ...], rows: list[Row]) -> None:
    if not rows:
        return
    from fpdf.fonts import FontFace

    _title(pdf, title, 16)
    pdf.set_font("helvetica", "", 7.5)
    pdf.set_text_color(*_INK)
    pdf.set_draw_color(*_LINE)
    style = FontFace(emphasis="BOLD", color=_SOFT)
    with pdf.table(col_widths=widths, borders_layout="HORIZONTAL_LINES", headings_style=style, line_height=4) as table:
        for row in (columns, *rows[:ROWS_MAX]):
            table.row([plain(cell) for cell in row])
    _left_out(pdf, len(rows) - ROWS_MAX, "rows")


def _list(pdf: FPDF, title: str, lines: Iterable[str]) -> None:
    _title(pdf, title, 12)
    for line in lines:
        pdf.set_font("helvetica", "", 8.5)
        pdf.set_text_color(*_INK)
        pdf.multi_cell(0, 4.6, align="L", text=plain(f"- {line}"), new_x="LMARGIN", new_y="NEXT")


def _title(pdf: FPDF, text: str, room: float) -> None:
    """Never alone at the foot of a page."""
    if pdf.get_y() + min(room, 200) + 14 > pdf.h - 18:
        pdf.add_page()
    pdf.ln(5)
    pdf.set_font("helvetica", "B", 11.5)
    pdf.set_text_color(*_INK)
    _line(pdf, text, 7)


def _left_out(pdf: FPDF, count: int, what: str) -> None:
    if count > 0:
        _small(pdf, f"{count} more {what} are in report.html and facts.json.")


def _small(pdf: FPDF, text: str) -> None:
    pdf.set_font("helvetica", "", 7.5)
    pdf.set_text_color(*_SOFT)
    _line(pdf, text, 4)


def _line(pdf: FPDF, text: str, height: float) -> None:
    pdf.cell(0, height, plain(text), new_x="LMARGIN", new_y="NEXT")
