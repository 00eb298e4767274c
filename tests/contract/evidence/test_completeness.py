"""A pack of format 2 holds everything: what its maker leaves out is named by tag and type, by three verifiers (SPEC S8.9)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.services.evidence import write_pack
from api.services.evidence_replay import replay
from ledger.proof.canonical import canonical
from ledger.proof.pack import FORMAT_1_REMARK, check_pack
from ledger.proof.packclaims import index_name
from schemas.statements.actor import ActorKeyRevoked
from schemas.statements.consent import ConsentWithdrawn
from schemas.statements.index import LogIndexed
from tests.contract.evidence.conftest import Verifier
from tests.contract.evidence.story import Story, forged, members, of_format_1, tell
from tests.house_of import ADMIN, SERVICE, House, raises_code
from tests.tags_of import naive_root

VECTORS = Path(__file__).resolve().parents[2] / "vectors/packs"


@pytest.fixture(scope="session")
def withdrawn(tmp_path_factory: pytest.TempPathFactory, closed_house: House) -> Iterator[Story]:
    """The clip's consent was withdrawn after the file was cleared."""
    house = House(tmp_path_factory.mktemp("withdrawn"), like=closed_house)
    story = tell(house, expire=False)
    person = house.granted(story.consent).person
    house.say_as("ines", ConsentWithdrawn.model_validate({"consent": story.consent, "person": person, "reason": "no"}))
    yield story
    house.close()


