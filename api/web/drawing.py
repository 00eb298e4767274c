"""A file's lineage as a picture: one column a step of making, oldest on the left, drawn here as inline SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from schemas.api.assets import EdgeShape, LineageAnswer

NODES_DRAWN_MAX = 200  # more is no picture; the API lists them all
_BOX_WIDTH, _BOX_HEIGHT, _GAP_X, _GAP_Y, _MARGIN = 190, 62, 110, 26, 12


@dataclass(frozen=True)
class _Node:
    """A box: its place on the grid, three lines of text, and where it leads."""

    name: str
    column: int
    row: int
    lines: tuple[str, str, str]
    href: str
    kind: str

    @property
    def x(self) -> int:
        return _MARGIN + self.column * (_BOX_WIDTH + _GAP_X)

    @property
    def y(self) -> int:
        return _MARGIN + self.row * (_BOX_HEIGHT + _GAP_Y)


def draw(line: LineageAnswer) -> Markup:
    """The SVG, every text escaped. A family past NODES_DRAWN_MAX is drawn as a sentence."""
    if len(line.family) > NODES_DRAWN_MAX:
        return Markup("<p>{}</p>").format(f"{len(line.family)} files: too many to draw.")
    nodes = _placed(line)
    width = max(node.x for node in nodes.values()) + _BOX_WIDTH + _MARGIN
    height = max(node.y for node in nodes.values()) + _BOX_HEIGHT + _MARGIN
    edges = [_arrow(nodes[edge.parent], nodes[edge.child], edge) for edge in line.edges if edge.parent in nodes]
    roots = [name for name in line.family if nodes[name].column == 1]
    edges += [_arrow(node, nodes[root], None) for node in nodes.values() if node.kind == "origin" for root in roots[:1]]
    head = Markup('<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1}" viewBox="0 0 {0} {1}">').format(
        width, height
    )
    marker = Markup(
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z"/></marker></defs>'
    )
    return head + marker + Markup("").join(edges) + Markup("").join(map(_box, nodes.values())) + Markup("</svg>")


def _placed(line: LineageAnswer) -> dict[str, _Node]:
    """Every file one column right of its last parent; generations stand in the column before all files."""
    relations = {edge.child: edge for edge in line.edges}
    columns: dict[str, int] = {}
    for name in line.family:
        parents = [edge.parent for edge in line.edges if edge.child == name and edge.parent in columns]
        columns[name] = 1 + max((columns[parent] for parent in parents), default=0)
    shift = 0 if line.origins else 1
    nodes, filled = {}, dict[int, int]()
    for origin in line.origins:
        people = ", ".join(person for person, _ in origin.cameos) or "nobody's likeness"
        texts = ("generation", f"…{origin.generation[-12:]}", f"with {people}"[:28])
        nodes[origin.generation] = _node(origin.generation, 0, filled, texts, f"/log/{origin.entry_index}", "origin")
    for name in line.family:
        made = relations.get(name)
        texts = (
            made.relation if made else "original",
            f"{name[:12]}…",
            "this file" if name == line.asset_sha256 else "",
        )
        kind = "here" if name == line.asset_sha256 else "file"
        nodes[name] = _node(name, columns[name] - shift, filled, texts, f"/assets/{name}", kind)
    return nodes


def _node(name: str, column: int, filled: dict[int, int], texts: tuple[str, str, str], href: str, kind: str) -> _Node:
    row = filled.get(column, 0)
    filled[column] = row + 1
    return _Node(name, column, row, texts, href, kind)


def _box(node: _Node) -> Markup:
    first, second, third = map(escape, node.lines)
    x, y = node.x, node.y
    return Markup(
        '<a href="{href}" class="{kind}"><rect x="{x}" y="{y}" width="{w}" height="{h}" rx="6"/>'
        '<text x="{tx}" y="{y1}">{first}</text><text x="{tx}" y="{y2}" class="digest">{second}</text>'
        '<text x="{tx}" y="{y3}" class="small">{third}</text></a>'
    ).format(
        href=node.href, kind=node.kind, x=x, y=y, w=_BOX_WIDTH, h=_BOX_HEIGHT, tx=x + 12,
        y1=y + 20, y2=y + 37, y3=y + 53, first=first, second=second, third=third,
    )  # fmt: skip


def _arrow(parent: _Node, child: _Node, edge: EdgeShape | None) -> Markup:
    x1, y1 = parent.x + _BOX_WIDTH, parent.y + _BOX_HEIGHT // 2
    x2, y2 = child.x - 2, child.y + _BOX_HEIGHT // 2
    middle = (x1 + x2) // 2
    curve = Markup('<path d="M{} {}C{} {} {} {} {} {}" marker-end="url(#tip)"/>').format(
        x1, y1, middle, y1, middle, y2, x2, y2
    )
    if edge is None:
        return curve
    label = Markup('<text class="small" text-anchor="middle" x="{}" y="{}">entry {}</text>')
    return curve + label.format(middle, (y1 + y2) // 2 - 7, edge.entry_index)


def described(edges: Sequence[EdgeShape]) -> list[str]:
    """The drawing in sentences, for those who can't see it."""
    return [
        f"{edge.child[:12]}… was {edge.relation} from {edge.parent[:12]}… (entry {edge.entry_index})" for edge in edges
    ]
