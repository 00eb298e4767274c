"""Golden vectors: the bytes of every statement type, frozen. If one of these fails, the shape needs a new version."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.knock import parse_envelope
from ledger.proof.dsse import PAYLOAD_TYPE, pae
from ledger.statement import Opening, commit
from ops import schemas
from schemas.catalogue import BODIES, body_class, parse_body

PATHS = sorted(schemas.VECTORS.glob("*.json"))


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def test_every_type_has_one() -> None:
    assert {path.stem for path in PATHS} == {kind.TYPE for kind in BODIES}, "run `make vectors` and commit"


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_the_classes_still_write_exactly_these_bytes(path: Path) -> None:
    frozen = read(path)
    body = parse_body(frozen["type"], json.loads(frozen["payload"])["body"])
    sealed = {pointer: opening["value"] for pointer, opening in frozen["openings"].items()}
    assert schemas.vector(body_class(frozen["type"]), body, sealed) == frozen


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_the_bytes_hang_together_without_our_own_code(path: Path) -> None:
    frozen = read(path)
    payload = frozen["payload"].encode()
    assert rfc8785.dumps(json.loads(payload)) == payload
    assert hashlib.sha256(payload).hexdigest() == frozen["payload_sha256"]
    assert b64decode(frozen["envelope"]["payload"]) == payload
    (signature,) = frozen["envelope"]["signatures"]
    message = b"DSSEv1 %d %b %d %b" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)
    assert message == pae(PAYLOAD_TYPE, payload)
    assert b64decode(signature["sig"]) == Ed25519PrivateKey.from_private_bytes(schemas.SEED).sign(message)
    entry = rfc8785.dumps({"envelope": frozen["envelope"], "recorded_at": frozen["recorded_at"]})
    assert hashlib.sha256(entry).hexdigest() == frozen["entry_sha256"]
    assert hashlib.sha256(b"\0" + entry).hexdigest() == frozen["leaf_hash"]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_the_door_reads_what_was_frozen(path: Path) -> None:
    frozen = read(path)
    openings = {at: Opening(one["value"], bytes.fromhex(one["salt"])) for at, one in frozen["openings"].items()}
    knock = parse_envelope(json.dumps(frozen["envelope"]).encode(), openings, schemas.RECORDED_AT)
    assert (knock.statement.type, knock.payload_sha256) == (frozen["type"], frozen["payload_sha256"])
    for pointer, opening in openings.items():
        assert knock.statement.sealed[pointer].commitment == commit(opening)


def test_one_vector_has_the_digests_that_were_typed_here_by_hand() -> None:
    """An anchor outside the generator, so that it cannot silently agree with itself."""
    person = read(schemas.VECTORS / "person.registered.v1.json")
    assert person["payload_sha256"] == PERSON_PAYLOAD_SHA256
    assert person["leaf_hash"] == PERSON_LEAF_HASH
    assert (
        person["keyid"]
        == hashlib.sha256(
            bytes.fromhex(
                "302a300506032b6570032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"  # RFC 8032 7.1
            )
        ).hexdigest()
    )
    assert "Inês" not in person["payload"]


PERSON_PAYLOAD_SHA256 = "e66f77f859d1f062c5ce7e6b25938e820c78df0bcf7859e38ecf91466d7ca4b0"
PERSON_LEAF_HASH = "9d45c8d2671c8ea07b0a1a9eb823bef86289b7ece5e7fab6a46056198e95b77f"


def test_writing_missing_vectors_never_changes_one(tmp_path: Path) -> None:
    assert len(schemas.write_missing_vectors(tmp_path)) == len(BODIES)
    first = tmp_path / f"{BODIES[0].TYPE}.json"
    first.write_text("published", encoding="utf-8")
    second = tmp_path / f"{BODIES[1].TYPE}.json"
    second.unlink()
    assert schemas.write_missing_vectors(tmp_path) == [second.name]
    assert first.read_text(encoding="utf-8") == "published"
    assert second.read_bytes() == (schemas.VECTORS / second.name).read_bytes()
