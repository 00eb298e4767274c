"""What any verifier of evidence packs has to answer, whoever wrote it (SPEC S8.4)."""

from __future__ import annotations

import hashlib
import io
import json
import random
import zipfile
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.keys import new_signing_key
from ledger.proof.canonical import canonical
from ledger.proof.dsse import PAYLOAD_TYPE, Envelope, sign
from ledger.proof.note import Ed25519NoteKey, sign_note
from ledger.proof.pack import check_pack
from tests.contract.evidence.conftest import Verifier
from tests.contract.evidence.story import Story, flipped, forged, members, packed
from tests.house_of import ADMIN, ORIGIN, SERVICE, House

FLIPS = 200
SEED = 20261123


def entry_of(pack: bytes, kind: str, last: bool = True) -> int:
    entries = [one["index"] for one in json.loads(members(pack)["pack.json"])["entries"] if one["type"] == kind]
    return int(entries[-1 if last else 0])


def resigned(pack: bytes, index: int, key: object) -> bytes:
    """The entry's own payload under another key."""
    entry = json.loads(members(pack)[f"entries/{index}.json"])
    payload = Envelope.parse(entry["envelope"]).payload
    entry["envelope"] = sign(payload, PAYLOAD_TYPE, key.private).to_json()  # type: ignore[attr-defined]
    return canonical(entry)


def test_a_written_pack_is_accepted(verifier: Verifier, pack: bytes, story: Story) -> None:
    assert verifier(pack, None) == (True, "")
    assert verifier(pack, story.vkeys) == (True, "")


def test_a_pack_that_another_tool_packed_is_accepted(verifier: Verifier, pack: bytes) -> None:
    assert verifier(packed(dict(reversed(members(pack).items()))), None) == (True, "")


def flips(pack: bytes, count: int) -> Iterator[tuple[str, bytes, str]]:
    """(member, changed pack, how to do it again), one after another through all members."""
    chosen, content = random.Random(SEED), members(pack)
    names = sorted(content)
    for n in range(count):
        name = names[n % len(names)]
        at, bit = chosen.randrange(len(content[name])), chosen.randrange(8)
        yield name, flipped(content, name, at, bit), f"byte {at} bit {bit} of {name} (seed {SEED}, flip {n})"


def test_each_of_200_flipped_bytes_is_found(verifier: Verifier, pack: bytes) -> None:
    for name, changed, again in flips(pack, FLIPS):
        good, item = verifier(changed, None)
        assert not good, again
        assert item == name or name in ("pack.json", "pack.dsse"), (item, again)


def test_one_flipped_byte_gives_one_finding_that_names_its_member(pack: bytes) -> None:
    for name, changed, again in flips(pack, FLIPS):
        assert [fault.item for fault in check_pack(changed).faults] == [name], again


def test_a_flipped_byte_of_the_archive_itself_never_changes_the_evidence(verifier: Verifier, pack: bytes) -> None:
    """Zip's own fields (times, versions) may change; then every member still has its bytes."""
    chosen = random.Random(SEED)
    for _ in range(60):
        raw = bytearray(pack)
        raw[chosen.randrange(len(raw))] ^= 1 << chosen.randrange(8)
        good, _ = verifier(bytes(raw), None)
        assert not good or members(bytes(raw)) == members(pack)


@pytest.mark.parametrize(
    "name",
    ["entries/0.json", "report.html", "verify.py", "keys/log.vkeys", "keys/actors.json", "pack.dsse", "pack.json"],
)
def test_a_missing_member_is_named(verifier: Verifier, pack: bytes, name: str) -> None:
    content = {member: data for member, data in members(pack).items() if member != name}
    good, item = verifier(packed(content), None)
    assert not good and item == name


def test_an_extra_member_is_named(verifier: Verifier, pack: bytes) -> None:
    extra = "blobs/" + "ab" * 32
    assert verifier(packed({**members(pack), extra: b"?"}), None) == (False, extra)


def test_swapped_entries_are_found(verifier: Verifier, pack: bytes) -> None:
    content = members(pack)
    one, other = "entries/0.json", f"entries/{entry_of(pack, 'clearance.issued.v1')}.json"
    swapped = {**content, one: content[other], other: content[one]}
    assert verifier(packed(swapped), None) == (False, one)


def test_swapped_entries_are_found_even_under_the_services_signature(
    verifier: Verifier, pack: bytes, story: Story
) -> None:
    content = members(pack)
    first, last = (entry_of(pack, "review.approved.v1", last) for last in (False, True))
    a, b = f"entries/{first}.json", f"entries/{last}.json"
    forgery = forged(pack, story.house.keys[SERVICE], {a: content[b], b: content[a]})
    good, item = verifier(forgery, None)
    assert not good and item in (a, b)


def test_a_proof_from_another_log_is_named(verifier: Verifier, pack: bytes, story: Story, house: House) -> None:
    index = entry_of(pack, "clearance.issued.v1")
    while house.size <= index:
        house.brief(approved=False)
    name = f"proofs/{index}.tlog-proof"
    forgery = forged(pack, story.house.keys[SERVICE], {name: house.ledger.receipt(index).proof()})
    good, item = verifier(forgery, None)
    assert not good and item in (name, f"entries/{index}.json")


