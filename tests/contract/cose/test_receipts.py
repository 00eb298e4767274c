"""COSE receipts: what one says, and that nothing else is taken for one."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import Untrusted
from ledger.log.cose import (
    RECEIPT_BYTES_MAX,
    TREE_SIZE_LABEL,
    ReceiptIssuer,
    VerifiedReceipt,
    entry_name,
    verify_receipt,
)
from ledger.proof.merkle import leaf_hash, tree_root
from ledger.proof.notekeys import Ed25519NoteKey, NoteVerifier
from tests.house_of import raises_code
from tests.log_of import ORIGIN, ManyEntries, log_keys
from tests.receipts_of import Parts

SIZE = 11  # small, not a power of two: paths of four lengths
INDEX = 6


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ManyEntries]:
    log = ManyEntries(tmp_path_factory.mktemp("receipts") / "ledger.sqlite")
    log.grow(SIZE)
    yield log
    log.close()


@pytest.fixture(scope="module")
def issuer(log: ManyEntries) -> ReceiptIssuer:
    return ReceiptIssuer(log.store, log.keys[0])


@pytest.fixture(scope="module")
def verifier(log: ManyEntries) -> NoteVerifier:
    return log.verifiers[0]


@pytest.fixture(scope="module")
def receipt(issuer: ReceiptIssuer) -> bytes:
    return issuer.issue(INDEX)


def entry(index: int = INDEX) -> bytes:
    return ManyEntries.entry(index)


def signing(log: ManyEntries) -> tuple[Ed25519PrivateKey, bytes]:
    """The log's key and its true root: what the issuer itself would sign with."""
    return log.keys[0].private_key, tree_root(SIZE, log.store)


def test_every_entry_has_a_receipt_that_says_where_it_stands(
    issuer: ReceiptIssuer, log: ManyEntries, verifier: NoteVerifier
) -> None:
    root = tree_root(SIZE, log.store)
    for index in range(SIZE):
        found = verify_receipt(issuer.issue(index), entry(index), verifier)
        assert found == VerifiedReceipt(ORIGIN, verifier.key_id, index, SIZE, root)


def test_the_parts_are_those_of_rfc_9942(receipt: bytes, verifier: NoteVerifier) -> None:
    parts = Parts.of(receipt)
    assert (parts.tag, parts.payload, len(parts.signature)) == (18, None, 64)
    assert parts.protected == {
        1: -8,
        4: verifier.key_id,
        15: {1: ORIGIN, 2: entry_name(entry())},
        395: 1,
        TREE_SIZE_LABEL: SIZE,
    }
    assert list(parts.unprotected) == [396] and list(parts.unprotected[396]) == [-1]
    assert parts.proof[:2] == [SIZE, INDEX] and [len(one) for one in parts.proof[2]] == [32] * 4


def test_issuer_and_key_id_begin_the_vkey_that_others_were_given(receipt: bytes, verifier: NoteVerifier) -> None:
    protected = Parts.of(receipt).protected
    assert verifier.vkey().startswith(f"{protected[15][1]}+{protected[4].hex()}+")


def test_an_entry_is_named_as_rfc_6920_names_bytes() -> None:
    assert entry_name(b"Hello World!") == "ni:///sha-256;f4OxZX_x_FO5LcGBSKHWXfwtSx-j1ncoSt3SABJtkGk"


def test_the_same_entry_at_the_same_size_has_the_same_receipt(issuer: ReceiptIssuer, receipt: bytes) -> None:
    assert issuer.issue(INDEX) == receipt
    assert cbor2.dumps(cbor2.loads(receipt), canonical=True) == receipt


def test_a_log_of_one_has_a_receipt_without_siblings(tmp_path: Path) -> None:
    log = ManyEntries(tmp_path / "ledger.sqlite")
    log.grow(1)
    raw = ReceiptIssuer(log.store, log.keys[0]).issue(0)
    log.close()
    assert Parts.of(raw).proof == [1, 0, []]
    assert verify_receipt(raw, entry(0), log.verifiers[0]).root == leaf_hash(entry(0))


