"""What a pack claims, and that anybody can compute it again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from api.services.evidence_replay import replay
from ledger.proof.canonical import canonical
from schemas.evidence import PackManifest
from tests.contract.evidence.story import Story, forged, members, of_format_1, tell
from tests.house_of import SERVICE, House


def claims_of(pack: bytes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(members(pack)["pack.json"])["claims"]
    return found


def test_the_consents_state_is_told_at_generation_at_clearance_and_now(pack: bytes, story: Story) -> None:
    told = [(claim["kind"], claim["verdict"], [one["state"] for one in claim["consents"]]) for claim in claims_of(pack)]
    assert told == [
        ("generation", "allow", ["given"]),
        ("clearance", "allow", ["given"]),
        ("clearance", "deny", ["given"]),
        ("now", "deny", ["expired"]),
        ("now", "deny", ["expired"]),
    ]


def test_a_revoked_clearance_is_called_that(pack: bytes) -> None:
    issued = next(claim for claim in claims_of(pack) if claim["kind"] == "clearance")
    assert issued["sentence"].endswith("; it was revoked later")


def test_while_everything_stands_now_is_allow(house: House, tmp_path: Path) -> None:
    story = tell(house, expire=False)
    house.move_to("2026-10-10T00:00:00+00:00")
    pack = story.write(tmp_path / "evidence.zip").path.read_bytes()
    now = {claim["question"]["territory"]: claim["verdict"] for claim in claims_of(pack) if claim["kind"] == "now"}
    assert now == {"DE": "allow", "US": "deny"}
    assert replay(pack).state == "consistent"


def test_gaps_say_what_nobody_checked_and_how_the_file_came(pack: bytes) -> None:
    codes = {gap.code for gap in PackManifest.model_validate(json.loads(members(pack)["pack.json"])).gaps}
    assert {"finding-not_checked", "grade-self_declared", "c2pa-not-trusted", "index", "time"} <= codes


def test_every_verdict_follows_from_the_packs_own_entries(pack: bytes, story: Story) -> None:
    report = replay(pack, story.vkeys)
    assert report.state == "verified" and [step.outcome for step in report.steps] == ["pass"] * 11
    assert report.steps[9].checked == 5


def test_a_claim_that_the_entries_do_not_give_is_named(pack: bytes, story: Story) -> None:
    """Even the service's own key can't make a yes out of a no."""
    claims = claims_of(pack)
    claims[-1]["verdict"] = "allow"
    report = replay(forged(pack, story.house.keys[SERVICE], {}, claims=claims))
    assert [(fault.step, fault.item, fault.code) for fault in report.faults] == [(10, "pack.json", "claim_differs")]


def test_dropped_claims_and_gaps_are_noticed(pack: bytes, story: Story) -> None:
    key = story.house.keys[SERVICE]
    fewer = replay(forged(pack, key, {}, claims=claims_of(pack)[:-1]))
    silent = replay(forged(pack, key, {}, gaps=[]))
    assert [fault.code for fault in fewer.faults] == ["claims_differ"]
    assert [fault.code for fault in silent.faults] == ["gaps_differ", "certificate_differs"]  # which lists the gaps


def test_an_entry_left_out_by_the_packs_maker_changes_the_verdict(pack: bytes, story: Story) -> None:
    """Without the grant the recorded yes does not follow."""
    claimed = json.loads(members(pack)["pack.json"])
    grant = next(one["index"] for one in claimed["entries"] if one["type"] == "consent.granted.v2")
    gone = {f"entries/{grant}.json": None, f"proofs/{grant}.tlog-proof": None}
    entries = [one for one in claimed["entries"] if one["index"] != grant]
    report = replay(of_format_1(pack, story.house.keys[SERVICE], gone, entries=entries))
    assert report.state == "untrusted" and {fault.step for fault in report.faults} == {10}
    issued = next(one["index"] for one in entries if one["type"] == "clearance.issued.v1")
    assert (f"entries/{issued}.json", "verdict_differs") in [(fault.item, fault.code) for fault in report.faults]


def test_a_claim_of_another_shape_cannot_be_replayed(pack: bytes, story: Story) -> None:
    report = replay(forged(pack, story.house.keys[SERVICE], {}, claims=[{"kind": "boast"}]))
    assert [fault.code for fault in report.faults] == ["not_replayable"]


def test_altered_bytes_are_not_weighed_again(pack: bytes) -> None:
    content = members(pack)
    content["report.html"] += b"!"
    report = replay(_zip(content))
    assert report.steps[9].outcome == "not_checked" and [fault.item for fault in report.faults] == ["report.html"]


def _zip(content: dict[str, bytes]) -> bytes:
    from tests.contract.evidence.story import packed

    return packed(content)


def test_pack_json_is_canonical(pack: bytes) -> None:
    raw = members(pack)["pack.json"]
    assert canonical(json.loads(raw)) == raw


def test_a_pack_made_under_other_rules_stays_verifiable_and_says_what_was_left_out(pack: bytes, story: Story) -> None:
    report = replay(forged(pack, story.house.keys[SERVICE], {}, rules="0"))
    assert report.state == "consistent"
    assert [step.number for step in report.steps] == [*range(1, 10), 11]
    assert "rules 0 made the pack" in report.remarks[0]


def test_a_pack_made_under_the_rules_before_is_weighed_again_by_those(pack: bytes, story: Story) -> None:
    report = replay(forged(pack, story.house.keys[SERVICE], {}, rules="5"))
    assert report.state == "consistent"
    assert [step.number for step in report.steps if step.outcome == "pass"] == [*range(1, 12)]
