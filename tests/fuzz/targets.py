"""Every parser that meets strangers' bytes, by name: good examples to begin with, and the call that reads them.

Hypothesis (tests/property/fuzz) and atheris (tests/fuzz) draw from the same list. A call answers or raises a LedgerError.
"""

from __future__ import annotations

import io
import json
import zipfile
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.errors import LedgerError
from ledger.log.cose import verify_receipt
from ledger.media import c2pa_claims, c2pa_validation, cbor
from ledger.media.media_type import media_type
from ledger.proof.canonical import parse_json
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.completeness import verify_completeness
from ledger.proof.consistency import Consistency, consistency_file
from ledger.proof.cosignature import only_signed_by, with_cosignatures
from ledger.proof.disclosure import format_disclosure, verify_disclosure
from ledger.proof.dsse import Envelope, verify
from ledger.proof.erasureproof import format_erasure, verify_erasure
from ledger.proof.logentry import LogEntry
from ledger.proof.note import open_checkpoint, open_note
from ledger.proof.notekeys import CosignatureKey, NoteVerifier
from ledger.proof.pack import check_pack
from ledger.proof.packclaims import PackClaims
from ledger.proof.passkey import Assertion, verify_assertion
from ledger.proof.policy import TlogPolicy
from ledger.proof.tiles import TileName, bundle_of, unbundled
from ledger.proof.timetoken import read_token
from ledger.proof.tlogproof import parse_proof, verify_entry
from ledger.proof.verdict import judge
from tests.authenticator_of import Authenticator

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "proof"
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

C2PA = json.dumps(
    {
        "active_manifest": "urn:c2pa:1",
        "manifests": {
            "urn:c2pa:1": {
                "claim_generator_info": [{"name": "a camera", "version": "1"}],
                "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [{"action": "c2pa.created"}]}}],
                "ingredients": [{"active_manifest": "urn:c2pa:2", "relationship": "parentOf"}],
            },
            "urn:c2pa:2": {},
        },
        "validation_results": {"activeManifest": {"success": [], "informational": [], "failure": [{"code": "a.b"}]}},
    }
).encode()
_AUTHENTICATOR = Authenticator()
ASSERTION, PASSKEY = _AUTHENTICATOR.assertion(bytes(32)), _AUTHENTICATOR.passkey
EMPTY_PACK = io.BytesIO()
with zipfile.ZipFile(EMPTY_PACK, "w") as _archive:
    for _name, _content in (("pack.json", b"{}"), ("entries/0.json", ENTRY), ("keys/log.vkeys", b"\n")):
        _archive.writestr(_name, _content)

HEAD = Checkpoint.parse(NOTE.partition(b"\n\n")[0].decode() + "\n")


def _c2pa(raw: bytes) -> None:
    """What the examiner asks of a report that the C2PA library wrote about a stranger's file."""
    report = parse_json(raw)
    if not isinstance(report, dict):
        return
    c2pa_validation.reachable(report)
    c2pa_validation.informational(report)
    manifests: Any = report.get("manifests")
    for label in manifests if isinstance(manifests, dict) else ():
        c2pa_claims.remarks(manifests, label, list(manifests))
        c2pa_claims.training_mining(manifests, list(manifests))
        c2pa_claims.digital_source_type(manifests, label)
        if isinstance(manifests[label], dict):
            c2pa_claims.beginning(manifests[label])
            c2pa_claims.soft_bindings(manifests[label])


def _cbor(raw: bytes) -> None:
    try:
        cbor.loads(raw)
    except cbor.CborError:
        return


def _pack(raw: bytes) -> None:
    try:
        check_pack(raw).require()
    except LedgerError:
        return


CASES: dict[str, tuple[list[bytes], Callable[[bytes], object]]] = {
    "json": ([ENVELOPE, b'{"a":[1,{"b":null}],"c":"\xc3\xa9"}'], parse_json),
    "envelope": ([ENVELOPE], lambda raw: verify(Envelope.parse(raw), {"k": SPKI})),
    "entry": ([ENTRY], lambda raw: LogEntry.parse(1, raw)),
    "note": ([NOTE], lambda raw: open_note(raw, KEYS)),
    "checkpoint": ([NOTE], lambda raw: open_checkpoint(raw, KEYS, strict=True)),
    "checkpoint text": (
        [NOTE.partition(b"\n\n")[0] + b"\n"],
        lambda raw: Checkpoint.parse(raw.decode("utf-8", "replace")),
    ),
    "vkey": ([key.encode() for key in VKEYS], lambda raw: NoteVerifier.parse(raw.decode("utf-8", "replace"))),
    "tlog-proof": ([PROOF], parse_proof),
    "consistency": ([consistency_file(1, 2, [bytes(32)])], Consistency.parse),
    "time token": ([bytes.fromhex("30053003020100")], read_token),
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
    "completeness": ([b'{"tag":"asset:a","proofs":[]}'], lambda raw: verify_completeness(raw, KEYS)),
    "pack": ([EMPTY_PACK.getvalue()], _pack),
    "assertion": ([ASSERTION.to_bytes()], lambda raw: verify_assertion(PASSKEY, Assertion.parse(raw), bytes(32))),
    "client data": (
        [ASSERTION.client_data_json],
        lambda raw: verify_assertion(PASSKEY, replace(ASSERTION, client_data_json=raw), bytes(32)),
    ),
    "media type": ([b"\x89PNG\r\n\x1a\n", b"\x1aE\xdf\xa3\x42\x82\x84webm", b"\0\0\0\x18ftypisom"], media_type),
    "c2pa report": ([C2PA], _c2pa),
    "cbor": ([RECEIPT, b"\x9f\x01\xff"], _cbor),
}
