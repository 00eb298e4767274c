"""Packs of a log whose keys were turned, to three verifiers: ours, the one in the pack, the one from SPEC.md (S7.20, S8.4)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ledger.keys import SigningKey
from ledger.proof.canonical import canonical
from ledger.proof.dsse import PAYLOAD_TYPE, Envelope, sign
from ledger.proof.encoding import base64_text
from ledger.proof.logkeys import endorsement_message
from ledger.proof.note import sign_note
from ledger.proof.pack import check_pack
from tests.contract.evidence.conftest import Verifier
from tests.contract.evidence.story import Story, forged, members, tell
from tests.house_of import ADMIN, SERVICE, House
from tests.turned_of import new_pair, turn, vkeys_of

Vkeys = tuple[str, ...]


@dataclass(frozen=True)
class Turned:
    """Three links: packs under each, the keys of each, and the indices of the two rotations."""

    house: House
    packs: tuple[bytes, bytes, bytes]
    vkeys: tuple[Vkeys, Vkeys, Vkeys]
    rotations: tuple[int, int]
    first_keys: Any

    @property
    def key(self) -> SigningKey:
        """The service's, with which digests and signature of a changed pack are fixed up."""
        return self.house.keys[SERVICE]


@pytest.fixture(scope="module")
def turned(tmp_path_factory: pytest.TempPathFactory, closed_house: House) -> Iterator[Turned]:
    house = House(tmp_path_factory.mktemp("turned"), like=closed_house)
    told, keys = tell(house), [house.log_keys]
    packs, rotations = [_pack(told, tmp_path_factory)], []
    for _ in range(2):
        rotations.append(turn(house).index)
        keys.append(house.log_keys)
        packs.append(_pack(told, tmp_path_factory))
    held = tuple(map(vkeys_of, keys))
    yield Turned(house, tuple(packs), held, tuple(rotations), keys[0])  # type: ignore[arg-type]
    house.close()


def _pack(told: Story, folders: pytest.TempPathFactory) -> bytes:
    return told.write(folders.mktemp("pack") / "evidence.zip").path.read_bytes()


def with_statement(turned: Turned, index: int, **changes: Any) -> bytes:
    """The rotation's entry with these in its body, signed again by the administrator."""
    entry = json.loads(members(turned.packs[2])[f"entries/{index}.json"])
    payload = json.loads(Envelope.parse(entry["envelope"]).payload)
    payload["body"] |= changes
    key = turned.house.keys[ADMIN].private
    return canonical({**entry, "envelope": sign(canonical(payload), PAYLOAD_TYPE, key).to_json()})


def without(pack: bytes, key: SigningKey, *indices: int) -> bytes:
    entries = [one for one in json.loads(members(pack)["pack.json"])["entries"] if one["index"] not in indices]
    gone = {name: None for n in indices for name in (f"entries/{n}.json", f"proofs/{n}.tlog-proof")}
    return forged(pack, key, gone, entries=entries)


@pytest.mark.parametrize("link", range(3))
def test_a_pack_of_any_time_is_good_under_the_keys_of_its_time(verifier: Verifier, turned: Turned, link: int) -> None:
    assert verifier(turned.packs[link], turned.vkeys[link]) == (True, "")
    assert verifier(turned.packs[link], None) == (True, "")


@pytest.mark.parametrize("held", range(3))
def test_old_keys_walk_to_the_new_ones(verifier: Verifier, turned: Turned, held: int) -> None:
    assert verifier(turned.packs[2], turned.vkeys[held]) == (True, "")


def test_new_keys_alone_do_not_vouch_for_a_pack_from_before_them(verifier: Verifier, turned: Turned) -> None:
    assert verifier(turned.packs[0], turned.vkeys[2]) == (False, "keys/log.vkeys")


def test_strangers_keys_are_told(verifier: Verifier, turned: Turned) -> None:
    assert verifier(turned.packs[2], vkeys_of(new_pair())) == (False, "keys/log.vkeys")


def test_a_forged_endorsement_is_named(verifier: Verifier, turned: Turned) -> None:
    index = turned.rotations[1]
    body = json.loads(Envelope.parse(json.loads(members(turned.packs[2])[f"entries/{index}.json"])["envelope"]).payload)
    forgers = [key.sign_message(endorsement_message(body["body"])) for key in new_pair()]
    entry = with_statement(turned, index, endorsements=list(map(base64_text, forgers)))
    pack = forged(turned.packs[2], turned.key, {f"entries/{index}.json": entry})
    assert verifier(pack, turned.vkeys[0]) == (False, f"entries/{index}.json")


def test_a_missing_link_is_named(verifier: Verifier, turned: Turned) -> None:
    pack = without(turned.packs[2], turned.key, turned.rotations[0])
    assert verifier(pack, turned.vkeys[2]) == (False, f"entries/{turned.rotations[1]}.json")
    assert [fault.code for fault in check_pack(pack).faults] == ["log_rotation_unlinked"]


def test_a_pack_that_leaves_its_last_rotation_out_is_refused(verifier: Verifier, turned: Turned) -> None:
    pack = without(turned.packs[2], turned.key, turned.rotations[1])
    assert not verifier(pack, turned.vkeys[0])[0]


def test_links_in_swapped_order_are_named(verifier: Verifier, turned: Turned) -> None:
    one, two = (f"entries/{index}.json" for index in turned.rotations)
    content = members(turned.packs[2])
    pack = forged(turned.packs[2], turned.key, {one: content[two], two: content[one]})
    good, item = verifier(pack, turned.vkeys[0])
    assert (good, item) in ((False, one), (False, two))


def test_a_checkpoint_by_the_old_keys_alone_is_a_rollback_and_named(verifier: Verifier, turned: Turned) -> None:
    content = members(turned.packs[2])
    changes = {}
    for name in (name for name in content if name.startswith("proofs/")):
        head, _, note = content[name].partition(b"\n\n")
        text = note.partition(b"\n\n")[0].decode() + "\n"
        changes[name] = head + b"\n\n" + sign_note(text, turned.first_keys, 1_790_000_000)
    pack = forged(turned.packs[2], turned.key, changes)
    good, item = verifier(pack, turned.vkeys[0])
    assert (good, item.split("/")[0]) == (False, "proofs")
    assert "log_keys_retired" in [fault.code for fault in check_pack(pack).faults]


def test_a_flipped_byte_in_a_rotation_is_one_finding(turned: Turned) -> None:
    name = f"entries/{turned.rotations[0]}.json"
    entry = bytearray(members(turned.packs[2])[name])
    entry[len(entry) // 2] ^= 1
    report = check_pack(forged(turned.packs[2], turned.key, {name: bytes(entry)}), turned.vkeys[0])
    assert [fault.item for fault in report.faults] == [name]


def test_keys_from_before_a_suspected_theft_verify_nothing(tmp_path: Path, closed_house: House) -> None:
    house = House(tmp_path, like=closed_house)
    told, before = tell(house), vkeys_of(house.log_keys)
    turn(house, reason="suspected-theft")
    pack = told.write(tmp_path / "evidence.zip").path.read_bytes()
    house.close()
    report = check_pack(pack, before)
    assert (report.state, report.keys_given) == ("consistent", False)
    assert "suspected theft" in report.remarks[0]
    assert check_pack(pack, vkeys_of(house.log_keys)).state == "verified"
