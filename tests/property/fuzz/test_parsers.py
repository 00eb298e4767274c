"""Every parser that meets strangers' bytes answers or raises a typed error, in bounded time, whatever it is given."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.log.cose import verify_receipt
from ledger.log.policy import POLICY_LINES_MAX, TlogPolicy
from ledger.log.verdict import judge
from ledger.media import cbor
from ledger.proof.canonical import parse_json
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.cosignature import cosignature_lines, only_signed_by, with_cosignatures
from ledger.proof.disclosure import format_disclosure, verify_disclosure
from ledger.proof.dsse import Envelope, verify
from ledger.proof.erasureproof import format_erasure, verify_erasure
from ledger.proof.logentry import LogEntry
from ledger.proof.note import open_checkpoint, open_note
from ledger.proof.notekeys import CosignatureKey, NoteVerifier
from ledger.proof.packclaims import PackClaims
from ledger.proof.passkey import Assertion, verify_assertion
from ledger.proof.tiles import TileName, bundle_of, unbundled
from ledger.proof.tlogproof import parse_proof, verify_entry
from tests.authenticator_of import Authenticator
from tests.property.fuzz.mutations import fuzzing, mutated, survives

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "proof"
VKEYS = (VECTORS / "log.vkeys").read_text().split()
KEYS = tuple(map(NoteVerifier.parse, VKEYS))
NOTE = (VECTORS / "checkpoint.note").read_bytes()
PROOF = (VECTORS / "entry-257.tlog-proof").read_bytes()
ENVELOPE = (VECTORS / "envelope.json").read_bytes()
SPKI = (VECTORS / "envelope.spki").read_bytes()
ENTRY = json.dumps({"envelope": json.loads(ENVELOPE), "recorded_at": "2026-10-01T09:00:00.000000Z"}).encode()
WITNESSES = [CosignatureKey(f"w{n}.example", Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32)) for n in (7, 8)]
POLICY = f"""log {VKEYS[0]}
witness w1 {WITNESSES[0].verifier.vkey()} https://w.example/a
witness w2 {WITNESSES[1].verifier.vkey()}
group both all w1 w2
group outer 1 both
quorum outer
""".encode()
RECEIPT = cbor2.dumps(
    cbor2.CBORTag(18, [b"\xa1\x01\x27", {396: {-1: [cbor2.dumps([3, 1, [bytes(32)]])]}}, None, bytes(64)])
)
LOGGED = {"index": 257, "entry": b64encode(ENTRY).decode(), "proof": PROOF.decode()}
DISCLOSURE = format_disclosure("/body/name", "Somebody", bytes(16), "019a", LOGGED)
END = {"keys": 1, "values": 1, "statements": 1, "erased_at": "2026-10-01T09:00:00.000000Z"}
ERASURE = format_erasure("p-1", END, [LOGGED] * 4)
LINES = NOTE.partition(b"\n\n")[2]

_AUTHENTICATOR = Authenticator()
ASSERTION, PASSKEY = _AUTHENTICATOR.assertion(bytes(32)), _AUTHENTICATOR.passkey
HEAD = Checkpoint.parse(NOTE.partition(b"\n\n")[0].decode() + "\n")

CASES: dict[str, tuple[list[bytes], Callable[[bytes], object]]] = {
    "json": ([ENVELOPE, b'{"a":[1,{"b":null}],"c":"\xc3\xa9"}'], parse_json),
    "envelope": ([ENVELOPE], lambda raw: verify(Envelope.parse(raw), {"k": SPKI})),
    "assertion": ([ASSERTION.to_bytes()], lambda raw: verify_assertion(PASSKEY, Assertion.parse(raw), bytes(32))),
    "client data": (
        [ASSERTION.client_data_json],
        lambda raw: verify_assertion(PASSKEY, replace(ASSERTION, client_data_json=raw), bytes(32)),
    ),
    "entry": ([ENTRY], lambda raw: LogEntry.parse(1, raw)),
    "note": ([NOTE], lambda raw: open_note(raw, KEYS)),
    "checkpoint": ([NOTE], lambda raw: open_checkpoint(raw, KEYS, strict=True)),
    "checkpoint text": (
        [NOTE.partition(b"\n\n")[0] + b"\n"],
        lambda raw: Checkpoint.parse(raw.decode("utf-8", "replace")),
    ),
    "vkey": ([key.encode() for key in VKEYS], lambda raw: NoteVerifier.parse(raw.decode("utf-8", "replace"))),
    "tlog-proof": ([PROOF], parse_proof),
    "proven entry": ([PROOF], lambda raw: verify_entry(b"entry 257", raw, KEYS)),
    "cosignature lines": ([LINES], lambda raw: with_cosignatures(NOTE, raw, KEYS)),
    "cosigned note": ([NOTE], lambda raw: only_signed_by(raw, KEYS)),
    "policy": ([POLICY], lambda raw: judge(TlogPolicy.parse(raw), NOTE, KEYS)),
    "tile name": (
        [b"tile/0/x001/234.p/5", b"tile/entries/000", b"tile/5/x001/x002/003"],
        lambda raw: TileName.parse(raw.decode("utf-8", "replace")),
    ),
    "bundle": ([bundle_of([b"one", b"", b"three" * 9])], unbundled),
    "receipt": ([RECEIPT], lambda raw: verify_receipt(raw, b"entry", KEYS[0])),
    "pack claims": (
        [b'{"entries":[{"index":1,"type":"a.b.v1"}],"members":[],"omitted":[],"size":2}'],
        PackClaims.parse,
    ),
    "disclosure": ([DISCLOSURE], lambda raw: verify_disclosure(raw, KEYS)),
    "erasure": ([ERASURE], lambda raw: verify_erasure(raw, KEYS)),
}


@pytest.mark.parametrize("name", CASES)
@fuzzing(150)
@given(data=st.data())
def test_bytes_of_strangers_end_in_an_answer_or_a_typed_error(name: str, data: st.DataObject) -> None:
    seeds, call = CASES[name]
    raw = data.draw(mutated(seeds))
    survives(lambda: call(raw))


@pytest.mark.parametrize(
    "name", ["json", "assertion", "client data", "note", "checkpoint", "tlog-proof", "proven entry", "policy", "bundle"]
)
def test_the_seeds_themselves_are_read(name: str) -> None:
    seeds, call = CASES[name]
    for seed in seeds:
        assert survives(partial(call, seed)) is None


def test_a_thousand_groups_in_each_other_are_weighed() -> None:
    """As deep as the bound on lines lets a policy be."""
    groups = "".join(f"group g{n} any {f'g{n - 1}' if n else 'w1'}\n" for n in range(POLICY_LINES_MAX - 2))
    policy = f"witness w1 {WITNESSES[0].verifier.vkey()}\n{groups}quorum g{POLICY_LINES_MAX - 3}\n".encode()
    cosigned = with_cosignatures(NOTE, cosignature_lines(HEAD, WITNESSES[:1], 1_790_000_000), [WITNESSES[0].verifier])
    assert survives(lambda: judge(TlogPolicy.parse(policy), cosigned, KEYS).required()) is None


@fuzzing(300)
@given(mutated([RECEIPT, b"\x9f\x01\xff", b"\xa1\x01\x02"]))
def test_the_bounded_cbor_reader_raises_its_own_error_only(raw: bytes) -> None:
    with suppress(cbor.CborError):
        cbor.loads(raw)
