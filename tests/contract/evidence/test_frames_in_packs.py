"""Matched frames in a pack: shown where asked for and allowed, else said why not; each under its digest and in the reports."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from api.services.evidence import write_pack
from api.services.evidence_order import PackOrder
from api.services.evidence_replay import replay
from schemas.base import new_id
from schemas.statements.asset import AssetImported
from schemas.statements.dispute import MatchPlace
from schemas.statements.erasure import SubjectErasureBegun, SubjectErasureRequested
from schemas.statements.match import MatchFound
from schemas.statements.privilege import PrivilegeAsserted, PrivilegeWaived
from schemas.statements.reference import ReferenceRegistered
from tests.contract.evidence.conftest import Verifier
from tests.contract.evidence.story import flipped, forged, members
from tests.disputes_of import closed, decided, opened, sighted
from tests.house_of import SERVICE, House

PLACE = MatchPlace(of="picture", copy_ms=0, asset_ms=0, transform="mirror", score_permille=970)


def picture(colour: str) -> bytes:
    target = io.BytesIO()
    Image.effect_noise((640, 360), 40).convert("RGB").save(target, "PNG")
    Image.blend(Image.open(target).convert("RGB"), Image.new("RGB", (640, 360), colour), 0.5).save(target, "PNG")
    return target.getvalue()


class Case:
    """A still of a person, a copy of it that was seen, and a known work that it is near."""

    def __init__(self, house: House) -> None:
        self.house, self.consent = house, house.consent()
        self.asset, self.copy, self.work = (house.blobs.put(picture(one)) for one in ("red", "blue", "green"))
        generation = house.generation(consents=[self.consent])
        said = {"asset": self.asset, "generation": generation, "media_type": "image/png"}
        house.say_as("mara", AssetImported.example().model_copy(update=said))
        self.dispute = opened(house, self.asset)
        sighted(house, self.dispute, self.asset, house.blobs.get(self.copy), place=PLACE)
        self._near()

    def _near(self) -> None:
        number = new_id(self.house.now())
        words = {"reference": number, "media": self.work}
        self.house.say_as("ivy", ReferenceRegistered.example().model_copy(update=words))
        found = {"match": new_id(self.house.now()), "asset": self.asset, "reference": number}
        self.house.ledger.say(MatchFound.example().model_copy(update=found))

    def write(self, out: Path, **options: Any) -> bytes:
        order = PackOrder.about(self.asset, dispute=self.dispute, **options)
        house = self.house
        return write_pack(house.ledger, house.index, house.blobs, order, out, at=house.now()).path.read_bytes()


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory, closed_house: House) -> Iterator[Case]:
    house = House(tmp_path_factory.mktemp("frames"), like=closed_house)
    yield Case(house)
    house.close()


@pytest.fixture(scope="module")
def pack(case: Case, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return case.write(tmp_path_factory.mktemp("pack") / "e.zip", with_frames=True)


def told(pack: bytes) -> list[dict[str, Any]]:
    return list(json.loads(members(pack)["pack.json"])["frames"])


def test_a_match_with_a_reference_and_a_copy_that_was_seen_are_shown_on_both_sides(case: Case, pack: bytes) -> None:
    sides = [(one["side"], one["media"]) for one in told(pack)]
    file = ("file", case.asset)
    assert sides == [file, ("reference", case.work), file, ("copy", case.copy)]
    for one in told(pack):
        frame = Image.open(io.BytesIO(members(pack)[f"frames/{one['sha256']}.jpg"]))
        assert (frame.format, frame.size) == ("JPEG", (400, 225))


def test_three_verifiers_accept_frames_and_name_the_one_that_was_changed(pack: bytes, verifier: Verifier) -> None:
    assert verifier(pack, None) == (True, "")
    name = next(name for name in members(pack) if name.startswith("frames/"))
    assert verifier(flipped(members(pack), name, 500, 3), None) == (False, name)


def test_a_frame_too_many_too_few_or_without_a_reason_is_no_list_of_contents(
    case: Case, pack: bytes, verifier: Verifier
) -> None:
    key, frames = case.house.keys[SERVICE], told(pack)
    bare = [{name: value for name, value in frames[0].items() if name != "sha256"}, *frames[1:]]
    stray = [{**frames[0], "entry": 9_999}, *frames[1:]]
    both = [{**frames[0], "why": "not shown"}, *frames[1:]]
    for lie in (frames[:1], bare, stray, both, {}, [1]):
        assert verifier(forged(pack, key, {}, frames=lie), None) == (False, "pack.json")


def test_reports_show_the_pair_with_times_turn_and_score_and_load_nothing(pack: bytes) -> None:
    page = members(pack)["report.html"].decode()
    assert page.count("data:image/jpeg;base64,") == 4 and "img-src data:" in page
    for words in ("Matches, side by side", "0.970", "mirror", "Copy of a known work", "0.00 s in", "12 of 256 bits"):
        assert words in page
    pytest.importorskip("fpdf", reason="the extra `pdf` is not installed")
    assert members(pack)["report.pdf"].count(b"/DCTDecode") == 3  # the file's frame stands twice, and once in the bytes


def test_frames_are_left_out_unless_they_are_asked_for_and_the_pack_says_so(
    case: Case, verifier: Verifier, tmp_path: Path
) -> None:
    plain = case.write(tmp_path / "e.zip")
    assert verifier(plain, None) == (True, "") and replay(plain).state == "consistent"
    assert not [name for name in members(plain) if name.startswith("frames/")]
    assert all("left out by default" in one["why"] for one in told(plain))
    assert "Not shown: pictures are left out" in members(plain)["report.html"].decode()


def test_a_match_by_sound_has_no_picture_and_says_in_the_reports_what_lines_up(
    house: House, verifier: Verifier, tmp_path: Path
) -> None:
    case = Case(house)
    (seen,) = [one.body for one in house.ledger.read(types=[MatchFound.TYPE])]
    assert isinstance(seen, MatchFound)
    heard = {"algorithm": "chromaprint-test2@11025hz-mono", "transform": "speed-1031", "geometry": "not_checked"}
    counts = {"frames_matched": 97, "frames_compared": 162, "distance_median": 9, "index_codes": 49}
    house.ledger.say(seen.model_copy(update={"match": new_id(house.now()), **heard, **counts}))
    pack = case.write(tmp_path / "e.zip", with_frames=True)
    assert verifier(pack, None) == (True, "") and replay(pack).state == "consistent"
    by_sound = [one for one in told(pack) if "by their sound" in one.get("why", "")]
    assert [one["side"] for one in by_sound] == ["file", "reference"]
    assert [one.get("by_sound") for one in json.loads(members(pack)["facts.json"])["matches"]] == [None, True]
    page = members(pack)["report.html"].decode()
    for words in ("Holds the sound of a known work", "12 seconds line up, of 20", "9 of 256 bits", "1031"):
        assert words in page


def test_bytes_that_are_not_held_or_have_no_picture_are_said_to_be(house: House, tmp_path: Path) -> None:
    case = Case(house)
    house.blobs.path(case.work).unlink()
    sighted(house, case.dispute, case.asset, b"no picture at all", place=PLACE)
    whys = [one.get("why") for one in told(case.write(tmp_path / "e.zip", with_frames=True))]
    assert whys[1] == "these bytes are not held by the ledger that wrote the pack"
    assert whys[5] == "no frame could be taken out of these bytes"


def test_nobody_who_was_erased_is_shown(house: House, tmp_path: Path) -> None:
    case = Case(house)
    decided(house, case.dispute, case.asset)
    closed(house, case.dispute, case.asset)
    person = house.granted(case.consent).person
    house.say_as("lena", SubjectErasureRequested(person=person, ground="child"))
    asked = house.ledger.history().last(f"person:{person}", SubjectErasureRequested)
    assert asked is not None
    house.ledger.say(SubjectErasureBegun(person=person, request_sha256=asked.payload_sha256))
    shown = told(case.write(tmp_path / "e.zip", with_frames=True))
    whys = {one["side"]: one.get("why") for one in shown}
    erased = "it shows somebody who was erased"
    assert whys == {"file": erased, "copy": erased, "reference": None}


def test_what_counsel_claims_privilege_over_is_withheld_and_listed_until_it_is_given_up(
    house: House, tmp_path: Path
) -> None:
    case = Case(house)
    claim = PrivilegeAsserted.example().model_copy(
        update={"privilege": house.new_id(), "assets": (), "dispute": case.dispute, "document_sha256": case.copy}
    )
    house.say_as("lena", claim.model_copy(update={"written_at": house.now()}))
    withheld = case.write(tmp_path / "e.zip", with_media=True)
    assert replay(withheld).state == "consistent"
    assert f"blobs/{case.copy}" not in members(withheld) and f"blobs/{case.asset}" in members(withheld)
    claimed = json.loads(members(withheld)["pack.json"])
    (why,) = [one["why"] for one in claimed["omitted"] if one["sha256"] == case.copy]
    assert why.startswith("counsel claims privilege (attorney-client) over this memo")
    assert told(withheld)[-1]["why"] == "counsel claims privilege over these bytes"
    (row,) = json.loads(members(withheld)["facts.json"])["privilege_log"]
    assert (row["basis"], row["author"], row["claimed_by"], "waived" in row) == (
        "attorney-client",
        "studio-counsel",
        "lena",
        False,
    )
    assert "Privilege log" in members(withheld)["report.html"].decode()
    house.say_as(
        "lena", PrivilegeWaived(privilege=claim.privilege, dispute=case.dispute, reason="produced by agreement")
    )
    given = case.write(tmp_path / "f.zip", with_media=True)
    assert f"blobs/{case.copy}" in members(given) and "left out by default" in told(given)[-1]["why"]
    assert "waived" in json.loads(members(given)["facts.json"])["privilege_log"][0]