def test_a_checkpoint_carries_no_signature_by_a_stranger(verifier: Verifier, pack: bytes, story: Story) -> None:
    """Signed notes allow it; a pack does not, so that every byte of it is somebody's known word."""
    stranger = Ed25519NoteKey(ORIGIN, Ed25519PrivateKey.generate())
    content = members(pack)
    note = content["proofs/0.tlog-proof"].split(b"\n\n", 1)[1]
    text = note.decode().split("\n\n")[0] + "\n"
    line = sign_note(text, [stranger]).split(b"\n\n")[1]
    proofs = {name: data + line for name, data in content.items() if name.startswith("proofs/")}
    good, item = verifier(forged(pack, story.house.keys[SERVICE], proofs), None)
    assert not good and item == "proofs/0.tlog-proof"


def test_an_entry_signed_again_by_another_key_is_named(verifier: Verifier, pack: bytes, story: Story) -> None:
    index = entry_of(pack, "consent.granted.v2")
    name = f"entries/{index}.json"
    for key in (new_signing_key(), story.house.keys["mara"]):
        forgery = forged(pack, story.house.keys[SERVICE], {name: resigned(pack, index, key)})
        assert verifier(forgery, None) == (False, name)


def test_an_edited_claim_with_its_digests_fixed_up_fails_without_the_services_key(
    verifier: Verifier, pack: bytes, story: Story
) -> None:
    claims = json.loads(members(pack)["pack.json"])["claims"]
    claims[-1]["verdict"] = "allow"
    for key in (new_signing_key(), story.house.keys[ADMIN]):
        good, item = verifier(forged(pack, key, {}, claims=claims), None)
        assert not good and item == "pack.dsse"
    unsigned = {**members(pack), "pack.json": members(forged(pack, new_signing_key(), {}, claims=claims))["pack.json"]}
    good, item = verifier(packed(unsigned), None)
    assert not good and item in ("pack.json", "pack.dsse")


def test_a_dropped_entry_that_brings_a_key_is_missed(verifier: Verifier, pack: bytes, story: Story) -> None:
    """ines signed the grant; without her enrolment nobody knows whose key that was."""
    claimed = json.loads(members(pack)["pack.json"])
    enrolled = [
        one["index"]
        for one in claimed["entries"]
        if one["type"] == "actor.enrolled.v1"
        and b"ines" in Envelope.parse(json.loads(members(pack)[f"entries/{one['index']}.json"])["envelope"]).payload
    ]
    gone = {f"entries/{enrolled[0]}.json": None, f"proofs/{enrolled[0]}.tlog-proof": None}
    entries = [one for one in claimed["entries"] if one["index"] != enrolled[0]]
    good, item = verifier(forged(pack, story.house.keys[SERVICE], gone, entries=entries), None)
    grant = entry_of(pack, "consent.granted.v2")
    assert not good and item == f"entries/{grant}.json"


def test_a_blob_can_neither_vanish_nor_appear(verifier: Verifier, pack: bytes, story: Story) -> None:
    blob = next(name for name in members(pack) if name.startswith("blobs/"))
    good, item = verifier(forged(pack, story.house.keys[SERVICE], {blob: None}), None)
    assert not good and item in (blob, "pack.json")
    stray = "blobs/" + hashlib.sha256(b"stray").hexdigest()
    good, item = verifier(forged(pack, story.house.keys[SERVICE], {stray: b"stray"}), None)
    assert not good and item in (stray, "pack.json")


def test_another_logs_keys_are_refused(verifier: Verifier, pack: bytes) -> None:
    other = ["countersign.example/house+00000000+AQ=="]
    good, _ = verifier(pack, other)
    assert not good


def test_the_keys_of_another_house_are_named(
    verifier: Verifier, pack: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    stranger = House(tmp_path_factory.mktemp("stranger"))
    stranger.close()
    vkeys = [one.vkey() for one in stranger.verifiers]
    assert verifier(pack, vkeys) == (False, "keys/log.vkeys")


@pytest.mark.parametrize(
    "name",
    ["../evil", "/etc/passwd", "..\\evil", "entries/../pack.json", "entries/01.json", "blobs/XY", "C:/x", "a\nb"],
)
def test_no_other_name_is_ever_opened(verifier: Verifier, pack: bytes, name: str) -> None:
    good, item = verifier(packed({**members(pack), name: b"x"}), None)
    assert not good and item in (name, "archive")


def test_a_link_a_duplicate_and_an_encrypted_member_are_refused(verifier: Verifier, pack: bytes) -> None:
    link = zipfile.ZipInfo("report.html")
    link.external_attr = 0o120777 << 16
    content = members(pack)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in content.items():
            archive.writestr(link if name == "report.html" else name, data)
    assert verifier(out.getvalue(), None) == (False, "report.html")
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(out, "a") as archive:
        archive.writestr("pack.json", content["pack.json"])
    assert not verifier(out.getvalue(), None)[0]
    locked = bytearray(pack)
    start = locked.rfind(b"PK\x01\x02")
    locked[start + 8] |= 1  # the flag that says: encrypted
    assert not verifier(bytes(locked), None)[0]


def test_a_bomb_is_not_unpacked(verifier: Verifier, pack: bytes) -> None:
    good, item = verifier(packed({**members(pack), "report.html": bytes(8 * 2**20)}), None)
    assert not good and item == "report.html"


def test_what_is_no_pack_is_refused(verifier: Verifier, pack: bytes) -> None:
    for raw in (b"", b"PK", b"not a zip at all", pack[: len(pack) // 2], pack[:-1], packed({})):
        assert not verifier(raw, None)[0]