def test_the_longest_receipt_stays_within_the_bound() -> None:
    parts = Parts(
        {1: -8, 4: bytes(4), 15: {1: "o" * 255, 2: entry_name(b"")}, 395: 1, TREE_SIZE_LABEL: 2**63 - 1},
        {396: {-1: [b""]}},
        bytes(64),
        proof=[2**63 - 1, 2**63 - 2, [bytes(32)] * 63],
    )
    assert len(parts.rebuilt()) < RECEIPT_BYTES_MAX


def test_no_byte_of_a_receipt_can_change_unnoticed(receipt: bytes, verifier: NoteVerifier) -> None:
    for at in range(len(receipt)):
        for mask in (0x01, 0x20, 0x80, 0xFF):
            flipped = receipt[:at] + bytes([receipt[at] ^ mask]) + receipt[at + 1 :]
            with pytest.raises(Untrusted):
                verify_receipt(flipped, entry(), verifier)


def test_no_byte_can_be_left_out_or_added(receipt: bytes, verifier: NoteVerifier) -> None:
    for at in range(len(receipt)):
        for raw in (receipt[:at], receipt[:at] + receipt[at + 1 :], receipt[:at] + b"\0" + receipt[at:]):
            with pytest.raises(Untrusted):
                verify_receipt(raw, entry(), verifier)


def test_the_size_is_signed_though_neighbouring_sizes_share_the_path(log: ManyEntries, issuer: ReceiptIssuer) -> None:
    """Entry 0 has the same siblings in trees of 11 and of 12: RFC 9942 alone would let one pass for the other."""
    parts = Parts.of(issuer.issue(0))
    moved = parts.changed(proof=[SIZE + 1, 0, parts.proof[2]])
    raises_code("receipt_malformed", lambda: verify_receipt(moved.rebuilt(), entry(0), log.verifiers[0]))


def test_another_entry_another_log_and_another_key_are_told_apart(receipt: bytes, verifier: NoteVerifier) -> None:
    other_key = log_keys(seed=b"\x71" * 32)[0].verifier
    other_log = Ed25519NoteKey("other.example/log", log_keys()[0].private_key).verifier
    raises_code("receipt_wrong_entry", lambda: verify_receipt(receipt, entry(5), verifier))
    raises_code("receipt_wrong_log", lambda: verify_receipt(receipt, entry(), other_key))
    raises_code("receipt_wrong_log", lambda: verify_receipt(receipt, entry(), other_log))


def test_a_receipt_needs_the_logs_ed25519_key(receipt: bytes, log: ManyEntries) -> None:
    raises_code("key_unsupported", lambda: verify_receipt(receipt, entry(), log.verifiers[1]))


def test_a_signature_by_somebody_else_does_not_count(receipt: bytes, log: ManyEntries, verifier: NoteVerifier) -> None:
    forged = Parts.of(receipt).rebuilt(signed=(Ed25519PrivateKey.generate(), signing(log)[1]))
    raises_code("receipt_signature_invalid", lambda: verify_receipt(forged, entry(), verifier))


def test_a_signature_over_another_root_does_not_count(receipt: bytes, log: ManyEntries, verifier: NoteVerifier) -> None:
    forged = Parts.of(receipt).rebuilt(signed=(signing(log)[0], bytes(32)))
    raises_code("receipt_signature_invalid", lambda: verify_receipt(forged, entry(), verifier))


def test_a_path_of_another_length_is_no_proof(receipt: bytes, verifier: NoteVerifier) -> None:
    parts = Parts.of(receipt)
    for path in (parts.proof[2][:-1], [*parts.proof[2], bytes(32)]):
        raw = parts.changed(proof=[SIZE, INDEX, path]).rebuilt()
        raises_code("inclusion_proof_invalid", lambda raw=raw: verify_receipt(raw, entry(), verifier))


def _with(parts: Parts, label: Any, value: Any) -> Parts:
    return parts.changed(protected={**parts.protected, label: value})


