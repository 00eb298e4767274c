"""What a stranger reads of the log, checked with the stranger's own arithmetic."""

from __future__ import annotations

from base64 import b64decode

import pytest

from ledger.proof.merkle import leaf_hash, verify_consistency, verify_inclusion
from ledger.proof.note import NoteVerifier, open_checkpoint
from tests.office_of import Office, refused


def test_the_checkpoint_is_public_and_signed_by_every_key(office: Office) -> None:
    answer = office.client.get("/v1/checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    keys = office.client.get("/v1/log/vkeys").json()
    assert [key["algorithm"] for key in keys["keys"]] == ["Ed25519", "ML-DSA-44"]
    verifiers = [NoteVerifier.parse(key["vkey"]) for key in keys["keys"]]
    opened = open_checkpoint(answer.content, verifiers, strict=True)
    assert (opened.checkpoint.origin, opened.checkpoint.size) == (keys["origin"], office.size)


def test_inclusion_holds_for_every_entry_at_every_size(office: Office) -> None:
    for size in (1, 7, office.size):
        for index in range(0, size, 3):
            found = office.get(f"/v1/proofs/inclusion?index={index}&size={size}", "pia").json()
            hashes = [b64decode(one) for one in found["hashes"]]
            leaf = leaf_hash(office.services.ledger.store.entry(index).entry)
            assert b64decode(found["leaf"]) == leaf
            verify_inclusion(index, size, leaf, hashes, b64decode(found["root"]))


def test_consistency_holds_between_every_two_sizes(office: Office) -> None:
    for old, new in ((0, 5), (1, 8), (7, office.size), (office.size, office.size)):
        found = office.get(f"/v1/proofs/consistency?old={old}&new={new}", "ines").json()
        hashes = [b64decode(one) for one in found["hashes"]]
        verify_consistency(old, new, hashes, b64decode(found["old_root"]), b64decode(found["new_root"]))


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("inclusion?index=5&size=5", "proof_range"),
        ("inclusion?index=0&size=99999", "proof_range"),
        ("inclusion?index=0&size=0", "request_invalid"),
        ("inclusion?index=0", "request_invalid"),
        ("consistency?old=5&new=4", "proof_range"),
        ("consistency?old=0&new=99999", "proof_range"),
        ("consistency?old=-1&new=4", "request_invalid"),
    ],
)
def test_a_proof_out_of_range_is_refused(office: Office, query: str, code: str) -> None:
    refused(office.get(f"/v1/proofs/{query}"), 400, code)