@pytest.fixture(scope="session")
def honest(withdrawn: Story, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return withdrawn.write(tmp_path_factory.mktemp("pack") / "evidence.zip").path.read_bytes()


def claims_of(pack: bytes) -> dict[str, Any]:
    return json.loads(members(pack)["pack.json"])


def without(pack: bytes, kind: str) -> tuple[dict[str, None], list[dict[str, Any]]]:
    """Members to take away, and the entries that stay, when the last entry of a type is left out."""
    entries = claims_of(pack)["entries"]
    gone = next(one["index"] for one in reversed(entries) if one["type"] == kind)
    names = {f"entries/{gone}.json": None, f"proofs/{gone}.tlog-proof": None}
    return names, [one for one in entries if one["index"] != gone]


def test_a_withdrawal_that_a_crooked_operator_leaves_out_is_named(
    honest: bytes, withdrawn: Story, verifier: Verifier
) -> None:
    assert verifier(honest, withdrawn.vkeys) == (True, "")
    gone, entries = without(honest, "consent.withdrawn.v1")
    crooked = forged(honest, withdrawn.house.keys[SERVICE], gone, entries=entries)
    tag = f"consent:{withdrawn.consent}"
    assert verifier(crooked, withdrawn.vkeys) == (False, index_name(tag))
    (fault,) = check_pack(crooked).faults
    assert (fault.step, fault.code) == (11, "completeness_missing")
    assert f"{tag}: of consent.withdrawn.v1 the log holds 1 entry, and no entry are here" in fault.detail


@pytest.mark.parametrize("kind", ["review.approved.v1", "clearance.issued.v1", "brief.approved.v1", "asset.derived.v1"])
def test_nothing_else_can_be_left_out_either(honest: bytes, withdrawn: Story, verifier: Verifier, kind: str) -> None:
    gone, entries = without(honest, kind)
    crooked = forged(honest, withdrawn.house.keys[SERVICE], gone, entries=entries)
    good, item = verifier(crooked, None)
    assert not good and (item.startswith("index/") or kind == "asset.derived.v1")


def test_a_tag_that_is_not_called_complete_is_missed(honest: bytes, withdrawn: Story, verifier: Verifier) -> None:
    for kind in ("consent", "actor", "key", "person", "brief", "generation", "clearance", "asset", "log"):
        complete = claims_of(honest)["complete"]
        tag = next(one["tag"] for one in complete if one["tag"].startswith(f"{kind}:"))
        fewer = [one for one in complete if one["tag"] != tag]
        crooked = forged(honest, withdrawn.house.keys[SERVICE], {index_name(tag): None}, complete=fewer)
        assert verifier(crooked, None) == (False, "pack.json"), tag


def test_topics_can_not_be_narrowed(honest: bytes, withdrawn: Story, verifier: Verifier) -> None:
    complete = claims_of(honest)["complete"]
    narrow = [{**one, "topics": ["asset"]} if one["tag"].startswith("asset:") else one for one in complete]
    assert verifier(forged(honest, withdrawn.house.keys[SERVICE], {}, complete=narrow), None) == (False, "pack.json")


def test_what_only_the_rules_ask_is_missed_by_the_replay(honest: bytes, withdrawn: Story) -> None:
    fewer = [one for one in claims_of(honest)["complete"] if one["tag"] != "rulepack:all"]
    crooked = forged(honest, withdrawn.house.keys[SERVICE], {index_name("rulepack:all"): None}, complete=fewer)
    assert check_pack(crooked).faults == ()
    assert [(fault.step, fault.code) for fault in replay(crooked).faults] == [(10, "question_left_open")]


def test_a_proof_of_another_tag_in_its_place_is_named(honest: bytes, withdrawn: Story, verifier: Verifier) -> None:
    content, tag = members(honest), f"consent:{withdrawn.consent}"
    for other in ("log:opened", "actor:mara"):
        changed = {index_name(tag): content[index_name(other)]}
        crooked = forged(honest, withdrawn.house.keys[SERVICE], changed)
        assert verifier(crooked, None) == (False, index_name(tag))


def test_the_index_must_be_the_one_that_the_log_names(honest: bytes, withdrawn: Story, verifier: Verifier) -> None:
    index = claims_of(honest)["index"]
    for changed in ({**index, "size": index["size"] - 1}, {**index, "entry": 0}):
        assert not verifier(forged(honest, withdrawn.house.keys[SERVICE], {}, index=changed), None)[0]


def test_that_nobodys_key_was_revoked_is_proved_and_a_revocation_left_out_is_named(
    house: House, tmp_path: Path, verifier: Verifier
) -> None:
    asset, late = house.asset(), house.now()
    body = {"actor": "mara", "keyid": house.keys["mara"].keyid, "effective_at": late, "reason": "lost"}
    house.say_as(ADMIN, ActorKeyRevoked.model_validate(body))
    pack = write_pack(
        house.ledger, house.index, house.blobs, asset, tmp_path / "e.zip", at=house.now()
    ).path.read_bytes()
    assert verifier(pack, None)[0]
    gone, entries = without(pack, "actor.key-revoked.v1")
    crooked = forged(pack, house.keys[SERVICE], gone, entries=entries)
    good, item = verifier(crooked, None)
    assert not good and item in {index_name("actor:mara"), index_name(f"key:{house.keys['mara'].keyid}")}


def test_a_root_that_lies_is_told_by_whoever_has_the_entries(house: House, tmp_path: Path) -> None:
    """A crooked log names a root without the withdrawal: the pack can't tell, a second computation from the entries can."""
    consent = house.consent()
    entries = _tagged(house)
    person = house.granted(consent).person
    withdrawal = ConsentWithdrawn.model_validate({"consent": consent, "person": person, "reason": "no"})
    house.say_as("ines", withdrawal)
    lie = naive_root(entries)
    house.ledger.say(LogIndexed(size=house.size, root=lie.hex()))
    named = next(iter(house.ledger.read("log:indexed")))
    assert isinstance(named.body, LogIndexed)
    honest = naive_root(_tagged(house)[: named.body.size])
    assert named.body.root == lie.hex() != honest.hex()  # named in the log for ever, under the service's own signature
    house.index.catch_up()
    with house.index.look() as look:  # and no proof is ever made with it
        assert look.root == naive_root(_tagged(house))


def _tagged(house: House) -> list[Any]:
    from ledger.proof.tagrecord import TaggedEntry

    return [TaggedEntry.read(one.index, one.entry) for one in house.ledger.store.read_entries()]


# -- format 1 ------------------------------------------------------------------------------------------------------


def test_a_frozen_pack_of_format_1_verifies_for_ever(verifier: Verifier) -> None:
    pack = (VECTORS / "evidence-1.zip").read_bytes()
    vkeys = (VECTORS / "evidence-1.vkeys").read_text().split()
    assert verifier(pack, vkeys) == (True, "")
    report = replay(pack, vkeys)
    assert report.state == "verified" and report.complete_to is None
    assert FORMAT_1_REMARK in report.remarks


def test_a_pack_in_the_old_form_says_that_it_does_not_show_completeness(honest: bytes, withdrawn: Story) -> None:
    """Who leaves something out may still write format 1; then the check says what that does not show."""
    gone, entries = without(honest, "consent.withdrawn.v1")
    report = check_pack(of_format_1(honest, withdrawn.house.keys[SERVICE], gone, entries=entries))
    assert report.state == "consistent" and report.complete_to is None and FORMAT_1_REMARK in report.remarks


def test_an_index_proof_is_canonical(honest: bytes, withdrawn: Story, verifier: Verifier) -> None:
    name = index_name("log:opened")
    spaced = json.dumps(json.loads(members(honest)[name])).encode()
    assert canonical(json.loads(spaced)) == members(honest)[name]
    assert verifier(forged(honest, withdrawn.house.keys[SERVICE], {name: spaced}), None) == (False, name)


def test_an_index_that_keeps_moving_is_unavailable(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset = house.asset()
    monkeypatch.setattr("api.services.completeness._naming", lambda ledger, look: None)
    raises_code(
        "index_busy",
        lambda: write_pack(house.ledger, house.index, house.blobs, asset, tmp_path / "e.zip", at=house.now()),
    )
