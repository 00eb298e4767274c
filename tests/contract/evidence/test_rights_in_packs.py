"""A pack about a file that rests on licences, placements, a list and a review gives its verdicts again, from itself alone."""

from __future__ import annotations

import json
from pathlib import Path

from api.services.evidence import write_pack
from api.services.evidence_replay import replay
from ledger.rules.guardrails import prompt_sha256
from schemas.statements.generation import GenerationRequested
from schemas.statements.guardrail import GuardrailAdded, GuardrailScreened
from schemas.statements.rightsreview import RightsReviewDecided, RightsReviewOpened
from tests.contract.evidence.story import EXAMINATION, members
from tests.house_of import House
from tests.rights_of import licensed_clip


def listed(house: House, **overrides: object) -> None:
    base = {"guardrail": house.new_id(), "reason": "r", "counsel": "lena", "effective_from": "2026-10-01T00:00:00Z"}
    body = GuardrailAdded.model_validate({**base, **overrides})
    sealed = {"/body/names": ["Someone Famous"]} if body.person else None
    house.say_as("lena", body, sealed=sealed, subject=body.person)


def screened(house: House) -> None:
    for said in list(house.ledger.read(types=[GenerationRequested.TYPE])):
        assert isinstance(said.body, GenerationRequested)
        digest = prompt_sha256(said.body.prompt)
        house.ledger.say(
            GuardrailScreened(
                generation=said.body.generation,
                as_of=house.size,
                spec="wordscreen/1",
                prompt_sha256=digest,
                checked=("words",),
            )
        )


def test_verdicts_over_licences_placements_a_list_and_a_review_follow_from_the_pack(
    house: House, tmp_path: Path
) -> None:
    house.blobs.put(EXAMINATION)
    asset, _, name = licensed_clip(house, caps={"placements": 2, "impressions": 100})
    listed(house, kind="mark", label="Example Cola")
    listed(house, kind="person", person="p-listed")
    screened(house)
    review = RightsReviewOpened(review=house.new_id(), asset=asset, doubt="a painting")
    house.say_as("rob", review)
    decided = {"review": review.review, "asset": asset, "decision": "allow", "reasons": ["old enough"]}
    house.say_as("lena", RightsReviewDecided.model_validate(decided))
    clearance = house.cleared(asset)
    for _ in range(2):
        house.placed(asset, clearance, licences=[name])
    house.ledger.say(house.verdict(house.decision(asset)))  # no: the cap is reached
    out = write_pack(house.ledger, house.index, house.blobs, asset, tmp_path / "pack.zip", at=house.now())
    vkeys = [verifier.vkey() for verifier in house.verifiers]
    report = replay(out.path, vkeys)
    assert report.state == "verified", report
    assert {step.outcome for step in report.steps} == {"pass"}
    entries = {entry["type"] for entry in json.loads(members(out.path.read_bytes())["pack.json"])["entries"]}
    expected = {"right.recorded.v1", "licence.granted.v1", "asset.right-used.v1", "placement.recorded.v1"}
    expected |= {"guardrail.entry-added.v1", "guardrail.screened.v1", "rightsreview.decided.v1"}
    assert expected <= entries
    assert b"Someone Famous" not in out.path.read_bytes()
