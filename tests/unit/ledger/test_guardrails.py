"""The do-not-generate list blocks at once: by open and sealed names, by media; what nobody looked at blocks too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ledger.errors import LedgerError
from ledger.rules.guardrails import listed, prompt_sha256
from schemas.statements.generation import GenerationRequested, Reference
from schemas.statements.guardrail import (
    GuardrailAdded,
    GuardrailFinding,
    GuardrailLifted,
    GuardrailMatched,
    GuardrailScreened,
    GuardrailSwept,
)
from tests.house_of import House, digest, raises_code

MARK: dict[str, Any] = {"kind": "mark", "label": "Example Cola", "aliases": ["ExCo"], "allowed": ["excon"]}


def entry(house: House, names: list[str] | None = None, **overrides: Any) -> str:
    base = {"reason": "a competitor", "counsel": "lena", "effective_from": "2026-10-01T00:00:00Z"}
    kind = {"kind": "person", "person": "p-listed"} if names else MARK
    body = GuardrailAdded.model_validate({**base, **kind, "guardrail": house.new_id(), **overrides})
    house.say_as("lena", body, sealed={"/body/names": names} if names else None, subject=body.person)
    return body.guardrail


def request(house: House, prompt: str, **overrides: Any) -> GenerationRequested:
    base = {"generation": house.new_id(), "brief": house.brief(), "prompt": prompt, "cameos": (), "references": ()}
    return GenerationRequested.example().model_copy(update={**base, **overrides})


def screened(house: House, body: GenerationRequested, *found: str, **overrides: Any) -> GuardrailScreened:
    findings = tuple(GuardrailFinding(guardrail=name, method="exact", score=100) for name in found)
    said = {
        "generation": body.generation,
        "as_of": house.size,
        "spec": "wordscreen/1",
        "prompt_sha256": None if found else prompt_sha256(body.prompt),
        "checked": ("words", "media"),
        "findings": findings,
        **overrides,
    }
    return GuardrailScreened.model_validate(said)


def against(house: House, asset: str, **question: Any) -> set[tuple[str, str]]:
    return {(row.outcome, row.code) for row in house.decision(asset, **question).against}


# -- prompts at the door -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prompt", ["a can of Example Cola", "ЕхСо on the table", "exсo", "Exampel Cola"])
def test_a_banned_term_alias_misspelling_or_lookalike_is_refused_with_the_entry(house: House, prompt: str) -> None:
    name = entry(house)
    error = raises_code("guardrail_match", lambda: house.say_as("mara", request(house, prompt)))
    assert name in error.reasons[0].detail
    assert error.reasons[0].entry_index is not None


def test_an_allowed_near_miss_and_harmless_words_pass(house: House) -> None:
    entry(house)
    house.say_as("mara", request(house, "an excon drinks cola, for example"))


def test_an_entry_counts_from_its_first_instant_to_its_last(house: House) -> None:
    entry(house, effective_from="2026-10-02T00:00:00Z", effective_until="2026-10-03T00:00:00Z")
    house.say_as("mara", request(house, "Example Cola"))
    for instant, refused in (("2026-10-02T00:00:00+00:00", True), ("2026-10-03T00:00:00+00:00", False)):
        house.move_to(instant)
        try:
            house.say_as("mara", request(house, "Example Cola"))
            assert not refused
        except LedgerError as error:
            assert refused and error.code == "guardrail_match"


def test_a_lifted_entry_blocks_nothing(house: House) -> None:
    name = entry(house)
    house.say_as("lena", GuardrailLifted(guardrail=name, reason="settled"))
    house.say_as("mara", request(house, "Example Cola"))
    raises_code("guardrail_lifted", lambda: house.say_as("lena", GuardrailLifted(guardrail=name, reason="again")))
    unknown = GuardrailLifted(guardrail=house.new_id(), reason="what")
    raises_code("guardrail_unknown", lambda: house.say_as("lena", unknown))


def test_a_reference_that_is_listed_is_refused(house: House) -> None:
    picture = digest()
    entry(house, reference_media=[picture])
    reference = Reference(sha256=picture, kind="still", rights_basis="found it")
    body = request(house, "a harmless street", references=(reference,))
    house.ledger.say(screened(house, body))
    raises_code("guardrail_reference", lambda: house.say_as("mara", body))


def test_sealed_names_are_looked_for_by_the_service_or_the_prompt_is_refused(house: House) -> None:
    name = entry(house, ["Someone Famous"])
    body = request(house, "a woman by a window")
    raises_code("prompt_not_screened", lambda: house.say_as("mara", body))
    other = request(house, "Someone Famous", generation=body.generation)
    house.ledger.say(screened(house, other))
    raises_code("prompt_not_screened", lambda: house.say_as("mara", body))  # not of this prompt
    house.ledger.say(screened(house, body, name))
    error = raises_code("guardrail_match", lambda: house.say_as("mara", body))
    assert {reason.code for reason in error.reasons} == {"guardrail_match", "prompt_not_screened"}
    house.ledger.say(screened(house, body, checked=("media",), not_checked=("words",)))
    raises_code("prompt_not_screened", lambda: house.say_as("mara", body))
    house.ledger.say(screened(house, body))
    house.say_as("mara", body)


def test_a_screening_from_before_an_entry_says_nothing_about_it(house: House) -> None:
    entry(house, ["Someone Famous"])
    body = request(house, "a woman by a window")
    house.ledger.say(screened(house, body))
    entry(house, ["Someone Else"], person="p-other")
    raises_code("prompt_not_screened", lambda: house.say_as("mara", body))


# -- decisions ---------------------------------------------------------------------------------------------------------


def test_a_new_entry_blocks_at_once_what_was_made_before(house: House) -> None:
    asset, _ = house.clip()
    assert house.decision(asset).allowed
    entry(house, label="warm cup", aliases=[])
    assert against(house, asset) == {("fail", "guardrail_prompt")}
    entry(house, ["Someone Famous"])
    assert ("not_checked", "guardrail_words_not_checked") in against(house, asset)


def test_an_entry_for_another_use_or_place_is_not_weighed(house: House) -> None:
    asset, _ = house.clip()
    entry(house, label="warm cup", aliases=[], territories=["US"])
    entry(house, label="warm cup", aliases=[], uses=["editorial"])
    assert house.decision(asset).allowed
    entry(house, label="warm cup", aliases=[], territories=["DE"], uses=["advertising"])
    assert against(house, asset) == {("fail", "guardrail_prompt")}


def test_a_sweep_answers_for_sealed_names_and_a_match_blocks(house: House) -> None:
    asset, _ = house.clip()
    name = entry(house, ["Someone Famous"])
    sweep = GuardrailSwept(
        guardrail=name, upto=house.size, spec="wordscreen/1", checked=("words",), generations=1, assets=1, matched=0
    )
    house.ledger.say(sweep)
    assert house.decision(asset).allowed
    finding = GuardrailFinding(guardrail=name, method="exact", score=100)
    match = GuardrailMatched(asset=asset, finding=finding, spec="wordscreen/1")
    house.ledger.say(match)
    child = house.approved(house.examined(house.derived(asset)))
    for file in (asset, child):
        assert against(house, file) == {("fail", "guardrail_matched")}
    raises_code("guardrail_matched_already", lambda: house.ledger.say(match))


def test_a_sweep_says_nothing_about_what_came_later(house: House) -> None:
    name = entry(house, ["Someone Famous"])
    sweep = GuardrailSwept(
        guardrail=name, upto=house.size, spec="w", checked=("words",), generations=0, assets=0, matched=0
    )
    house.ledger.say(sweep)
    body = request(house, "a woman by a window")
    raises_code("prompt_not_screened", lambda: house.say_as("mara", body))


def test_a_prompt_found_out_later_blocks_results_that_come_even_later(house: House) -> None:
    body = request(house, "someone famous by a window")
    house.say_as("mara", body)
    name = entry(house, ["Someone Famous"])
    house.ledger.say(screened(house, body, name, prompt_sha256=None))
    asset = house.approved(house.examined(house.asset(body.generation)))
    assert ("fail", "guardrail_prompt") in against(house, asset)


def test_reference_media_block_themselves_and_what_nobody_compared(house: House) -> None:
    asset, _ = house.clip()
    entry(house, reference_media=[asset])
    assert against(house, asset) == {("fail", "guardrail_media"), ("not_checked", "guardrail_media_not_checked")}
    other, _ = house.clip()
    assert against(house, other) == {("not_checked", "guardrail_media_not_checked")}
    looked = GuardrailScreened(asset=other, as_of=house.size, spec="matches/1", checked=("media",))
    house.ledger.say(looked)
    assert house.decision(other).allowed
    house.ledger.say(looked.model_copy(update={"checked": (), "not_checked": ("media",)}))
    assert against(house, other) == {("not_checked", "guardrail_media_not_checked")}


def test_a_sweep_over_files_says_nothing_about_one_that_came_later(house: House) -> None:
    asset, _ = house.clip()
    name = entry(house, reference_media=[digest()])
    seen = {"checked": ("media",), "generations": 1, "assets": 1, "matched": 0}
    house.ledger.say(GuardrailSwept(guardrail=name, upto=house.size, spec="matches/1", **seen))
    assert house.decision(asset).allowed
    child = house.approved(house.examined(house.derived(asset)))
    assert against(house, child) == {("not_checked", "guardrail_media_not_checked")}


def test_an_entry_stands_from_its_very_first_instant_to_before_its_last(house: House) -> None:
    begin, end, micro = datetime(2026, 10, 5, tzinfo=UTC), datetime(2026, 10, 6, tzinfo=UTC), timedelta(microseconds=1)
    entry(house, effective_from=begin, effective_until=end)
    history = house.ledger.history()
    assert [len(listed(history, at)) for at in (begin - micro, begin, end - micro, end)] == [0, 1, 1, 0]


# -- the list and the looks, at the door -------------------------------------------------------------------------------


def test_an_entry_names_things_in_the_open_and_people_sealed(house: House) -> None:
    name = entry(house)
    raises_code("guardrail_known", lambda: entry(house, guardrail=name))
    base = {"guardrail": house.new_id(), "reason": "r", "counsel": "lena", "effective_from": "2026-10-01T00:00:00Z"}
    person = GuardrailAdded.model_validate({**base, "kind": "person", "person": "p-1"})
    raises_code("guardrail_names", lambda: house.say_as("lena", person))
    sealed = {"/body/names": ["Someone"]}
    raises_code("guardrail_names", lambda: house.say_as("lena", person, sealed=sealed, subject="p-2"))
    mark = GuardrailAdded.model_validate({**base, **MARK})
    raises_code("guardrail_names", lambda: house.say_as("lena", mark, sealed=sealed, subject="p-1"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "person", "label": "Someone", "person": "p-1"},
        {"kind": "person", "label": None},
        {"kind": "mark", "label": None},
        {"kind": "mark", "label": "x", "person": "p-1"},
        {"kind": "mark", "label": "x", "effective_until": "2026-10-01T00:00:00Z"},
        {"kind": "planet", "label": "x"},
    ],
)
def test_an_entry_of_the_wrong_shape_is_none(wrong: dict[str, Any]) -> None:
    base = {"guardrail": "019a9b00-0000-7000-8000-000000000013", "reason": "r", "counsel": "lena"}
    with pytest.raises(ValueError):
        GuardrailAdded.model_validate({**base, "effective_from": "2026-10-01T00:00:00Z", **wrong})


def test_looks_are_of_what_is_there(house: House) -> None:
    name, asset = entry(house), house.asset()
    body = request(house, "x")
    raises_code("screening_ahead", lambda: house.ledger.say(screened(house, body, as_of=house.size + 1)))
    raises_code("screening_prompt", lambda: house.ledger.say(screened(house, body, prompt_sha256=None)))
    raises_code("guardrail_unknown", lambda: house.ledger.say(screened(house, body, house.new_id())))
    finding = GuardrailFinding(guardrail=name, method="exact", score=100)
    stranger = GuardrailMatched(asset=digest(), finding=finding, spec="s")
    raises_code("asset_unknown", lambda: house.ledger.say(stranger))
    unlisted = GuardrailMatched(asset=asset, finding=finding.model_copy(update={"guardrail": house.new_id()}), spec="s")
    raises_code("guardrail_unknown", lambda: house.ledger.say(unlisted))
    swept = {"guardrail": name, "spec": "s", "checked": ("words",), "generations": 0, "assets": 0, "matched": 0}
    for upto in (0, house.size + 1):
        raises_code("sweep_misplaced", lambda upto=upto: house.ledger.say(GuardrailSwept(**swept, upto=upto)))
    with pytest.raises(ValueError, match="exactly one"):
        GuardrailScreened(as_of=1, spec="s", checked=())


def test_what_was_asked_before_an_entry_came_in_between_is_asked_again(house: House) -> None:
    """The list is in the boundary of every request: an entry that comes at the same instant is not overlooked."""
    body = request(house, "Example Cola")
    envelope, draft = house.signed("mara", body)
    entry(house)
    raises_code("guardrail_match", lambda: house.ledger.append(envelope, draft.openings))
