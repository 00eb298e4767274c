"""`.tlog-proof` files: frozen, strict, and broken by any change."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.errors import Untrusted
from ledger.proof.note import NoteVerifier
from ledger.proof.tlogproof import format_proof, parse_proof, verify_entry

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "proof"
VERIFIERS = [NoteVerifier.parse(line) for line in (VECTORS / "log.vkeys").read_text("ascii").splitlines()]
PROOF = (VECTORS / "entry-257.tlog-proof").read_bytes()
HEAD, CHECKPOINT = PROOF.split(b"\n\n", 1)


def test_frozen_proof_shows_its_entry() -> None:
    verified = verify_entry(b"entry 257", PROOF, VERIFIERS, strict=True)
    assert (verified.index, verified.size, verified.origin) == (257, 300, "countersign.example/log")
    assert len(verified.signatures) == 2


def test_parsed_proof_formats_to_the_same_bytes() -> None:
    parsed = parse_proof(PROOF)
    assert format_proof(parsed.index, parsed.hashes, parsed.checkpoint) == PROOF


def test_another_entry_is_not_shown() -> None:
    with pytest.raises(Untrusted, match="inclusion_proof_invalid"):
        verify_entry(b"entry 258", PROOF, VERIFIERS)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"c2sp.org/tlog-proof@v1",
        HEAD.replace(b"@v1", b"@v2"),
        HEAD.replace(b"@v1\n", b"@v1\nextra AAAA\n"),
        HEAD.replace(b"index 257", b"index 0257"),
        HEAD.replace(b"index 257", b"index -257"),
        HEAD.replace(b"index 257", b"index  257"),
        HEAD.replace(b"index 257", b"index 257 "),
        HEAD.replace(b"index 257", b"257"),
        HEAD.replace(b"\n", b"\r\n"),
        HEAD + b"\nAAAA",
        HEAD + b"\n" + b"\n".join([b"A" * 43 + b"="] * 64),
        b"\xff" + HEAD,
    ],
)
def test_malformed_proof_is_refused(head: bytes) -> None:
    with pytest.raises(Untrusted, match="tlog_proof_malformed"):
        parse_proof(head + b"\n\n" + CHECKPOINT)


def test_proof_without_checkpoint_or_too_large_is_refused() -> None:
    for raw in (HEAD, HEAD + b"\n", PROOF + b"\n" * 2**20):
        with pytest.raises(Untrusted, match="tlog_proof_malformed"):
            parse_proof(raw)
    with pytest.raises(Untrusted, match="note_malformed"):
        verify_entry(b"entry 257", HEAD + b"\n\n", VERIFIERS)
