"""The lineage drawing: well-formed, escaped, and with no box on another."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from api.web.drawing import NODES_DRAWN_MAX, draw
from schemas.api.assets import EdgeShape, LineageAnswer, OriginShape

SVG = "{http://www.w3.org/2000/svg}"


def digest(number: int) -> str:
    return f"{number:064x}"


def line(edges: list[tuple[int, int]], assets: int, people: tuple[tuple[str, str], ...] = ()) -> LineageAnswer:
    made = tuple(
        EdgeShape(child=digest(child), parent=digest(parent), relation="edited", entry_index=child)
        for child, parent in edges
    )
    origins = (
        (OriginShape(generation="g<1>", brief="b", brief_version=1, entry_index=0, cameos=people),) if people else ()
    )
    family = tuple(digest(number) for number in range(assets))
    return LineageAnswer(asset_sha256=digest(0), family=family, edges=made, origins=origins)


def boxes(answer: LineageAnswer) -> list[tuple[int, int]]:
    root = ET.fromstring(str(draw(answer)))
    return [(int(box.attrib["x"]), int(box.attrib["y"])) for box in root.iter(f"{SVG}rect")]


def test_a_single_file_is_one_box() -> None:
    assert len(boxes(line([], 1))) == 1


def test_a_diamond_is_drawn_once_and_nothing_overlaps() -> None:
    found = boxes(line([(1, 0), (2, 0), (3, 1), (3, 2)], 4, (("p-1", "c"),)))
    assert len(found) == 5 and len(set(found)) == 5


def test_children_stand_right_of_every_parent() -> None:
    root = ET.fromstring(str(draw(line([(1, 0), (2, 1), (3, 0), (3, 2)], 4))))
    place = {
        link.attrib["href"]: int(box.attrib["x"]) for link in root.iter(f"{SVG}a") for box in link.iter(f"{SVG}rect")
    }
    x = [place[f"/assets/{digest(number)}"] for number in range(4)]
    assert x[0] < x[1] < x[2] < x[3]


def test_text_from_the_log_is_escaped() -> None:
    text = str(draw(line([], 1, (("<script>", "c"),))))
    assert "<script>" not in text and "&lt;script&gt;" in text


def test_a_crowd_is_a_sentence() -> None:
    assert "too many to draw" in str(draw(line([], NODES_DRAWN_MAX + 1)))
