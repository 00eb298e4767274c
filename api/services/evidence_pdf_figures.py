"""The figures of report.pdf: timeline, lineage, and matched frames side by side."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from api.services.evidence_figures import BOX_MM, LABELS_MM, ROW_MM, WIDTH_MM, Lineage, Timeline, lineage, timeline
from api.services.evidence_matches import Side, pairs_of
from api.services.evidence_pairs import Frames
from api.services.evidence_pdf_page import BAD, INK, LINE, SOFT, left_out, line, plain, small, title
from schemas.facts import PackFacts

if TYPE_CHECKING:
    from fpdf import FPDF

PAIRS_MAX = 24
_PAIR_MM = 66.0  # of a pair of pictures with the lines under them


def figures(pdf: FPDF, facts: PackFacts) -> None:
    told, drawn = timeline(facts), lineage(facts)
    if told is not None:
        title(pdf, "Timeline", told.height)
        _timeline(pdf, told)
        left_out(pdf, told.left_out, "events")
    if drawn.boxes:
        title(pdf, "Where the files come from", drawn.height)
        _lineage(pdf, drawn)
        left_out(pdf, drawn.left_out, "files")
        small(pdf, "Boxes with a heavy frame: the files in question.")


def _timeline(pdf: FPDF, told: Timeline) -> None:
    left, top = pdf.l_margin, pdf.get_y() + 4
    pdf.set_font("helvetica", "", 7)
    pdf.set_text_color(*SOFT)
    for at, align in ((told.since, "L"), (told.until, "R")):
        pdf.set_xy(left + LABELS_MM + 2, top - 5)
        pdf.cell(WIDTH_MM - LABELS_MM - 4, 4, f"{at:%Y-%m-%d %H:%M} UTC", align=align)
    pdf.set_draw_color(*SOFT)
    pdf.line(left + LABELS_MM + 2, top, left + WIDTH_MM - 2, top)
    for mark in told.marks:
        y = top + ROW_MM * (mark.row + 0.5)
        pdf.set_draw_color(*LINE)
        pdf.line(left, y + 2.5, left + WIDTH_MM, y + 2.5)
        for x, width, tone, text in ((0, 34, SOFT, mark.when), (32, LABELS_MM - 32, INK, mark.label)):
            pdf.set_xy(left + x, y - 2)
            pdf.set_text_color(*(BAD if mark.bad and x else tone))
            pdf.cell(width, 4, plain(text)[:44])
        _event(pdf, left + mark.x, y, mark.until - mark.x, mark.bad)
    pdf.set_xy(left, top + told.height)


def _event(pdf: FPDF, x: float, y: float, width: float, bad: bool) -> None:
    """A point in time, or a bar over a period."""
    pdf.set_fill_color(*(BAD if bad else SOFT))
    if width < 1:
        pdf.ellipse(x - 1, y - 1, 2, 2, style="F")
    else:
        pdf.rect(x, y - 1, width, 2, style="F")


def _lineage(pdf: FPDF, drawn: Lineage) -> None:
    left, top = pdf.l_margin, pdf.get_y() + 2
    width, height = BOX_MM
    pdf.set_draw_color(*SOFT)
    for source, target in drawn.arrows:
        start, end = drawn.boxes[source], drawn.boxes[target]
        pdf.line(left + start.x + width, top + start.y + height / 2, left + end.x, top + end.y + height / 2)
    for box in drawn.boxes:
        pdf.set_line_width(0.7 if box.disputed else 0.2)
        pdf.set_fill_color(255, 255, 255)
        pdf.rect(left + box.x, top + box.y, width, height, style="DF")
        pdf.set_text_color(*INK)
        for n, (font, text) in enumerate((("courier", box.asset[:24]), ("helvetica", box.how[:38]))):
            pdf.set_xy(left + box.x + 1, top + box.y + 1 + 5 * n)
            pdf.set_font(font, "", 7)
            pdf.cell(width - 2, 5, plain(text))
    pdf.set_line_width(0.2)
    pdf.set_xy(left, top + drawn.height)


def pairs(pdf: FPDF, facts: PackFacts, frames: Frames) -> None:
    """Two pictures beside each other, and under them what the log says of the match."""
    for number, pair in enumerate(pairs_of(facts, frames)):
        if number == PAIRS_MAX:
            left_out(pdf, len(frames.told) // 2 - number, "matches")
            return
        title(pdf, "Matches, side by side" if number == 0 else "", _PAIR_MM + 5 * len(pair.told))
        pdf.set_font("helvetica", "B", 8.5)
        line(pdf, f"{pair.title} (entry {pair.entry})", 5)
        top = pdf.get_y()
        for side, x in ((pair.left, pdf.l_margin), (pair.right, pdf.l_margin + 92)):
            _side(pdf, side, x, top)
        pdf.set_xy(pdf.l_margin, top + _PAIR_MM)
        for name, value in pair.told:
            _told(pdf, name, value)


def _side(pdf: FPDF, side: Side, x: float, top: float) -> None:
    high = _PAIR_MM - 14
    if side.jpeg:
        pdf.image(BytesIO(side.jpeg), x=x, y=top, w=88, h=high, keep_aspect_ratio=True)
    else:
        pdf.set_draw_color(*LINE)
        pdf.rect(x, top, 88, high)
        pdf.set_xy(x + 3, top + high / 2 - 5)
        pdf.set_font("helvetica", "", 8)
        pdf.set_text_color(*SOFT)
        pdf.multi_cell(82, 4, plain(f"Not shown: {side.why}."), align="L")
    pdf.set_xy(x, top + high + 1)
    pdf.set_font("helvetica", "", 7)
    pdf.set_text_color(*SOFT)
    which = f"{side.name}, {side.seconds} s in" + (f", {side.media[:20]}..." if side.media else "")
    pdf.multi_cell(88, 3.5, plain(which), align="L", new_x="LEFT", new_y="NEXT")
    if side.sha256:
        pdf.set_font("courier", "", 6)
        pdf.multi_cell(88, 3.5, f"frame {side.sha256}", align="L")


def _told(pdf: FPDF, name: str, value: str) -> None:
    pdf.set_font("helvetica", "", 8)
    pdf.set_text_color(*SOFT)
    pdf.cell(30, 4.5, plain(name))
    pdf.set_text_color(*INK)
    pdf.multi_cell(0, 4.5, plain(value), align="L", new_x="LMARGIN", new_y="NEXT")
