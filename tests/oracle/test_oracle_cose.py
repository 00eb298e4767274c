"""Receipts checked by `scitt-cose`, which other people wrote: it accepts ours, and nothing that was changed in them.

What it can't notice, because RFC 9942 doesn't sign it, is named by its own test.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ledger.errors import Untrusted
from ledger.log.cose import TREE_SIZE_LABEL, ReceiptIssuer, entry_name, verify_receipt
from ledger.proof.merkle import tree_root
from tests.log_of import ORIGIN, ManyEntries
from tests.receipts_of import Parts

ENTRIES = 10_000
SAMPLED = 200  # entries; and as many flips
Judge = Callable[[bytes, bytes], Any]


@pytest.fixture(scope="module")
def judge(log: ManyEntries) -> Judge:
    """(receipt, entry) -> what scitt-cose finds under the log's key. Skips where it is not installed, except in CI."""
    try:
        from scitt_cose.receipt import verify_receipt as their_verdict
    except ImportError:
        if os.environ.get("CI") == "true":
            pytest.fail("scitt-cose is not installed, and CI has to ask it")
        pytest.skip("scitt-cose is not installed: .venv/bin/pip install scitt-cose")
    key = log.keys[0].private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return lambda raw, entry: their_verdict(raw, leaf_entry_hex=entry.hex(), log_public_key_pem=key)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ManyEntries]:
    log = ManyEntries(tmp_path_factory.mktemp("oracle-cose") / "ledger.sqlite")
    for _ in range(ENTRIES // 1_000):
        log.grow(1_000)
    yield log
    log.close()


@pytest.fixture(scope="module")
def issuer(log: ManyEntries) -> ReceiptIssuer:
    return ReceiptIssuer(log.store, log.keys[0])


def sample() -> list[int]:
    return [0, 1, 255, 256, ENTRIES - 1, *random.Random(9942).sample(range(ENTRIES), SAMPLED)]


def test_it_accepts_the_receipt_of_every_sampled_entry(judge: Judge, issuer: ReceiptIssuer, log: ManyEntries) -> None:
    root = tree_root(ENTRIES, log.store).hex()
    for index in sample():
        found = judge(issuer.issue(index), log.entry(index))
        assert found.ok, found.errors
        assert (found.root, found.tree_size, found.leaf_index) == (root, ENTRIES, index)
        assert (found.issuer, found.subject) == (ORIGIN, entry_name(log.entry(index)))
        assert found.protected_header_ext == {4: log.verifiers[0].key_id, TREE_SIZE_LABEL: ENTRIES}


def test_it_refuses_the_receipt_of_another_entry(judge: Judge, issuer: ReceiptIssuer, log: ManyEntries) -> None:
    for index in sample()[:20]:
        assert not judge(issuer.issue(index), log.entry((index + 1) % ENTRIES)).ok


def test_no_flipped_byte_passes_us_and_only_the_size_passes_it(
    judge: Judge, issuer: ReceiptIssuer, log: ManyEntries
) -> None:
    drawn, passed_it = random.Random(395), 0
    for index in drawn.sample(range(ENTRIES), SAMPLED):
        receipt, entry = issuer.issue(index), log.entry(index)
        at = drawn.randrange(len(receipt))
        raw = receipt[:at] + bytes([receipt[at] ^ (1 << drawn.randrange(8))]) + receipt[at + 1 :]
        with pytest.raises(Untrusted):
            verify_receipt(raw, entry, log.verifiers[0])
        if judge(raw, entry).ok:
            passed_it += 1
            assert Parts.of(raw).proof[1:] == Parts.of(receipt).proof[1:], f"byte {at} of the receipt of {index}"
    assert passed_it < SAMPLED // 20


def test_it_takes_a_neighbouring_size_for_the_signed_one_and_we_do_not(
    judge: Judge, issuer: ReceiptIssuer, log: ManyEntries
) -> None:
    """Why the size stands in the protected header as well: RFC 9942 signs a root, and these trees share the path."""
    parts = Parts.of(issuer.issue(0))
    moved = parts.changed(proof=[ENTRIES + 1, *parts.proof[1:]]).rebuilt()
    found = judge(moved, log.entry(0))
    assert found.ok and found.tree_size == ENTRIES + 1
    with pytest.raises(Untrusted, match="receipt_malformed"):
        verify_receipt(moved, log.entry(0), log.verifiers[0])


def test_we_refuse_what_it_issues_without_saying_for_which_log(judge: Judge, log: ManyEntries) -> None:
    """Its own builder leaves issuer, subject and key id to the caller; a receipt for no log in particular is none of ours."""
    from scitt_cose.receipt import build_receipt

    pem = log.keys[0].private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    entries = [log.entry(index).hex() for index in range(7)]
    raw = build_receipt(
        leaf_entry_hex=entries[3], leaf_index=3, tree_entries_hex=entries, alg="EdDSA", log_private_key_pem=pem
    )
    assert judge(raw, log.entry(3)).ok
    with pytest.raises(Untrusted, match="receipt_malformed"):
        verify_receipt(raw, log.entry(3), log.verifiers[0])
