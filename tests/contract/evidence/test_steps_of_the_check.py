"""Each step of the check broken once: the step, the item and the code that it answers with (SPEC S8.4)."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from api.services.evidence import write_pack
from ledger.errors import Misuse, TooLarge, Untrusted
from ledger.keys import SigningKey, new_signing_key
from ledger.proof.canonical import canonical
from ledger.proof.dsse import PAYLOAD_TYPE, Envelope, sign
from ledger.proof.pack import check_pack
from ledger.proof.packfile import PACK_MEMBERS_MAX
from ledger.proof.packreport import PackReport
from schemas.statements.actor import ActorKeyRotated
from tests.contract.evidence.story import Story, forged, members, packed
from tests.house_of import ADMIN, SERVICE, House, raises_code, spki

Found = list[tuple[int, str, str]]


@pytest.fixture
def key(story: Story) -> SigningKey:
    """The service's own: with it somebody can fix up digests and signature, so only the later steps can tell."""
    return story.house.keys[SERVICE]


def found(report: PackReport) -> Found:
    assert report.state == "untrusted"
    return [(fault.step, fault.item, fault.code) for fault in report.faults]


def index_of(pack: bytes, kind: str) -> int:
    listed = json.loads(members(pack)["pack.json"])["entries"]
    return int(next(one["index"] for one in listed if one["type"] == kind))


def payload_of(pack: bytes, index: int) -> bytes:
    return Envelope.parse(json.loads(members(pack)[f"entries/{index}.json"])["envelope"]).payload


def entry_with(pack: bytes, index: int, payload: bytes, key: SigningKey) -> bytes:
    """A well-formed entry in the place of another."""
    recorded_at = json.loads(members(pack)[f"entries/{index}.json"])["recorded_at"]
    return canonical({"envelope": sign(payload, PAYLOAD_TYPE, key.private).to_json(), "recorded_at": recorded_at})


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"format": "countersign.evidence/3"}, "pack_json_malformed"),
        ({"format": "countersign.evidence/1"}, "pack_json_malformed"),
        ({"index": {"entry": 0}}, "pack_json_malformed"),
        ({"complete": [{"tag": "log:opened", "topics": ["b", "a"]}]}, "pack_json_malformed"),
        ({"complete": [{"tag": "nonsense", "topics": []}]}, "pack_json_malformed"),
        ({"size": "many"}, "pack_json_malformed"),
        ({"made_at": "yesterday"}, "pack_json_malformed"),
        ({"subject": {}}, "pack_json_malformed"),
        ({"entries": []}, "pack_json_malformed"),
        ({"omitted": [{"sha256": "x", "why": ""}]}, "pack_json_malformed"),
        ({"more": 1}, "pack_json_malformed"),
        ({"gaps": [1]}, "pack_json_malformed"),
    ],
)
def test_2_pack_json_has_one_shape(pack: bytes, key: SigningKey, changes: dict[str, Any], code: str) -> None:
    assert found(check_pack(forged(pack, key, {}, **changes))) == [(2, "pack.json", code)]


def test_2_pack_json_is_canonical_and_without_duplicates(pack: bytes) -> None:
    content = members(pack)
    for raw in (content["pack.json"] + b" ", b'{"a":1,"a":1}', b"\xff", b"[]", b'{"a":1.5}'):
        envelope = sign(raw, "application/vnd.countersign.pack+json", new_signing_key().private)
        report = check_pack(packed({**content, "pack.json": raw, "pack.dsse": envelope.to_bytes()}))
        assert (2, "pack.json") in [item[:2] for item in found(report)]


def test_4_what_nobody_signed_is_not_claimed(pack: bytes) -> None:
    changed = {**members(pack), "pack.json": members(pack)["pack.json"].replace(b"allow", b"denys")}
    assert found(check_pack(packed(changed))) == [(2, "pack.json", "pack_json_altered")]
    stranger = forged(pack, new_signing_key(), {})
    assert found(check_pack(stranger)) == [(4, "pack.dsse", "signature_unknown_key")]


def test_2_entries_and_omissions_are_in_order_and_within_the_log(pack: bytes, key: SigningKey) -> None:
    claimed = json.loads(members(pack)["pack.json"])
    wrong: tuple[dict[str, Any], ...] = (
        {"entries": claimed["entries"][::-1]},
        {"size": claimed["entries"][-1]["index"]},
        {"omitted": claimed["omitted"][::-1]},
    )
    for changes in wrong:
        assert found(check_pack(forged(pack, key, {}, **changes))) == [(2, "pack.json", "pack_json_malformed")]


