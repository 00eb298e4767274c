"""report.pdf: the pack for print, with figures. Made with fpdf2 (extra `pdf`), in the fonts that every reader has.

Those fonts know Latin-1; a character outside it is written as its code point, so that nothing is lost and nothing fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

from api.services.evidence_outside import Bounds
from api.services.evidence_pairs import Frames
from api.services.evidence_pdf_figures import figures, pairs
from api.services.evidence_pdf_page import BAD, INK, LINE, SOFT, left_out, line, plain, title
from api.services.evidence_pdf_tables import Row, tables
from schemas.base import format_instant
from schemas.evidence import PackManifest
from schemas.facts import PackFacts

if TYPE_CHECKING:
    from fpdf import FPDF

ROWS_MAX = 100  # of one table or list; report.html and facts.json have all of them


def pdf_there() -> bool:
    """Whether this machine has the extra `pdf`."""
    return find_spec("fpdf") is not None


def render_pdf(
    manifest: PackManifest, facts: PackFacts, verifier_sha256: str, frames: Frames, seen: Bounds | None = None
) -> bytes:
    """The report, the same bytes for the same pack. Raises ImportError without the extra `pdf`."""
    from fpdf import FPDF

    class Paged(FPDF):
        def footer(self) -> None:
            self.set_y(-13)
            self.set_font("helvetica", "", 7)
            self.set_text_color(*SOFT)
            about = (
                f"Countersign evidence pack, {manifest.subject.files[0][:16]}, made {format_instant(manifest.made_at)}"
            )
            self.cell(0, 4, plain(f"{about}    page {self.page_no()} of {{nb}}"), align="C")

    pdf = Paged(format="A4")
    pdf.set_creation_date(manifest.made_at)
    pdf.set_title("Countersign evidence pack")
    pdf.set_margin(15)
    pdf.set_auto_page_break(True, 18)
    pdf.add_page()
    _heading(pdf, manifest)
    figures(pdf, facts)
    _claims(pdf, manifest)
    pairs(pdf, facts, frames)
    for name, columns, widths, rows in tables(facts):
        _table(pdf, name, columns, widths, rows)
    _list(pdf, "What the custody does not cover", (f"{gap.asset[:16]}: {gap.detail}" for gap in facts.custody_gaps))
    _list(pdf, "Who else saw this log", _seen(seen or Bounds()))
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


def _heading(pdf: FPDF, manifest: PackManifest) -> None:
    pdf.set_font("helvetica", "B", 17)
    files = manifest.subject.files
    line(pdf, f"What the log shows about {'one file' if len(files) == 1 else f'{len(files)} files'}", 9)
    pairs = [("File (SHA-256)", asset) for asset in files]
    pairs += [("Dispute", manifest.subject.dispute)] if manifest.subject.dispute else []
    pairs += [("Made at", format_instant(manifest.made_at))]
    if manifest.known:
        pairs.append(("As known at", f"{format_instant(manifest.known.at)}, first {manifest.known.size} entries"))
    pairs += [("Made for", manifest.reader)] if manifest.reader else []
    pairs.append(("Log", f"{manifest.origin}, {manifest.size} entries; {len(manifest.entries)} of them in this pack"))
    for name, value in pairs:
        pdf.set_font("helvetica", "", 8.5)
        pdf.set_text_color(*SOFT)
        pdf.cell(30, 5, plain(name))
        pdf.set_text_color(*INK)
        pdf.set_font("courier" if name.startswith("File") else "helvetica", "", 8.5)
        pdf.multi_cell(0, 5, align="L", text=plain(value), new_x="LMARGIN", new_y="NEXT")


def _claims(pdf: FPDF, manifest: PackManifest) -> None:
    title(pdf, "What is claimed", 12)
    for claim in manifest.claims[:ROWS_MAX]:
        pdf.set_font("helvetica", "B", 8.5)
        pdf.set_text_color(*(INK if claim.verdict == "allow" else BAD))
        pdf.cell(14, 5, claim.verdict)
        pdf.set_font("helvetica", "", 8.5)
        pdf.set_text_color(*INK)
        pdf.multi_cell(
            0, 5, align="L", text=plain(f"{format_instant(claim.at)}  {claim.sentence}"), new_x="LMARGIN", new_y="NEXT"
        )


def _table(pdf: FPDF, name: str, columns: Row, widths: tuple[int, ...], rows: list[Row]) -> None:
    if not rows:
        return
    from fpdf.fonts import FontFace

    title(pdf, name, 16)
    pdf.set_font("helvetica", "", 7.5)
    pdf.set_text_color(*INK)
    pdf.set_draw_color(*LINE)
    style = FontFace(emphasis="BOLD", color=SOFT)
    with pdf.table(col_widths=widths, borders_layout="HORIZONTAL_LINES", headings_style=style, line_height=4) as table:
        for row in (columns, *rows[:ROWS_MAX]):
            table.row([plain(cell) for cell in row])
    left_out(pdf, len(rows) - ROWS_MAX, "rows")


def _seen(bounds: Bounds) -> Iterator[str]:
    """Witnesses and time stamps, which bound when the entries were there."""
    if bounds.witnessed is not None:
        size = bounds.witnessed.checkpoint.size
        yield from (f"Witness {name} cosigned the log's first {size} entries" for name in bounds.witnessed.cosigned)
    yield from (f"A time stamp says that the log's first {size} entries existed by {at}" for size, at in bounds.stamps)
    if not bounds.any:
        yield "Nobody outside: no witness cosigned this log for the pack, and no authority stamped it."


def _list(pdf: FPDF, name: str, lines: Iterable[str]) -> None:
    title(pdf, name, 12)
    told = list(lines)
    for one in told[:ROWS_MAX]:
        pdf.set_font("helvetica", "", 8.5)
        pdf.set_text_color(*INK)
        pdf.multi_cell(0, 4.6, align="L", text=plain(f"- {one}"), new_x="LMARGIN", new_y="NEXT")
    left_out(pdf, len(told) - ROWS_MAX, "lines")