@pytest.mark.parametrize(
    "change",
    [
        lambda parts: _with(parts, 1, -7),
        lambda parts: _with(parts, 395, 2),
        lambda parts: _with(parts, 2, [4]),
        lambda parts: _with(parts, TREE_SIZE_LABEL, SIZE + 1),
        lambda parts: _with(parts, 15, {1: ORIGIN, 2: entry_name(entry()), 6: 1}),
        lambda parts: parts.changed(protected={k: v for k, v in parts.protected.items() if k != TREE_SIZE_LABEL}),
        lambda parts: parts.changed(protected={1: -8, 395: 1}),
        lambda parts: parts.changed(protected={}),
        lambda parts: parts.changed(unprotected={**parts.unprotected, 4: b"key"}),
        lambda parts: parts.changed(unprotected={}),
        lambda parts: parts.changed(unprotected={396: {-1: parts.unprotected[396][-1] * 2}}),
        lambda parts: parts.changed(unprotected={396: {-2: parts.unprotected[396][-1]}}),
        lambda parts: parts.changed(payload=bytes(32)),
        lambda parts: parts.changed(tag=98),
        lambda parts: parts.changed(proof=[SIZE, INDEX, parts.proof[2], 1]),
        lambda parts: parts.changed(proof=[float(SIZE), INDEX, parts.proof[2]]),
        lambda parts: parts.changed(proof=[SIZE, INDEX, ["x" * 32] * 4]),
        lambda parts: parts.changed(proof=[SIZE, INDEX, [b"x" * 31] * 4]),
    ],
)
def test_another_form_is_refused_though_the_log_itself_had_signed_it(
    change: Any, receipt: bytes, log: ManyEntries, verifier: NoteVerifier
) -> None:
    raw = change(Parts.of(receipt)).rebuilt(signed=signing(log))
    raises_code("receipt_malformed", lambda: verify_receipt(raw, entry(), verifier))


def test_another_encoding_of_the_same_values_is_refused(receipt: bytes, verifier: NoteVerifier) -> None:
    assert receipt[:2] == b"\xd2\x84"
    for raw in (b"\xd8\x12\x84" + receipt[2:], b"\xd2\x98\x04" + receipt[2:], b"\xd2\x9f" + receipt[2:] + b"\xff"):
        assert Parts.of(raw) == Parts.of(receipt)
        raises_code("receipt_malformed", lambda raw=raw: verify_receipt(raw, entry(), verifier))


def test_too_long_is_refused_before_it_is_read(verifier: NoteVerifier) -> None:
    raises_code("receipt_malformed", lambda: verify_receipt(b"\x81" * (RECEIPT_BYTES_MAX + 1), entry(), verifier))


@given(st.binary(max_size=200))
def test_garbage_is_untrusted_and_nothing_else(raw: bytes) -> None:
    for prefix in (b"", b"\xd2\x84", b"\xd2\x84\x40\xa1\x19\x01\x8c\xa1\x20\x81"):
        with pytest.raises(Untrusted):
            verify_receipt(prefix + raw, entry(), log_keys()[0].verifier)


def test_nothing_is_signed_for_an_entry_that_was_changed_under_the_log(tmp_path: Path) -> None:
    log = ManyEntries(tmp_path / "ledger.sqlite")
    log.grow(SIZE)
    with closing(sqlite3.connect(log.path)) as db, db:
        db.execute("UPDATE entry SET data = ? WHERE position = ?", (b'{"number":6,"mark":"!"}', INDEX + 1))
    issuer = ReceiptIssuer(log.store, log.keys[0])
    raises_code("inclusion_proof_invalid", lambda: issuer.issue(INDEX))
    log.close()


def test_nothing_is_signed_for_a_head_that_this_key_has_not_signed(log: ManyEntries) -> None:
    raises_code("note_signature_missing", lambda: ReceiptIssuer(log.store, log_keys(seed=b"\x71" * 32)[0]).issue(INDEX))


def test_an_entry_that_is_not_there_has_no_receipt(issuer: ReceiptIssuer) -> None:
    raises_code("entry_unknown", lambda: issuer.issue(SIZE))


def test_a_receipt_stays_good_when_the_log_has_grown(tmp_path: Path) -> None:
    log = ManyEntries(tmp_path / "ledger.sqlite")
    log.grow(300)
    issuer, index = ReceiptIssuer(log.store, log.keys[0]), random.Random(7).randrange(300)
    old = issuer.issue(index)
    log.grow(300, "later")
    assert verify_receipt(old, entry(index), log.verifiers[0]).size == 300
    assert verify_receipt(issuer.issue(index), entry(index), log.verifiers[0]).size == 600
    log.close()
