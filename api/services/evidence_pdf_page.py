"""What the sections of report.pdf are set with: colours, titles, small print, and text in the fonts that every reader has."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fpdf import FPDF

INK, SOFT, BAD, LINE = (28, 35, 38), (91, 103, 109), (163, 38, 42), (200, 206, 208)


def plain(text: object) -> str:
    """In Latin-1; whatever is not is written as its code point."""
    told = str(text)
    return "".join(one if ord(one) < 256 else {"…": "...", "–": "-"}.get(one, f"[U+{ord(one):04X}]") for one in told)


def title(pdf: FPDF, text: str, room: float) -> None:
    """Never alone at the foot of a page; no title is only room."""
    if pdf.get_y() + min(room, 200) + 14 > pdf.h - 18:
        pdf.add_page()
    if not text:
        pdf.ln(3)
        return
    pdf.ln(5)
    pdf.set_font("helvetica", "B", 11.5)
    pdf.set_text_color(*INK)
    line(pdf, text, 7)


def left_out(pdf: FPDF, count: int, what: str) -> None:
    if count > 0:
        small(pdf, f"{count} more {what} are in report.html and facts.json.")


def small(pdf: FPDF, text: str) -> None:
    pdf.set_font("helvetica", "", 7.5)
    pdf.set_text_color(*SOFT)
    line(pdf, text, 4)


def line(pdf: FPDF, text: str, height: float) -> None:
    pdf.cell(0, height, plain(text), new_x="LMARGIN", new_y="NEXT")
