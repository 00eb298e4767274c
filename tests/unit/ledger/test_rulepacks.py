"""Rule packs: dated, cited, switched on by legal, never changed under their number; and what decisions say of them (S4.14)."""

from __future__ import annotations

import hashlib
from typing import Any, get_args

import pytest

from ledger.rules.consent_terms import _CHECKS, _FIELDS
from ledger.rules.rulepacks import FOLDER, HOUSE, Kind, entries_in_force, packs
from schemas.statements.rulepack import RulePackAdopted
from tests.house_of import House, raises_code
from tests.unit.ledger.test_consent_terms import ask, give, refused
from tests.unit.ledger.test_people import ESTATE, register

LAW = packs()["law", "2026.11"]
PUBLISHED = {
    "house-2026.11.toml": "be1ed906fb2f7d694275584fda9cc99eee83144f7c4a06ccab20aa0b1eec443c",
    "law-2026.11.toml": "ae8197e2f32bca4a3f02098dc9b83382de76f1288269ad379a99d97085ba4a1e",
}
"""A published pack never changes: another rule is another version."""


def adoption(**words: Any) -> RulePackAdopted:
    body = {
        "pack": "law",
        "version": "2026.11",
        "pack_sha256": LAW.sha256,
        "effective_at": "2026-10-01T00:00:00Z",
        "reason": "counsel went through it",
        **words,
    }
    return RulePackAdopted.model_validate(body)


def test_published_packs_have_the_bytes_that_they_were_published_with() -> None:
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in FOLDER.glob("*.toml")}
    assert found == PUBLISHED


@pytest.mark.parametrize("pack", packs().values(), ids=lambda pack: f"{pack.name}-{pack.version}")
def test_every_entry_is_cited_dated_and_honest_about_its_confidence(pack: Any) -> None:
    assert "legal advice" in pack.disclaimer and len({entry.id for entry in pack.entries}) == len(pack.entries)
    for entry in pack.entries:
        assert entry.citation and entry.title and entry.confidence in ("house", "V", "V2", "V1", "M")
        assert entry.kind in get_args(Kind) and (entry.until is None or entry.since < entry.until)
        assert set(entry.values.get("fields", ())) <= set(_FIELDS)
    assert set(_CHECKS) <= set(get_args(Kind))


def test_what_is_not_law_is_off() -> None:
    assert {entry.id for entry in LAW.entries if not entry.on} == {
        "us-no-fakes",
        "us-no-fakes-minor",
        "dk-own-likeness",
    }


def test_the_houses_own_pack_is_always_in_force_and_the_law_once_legal_says_so(house: House) -> None:
    def names() -> set[str]:
        return {entry.pack for entry in entries_in_force(house.ledger.history(), house.now())}

    assert names() == {HOUSE[0]}
    house.say_as("lena", adoption(effective_at="2026-10-02T00:00:00Z"))
    assert names() == {HOUSE[0]}
    house.move_to("2026-10-02T00:00:00Z")
    assert names() == {HOUSE[0], "law"}


def test_entries_are_switched_one_by_one(house: House) -> None:
    house.say_as("lena", adoption(switched_on=["us-no-fakes"], switched_off=["cn-labelling"]))
    found = {entry.id for entry in entries_in_force(house.ledger.history(), house.now())}
    assert "us-no-fakes" in found and not found & {"cn-labelling", "dk-own-likeness"}
    house.say_as("lena", adoption())
    assert "cn-labelling" in {entry.id for entry in entries_in_force(house.ledger.history(), house.now())}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("rulepack_fixed", {"pack": "house"}),
        ("rulepack_unknown", {"version": "2031.1"}),
        ("rulepack_unknown", {"pack": "poetry"}),
        ("rulepack_differs", {"pack_sha256": "00" * 32}),
        ("rulepack_entry_unknown", {"switched_off": ["us-ca-ab-9999"]}),
        ("rulepack_entry_twice", {"switched_on": ["us-no-fakes"], "switched_off": ["us-no-fakes"]}),
    ],
)
def test_an_adoption_that_names_what_is_not_there_is_refused(house: House, code: str, words: dict[str, Any]) -> None:
    raises_code(code, lambda: house.say_as("lena", adoption(**words)))


def test_an_adoption_is_legals_own_word(house: House) -> None:
    raises_code("own_key_required", lambda: house.ledger.say(adoption(), actor="lena", method="token"))


