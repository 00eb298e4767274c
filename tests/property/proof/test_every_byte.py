"""No single byte of what we sign can change: every position of an envelope, a checkpoint, a proof and a cosigned note."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ledger.errors import LedgerError, Untrusted
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.cosignature import cosignature_lines, with_cosignatures
from ledger.proof.dsse import Envelope, keyid, verify
from ledger.proof.note import NoteVerifier, open_checkpoint, sign_note
from ledger.proof.tlogproof import verify_entry
from ledger.proof.verdict import judge
from tests.log_of import ORIGIN, log_keys, policy_of, witness_key

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "proof"
VERIFIERS = [NoteVerifier.parse(line) for line in (VECTORS / "log.vkeys").read_text("ascii").splitlines()]
MASKS = (0x01, 0x20, 0x80)


def flipped(raw: bytes, mask: int, start: int = 0) -> Iterator[bytes]:
    for at in range(start, len(raw)):
        yield raw[:at] + bytes([raw[at] ^ mask]) + raw[at + 1 :]


def all_refused(variants: Iterator[bytes], check: Callable[[bytes], object], error: type[LedgerError]) -> None:
    for raw in variants:
        with pytest.raises(error):
            check(raw)


@pytest.mark.parametrize("mask", MASKS)
def test_every_single_byte_change_of_a_checkpoint_is_rejected(mask: int) -> None:
    frozen = (VECTORS / "checkpoint.note").read_bytes()
    all_refused(flipped(frozen, mask), lambda raw: open_checkpoint(raw, VERIFIERS, strict=True), LedgerError)


@pytest.mark.parametrize("mask", MASKS)
def test_every_single_byte_change_of_a_proof_is_rejected(mask: int) -> None:
    proof = (VECTORS / "entry-257.tlog-proof").read_bytes()
    all_refused(flipped(proof, mask), lambda raw: verify_entry(b"entry 257", raw, VERIFIERS, strict=True), LedgerError)


@pytest.mark.parametrize("mask", [*MASKS, 0x02])
def test_every_single_byte_change_of_an_envelope_is_rejected(mask: int) -> None:
    raw, spki = (VECTORS / "envelope.json").read_bytes(), (VECTORS / "envelope.spki").read_bytes()
    known = {keyid(spki): spki}
    all_refused(flipped(raw, mask), lambda changed: verify(Envelope.parse(changed), known), LedgerError)


def test_every_single_byte_change_of_a_cosigned_checkpoint_costs_the_quorum() -> None:
    head, keys = Checkpoint(ORIGIN, 12, b"\x05" * 32), log_keys()
    witnesses = [witness_key(number) for number in (1, 2, 3)]
    note = sign_note(head.text(), keys, 1_000)
    end = len(note)  # the log's own lines have their test above
    for witness in witnesses:
        note = with_cosignatures(note, cosignature_lines(head, [witness], 2_000), [witness.verifier])
    names = [f"w{number}" for number in (1, 2, 3)]
    policy = policy_of(
        [
            *(f"log {key.verifier.vkey()}" for key in keys),
            *(f"witness {name} {key.verifier.vkey()}" for name, key in zip(names, witnesses, strict=True)),
            f"group all-three all {' '.join(names)}",
            "quorum all-three",
        ]
    )
    judge(policy, note).required()
    all_refused(flipped(note, 0x01, end), lambda raw: judge(policy, raw).required(), Untrusted)