def test_4_the_attestation_has_one_spelling(pack: bytes) -> None:
    content = members(pack)
    content["pack.dsse"] = json.dumps(json.loads(content["pack.dsse"]), indent=1).encode()
    assert found(check_pack(packed(content))) == [(4, "pack.dsse", "pack_dsse_malformed")]


def test_4_a_key_that_has_ended_attests_nothing(house: House, tmp_path: Path) -> None:
    old, new, asset = house.keys[SERVICE], new_signing_key(), house.asset()
    house.say_as(ADMIN, ActorKeyRotated(actor=SERVICE, old_keyid=old.keyid, spki=spki(new)))
    house.keys[SERVICE] = new
    house.reopen()
    pack = write_pack(
        house.ledger, house.index, house.blobs, asset, tmp_path / "e.zip", at=house.now()
    ).path.read_bytes()
    assert check_pack(forged(pack, new, {})).faults == ()
    assert found(check_pack(forged(pack, old, {}))) == [(4, "pack.dsse", "key_ended")]


def test_4_another_payload_type_is_no_attestation(pack: bytes, key: SigningKey) -> None:
    content = members(pack)
    content["pack.dsse"] = sign(content["pack.json"], PAYLOAD_TYPE, key.private).to_bytes()
    assert found(check_pack(packed(content))) == [(4, "pack.dsse", "envelope_payload_type")]


def test_5_a_checkpoint_of_another_size_or_log_is_named(pack: bytes, key: SigningKey) -> None:
    size = json.loads(members(pack)["pack.json"])["size"]
    assert found(check_pack(forged(pack, key, {}, size=size + 1)))[0] == (
        5,
        "proofs/0.tlog-proof",
        "checkpoint_size_differs",
    )
    assert found(check_pack(forged(pack, key, {}, origin="another.log")))[0] == (5, "pack.json", "origin_differs")


def test_5_one_proof_under_another_checkpoint_is_named(pack: bytes, story: Story, key: SigningKey) -> None:
    index = index_of(pack, "clearance.issued.v1")
    story.house.brief()
    later = story.house.ledger.receipt(index).proof()
    name = f"proofs/{index}.tlog-proof"
    assert found(check_pack(forged(pack, key, {name: later}))) == [(5, name, "checkpoint_differs")]


def test_5_the_list_of_log_keys_is_that_of_the_first_entry(pack: bytes, key: SigningKey) -> None:
    content = {"keys/log.vkeys": b"".join(reversed(members(pack)["keys/log.vkeys"].splitlines(keepends=True)))}
    assert found(check_pack(forged(pack, key, content))) == [(5, "keys/log.vkeys", "vkeys_differ")]


def test_6_an_entry_that_is_not_in_the_log_is_named(pack: bytes, story: Story, key: SigningKey) -> None:
    """Said by the right actor with the right key, in the right form; but never in the log."""
    index = index_of(pack, "review.approved.v1")
    payload = payload_of(pack, index).replace(b"frame by frame", b"by and by")
    entry = entry_with(pack, index, canonical(json.loads(payload)), story.house.keys["rob"])
    name = f"entries/{index}.json"
    assert found(check_pack(forged(pack, key, {name: entry}))) == [(6, name, "inclusion_proof_invalid")]


def test_6_a_proof_of_another_entry_is_named(pack: bytes, key: SigningKey) -> None:
    index = index_of(pack, "clearance.issued.v1")
    name = f"proofs/{index}.tlog-proof"
    wrong = members(pack)[name].replace(f"index {index}\n".encode(), f"index {index - 1}\n".encode())
    assert found(check_pack(forged(pack, key, {name: wrong}))) == [(6, name, "proof_of_another_entry")]


def test_7_an_entry_signed_by_a_strangers_key_is_one_finding(pack: bytes, key: SigningKey) -> None:
    index = index_of(pack, "consent.granted.v2")
    name = f"entries/{index}.json"
    entry = entry_with(pack, index, payload_of(pack, index), new_signing_key())
    assert [item for _, item, _ in found(check_pack(forged(pack, key, {name: entry})))] == [name]


