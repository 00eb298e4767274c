"""Why a file may be used, as a picture: holders on the left, placements on the right, what does not stand in another stroke."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup, escape

from api.services.services import Services
from api.services.why import ask_why, last_asked
from ledger.rules.rightsgraph import Link, Node, Why

NODES_DRAWN_MAX = 120  # more is no picture; the API lists them all
LABEL_CHARS_SHOWN = 22
_BOX_WIDTH, _BOX_HEIGHT, _GAP_X, _GAP_Y, _MARGIN = 184, 62, 84, 22, 12
_PAGES = {"asset": "assets", "consent": "consents", "licence": "licences"}
"""Things that have a page of their own; the others' entries are shown."""


@dataclass(frozen=True)
class WhyShown:
    """The answer, its drawing, and the drawing in sentences."""

    found: Why
    drawing: Markup
    sentences: list[str]


def why_shown(services: Services, asset: str, at: datetime | None) -> WhyShown | None:
    """Why it may be used as it was cleared last, or why not; None where nobody ever asked."""
    asked = last_asked(services, asset, at)
    found = ask_why(services, asset, asked, at) if asked else None
    return WhyShown(found, draw_why(found), ways_described(found)) if found else None


def draw_why(found: Why) -> Markup:
    """The SVG, every text escaped. A graph past NODES_DRAWN_MAX is drawn as a sentence."""
    if len(found.nodes) > NODES_DRAWN_MAX:
        return Markup("<p>{}</p>").format(f"{len(found.nodes)} things: too many to draw.")
    places = _placed(found.nodes, found.links)
    if not places:
        return Markup("")
    width = max(x for x, _ in places.values()) + _BOX_WIDTH + _MARGIN
    height = max(y for _, y in places.values()) + _BOX_HEIGHT + _MARGIN
    head = Markup('<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1}" viewBox="0 0 {0} {1}">').format(
        width, height
    )
    marker = Markup(
        '<defs><marker id="way" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z"/></marker></defs>'
    )
    arrows = Markup("").join(_arrow(places, link) for link in found.links if {link.source, link.target} <= set(places))
    boxes = Markup("").join(_box(node, *places[node.key], found.question.asset) for node in found.nodes)
    return head + marker + arrows + boxes + Markup("</svg>")


def _placed(nodes: Sequence[Node], links: Sequence[Link]) -> dict[str, tuple[int, int]]:
    """Every thing one column right of the last that leads to it. Lineage has no cycles, so this ends."""
    columns = {node.key: 0 for node in nodes}
    for _ in nodes:
        for link in links:
            if link.source in columns and link.target in columns:
                columns[link.target] = max(columns[link.target], columns[link.source] + 1)
    filled: dict[int, int] = {}
    places = {}
    for node in nodes:
        column = columns[node.key]
        row = filled.get(column, 0)
        filled[column] = row + 1
        places[node.key] = (_MARGIN + column * (_BOX_WIDTH + _GAP_X), _MARGIN + row * (_BOX_HEIGHT + _GAP_Y))
    return places


def _box(node: Node, x: int, y: int, here: str) -> Markup:
    kind = "here" if node.key == f"asset:{here}" else ("way" if node.stands else "broken")
    page = _PAGES.get(node.kind)
    href = f"/{page}/{node.key.partition(':')[2]}" if page else f"/log/{node.entry_index}"
    target = Markup(' href="{}"').format(href) if page or node.entry_index is not None else Markup("")
    label = node.label if len(node.label) <= LABEL_CHARS_SHOWN else node.label[: LABEL_CHARS_SHOWN - 1] + "…"
    return Markup(
        '<a{target} class="{kind}"><rect x="{x}" y="{y}" width="{w}" height="{h}" rx="6"/>'
        '<text x="{tx}" y="{y1}" class="small">{first}</text><text x="{tx}" y="{y2}">{second}</text>'
        '<text x="{tx}" y="{y3}" class="small">{third}</text></a>'
    ).format(
        target=target, kind=kind, x=x, y=y, w=_BOX_WIDTH, h=_BOX_HEIGHT, tx=x + 12, y1=y + 18, y2=y + 36, y3=y + 53,
        first=escape(node.kind), second=escape(label), third=escape(node.state.replace("_", " ")),
    )  # fmt: skip


def _arrow(places: dict[str, tuple[int, int]], link: Link) -> Markup:
    (sx, sy), (tx, ty) = places[link.source], places[link.target]
    x1, y1, x2, y2 = sx + _BOX_WIDTH, sy + _BOX_HEIGHT // 2, tx - 2, ty + _BOX_HEIGHT // 2
    middle = (x1 + x2) // 2
    curve = Markup('<path d="M{} {}C{} {} {} {} {} {}" marker-end="url(#way)"/>').format(
        x1, y1, middle, y1, middle, y2, x2, y2
    )
    label = Markup('<text class="small" text-anchor="middle" x="{}" y="{}">{}</text>')
    return curve + label.format(middle, (y1 + y2) // 2 - 6, link.word)


def ways_described(found: Why) -> list[str]:
    """The paths in sentences, for those who can't see the drawing; or, for a no, what stands against it."""
    labels = {node.key: f"{node.kind} {node.label}" for node in found.nodes}
    words = {(link.source, link.target): link.word for link in found.links}
    sentences = []
    for path in found.paths():
        steps = (f" —{words[source, target]}→ {labels[target]}" for source, target in itertools.pairwise(path))
        sentences.append(labels[path[0]] + "".join(steps))
    return sentences or [f"{reason.code.replace('_', ' ')}: {reason.detail}" for reason in found.reasons]
