"""What was made of a log before its keys were turned, and after: published, witnessed, receipted, and the way between."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ledger.clock import SteppedClock
from ledger.log.audit import audit_published
from ledger.log.cose import ReceiptIssuer, verify_receipt
from ledger.log.logkeys import key_history, stored_log_keys
from ledger.log.published import CHECKPOINT, KEYS, VKEYS, PublishedFolder
from ledger.log.publisher import Publisher
from ledger.log.witness import add_checkpoint_body
from ledger.proof.canonical import canonical
from ledger.proof.disclosure import format_disclosure, verify_disclosure
from ledger.proof.keyhistory import verify_key_history
from ledger.proof.logged import logged_json
from ledger.proof.logkeys import LogKeys
from ledger.proof.merkle import consistency_proof
from ledger.proof.note import NoteVerifier, sign_note
from ledger.proof.standalone import standalone_verifier
from ledger.proof.tlogproof import verify_entry
from ops.witness.judging import Witness
from ops.witness.state import WitnessFolder
from tests.house_of import START, House, raises_code
from tests.turned_of import new_pair, turn


def verifiers(keys: Sequence[Any]) -> tuple[NoteVerifier, ...]:
    return tuple(key.verifier for key in keys)


def publish(house: House, folder: Path) -> PublishedFolder:
    published = PublishedFolder(folder)
    Publisher(house.ledger.store, published, stored_log_keys(house.ledger.store), with_entries=True).publish()
    return published


def test_a_log_is_published_on_over_a_rotation(house: House, tmp_path: Path) -> None:
    old = publish(house, tmp_path / "public").read(VKEYS)
    for _ in range(2):
        turn(house)
        published = publish(house, tmp_path / "public")
        report = audit_published(published, stored_log_keys(house.ledger.store))
        assert report.checkpoint.size == house.size
    assert published.read(VKEYS) != old
    house.asset()
    publish(house, tmp_path / "public")
    assert audit_published(published, verifiers(house.log_keys)).checkpoint.size == house.size  # who knows today's only


def test_the_history_of_the_keys_is_published_beside_them_and_walks_from_any_to_todays(
    house: House, tmp_path: Path
) -> None:
    held = [verifiers(house.log_keys)]
    first = publish(house, tmp_path / "public").read(KEYS)
    assert first is not None and [one.keys for one in verify_key_history(first, held[0]).links] == held
    for _ in range(2):
        turn(house)
        house.asset()
        held.append(verifiers(house.log_keys))
        published = publish(house, tmp_path / "public")
        told = published.read(KEYS)
        assert told is not None
        for keys in held:
            assert [one.keys for one in verify_key_history(told, keys).links] == held
    house.asset()
    assert publish(house, tmp_path / "public").read(KEYS) == told  # nothing was turned: it says the same as before
    assert verifiers(house.log_keys) == held[-1]


def test_another_logs_history_beside_the_keys_is_named(house: House, tmp_path: Path, closed_house: House) -> None:
    published, chain = publish(house, tmp_path / "public"), stored_log_keys(house.ledger.store)
    audit_published(published, chain)
    (tmp_path / "other").mkdir()
    other = House(tmp_path / "other", like=closed_house)
    turn(other)
    foreign = key_history(other.ledger.store)
    other.close()
    for lie in (foreign, b"{}", b"not even JSON"):
        (tmp_path / "public" / KEYS).write_bytes(lie)
        raises_code("published_differs", lambda: audit_published(published, chain))


def test_a_published_checkpoint_by_retired_keys_is_refused(house: House, tmp_path: Path) -> None:
    old = house.log_keys
    turn(house)
    house.asset()
    published, head = (
        publish(house, tmp_path / "public"),
        stored_log_keys(house.ledger.store).open(house.ledger.head()[1]),
    )
    (tmp_path / "public" / CHECKPOINT).write_bytes(sign_note(head.checkpoint.text(), old, 1_790_000_000))
    raises_code("log_keys_retired", lambda: audit_published(published, stored_log_keys(house.ledger.store)))


def test_a_witness_with_the_old_keys_sees_the_rotation_and_then_wants_the_new_ones(
    house: House, tmp_path: Path
) -> None:
    state = WitnessFolder.init(tmp_path / "witness", "witness.example/w1")
    old = verifiers(house.log_keys)
    witness, seen = Witness(state, old, SteppedClock(START)), 0

    def asked(one: Witness) -> int:
        nonlocal seen
        size, note = house.ledger.head()
        answer = one.add_checkpoint(add_checkpoint_body(seen, consistency_proof(seen, size, house.ledger.store), note))
        seen = size if answer.status == 200 else seen
        return answer.status

    assert asked(witness) == 200
    turn(house)
    assert asked(witness) == 200  # signed by both: the tree that names the new keys is cosigned under the old
    house.asset()
    assert asked(witness) == 403
    assert asked(Witness(state, (*old, *verifiers(house.log_keys)), SteppedClock(START))) == 200


def test_receipts_and_proofs_of_before_stay_good_under_the_keys_of_their_time(house: House) -> None:
    old, entry = verifiers(house.log_keys), house.ledger.store.entry(3).entry
    issuer = ReceiptIssuer(house.ledger.store, house.log_keys[0], lambda: house.log_keys[0])
    receipt, proof = issuer.issue(3), house.ledger.receipt(3).proof()
    turn(house)
    house.asset()
    assert verify_receipt(receipt, entry, old[0]).index == verify_entry(entry, proof, old, strict=True).index == 3
    raises_code("receipt_wrong_log", lambda: verify_receipt(receipt, entry, verifiers(house.log_keys)[0]))
    assert verify_receipt(issuer.issue(3), entry, verifiers(house.log_keys)[0]).size == house.size


def test_a_disclosure_is_good_under_the_keys_of_its_time(house: House) -> None:
    person = house.person()
    said = next(house.ledger.read(f"person:{person}"))
    opening = house.ledger.vault.open(said.statement.id, "/body/name")
    made = []
    for _ in range(2):
        proof = house.ledger.receipt(said.index).proof()
        logged = logged_json(said.index, said.entry, proof)
        made.append(format_disclosure("/body/name", opening.value, opening.salt, said.statement.id, logged))  # type: ignore[union-attr]
        made.append(verifiers(house.log_keys))  # type: ignore[arg-type]
        turn(house)
        house.asset()
    first, old, second, new = made
    assert verify_disclosure(first, old).value == verify_disclosure(second, new).value == "In\u00eas Example"  # type: ignore[arg-type]
    raises_code("note_signature_missing", lambda: verify_disclosure(second, old))  # type: ignore[arg-type]


# -- the way from the keys of any time to today's -----------------------------------------------------------------


@pytest.fixture
def history(house: House) -> tuple[bytes, list[tuple[NoteVerifier, ...]]]:
    """The document, and the keys of three links."""
    held = [verifiers(house.log_keys)]
    for _ in range(2):
        turn(house)
        house.asset()
        held.append(verifiers(house.log_keys))
    return key_history(house.ledger.store), held


@pytest.mark.parametrize("link", range(3))
def test_whoever_holds_the_keys_of_one_time_gets_all(
    history: tuple[bytes, list[tuple[NoteVerifier, ...]]], link: int
) -> None:
    document, held = history
    assert [one.keys for one in verify_key_history(document, held[link]).links] == held


def test_strangers_keys_get_nothing(history: tuple[bytes, list[tuple[NoteVerifier, ...]]]) -> None:
    document, held = history
    raises_code("vkeys_not_yours", lambda: verify_key_history(document, verifiers(new_pair())))
    raises_code("vkeys_not_yours", lambda: verify_key_history(document, (*held[0], *held[1])))


def test_a_history_without_a_link_or_in_another_order_is_refused(
    history: tuple[bytes, list[tuple[NoteVerifier, ...]]],
) -> None:
    document, held = history
    first, one, two = json.loads(document)["entries"]
    lies = {"log_rotation_unlinked": [[first, two], [first, two, one]], "log_not_opened": [[one, two]]}
    lies |= {"vkeys_not_yours": [[first]], "logged_malformed": [[7], [{**first, "index": "0"}]]}
    lies |= {"key_history_entries": [[], "x"], "log_rotation_misplaced": [[first, {**one, "index": 3}, two]]}
    for code, entries in ((code, entries) for code, many in lies.items() for entries in many):
        told = canonical({**json.loads(document), "entries": entries})
        raises_code(code, lambda told=told: verify_key_history(told, held[2]))


def test_a_history_under_retired_keys_is_refused(house: House) -> None:
    old = house.log_keys
    turn(house)
    house.log_keys = old
    house.asset()  # somebody goes on with the old keys
    raises_code("log_keys_retired", lambda: verify_key_history(key_history(house.ledger.store), verifiers(old)))


def test_keys_from_before_a_suspected_theft_lead_nowhere(house: House) -> None:
    old = verifiers(house.log_keys)
    turn(house, reason="suspected-theft")
    document = key_history(house.ledger.store)
    raises_code("vkeys_given_up", lambda: verify_key_history(document, old))
    assert isinstance(verify_key_history(document, verifiers(house.log_keys)), LogKeys)


def test_the_stand_alone_verifier_brings_the_chain_along() -> None:
    assert "class LogKeys" in standalone_verifier()
