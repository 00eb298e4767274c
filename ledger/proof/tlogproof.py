"""`c2sp.org/tlog-proof@v1`: one text that shows, offline, that an entry is in a log.

    c2sp.org/tlog-proof@v1
    index 7
    <sibling hashes in base64, the leaf's first>

    <checkpoint, verbatim>

The format allows a line of `extra` data that no signature covers; we never write one and refuse to read one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ledger.errors import Untrusted
from ledger.proof.encoding import base64_bytes, base64_text, decimal_int
from ledger.proof.merkle import HASH_BYTES, PROOF_HASHES_MAX, leaf_hash, verify_inclusion
from ledger.proof.note import NOTE_BYTES_MAX, NoteSignature, NoteVerifier, open_checkpoint

TLOG_PROOF_HEADER = "c2sp.org/tlog-proof@v1"
TLOG_PROOF_BYTES_MAX = NOTE_BYTES_MAX + 4 * 2**10  # the checkpoint, and 63 hash lines of 45 bytes


@dataclass(frozen=True)
class TlogProof:
    """A parsed proof; nothing in it is verified. `checkpoint` is the signed note's bytes."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes


@dataclass(frozen=True)
class VerifiedEntry:
    """Where the entry is, and in which tree: log `origin` with `size` leaves under `root`, signed by `signatures`."""

    index: int
    size: int
    root: bytes
    origin: str
    signatures: tuple[NoteSignature, ...]


def format_proof(index: int, hashes: Sequence[bytes], checkpoint: bytes) -> bytes:
    """The proof's text: the inclusion proof of leaf `index` in the tree of the signed note `checkpoint`."""
    lines = [TLOG_PROOF_HEADER, f"index {index}", *map(base64_text, hashes), "", ""]
    return "\n".join(lines).encode("ascii") + checkpoint


def parse_proof(raw: bytes) -> TlogProof:
    """The parts of `raw`, which must be exactly what `format_proof` writes. Raises Untrusted `tlog_proof_malformed`."""
    if len(raw) > TLOG_PROOF_BYTES_MAX:
        raise _tlog_proof_malformed(f"more than {TLOG_PROOF_BYTES_MAX} bytes")
    head, blank, checkpoint = raw.partition(b"\n\n")
    try:
        header, index_line, *hash_lines = head.decode("ascii").split("\n")
        word, index_text = index_line.split(" ")
        index, hashes = decimal_int(index_text), tuple(map(base64_bytes, hash_lines))
    except ValueError as error:
        raise _tlog_proof_malformed("not a header, an index line and base64 hashes") from error
    if not blank or header != TLOG_PROOF_HEADER or word != "index":
        raise _tlog_proof_malformed(f"it does not begin with {TLOG_PROOF_HEADER} and an index")
    if len(hashes) > PROOF_HASHES_MAX or any(len(one) != HASH_BYTES for one in hashes):
        raise _tlog_proof_malformed("too many hashes, or one that is not 32 bytes")
    return TlogProof(index, hashes, checkpoint)


def verify_entry(
    entry: bytes,
    proof: bytes,
    verifiers: Iterable[NoteVerifier],
    origin: str | None = None,
    strict: bool = False,
) -> VerifiedEntry:
    """Where exactly `entry` stands in a log whose checkpoint all of `verifiers` signed.

    `origin` and `strict` as in `open_checkpoint`. Raises Untrusted `tlog_proof_malformed`, `inclusion_proof_invalid`,
    and what `open_checkpoint` raises.
    """
    parsed = parse_proof(proof)
    opened = open_checkpoint(parsed.checkpoint, verifiers, origin=origin, strict=strict)
    head = opened.checkpoint
    verify_inclusion(parsed.index, head.size, leaf_hash(entry), parsed.hashes, head.root)
    return VerifiedEntry(parsed.index, head.size, head.root, head.origin, opened.signatures)


def _tlog_proof_malformed(what: str) -> Untrusted:
    return Untrusted("tlog_proof_malformed", f"Not a c2sp.org/tlog-proof@v1: {what}.")
