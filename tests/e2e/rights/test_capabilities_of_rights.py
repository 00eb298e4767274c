"""Rows 21, 52, 54 and 56 of the capability list, each shown through the public API."""

from __future__ import annotations

from typing import Any

from ledger.rules.guardrails import standing_entries
from schemas.statements.guardrail import GuardrailMatched, GuardrailScreened, GuardrailSwept
from tests.e2e.rights.conftest import Desk

ENTRY: dict[str, Any] = {"reason": "asked not to be shown", "counsel": "lena", "effective_from": "2026-10-01T00:00:00Z"}


def request(desk: Desk, prompt: str) -> dict[str, Any]:
    story = desk.office.made.story
    base = story.generation_request("0" * 64).as_json()
    return {**base, "generation": desk.new_id(), "prompt": prompt, "references": []}


def test_capability_21_a_banned_name_in_any_disguise_is_refused_and_a_near_miss_passes(desk: Desk) -> None:
    mark = {
        "guardrail": desk.new_id(),
        "kind": "mark",
        "label": "Example Cola",
        "allowed": ["excon"],
        "aliases": ["ExCo"],
    }
    desk.said("lena", "guardrail.entry-added.v1", {**ENTRY, **mark})
    person = {"guardrail": desk.new_id(), "kind": "person", "person": "p-listed"}
    names = {"sealed": {"/body/names": ["Someone Famous"]}, "subject": "p-listed"}
    desk.said("lena", "guardrail.entry-added.v1", {**ENTRY, **person}, **names)
    for prompt in (
        "A can of Example Cola.",
        "ЕхСо",
        "ExampIe C0la",
        "Exampel Cola",
        "s o m e o n e  famous",
        "Somone Famuos",
    ):
        refused = desk.say("mara", "generation.requested.v1", request(desk, prompt))
        assert refused.status_code == 409, prompt
        assert "guardrail_match" in {reason["code"] for reason in refused.json()["reasons"]}, prompt
    for prompt in ("An excon lifts a warm cup.", "Someone, not famous at all."):
        desk.said("mara", "generation.requested.v1", request(desk, prompt))


def test_capability_54_a_new_entry_blocks_at_once_and_lists_what_now_matches(desk: Desk) -> None:
    assert desk.verify()["verdict"] == "allow"
    person = {"guardrail": desk.new_id(), "kind": "person", "person": "p-listed"}
    names = {"sealed": {"/body/names": ["Warm Cup"]}, "subject": "p-listed"}
    desk.said("lena", "guardrail.entry-added.v1", {**ENTRY, **person}, **names)
    listed = desk.office.get(f"/v1/guardrails/{person['guardrail']}", "lena").json()
    assert listed["standing"] is True
    assert [match["asset_sha256"] for match in listed["matches"]] == [desk.asset, desk.signed]
    assert desk.verify()["verdict"] == "deny"
    assert "guardrail_matched" in desk.reasons()
    desk.said("lena", "guardrail.entry-lifted.v1", {"guardrail": person["guardrail"], "reason": "settled"})
    assert desk.verify()["verdict"] == "allow"


def test_capability_54_an_entry_with_reference_media_finds_the_copies(desk: Desk) -> None:
    picture = desk.office.services.blobs.put(desk.office.made.file("copy").read_bytes())
    mark = {"guardrail": desk.new_id(), "kind": "work", "label": "A film of theirs", "reference_media": [picture]}
    desk.said("lena", "guardrail.entry-added.v1", {**ENTRY, **mark})
    listed = desk.office.get(f"/v1/guardrails/{mark['guardrail']}", "lena").json()
    assert {match["asset_sha256"] for match in listed["matches"]} == {desk.asset, desk.signed}
    assert {match["method"] for match in listed["matches"]} == {"media"}
    missing = {**mark, "guardrail": desk.new_id(), "label": "Another", "reference_media": ["ab" * 32]}
    desk.said("lena", "guardrail.entry-added.v1", {**ENTRY, **missing})
    assert "guardrail_media_not_checked" in desk.reasons()


def test_a_stranger_who_is_refused_makes_the_service_say_nothing(desk: Desk) -> None:
    person = {"guardrail": desk.new_id(), "kind": "person", "person": "p-listed"}
    names = {"sealed": {"/body/names": ["Someone Famous"]}, "subject": "p-listed"}
    desk.said("lena", "guardrail.entry-added.v1", {**ENTRY, **person}, **names)
    ledger, size = desk.office.services.ledger, desk.office.size
    assert desk.say("rob", "generation.requested.v1", request(desk, "a cup")).status_code == 403
    assert desk.office.size == size
    desk.said("mara", "generation.requested.v1", request(desk, "a cup"))
    assert desk.office.size == size + 2
    assert len(list(ledger.read(types=[GuardrailScreened.TYPE]))) == 1
    assert len(list(ledger.read(types=[GuardrailSwept.TYPE]))) == 1
    assert not list(ledger.read(types=[GuardrailMatched.TYPE]))
    assert len(standing_entries(ledger.history())) == 1


def test_capability_52_a_use_past_cap_territory_or_date_is_denied_and_usage_is_counted(desk: Desk) -> None:
    assert desk.verify()["verdict"] == "allow"
    _, licence = desk.licensed(
        caps={"placements": 1}, terms={"territories": ["DE"], "valid_until": "2026-10-10T00:00:00Z"}
    )
    assert desk.verify()["verdict"] == "allow"
    assert "licence_territory_out_of_scope" in desk.reasons(territory="AT")
    refused = desk.clear(desk.signed)
    assert "licence_window_out_of_scope" in {reason["code"] for reason in refused.json()["reasons"]}
    cleared = desk.clear(desk.signed, valid_until="2026-10-10T00:00:00Z").json()["clearance"]
    placed = {
        "placement": desk.new_id(),
        "asset": desk.signed,
        "clearance": cleared,
        "consents": [desk.office.made.story.consent],
        "licences": [licence],
        "platform": "example-video",
        "channel": "social",
        "territory": "DE",
        "starts_at": "2026-10-02T00:00:00Z",
    }
    desk.said("pia", "placement.recorded.v1", placed)
    second = desk.say("pia", "placement.recorded.v1", {**placed, "placement": desk.new_id()})
    assert second.json()["code"] == "licence_placements_exhausted"
    assert "1 of 1" in second.json()["reasons"][0]["detail"]
    assert "licence_placements_exhausted" in desk.reasons()


def test_capability_56_overlapping_exclusive_grants_are_detected_and_gaps_are_named(desk: Desk) -> None:
    right = desk.right()
    desk.said("ivy", "licence.granted.v1", desk.licence(right, exclusivity="exclusive", licensee="studio-2"))
    refused = desk.say("ivy", "licence.granted.v1", desk.licence(right))
    assert (refused.status_code, refused.json()["code"]) == (409, "exclusive_overlap")
    assert refused.json()["reasons"][0]["entry_index"] is not None
    unpapered = desk.right(basis="assignment")
    licence = desk.said("ivy", "licence.granted.v1", desk.licence(unpapered))["licence"]
    use = {"asset": desk.asset, "right": unpapered, "licence": licence, "user": "studio-1"}
    desk.said("mara", "asset.right-used.v1", use)
    assert "title_undocumented" in desk.reasons()
