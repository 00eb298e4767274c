"""Whatever a well-signed statement says, the door answers with one of its own errors or writes it; it never stumbles."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
import rfc8785

from ledger.errors import LedgerError
from ledger.proof.dsse import PAYLOAD_TYPE, Envelope, sign
from schemas.base import Body
from schemas.catalogue import BODIES
from tests.house_of import House
from tests.unit.ledger.test_permissions import MAY_SAY, WHO

SEED, MUTATIONS = 20261123, 120
VALUES: list[Any] = [
    None, True, 0, -1, 2**53 - 1, "", " ", "x" * 400, "\u0000", "é\u0301", "../..", "WORLD", "=", "A", "AAA", "====",
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "2026-10-01T00:00:60Z", "00" * 32,
    "019a9b00-0000-7000-8000-000000000001", [], {}, [None], [[]], {"a": {"b": []}}, ["DE"] * 400,
]  # fmt: skip


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from paths(child, (*path, key))


def mutated(payload: dict[str, Any], draw: random.Random) -> Any:
    fresh = copy.deepcopy(payload)
    *way, last = draw.choice([path for path in paths(fresh) if path])
    place = fresh
    for key in way:
        place = place[key]
    if draw.random() < 0.2:
        del place[last]
    else:
        place[last] = draw.choice(VALUES)
    return fresh


@pytest.mark.parametrize("kind", BODIES, ids=lambda kind: kind.TYPE)
def test_no_mutation_makes_the_door_stumble(house: House, kind: type[Body]) -> None:
    draw = random.Random(f"{SEED} {kind.TYPE}")
    role = sorted(role for role, types in MAY_SAY.items() if kind.TYPE in types)[0]
    payload = json.loads(Envelope.parse(house.signed(WHO[role], kind.example())[0]).payload)
    before, written = house.size, 0
    for n in range(MUTATIONS):
        value = mutated({**payload, "id": house.new_id()}, draw)
        if draw.random() < 0.5 and isinstance(value.get("body"), dict):
            value["tags"] = _right_tags(kind, value)
        envelope = sign(rfc8785.dumps(value), PAYLOAD_TYPE, house.keys[WHO[role]].private)
        try:
            written += not house.ledger.append(envelope).existing
        except LedgerError as error:
            assert (error.code and error.status < 500) or error.status == 503
        except Exception as error:
            pytest.fail(f"mutation {n} of {kind.TYPE}: {type(error).__name__}: {error}\n{value}")
    assert house.size == before + written
    list(house.ledger.read())  # what was written can be read


def _right_tags(kind: type[Body], value: dict[str, Any]) -> Any:
    """So that a mutation of the body gets past the comparison of tags."""
    try:
        return list(kind.model_validate(value["body"]).tags())
    except Exception:
        return value.get("tags")
