"""What a pack tells beside its proofs: consents at their moments, custody, caps, labels, who was told, what is not readable."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from api.services.evidence import PackWritten, write_pack
from api.services.evidence_order import PackOrder
from api.services.evidence_replay import replay
from ledger.keys import new_signing_key
from schemas.base import parse_instant
from schemas.statements.actor import ActorKeyRotated
from schemas.statements.consent import ConsentWithdrawn
from schemas.statements.erasure import FieldDisclosed, HoldPlaced
from schemas.statements.notice import HolderRegistered, NoticeAcknowledged, NoticeIssued, NoticeItem
from schemas.statements.person import PersonRegistered
from schemas.statements.placement import PlacementObserved
from tests.contract.evidence.conftest import Verifier
from tests.contract.evidence.story import forged, members
from tests.house_of import ADMIN, SERVICE, House, raises_code, spki
from tests.rights_of import licensed_clip

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "packs"


@dataclass(frozen=True)
class Case:
    """A clip that was shown, whose person then withdrew, and whose platform was told."""

    house: House
    asset: str
    other: str
    person: str
    shown_at: str
    before_end: str

    def write(self, out: Path, *assets: str, **options: Any) -> PackWritten:
        order = PackOrder.about(*(assets or (self.asset,)), **options)
        house = self.house
        return write_pack(house.ledger, house.index, house.blobs, order, out, at=house.now())


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory, closed_house: House) -> Iterator[Case]:
    house = House(tmp_path_factory.mktemp("case"), like=closed_house)
    asset, consent = house.clip()
    clearance = house.cleared(asset)
    labels = {"label_expected": "ai-generated", "label_shown": "ai-generated"}
    placed = house.placed(asset, clearance, **labels)
    house.move_to("2026-10-08T08:00:00Z")
    seen = {"observed_at": "2026-10-07T08:00:00Z", "label_shown": "none"}
    shared = {name: getattr(placed, name) for name in ("placement", "asset", "clearance", "consents", "licences")}
    house.say_as("mel", PlacementObserved.model_validate({**shared, **seen}))
    before, person = house.now(), house.granted(consent).person
    house.say_as("ines", ConsentWithdrawn(consent=consent, person=person, reason="no longer"))
    _told(house, consent, placed.placement, asset)
    _disclosed(house, person)
    house.say_as("lena", HoldPlaced(hold=house.new_id(), asset=asset, matter="m-1", reason="a claim"))
    other, _ = house.clip()
    turned = ActorKeyRotated(actor="rob", old_keyid=house.keys["rob"].keyid, spki=spki(new_signing_key()))
    house.say_as(ADMIN, turned)
    yield Case(house, asset, other, person, "2026-10-05T00:00:00.000000Z", before.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    house.close()


def _told(house: House, consent: str, placement: str, asset: str) -> None:
    house.say_as("lena", HolderRegistered(holder="pia", platforms=("example-video",)))
    ended = house.ledger.history().last(f"consent:{consent}", ConsentWithdrawn)
    assert ended is not None
    told = {"kind": "ended", "consent": consent, "about": ended.index, "outcome": "takedown"}
    due = ended.recorded_at.replace(day=ended.recorded_at.day + 2)
    item = NoticeItem(asset=asset, placement=placement)
    issued = {"notice": house.new_id(), "holder": "pia", **told, "due_at": due, "items": (item,)}
    body = NoticeIssued.model_validate(issued)
    house.ledger.say(body)
    answer = {"notice": body.notice, "holder": "pia", "done": "taken-down", "done_at": house.now()}
    house.say_as("pia", NoticeAcknowledged.model_validate(answer))


def _disclosed(house: House, person: str) -> None:
    said = house.ledger.history().last(f"person:{person}", PersonRegistered)
    assert said is not None
    body = FieldDisclosed(person=person, statement=said.statement.id, pointer="/body/name", to="auditor-3")
    house.say_as("lena", body)


@pytest.fixture(scope="module")
def pack(case: Case, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    out = case.write(tmp_path_factory.mktemp("pack") / "e.zip", reader="auditor-3", requested_by="lena")
    return out.path.read_bytes()


@pytest.fixture(scope="module")
def facts(pack: bytes) -> dict[str, Any]:
    return dict(json.loads(members(pack)["facts.json"]))


def test_a_consent_is_told_at_generation_at_publication_and_now(facts: dict[str, Any], case: Case) -> None:
    told = [(one["moment"], one["state"], one["state_known_now"]) for one in facts["status"]]
    assert told == [
        ("generation", "given", "given"),
        ("publication", "given", "given"),
        ("now", "withdrawn", "withdrawn"),
    ]
    assert {one["person"] for one in facts["status"]} == {case.person}
    assert facts["status"][1]["at"] == case.shown_at


def test_custody_names_every_handler_with_the_grade_and_says_what_it_does_not_cover(facts: dict[str, Any]) -> None:
    events = [(one["event"], one["handler"]) for one in facts["custody"]]
    for expected in (
        ("imported", "mara"),
        ("examined", SERVICE),
        ("placed", "pia"),
        ("disclosed", "lena"),
        ("held", "lena"),
    ):
        assert expected in events
    came = next(one for one in facts["custody"] if one["event"] == "imported")
    assert came["grade"] == "self_declared" and came["signed_by"] == "own key"
    codes = {gap["code"] for gap in facts["custody_gaps"]}
    assert codes == {"before-import-self_declared", "between-events"}


def test_an_export_before_stands_in_the_custody_with_who_asked_and_for_whom(
    case: Case, pack: bytes, tmp_path: Path
) -> None:
    again = members(case.write(tmp_path / "again.zip").path.read_bytes())
    events = [one for one in json.loads(again["facts.json"])["custody"] if one["event"] == "exported"]
    assert events and "for auditor-3, asked for by lena" in events[0]["what"]


def test_a_label_that_viewers_did_not_see_is_a_difference(facts: dict[str, Any]) -> None:
    (label,) = facts["labels"]
    assert (label["expected"], label["shown"], label["differs"]) == ("ai-generated", "ai-generated", True)
    assert [seen["label"] for seen in label["seen"]] == ["none"]


def test_an_end_is_told_with_who_was_told_and_when_they_answered(facts: dict[str, Any]) -> None:
    (end,) = [one for one in facts["endings"] if one["kind"] == "consent"]
    assert end["how"] == "withdrawn"
    (told,) = end["told"]
    assert (told["holder"], told["done"], told["overdue"]) == ("pia", "taken-down", False)
    assert told["acknowledged_at"] > told["issued_at"]


def test_approvals_bind_bytes_and_name_the_role(facts: dict[str, Any], case: Case) -> None:
    gates = {(one["gate"], one["actor"], tuple(one["roles"])) for one in facts["approvals"]}
    assert gates == {("brand", "rob", ("reviewer",)), ("rights", "ivy", ("ip-steward",)), ("legal", "lena", ("legal",))}
    assert {one["asset"] for one in facts["approvals"]} == {case.asset}


def test_what_counsel_said_is_marked_for_privilege(facts: dict[str, Any]) -> None:
    assert {one["actor"] for one in facts["privilege"]} == {"lena"}
    assert {"review.approved.v1", "hold.placed.v1"} <= {one["type"] for one in facts["privilege"]}


def test_a_disclosed_field_is_shown_to_the_named_reader_and_to_nobody_else(
    case: Case, pack: bytes, facts: dict[str, Any], tmp_path: Path
) -> None:
    shown = [name for name in members(pack) if name.startswith("disclosures/")]
    assert len(shown) == 1 and json.loads(members(pack)[shown[0]])["value"] == "Inês Example"
    (redaction,) = facts["redactions"]
    assert (redaction["state"], redaction["readers"]) == ("disclosed", ["auditor-3"])
    for reader in (None, "auditor-4"):
        other = case.write(tmp_path / f"{reader}.zip", reader=reader).path.read_bytes()
        assert not [name for name in members(other) if name.startswith("disclosures/")]
        assert "Inês".encode() not in other


def test_a_shown_field_that_the_log_did_not_commit_to_is_named(case: Case, pack: bytes, verifier: Verifier) -> None:
    name = next(name for name in members(pack) if name.startswith("disclosures/"))
    assert verifier(pack, None) == (True, "")
    lie = members(pack)[name].replace("Inês".encode(), b"Ines")
    assert verifier(forged(pack, case.house.keys[SERVICE], {name: lie}), None) == (False, name)
    unrecorded = forged(pack, case.house.keys[SERVICE], {}, reader="auditor-9")
    assert verifier(unrecorded, None) == (False, name)


def test_facts_and_certificate_follow_from_the_entries(case: Case, pack: bytes) -> None:
    assert replay(pack).state == "consistent"
    for name, old, new in (("facts.json", b"withdrawn", b"given"), ("certificate.txt", b"UNSIGNED", b"SIGNED")):
        lie = forged(pack, case.house.keys[SERVICE], {name: members(pack)[name].replace(old, new)})
        assert [(fault.step, fault.item) for fault in replay(lie).faults] == [(10, name)]


def test_facts_of_another_version_are_left_as_they_are_and_said_to_be(case: Case, pack: bytes) -> None:
    other = members(pack)["facts.json"].replace(b"countersign.facts/3", b"countersign.facts/1")
    report = replay(forged(pack, case.house.keys[SERVICE], {"facts.json": other}))
    assert report.state == "consistent" and "facts.json" in report.remarks[-1]


def test_the_certificate_is_an_unsigned_draft_with_the_facts_filled_in(case: Case, pack: bytes) -> None:
    text = members(pack)["certificate.txt"].decode()
    assert "902(13)" in text and "902(14)" in text and "DRAFT, UNSIGNED" in text and "Name: ____" in text
    assert case.asset in text and "imported by mara (own key)" in text and "Signature:   ____" in text
    assert hashlib.sha256(members(pack)["verify.py"]).hexdigest() in text


def test_two_files_of_a_dispute_share_one_pack(case: Case, verifier: Verifier, tmp_path: Path) -> None:
    pack = case.write(tmp_path / "two.zip", case.asset, case.other).path.read_bytes()
    assert verifier(pack, None) == (True, "") and replay(pack).state == "consistent"
    claimed = json.loads(members(pack)["pack.json"])
    assert claimed["subject"]["assets"] == sorted((case.asset, case.other))
    assert {claim["asset"] for claim in claimed["claims"] if claim["kind"] == "now"} == {case.asset, case.other}
    stranger = {"assets": sorted((case.asset, "ee" * 32))}
    assert verifier(forged(pack, case.house.keys[SERVICE], {}, subject=stranger), None) == (False, "pack.json")


def test_as_known_then_tells_the_state_and_the_proof_of_that_time(
    case: Case, verifier: Verifier, tmp_path: Path
) -> None:
    then = case.write(tmp_path / "then.zip", known_at=parse_instant(case.before_end)).path.read_bytes()
    claimed = json.loads(members(then)["pack.json"])
    assert [claim["verdict"] for claim in claimed["claims"]] == ["allow", "allow", "allow"]
    told = json.loads(members(then)["facts.json"])
    assert told["status"][-1]["state"] == "given" and not told["endings"]
    assert verifier(then, None) == (True, "") and replay(then).state == "consistent"
    assert claimed["known"]["size"] < claimed["index"]["size"]


def test_a_false_state_of_then_is_named(case: Case, verifier: Verifier, tmp_path: Path) -> None:
    then = case.write(tmp_path / "then.zip", known_at=parse_instant(case.before_end)).path.read_bytes()
    known, key = json.loads(members(then)["pack.json"])["known"], case.house.keys[SERVICE]
    other_root = forged(then, key, {}, known={**known, "root": "ee" * 32})
    assert verifier(other_root, None) == (False, "known/consistency")
    later = forged(then, key, {}, known={**known, "at": "2027-01-01T00:00:00.000000Z"})
    assert verifier(later, None) == (False, "pack.json")  # the withdrawal was recorded by then, and is called unknown


def test_a_pack_of_a_time_to_come_or_of_nothing_is_refused(case: Case, tmp_path: Path) -> None:
    future = parse_instant("2027-01-01T00:00:00Z")
    raises_code("known_at_in_future", lambda: case.write(tmp_path / "a.zip", known_at=future))
    before = parse_instant("2026-09-01T00:00:00Z")
    raises_code("asset_unknown", lambda: case.write(tmp_path / "a.zip", known_at=before))
    many = [f"{n:064x}" for n in range(21)]
    raises_code("pack_too_many_files", lambda: case.write(tmp_path / "a.zip", *many))


def test_keys_are_told_with_their_ends(facts: dict[str, Any]) -> None:
    old, new = [one for one in facts["keys"] if one["actor"] == "rob"]
    assert (old["ended"], old["until"], new.get("until")) == ("rotated", new["since"], None)
    assert facts["log_keys"][0]["since"] == 0 and len(facts["log_keys"][0]["names"]) == 2


def test_what_of_a_cap_is_used_is_counted(house: House, tmp_path: Path) -> None:
    asset, _, name = licensed_clip(house, caps={"placements": 2})
    house.placed(asset, house.cleared(asset), licences=[name])
    out = write_pack(house.ledger, house.index, house.blobs, asset, tmp_path / "e.zip", at=house.now()).path
    (used,) = json.loads(members(out.read_bytes())["facts.json"])["usage"]
    assert (used["licence"], used["counted"], used["used"], used["cap"]) == (name, "placements", 1, 2)
    assert used["state"] == "in-force"


def test_a_frozen_pack_of_format_2_stays_verifiable(verifier: Verifier) -> None:
    """Of a dispute, with facts, a certificate and a report for print; written once, and never again."""
    pack = (VECTORS / "evidence-2.zip").read_bytes()
    vkeys = (VECTORS / "evidence-2.vkeys").read_text().split()
    assert verifier(pack, vkeys) == (True, "")
    report = replay(pack, vkeys)
    assert (report.state, bool(report.dispute)) == ("verified", True), report.faults
    (dispute,) = json.loads(members(pack)["facts.json"])["disputes"]
    assert {one["state"] for one in dispute["clocks"]} == {"met", "missed"}