def test_7_the_list_of_actors_is_that_of_the_entries(pack: bytes, key: SigningKey) -> None:
    actors = json.loads(members(pack)["keys/actors.json"])
    first, *_ = sorted(actors)
    moved = {**actors, first: {**actors[first], "enrolled_at_index": 7}}
    swapped = {**actors, first: {**actors[first], "spki": b64encode(new_signing_key().spki).decode()}}
    fewer = {keyid: value for keyid, value in actors.items() if keyid != key.keyid}
    for changed in (moved, swapped, fewer):
        report = check_pack(forged(pack, key, {"keys/actors.json": canonical(changed)}))
        assert found(report) == [(7, "keys/actors.json", "actors_differ")]


def test_8_an_entry_of_another_type_than_listed_is_named(pack: bytes, key: SigningKey) -> None:
    entries = json.loads(members(pack)["pack.json"])["entries"]
    entries[-1]["type"] = "clearance.issued.v1"
    report = check_pack(forged(pack, key, {}, entries=entries))
    assert found(report)[0] == (8, f"entries/{entries[-1]['index']}.json", "entry_type_differs")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"occurred_at":"2', b'"occurred_at":"x'),
        (b'"tags":["', b'"tags":["Bad Tag","'),
        (b'"sealed":{}', b'"sealed":{"/body/gate":{"commitment":"' + b"0" * 64 + b'","subject":"p-1"}}'),
        (b'"sealed":{}', b'"sealed":{},"surplus":1'),
        (b'"actor":"rob"', b'"actor":"ROB"'),
        (b'"actor":"rob"', b'"actor":"rob","auth":{"by":"service","method":"token","subject":"mara"}'),
    ],
)
def test_8_a_statement_has_one_shape(pack: bytes, story: Story, key: SigningKey, old: bytes, new: bytes) -> None:
    index = index_of(pack, "review.approved.v1")
    payload = payload_of(pack, index)
    assert old in payload
    entry = entry_with(pack, index, canonical(json.loads(payload.replace(old, new))), story.house.keys["rob"])
    name = f"entries/{index}.json"
    assert found(check_pack(forged(pack, key, {name: entry}))) == [(8, name, "entry_malformed")]


def test_8_an_entry_and_its_payload_have_one_spelling(pack: bytes, story: Story, key: SigningKey) -> None:
    index = index_of(pack, "review.approved.v1")
    name = f"entries/{index}.json"
    spaced = json.dumps(json.loads(members(pack)[name])).encode()
    loose = entry_with(pack, index, payload_of(pack, index) + b" ", story.house.keys["rob"])
    for entry in (spaced, loose):
        assert found(check_pack(forged(pack, key, {name: entry}))) == [(8, name, "entry_malformed")]


def test_8_the_file_that_the_pack_is_about_is_in_it(pack: bytes, key: SigningKey) -> None:
    report = check_pack(forged(pack, key, {}, subject={"assets": ["ee" * 32]}))
    assert found(report) == [(8, "pack.json", "subject_unknown")]


def test_9_blobs_add_up(pack: bytes, key: SigningKey) -> None:
    content = members(pack)
    blob = next(name for name in content if name.startswith("blobs/"))
    omitted = json.loads(content["pack.json"])["omitted"]
    assert found(check_pack(forged(pack, key, {blob: None}))) == [(9, blob, "blob_missing")]
    assert found(check_pack(forged(pack, key, {blob: b"other"}))) == [(9, blob, "blob_misnamed")]
    stray = "blobs/" + hashlib.sha256(b"stray").hexdigest()
    assert found(check_pack(forged(pack, key, {stray: b"stray"}))) == [(9, stray, "blob_unnamed")]
    both = sorted([*omitted, {"sha256": blob[6:], "why": "?"}], key=lambda one: str(one["sha256"]))
    assert found(check_pack(forged(pack, key, {}, omitted=both))) == [(9, blob, "blob_omitted")]
    assert found(check_pack(forged(pack, key, {}, omitted=omitted[1:])))[0][2] == "blob_missing"


