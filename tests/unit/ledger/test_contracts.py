"""A licence is used within its own terms and within the newest terms of its contract."""

from __future__ import annotations

from typing import Any

from schemas.statements.contract import ContractReevaluated, ContractTermRecorded
from tests.house_of import House, digest, raises_code
from tests.rights_of import TERMS, licensed_clip

SOURCE = {"system": "contracts", "ref": "C-1", "revision": "1"}


def term(house: House, revision: str, *, terms: dict[str, Any] | None = None, **overrides: Any) -> None:
    source = {**SOURCE, "revision": revision}
    body = {"source": source, "terms": {**TERMS, **(terms or {})}, "content_sha256": digest(), **overrides}
    house.say_as("lena", ContractTermRecorded.model_validate(body))


def against(house: House, asset: str) -> list[str]:
    return [row.code for row in house.decision(asset).against]


def test_a_narrower_term_narrows_and_a_wider_one_does_not_widen(house: House) -> None:
    asset, _, _ = licensed_clip(house, source=SOURCE)
    term(house, "2", terms={"territories": ["FR"], "valid_until": "2026-10-15T00:00:00Z"})
    assert against(house, asset) == ["contract_territory_out_of_scope", "contract_window_out_of_scope"]
    term(house, "3", terms={"territories": ["WORLD"], "uses": ["advertising", "editorial"]})
    assert against(house, asset) == []
    assert "licence_use_out_of_scope" in [row.code for row in house.decision(asset, use="editorial").against]


def test_a_contract_for_sound_only_lets_no_video_through(house: House) -> None:
    asset, _, _ = licensed_clip(house, source=SOURCE)
    term(house, "2", terms={"media": ["audio"]})
    assert against(house, asset) == ["contract_medium_out_of_scope"]


def test_a_terminated_contract_and_a_contracts_cap_deny(house: House) -> None:
    asset, _, name = licensed_clip(house, source=SOURCE)
    term(house, "2", caps={"placements": 1})
    house.placed(asset, house.cleared(asset), licences=[name])
    assert against(house, asset) == ["licence_placements_exhausted"]
    term(house, "3", terminated=True)
    assert against(house, asset) == ["contract_terminated"]


def test_a_contract_of_something_else_changes_nothing(house: House) -> None:
    asset, _, _ = licensed_clip(house, source={**SOURCE, "ref": "C-2"})
    term(house, "9", terminated=True)
    assert against(house, asset) == []


def test_a_revision_is_recorded_once_and_means_one_thing(house: House) -> None:
    term(house, "1")
    raises_code("term_known", lambda: term(house, "1"))
    raises_code("revision_reused", lambda: term(house, "1", terms={"territories": ["US"]}))


def test_what_is_weighed_again_is_weighed_under_the_newest_revision(house: House) -> None:
    body = {"source": SOURCE, "affected": [], "affected_count": 0, "denied_count": 0}
    raises_code("term_unknown", lambda: house.ledger.say(ContractReevaluated.model_validate(body)))
    term(house, "1")
    term(house, "2")
    raises_code("term_unknown", lambda: house.ledger.say(ContractReevaluated.model_validate(body)))
    newest = {**body, "source": {**SOURCE, "revision": "2"}, "affected": [{"asset": digest()}]}
    raises_code("affected_miscounted", lambda: house.ledger.say(ContractReevaluated.model_validate(newest)))
    house.ledger.say(ContractReevaluated.model_validate({**newest, "affected_count": 1}))
