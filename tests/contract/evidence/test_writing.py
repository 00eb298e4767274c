"""What the writer puts into a pack, and what it leaves out."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from api.services.evidence import write_pack
from ledger.proof.pack import check_pack
from schemas.evidence import PackManifest
from schemas.statements.actor import ActorKeyRotated
from schemas.statements.evidence import EvidenceExported
from schemas.statements.review import ReviewRejected
from tests.contract.evidence.story import CLIP, EXAMINATION, MANIFEST, Story, members, tell
from tests.house_of import SERVICE, House, raises_code, spki


@pytest.fixture
def story(house: House) -> Story:
    return tell(house)


def manifest_of(raw: bytes) -> PackManifest:
    return PackManifest.model_validate(json.loads(members(raw)["pack.json"]))


def test_a_pack_verifies_under_the_logs_keys_and_is_recorded_in_the_log(story: Story, tmp_path: Path) -> None:
    written = story.write(tmp_path / "evidence.zip")
    assert written.report.state == "verified" and written.bytes == written.path.stat().st_size
    last = story.house.ledger.history().last(f"asset:{story.signed}", EvidenceExported)
    assert last is not None and isinstance(last.body, EvidenceExported)
    assert (last.body.pack_sha256, last.body.entries) == (written.sha256, written.entries)


def test_a_pack_holds_the_family_and_what_stands_behind_it(story: Story, tmp_path: Path) -> None:
    manifest = manifest_of(story.write(tmp_path / "evidence.zip").path.read_bytes())
    kinds = {entry.type for entry in manifest.entries}
    assert kinds >= {
        "log.opened.v1",
        "actor.enrolled.v1",
        "person.registered.v2",
        "consent.requested.v2",
        "consent.granted.v2",
        "consent.expired.v1",
        "brief.drafted.v1",
        "brief.approved.v1",
        "generation.requested.v1",
        "asset.imported.v1",
        "asset.examined.v1",
        "asset.derived.v1",
        "asset.flagged.v2",
        "review.approved.v1",
        "clearance.issued.v1",
        "clearance.refused.v1",
        "clearance.revoked.v2",
    }


def test_other_peoples_files_and_actors_are_not_in_a_pack(story: Story, tmp_path: Path) -> None:
    raw = story.write(tmp_path / "evidence.zip").path.read_bytes()
    indices = {entry.index for entry in manifest_of(raw).entries}
    said = list(story.house.ledger.read())
    others = [one for one in said if one.type == "asset.imported.v1" and one.body.asset != story.original]  # type: ignore[attr-defined]
    assert others and not indices & {one.index for one in others}
    unconcerned = {"finn", "pia", "mel", "lib"}
    enrolments = {one.body.actor: one.index for one in said if one.type == "actor.enrolled.v1"}  # type: ignore[attr-defined]
    assert not indices & {enrolments[actor] for actor in unconcerned}


def test_no_sealed_value_is_anywhere_in_a_pack(story: Story, tmp_path: Path) -> None:
    raw = story.write(tmp_path / "evidence.zip", with_media=True).path.read_bytes()
    report = members(raw)["report.html"].decode()
    assert "Inês" not in report and "Example" not in report
    registered = [data for name, data in members(raw).items() if b"person.registered" in data and "entries" in name]
    assert all("Inês".encode() not in data for data in registered)


def test_reports_are_in_the_pack_and_media_only_when_asked_for(story: Story, tmp_path: Path) -> None:
    lean = members(story.write(tmp_path / "lean.zip").path.read_bytes())
    full = members(story.write(tmp_path / "full.zip", with_media=True).path.read_bytes())
    assert {EXAMINATION, MANIFEST} <= set(lean.values()) and CLIP not in lean.values()
    assert CLIP in full.values()
    omitted = {one["sha256"]: one["why"] for one in json.loads(lean["pack.json"])["omitted"]}
    assert "left out by default" in omitted[story.original]


def test_a_blob_that_is_gone_is_said_to_be_gone(story: Story, tmp_path: Path) -> None:
    house = story.house
    stray = next(digest for digest in house.blobs.digests() if house.blobs.get(digest) == MANIFEST)
    house.blobs.path(stray).unlink()
    written = story.write(tmp_path / "evidence.zip")
    manifest = manifest_of(written.path.read_bytes())
    assert written.report.state == "verified"
    assert "not held" in {one.sha256: one.why for one in manifest.omitted}[stray]


def test_a_damaged_blob_stops_the_writer_and_leaves_nothing(story: Story, tmp_path: Path) -> None:
    house = story.house
    broken = next(digest for digest in house.blobs.digests() if house.blobs.get(digest) == MANIFEST)
    house.blobs.path(broken).write_bytes(b"something else")
    out = tmp_path / "out" / "evidence.zip"
    size = house.size
    raises_code("blob_altered", lambda: story.write(out))
    assert list(out.parent.iterdir()) == []
    assert [one.type for one in house.ledger.read(after=size)] == [
        "log.indexed.v1"
    ]  # true whether or not a pack follows


def test_the_same_log_and_instant_give_the_same_bytes(story: Story, tmp_path: Path) -> None:
    at = story.house.now()
    first = story.write(tmp_path / "a.zip", at=at).path.read_bytes()
    again = story.write(tmp_path / "b.zip", at=at)
    assert manifest_of(again.path.read_bytes()).size > manifest_of(first).size  # the export itself is in the log now
    index = manifest_of(first).index
    assert index is not None
    names = {name for name in members(first) if name.startswith("entries/")} - {f"entries/{index.entry}.json"}
    assert all(members(first)[name] == members(again.path.read_bytes())[name] for name in names)


def test_an_existing_file_stays_unless_told_otherwise(story: Story, tmp_path: Path) -> None:
    out = tmp_path / "evidence.zip"
    out.write_bytes(b"mine")
    raises_code("pack_exists", lambda: story.write(out))
    assert out.read_bytes() == b"mine"
    assert story.write(out, overwrite=True).report.state == "verified"


def test_a_file_nobody_knows_has_no_evidence(story: Story, tmp_path: Path) -> None:
    house, at = story.house, story.house.now()
    size = house.size
    out = tmp_path / "e.zip"
    raises_code("asset_unknown", lambda: write_pack(house.ledger, house.index, house.blobs, "ee" * 32, out, at=at))
    assert story.house.size == size and not (tmp_path / "e.zip").exists()


def test_a_folder_that_cannot_be_written_is_unavailable(story: Story, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    raises_code("pack_not_written", lambda: story.write(tmp_path / "file" / "evidence.zip"))


def test_every_file_of_the_family_has_a_pack(story: Story, tmp_path: Path) -> None:
    house = story.house
    for n, asset in enumerate((story.original, story.copy)):
        written = write_pack(house.ledger, house.index, house.blobs, asset, tmp_path / f"{n}.zip", at=house.now())
        assert written.report.state == "verified"


def test_a_file_without_origin_or_consent_has_a_pack_too(house: House, tmp_path: Path) -> None:
    asset = house.asset()
    house.say_as("rob", ReviewRejected(asset=asset, gate="brand", comment="not ours"))
    written = write_pack(house.ledger, house.index, house.blobs, asset, tmp_path / "e.zip", at=house.now())
    claims = manifest_of(written.path.read_bytes()).claims
    assert written.report.state == "verified" and [claim.verdict for claim in claims] == ["deny"]


def test_after_the_services_key_was_turned_packs_are_signed_with_the_new_one(story: Story, tmp_path: Path) -> None:
    house = story.house
    old = house.keys[SERVICE]
    house.keys[SERVICE] = type(old)(*_fresh(old))
    body = ActorKeyRotated(actor=SERVICE, old_keyid=old.keyid, spki=spki(house.keys[SERVICE]))
    house.say_as("operator", body)
    house.reopen()
    written = story.write(tmp_path / "evidence.zip")
    assert written.report.state == "verified"
    dsse = json.loads(members(written.path.read_bytes())["pack.dsse"])
    assert [one["keyid"] for one in dsse["signatures"]] == [house.keys[SERVICE].keyid]


def _fresh(old: object) -> tuple[object, bytes, str]:
    from ledger.keys import new_signing_key

    key = new_signing_key()
    assert key != old
    return key.private, key.spki, key.keyid


def test_a_pack_of_an_earlier_checkpoint_still_verifies(story: Story, tmp_path: Path) -> None:
    written = story.write(tmp_path / "evidence.zip")
    for _ in range(5):
        story.house.brief()
    story.house.move_to(story.house.now() + timedelta(days=400))
    assert check_pack(written.path, story.vkeys).state == "verified"