def test_one_spoiled_enrolment_is_one_finding_and_what_hangs_on_it_is_not_checked(pack: bytes) -> None:
    """ines's enrolment is altered: her grant can't be checked, and is not called forged."""
    enrolled = next(
        index
        for index in (one["index"] for one in json.loads(members(pack)["pack.json"])["entries"])
        if b'"actor":"ines"' in payload_of(pack, index) and b"actor.enrolled" in payload_of(pack, index)
    )
    name = f"entries/{enrolled}.json"
    content = members(pack)
    content[name] = content[name].replace(b"2026", b"2025", 1)
    report = check_pack(packed(content))
    grant = f"entries/{index_of(pack, 'consent.granted.v2')}.json"
    assert found(report) == [(3, name, "member_altered")]
    assert grant in report.steps[6].skipped and report.steps[6].outcome == "not_checked"


def test_every_failing_member_is_listed(pack: bytes) -> None:
    content = members(pack)
    for name in ("report.html", "verify.py", "entries/0.json"):
        content[name] += b" "
    assert sorted(item for _, item, _ in found(check_pack(packed(content)))) == [
        "entries/0.json",
        "report.html",
        "verify.py",
    ]


def test_require_raises_with_every_reason(pack: bytes) -> None:
    assert check_pack(pack).require().state == "consistent"
    content = {**members(pack), "report.html": b"", "verify.py": b""}
    error = raises_code("pack_untrusted", lambda: check_pack(packed(content)).require())
    assert isinstance(error, Untrusted) and len(error.reasons) == 2 and "report.html" in error.what


@pytest.mark.parametrize(
    ("raw", "code"),
    [(b"", "pack_empty"), (b"PK", "pack_not_zip"), (b"x" * 4_000, "pack_not_zip")],
)
def test_what_is_no_pack_is_misuse(raw: bytes, code: str) -> None:
    assert isinstance(raises_code(code, lambda: check_pack(raw)), Misuse)


def test_a_truncated_or_lengthened_pack_is_misuse(pack: bytes) -> None:
    for raw in (pack[:-1], pack[:100], pack + b"x"):
        raises_code("pack_not_zip", lambda raw=raw: check_pack(raw))  # type: ignore[misc]


def test_a_pack_by_path_reads_the_same_and_a_missing_one_is_misuse(pack: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(pack)
    assert check_pack(tmp_path / "a.zip") == check_pack(pack)
    raises_code("pack_missing", lambda: check_pack(tmp_path / "b.zip"))
    raises_code("pack_missing", lambda: check_pack(tmp_path))


def test_an_archive_with_too_many_members_is_not_read(pack: bytes) -> None:
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, PACK_MEMBERS_MAX + 1, PACK_MEMBERS_MAX + 1, 0, 0, 0)
    assert isinstance(raises_code("pack_too_large", lambda: check_pack(end)), TooLarge)


def test_a_zip64_archive_is_not_read() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("pack.json", b"{}")
    raw = out.getvalue()
    locator = b"PK\x06\x07" + bytes(16)
    raises_code("pack_too_large", lambda: check_pack(raw[:-22] + locator + raw[-22:]))


def test_a_member_that_unpacks_to_far_too_much_is_named_and_not_unpacked(pack: bytes) -> None:
    report = check_pack(packed({**members(pack), "verify.py": bytes(12 * 2**20)}))
    assert found(report) == [(1, "verify.py", "member_too_dense")]
    assert [step.outcome for step in report.steps[1:]] == ["not_checked"] * 9
    large = check_pack(packed({**members(pack), "entries/0.json": bytes(70_000)}))
    assert (1, "entries/0.json", "member_too_large") in found(large)


def test_1_two_members_of_one_name_are_refused(pack: bytes) -> None:
    out = io.BytesIO(pack)
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(out, "a") as archive:
        archive.writestr("pack.json", members(pack)["pack.json"])
    assert found(check_pack(out.getvalue())) == [(1, "pack.json", "member_duplicate")]


def test_1_an_encrypted_member_is_refused(pack: bytes) -> None:
    raw = bytearray(pack)
    last = raw.rfind(b"PK\x01\x02")
    raw[last + 8] |= 1  # the general purpose flag that says: encrypted
    assert [fault[::2] for fault in found(check_pack(bytes(raw)))] == [(1, "member_encrypted")]


def test_a_malformed_key_of_the_callers_is_the_callers_mistake(pack: bytes) -> None:
    raises_code("vkey_malformed", lambda: check_pack(pack, ["nonsense"]))
