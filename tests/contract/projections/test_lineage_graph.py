"""The line of a file in a graph that nobody could follow path by path."""

from __future__ import annotations

import random
from collections import deque

from ledger.statement import Reading, Said
from projections.views import Views
from schemas.base import Statement, new_id
from schemas.statements.asset import AssetDerived, AssetImported
from tests.house_of import START, House


def _says(index: int, body: AssetDerived | AssetImported) -> Said:
    statement = Statement.model_construct(type=body.TYPE, id=new_id(START), actor="mara", tags=body.tags())
    return Said(index, body.TYPE, b"", Reading(START, statement, body, "", ()))


def test_a_graph_of_ten_thousand_files_is_walked_exactly_and_fast(house: House, views: Views) -> None:
    """A hundred layers of a hundred, three parents each: 3^99 paths, so anything that follows paths never ends."""
    views.catch_up()
    chance, parents = random.Random(1), dict[str, tuple[str, ...]]()
    layers = [[f"{row:02d}{column:02d}".ljust(64, "0") for column in range(100)] for row in range(100)]
    with views._database.writing() as db:
        for row, layer in enumerate(layers):
            for column, name in enumerate(layer):
                above = tuple(chance.sample(layers[row - 1], 3)) if row else ()
                parents[name] = above
                values = {"asset": name, "parents": above, "relation": "edited", "generation": None}
                kind = AssetDerived if above else AssetImported
                views.lineage.apply(db, _says(1_000 + row * 100 + column, kind.model_construct(**values)))
    for name in (layers[99][0], layers[50][7], layers[0][0]):
        assert set(views.lineage.ancestors(name)) == _reached(name, parents) - {name}
    children: dict[str, tuple[str, ...]] = {}
    for child, above in parents.items():
        for parent in above:
            children[parent] = (*children.get(parent, ()), child)
    for name in (layers[0][0], layers[50][7], layers[99][0]):
        found = views.lineage.descendants(name)
        assert set(found) == _reached(name, children) - {name} and len(found) == len(set(found))
    order = {name: n for n, name in enumerate(views.lineage.descendants(layers[0][0]))}
    assert all(order[parent] < order[child] for child in order for parent in parents[child] if parent in order)


def _reached(start: str, step: dict[str, tuple[str, ...]]) -> set[str]:
    seen, queue = {start}, deque([start])
    while queue:
        for name in step.get(queue.popleft(), ()):
            if name not in seen:
                seen.add(name)
                queue.append(name)
    return seen
