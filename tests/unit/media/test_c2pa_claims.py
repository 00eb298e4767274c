"""What a claim asserts, and our remarks on what the engine lets pass."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.media.c2pa_claims import (
    TRAINED_ALGORITHMIC_MEDIA,
    digital_source_type,
    ledger_assertion,
    remarks,
    training_mining,
)


def manifest(actions: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"assertions": [{"label": "c2pa.actions.v2", "data": {"actions": actions}}, *more.pop("also", [])], **more}


def training(label: str, use: str) -> dict[str, Any]:
    return {"label": label, "data": {"entries": {"cawg.ai_training": {"use": use}}}}


def test_a_derivative_takes_its_source_type_from_its_parent() -> None:
    created = manifest([{"action": "c2pa.created", "digitalSourceType": TRAINED_ALGORITHMIC_MEDIA}])
    parent = [{"relationship": "parentOf", "active_manifest": "p"}]
    manifests = {"a": manifest([{"action": "c2pa.opened"}], ingredients=parent), "p": created}
    assert digital_source_type(manifests, "a") == TRAINED_ALGORITHMIC_MEDIA
    assert digital_source_type({"a": manifests["a"] | {"ingredients": []}}, "a") is None


def test_a_components_source_type_is_not_the_works() -> None:
    created = manifest([{"action": "c2pa.created", "digitalSourceType": TRAINED_ALGORITHMIC_MEDIA}])
    component = [{"relationship": "componentOf", "active_manifest": "p"}]
    assert digital_source_type({"a": manifest([], ingredients=component), "p": created}, "a") is None


def test_a_line_of_parents_in_a_circle_ends() -> None:
    turn = manifest([], ingredients=[{"relationship": "parentOf", "active_manifest": "a"}])
    assert digital_source_type({"a": turn}, "a") is None


def test_the_ledger_assertion_holds_text_and_whole_numbers_only() -> None:
    data = {"origin": "o", "index": 3, "ratio": 0.5, "deep": {"a": 1}, "long": "x" * 9999, "huge": 2**60}
    found = ledger_assertion({"assertions": [{"label": "org.countersign.ledger", "data": data}]})
    assert found == {"origin": "o", "index": 3, "long": "x" * 512}
    assert ledger_assertion({"assertions": [{"label": "org.countersign.ledger.other", "data": data}]}) is None
    assert ledger_assertion({"assertions": "nonsense"}) is None


def test_what_the_engine_lets_pass_is_remarked_upon() -> None:
    also = [
        {"label": "c2pa.soft-binding", "data": {"alg": "made.up"}},
        training("cawg.training-mining", "allowed"),
    ]
    parents = [{"relationship": "parentOf", "active_manifest": "p"}, {"relationship": "parentOf"}]
    active = manifest([{"digitalSourceType": "http://example.org/x"}], ingredients=parents, also=also)
    parent = manifest([], also=[training("cawg.training-mining", "notAllowed")])
    assert remarks({"a": active, "p": parent}, "a", ["p"]) == [
        "countersign.digitalSourceType.unlisted",
        "countersign.softBinding.unlisted",
        "countersign.ingredient.severalParents",
        "countersign.trainingMining.conflict",
    ]
    assert remarks({"a": manifest([{"digitalSourceType": TRAINED_ALGORITHMIC_MEDIA}])}, "a", []) == []
    assert remarks({"a": manifest([{}])}, "a", ["missing"]) == []


def test_a_breach_of_a_part_is_told_as_the_parts() -> None:
    part = manifest([{"digitalSourceType": " http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"}])
    assert remarks({"a": manifest([]), "p": part}, "a", ["p"]) == ["ingredient:countersign.digitalSourceType.unlisted"]


@pytest.mark.parametrize(
    ("mine", "parts", "conflict"),
    [
        ("allowed", ["allowed", "notAllowed"], True),
        ("allowed", ["constrained"], True),
        ("constrained", ["notAllowed"], True),
        ("constrained", ["allowed"], False),
        ("notAllowed", ["allowed"], False),
        ("allowed", ["nonsense"], False),
    ],
)
def test_no_file_permits_for_training_what_a_part_however_deep_keeps_back(
    mine: str, parts: list[str], conflict: bool
) -> None:
    manifests = {"a": manifest([], also=[training("cawg.training-mining", mine)])}
    below = [f"p{n}" for n in range(len(parts))]
    manifests |= {
        p: manifest([], also=[training("c2pa.training-mining", said)]) for p, said in zip(below, parts, strict=True)
    }
    assert ("countersign.trainingMining.conflict" in remarks(manifests, "a", below)) is conflict


def test_the_strictest_word_on_training_stands() -> None:
    manifests = {n: manifest([], also=[training("cawg.training-mining", n)]) for n in ("allowed", "constrained")}
    assert training_mining(manifests, ["allowed", "constrained", "gone"]) == {"ai_training": "constrained"}
