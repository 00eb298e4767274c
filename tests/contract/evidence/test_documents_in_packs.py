"""Documents behind statements: told in the facts; in the pack where legal asks, else said why not; of the erased never."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from api.services.evidence import write_pack
from api.services.evidence_order import PackOrder
from api.services.evidence_replay import replay
from schemas.statements.consent import Notice
from tests.contract.evidence.conftest import Verifier
from tests.contract.evidence.story import forged, members
from tests.house_of import SERVICE, House
from tests.unit.erasure.said import begin, request

SHOWN = b"what the person was shown before they agreed"


def told(house: House) -> tuple[str, str, str]:
    """A clip whose consent was asked for with a notice: the file, the notice's digest, the person."""
    notice = Notice(sha256=house.blobs.put(SHOWN), language="pt-PT")
    consent = house.consent(notice=notice.model_dump())
    asset, _ = house.clip([consent])
    return asset, notice.sha256, house.granted(consent).person


def write(house: House, asset: str, out: Path, **options: Any) -> bytes:
    order = PackOrder.about(asset, **options)
    return write_pack(house.ledger, house.index, house.blobs, order, out, at=house.now()).path.read_bytes()


def why(pack: bytes, digest: str) -> str | None:
    omitted = json.loads(members(pack)["pack.json"])["omitted"]
    return next((one["why"] for one in omitted if one["sha256"] == digest), None)


def test_a_notice_is_named_and_comes_where_documents_are_asked_for(
    house: House, verifier: Verifier, tmp_path: Path
) -> None:
    asset, notice, _ = told(house)
    plain, full = write(house, asset, tmp_path / "a.zip"), write(house, asset, tmp_path / "b.zip", with_documents=True)
    for pack in (plain, full):
        assert verifier(pack, None) == (True, "") and replay(pack).state == "consistent"
        named = [(one["what"], one["sha256"]) for one in json.loads(members(pack)["facts.json"])["documents"]]
        assert ("notice-shown", notice) in named
    assert f"blobs/{notice}" not in members(plain) and "left out by default" in str(why(plain, notice))
    assert members(full)[f"blobs/{notice}"] == SHOWN and why(full, notice) is None


def test_packs_of_before_named_no_documents_and_stay_whole(house: House, verifier: Verifier, tmp_path: Path) -> None:
    asset, notice, _ = told(house)
    pack = write(house, asset, tmp_path / "a.zip")
    claimed = json.loads(members(pack)["pack.json"])
    fewer = [one for one in claimed["omitted"] if one["sha256"] != notice]
    older = forged(pack, house.keys[SERVICE], {}, omitted=fewer)
    assert verifier(older, None) == (True, "")


def test_documents_about_somebody_who_was_erased_are_never_there(house: House, tmp_path: Path) -> None:
    asset, notice, person = told(house)
    begin(house, person, request(house, person))
    pack = write(house, asset, tmp_path / "a.zip", with_documents=True)
    assert f"blobs/{notice}" not in members(pack) and why(pack, notice) == "a document about somebody who was erased"