@pytest.mark.parametrize(
    ("territories", "changes", "codes"),
    [
        (["US"], {}, ["representation_missing"] * 2),
        (["WORLD"], {}, ["representation_missing"] * 2),
        (["JP"], {"governing_law": "US-CA"}, ["representation_missing"]),
        (["US"], {"represented_by": {"kind": "union", "name": "union-4"}}, []),
        (["DE"], {"notice": None}, ["notice_missing"]),
        (["JP"], {"notice": None}, []),
        (["US"], {"media": ["audio"]}, ["representation_missing", "representation_missing", "voice_use_missing"]),
    ],
)
def test_adopted_law_asks_for_what_it_asks_where_it_applies(
    house: House, territories: list[str], changes: dict[str, Any], codes: list[str]
) -> None:
    house.say_as("lena", adoption())
    register(house)
    if not codes:
        ask(house, territories=territories, **changes)
        return
    error = raises_code(codes[0], lambda: ask(house, territories=territories, **changes))
    assert refused(error) == codes
    assert all("[law 2026.11 " in reason.detail for reason in error.reasons)


def test_a_performer_in_american_advertising_has_48_hours_to_read(house: House) -> None:
    house.say_as("lena", adoption())
    register(house)
    asked = ask(house, territories=["US"], represented_by={"kind": "union", "name": "union-4"})
    error = raises_code("notice_period_too_short", lambda: give(house, asked))
    assert "sag-aftra-commercials-48h" in error.reasons[0].detail
    give(house, asked, valid_from="2026-10-03T10:00:00Z")


AFTER_DEATH: dict[str, Any] = {"post_mortem": True, "represented_by": {"kind": "union", "name": "union-4"}}


@pytest.mark.parametrize(
    ("died_in", "territory", "until", "code"),
    [
        (1976, "US", "2027-01-01T00:00:00Z", None),
        (1976, "US", "2027-01-01T00:00:00.000001Z", "post_mortem_term_over"),
        (1975, "US", "2026-12-01T00:00:00Z", "post_mortem_term_over"),
        (None, "US", "2026-12-01T00:00:00Z", "died_in_missing"),
        (1975, "JP", "2026-12-01T00:00:00Z", None),
    ],
)
def test_an_estate_gives_nothing_beyond_the_right_after_death(
    house: House, died_in: int | None, territory: str, until: str, code: str | None
) -> None:
    house.say_as("lena", adoption())
    register(house, **{**ESTATE, "died_in": died_in})
    words = {**AFTER_DEATH, "territories": [territory], "valid_until": until}
    if code is None:
        ask(house, **words)
        return
    error = raises_code(code, lambda: ask(house, **words))
    assert "[law 2026.11 us-il-hb-4875; Ill. P.A. 103-0836 (HB 4875)]" in error.reasons[0].detail


def test_what_an_estate_gave_before_the_law_was_adopted_is_used_no_longer_than_the_right_lasts(house: House) -> None:
    register(house, **{**ESTATE, "died_in": 1976})
    asked = ask(house, **AFTER_DEATH, territories=["US"], valid_until="2027-06-01T00:00:00Z")
    give(house, asked)
    house.move_to("2026-10-10T00:00:00+00:00")
    asset, _ = house.clip([asked.consent])
    house.say_as("lena", adoption(switched_off=["sag-aftra-commercials-48h"]))
    for until, outcome in (("2027-01-01T00:00:00Z", "pass"), ("2027-01-01T00:00:00.000001Z", "fail")):
        decision = house.decision(asset, territory="US", valid_from="2026-12-20T00:00:00Z", valid_until=until)
        said = {rule.rule: rule for rule in decision.weighed}["rulepack"]
        assert said.outcome == outcome
    assert said.code == "post_mortem_term_over" and "us-il-hb-4875" in said.detail


def test_a_decision_cites_the_pack_for_the_territory_that_is_asked_about(house: House) -> None:
    asset, _ = house.clip([house.consent(territories=["US", "JP"])])
    assert house.decision(asset, territory="US").allowed
    house.say_as("lena", adoption())
    said = {rule.rule: rule for rule in house.decision(asset, territory="US").weighed}["rulepack"]
    assert (said.outcome, said.code) == ("fail", "representation_missing")
    assert "[law 2026.11 us-ca-ab-2602; Cal. Lab. Code 927 (AB 2602)]" in said.detail
    assert house.size - 1 in said.entries
    met = {rule.rule: rule for rule in house.decision(asset, territory="JP").weighed}["rulepack"]
    assert (met.outcome, met.code) == ("pass", "rulepack_met") and "law 2026.11" in met.detail


def test_a_pack_that_is_not_here_any_more_is_not_checked_and_blocks(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset, _ = house.clip()
    house.say_as("lena", adoption())
    kept = {HOUSE: packs()[HOUSE]}
    monkeypatch.setattr("ledger.rules.rulepacks.packs", lambda: kept)
    said = {rule.rule: rule for rule in house.decision(asset).weighed}["rulepack"]
    assert (said.outcome, said.code) == ("not_checked", "rulepack_missing")
    raises_code("rulepack_missing", house.consent)
