"""The figures of an evidence report as inline SVG, in millimetres of a page: no script, no font, nothing from elsewhere."""

from __future__ import annotations

from markupsafe import Markup

from api.services.evidence_figures import BOX_MM, LABELS_MM, ROW_MM, WIDTH_MM, Box, Lineage, Mark, Timeline

_HEAD = Markup('<svg class="figure" viewBox="-2 -4 {} {}" role="img" aria-label="{}">')


def timeline_svg(told: Timeline) -> Markup:
    """A line for each event: when, what, and where on the axis."""
    height = told.height
    axis = Markup(
        '<line class="axis" x1="{a}" y1="2" x2="{b}" y2="2"/><text class="small" x="{a}" y="0">{since}</text>'
        '<text class="small" x="{b}" y="0" text-anchor="end">{until}</text>'
    ).format(a=LABELS_MM + 2, b=WIDTH_MM - 2, since=_day(told.since), until=_day(told.until))
    said = f"Timeline of {len(told.marks)} events; the same is in the tables below"
    body = Markup("").join(map(_mark, told.marks))
    return _HEAD.format(WIDTH_MM + 4, height + 6, said) + axis + body + Markup("</svg>")


def _day(at: object) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


_POINT = Markup('<circle class="{}" cx="{:.2f}" cy="{:.2f}" r="1.1"/>')
_BAR = Markup('<rect class="{} bar" x="{:.2f}" y="{:.2f}" width="{:.2f}" height="2.2" rx="0.6"/>')
_ROW = Markup(
    '<line x1="0" y1="{base:.2f}" x2="{wide}" y2="{base:.2f}"/><text class="when" x="0" y="{y:.2f}">{when}</text>'
    '<text class="{tone}" x="33" y="{y:.2f}">{label}</text>'
)


def _mark(mark: Mark) -> Markup:
    y, tone, width = ROW_MM * (mark.row + 1) + 1.5, "bad" if mark.bad else "good", mark.until - mark.x
    row = _ROW.format(tone=tone, y=y, base=y + 1.5, wide=WIDTH_MM, when=mark.when, label=mark.label[:44])
    return row + (_POINT.format(tone, mark.x, y - 1) if width < 1 else _BAR.format(tone, mark.x, y - 2.1, width))


def lineage_svg(drawn: Lineage) -> Markup:
    """A box for each file, an arrow from each parent."""
    said = f"{len(drawn.boxes)} files and which was made from which; the same is in the list below"
    arrows = Markup("").join(_arrow(drawn.boxes[source], drawn.boxes[target]) for source, target in drawn.arrows)
    boxes = Markup("").join(map(_box, drawn.boxes))
    return _HEAD.format(WIDTH_MM + 4, drawn.height + 4, said) + arrows + boxes + Markup("</svg>")


_ARROW = Markup('<path class="arrow" d="M{} {}C{} {} {} {} {} {}"/><path class="tip" d="{}"/>')
_BOX = Markup(
    '<g class="{kind}"><rect x="{x}" y="{y}" width="{w}" height="{h}" rx="1.2"/>'
    '<text class="digest" x="{tx}" y="{y1}">{asset}</text><text class="small" x="{tx}" y="{y2}">{how}</text></g>'
)


def _arrow(parent: Box, child: Box) -> Markup:
    """From the right side of one to the left of the other, or, where there is no room to the right, from below to above."""
    x1, y1, x2, y2 = parent.x + BOX_MM[0], parent.y + BOX_MM[1] / 2, child.x, child.y + BOX_MM[1] / 2
    if child.x > parent.x:
        middle = (x1 + x2) / 2
        return _ARROW.format(x1, y1, middle, y1, middle, y2, x2, y2, f"M{x2} {y2}l-2 -1v2z")
    x1, y1, y2 = parent.x + 6, parent.y + BOX_MM[1], child.y
    return _ARROW.format(x1, y1, x1, y1, x1, y2, x1, y2, f"M{x1} {y2}l-1 -2h2z")


def _box(box: Box) -> Markup:
    kind, digest = "box here" if box.disputed else "box", f"{box.asset[:16]}…{box.asset[-4:]}"
    place = {
        "x": box.x,
        "y": box.y,
        "w": BOX_MM[0],
        "h": BOX_MM[1],
        "tx": box.x + 2,
        "y1": box.y + 5,
        "y2": box.y + 9.5,
    }
    return _BOX.format(kind=kind, asset=digest, how=box.how[:36], **place)
