"""The committed JSON Schemas are what the classes say, and a stranger's validator agrees with ours about examples."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from ops import schemas
from schemas.base import Body
from schemas.catalogue import BODIES

EACH = pytest.mark.parametrize("kind", BODIES, ids=lambda kind: kind.TYPE)


@cache
def validator(name: str) -> Draft202012Validator:
    schema = json.loads((schemas.SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_the_committed_schemas_are_the_generated_ones() -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in schemas.SCHEMAS.glob("*.json")}
    generated = {name: schemas.as_text(schema) for name, schema in schemas.json_schemas().items()}
    assert committed == generated, "run `make schemas` and commit"


def test_writing_twice_changes_nothing_and_takes_away_what_is_stale(tmp_path: Path) -> None:
    assert len(schemas.write_json_schemas(tmp_path)) == len(BODIES) + 2
    (tmp_path / "brief.sung.v1.json").write_text("{}", encoding="utf-8")
    assert schemas.write_json_schemas(tmp_path) == ["brief.sung.v1.json"]
    assert schemas.write_json_schemas(tmp_path) == []


@EACH
def test_every_example_fits_its_schema(kind: type[Body]) -> None:
    validator(kind.TYPE).validate(kind.example().as_json())


@EACH
def test_every_frozen_statement_and_envelope_fits_theirs(kind: type[Body]) -> None:
    frozen = json.loads((schemas.VECTORS / f"{kind.TYPE}.json").read_text(encoding="utf-8"))
    validator("statement").validate(json.loads(frozen["payload"]))
    validator("envelope").validate(frozen["envelope"])


@EACH
def test_a_body_with_a_member_missing_or_too_many_fits_neither_schema_nor_class(kind: type[Body]) -> None:
    check, example = validator(kind.TYPE), kind.example().as_json()
    spoiled: list[dict[str, Any]] = [{**example, "note": "x"}]
    spoiled += [{key: value for key, value in example.items() if key != name} for name in check.schema["required"]]
    for body in spoiled:
        assert not check.is_valid(body)
        with pytest.raises(ValidationError):
            kind.model_validate(body)


@EACH
def test_no_sealed_field_is_a_member_of_the_body(kind: type[Body]) -> None:
    schema = validator(kind.TYPE).schema
    for pointer in kind.sealed_fields():
        assert pointer.removeprefix("/body/") not in schema["properties"]
        assert pointer in schema["x-sealed"]
