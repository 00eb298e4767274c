"""A consent that was narrowed, renewed and suspended under adopted law, in a pack: three verifiers and the replay agree."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from api.services.evidence_replay import replay
from ledger.rules.rulepacks import packs
from schemas.statements.consent_changes import ConsentNarrowed, ConsentRenewed
from schemas.statements.person import PersonEngagementEnded
from schemas.statements.rulepack import RulePackAdopted
from tests.contract.evidence.conftest import Verifier
from tests.contract.evidence.story import Story, members, tell
from tests.house_of import House


def changed(house: House) -> Story:
    """Law is adopted, the clip is made and cleared, then France is taken out, the term renewed, the person leaves."""
    law = packs()["law", "2026.11"]
    words = {"pack": law.name, "version": law.version, "pack_sha256": law.sha256, "reason": "counsel read it"}
    house.say_as(
        "lena", RulePackAdopted.model_validate({**words, "effective_at": house.now(), "switched_off": ["eu-gdpr-9"]})
    )
    story = tell(house, expire=False)
    about = {"consent": story.consent, "person": house.granted(story.consent).person}
    house.say_as("ines", ConsentNarrowed.model_validate({**about, "territories": ["FR"], "reason": "not there"}))
    house.ledger.say(house.verdict(house.decision(story.signed, territory="FR")))
    window = {"valid_from": datetime(2026, 12, 1, tzinfo=UTC), "valid_until": datetime(2027, 2, 1, tzinfo=UTC)}
    house.say_as("ines", ConsentRenewed.model_validate({**about, **window}))
    house.ledger.say(house.verdict(house.decision(story.signed, valid_until="2027-01-15T00:00:00Z")))
    ended = {"ending": house.new_id(), "ended_at": house.now(), "reason": "left", "person": about["person"]}
    house.say_as("ivy", PersonEngagementEnded.model_validate(ended))
    house.ledger.say(house.verdict(house.decision(story.signed)))
    return story


def test_the_pack_holds_what_the_decisions_went_by_and_replays(house: House, tmp_path: Path) -> None:
    pack = changed(house).write(tmp_path / "evidence.zip").path.read_bytes()
    manifest = json.loads(members(pack)["pack.json"])
    kinds = {entry["type"] for entry in manifest["entries"]}
    assert kinds >= {
        "rulepack.adopted.v1",
        "consent.narrowed.v1",
        "consent.renewed.v1",
        "person.registered.v2",
        "person.engagement-ended.v1",
    }
    report = replay(pack)
    assert report.state == "consistent", report.faults
    states = [[one["state"] for one in claim["consents"]] for claim in manifest["claims"]]
    assert states[0] == ["given"] and states[-1] == ["suspended"]


def test_every_verifier_takes_it(house: House, tmp_path: Path, verifier: Verifier) -> None:
    story = changed(house)
    pack = story.write(tmp_path / "evidence.zip").path.read_bytes()
    assert verifier(pack, story.vkeys) == (True, "")
