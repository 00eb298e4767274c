"""What is generated from the statement classes: JSON Schemas, and golden vectors of what has none yet.

Schemas are written anew each time, and a test says when the committed ones lag behind. A vector is written once: its
bytes are what statements of that type are for as long as any of them lies in a log, so a new shape gets a new type.
"""

from __future__ import annotations

import hashlib
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.keys import signing_key
from ledger.proof.dsse import ENVELOPE_SIGNATURES_MAX, PAYLOAD_TYPE, Envelope, sign
from ledger.proof.merkle import leaf_hash
from ledger.statement import compose, finish_entry
from schemas.base import Body, Statement, format_instant
from schemas.catalogue import BODIES

ROOT = Path(__file__).resolve().parents[1]
SCHEMAS = ROOT / "schemas/generated/json"
VECTORS = ROOT / "tests/vectors/statements"
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")  # RFC 8032 7.1, test 1
OCCURRED_AT = datetime(2026, 10, 1, 9, 0, tzinfo=UTC)
RECORDED_AT = OCCURRED_AT + timedelta(seconds=1)
ACTOR, SUBJECT = "golden-actor", "p-7f3a"
_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def json_schemas() -> dict[str, dict[str, Any]]:
    """Every schema by file name: one a statement type (its body), the statement around it, the envelope around that."""
    found = {f"{kind.TYPE}.json": _body_schema(kind) for kind in BODIES}
    found["statement.json"] = {**Statement.model_json_schema(), "$id": "urn:countersign:schema:statement"}
    found["envelope.json"] = _envelope_schema()
    return {name: {"$schema": _DRAFT, **schema} for name, schema in sorted(found.items())}


def _body_schema(kind: type[Body]) -> dict[str, Any]:
    """A sealed field never stands in a body, so it is listed apart: the shape that its opening must have."""
    schema, sealed = kind.model_json_schema(), kind.sealed_fields()
    for pointer in sealed:
        del schema["properties"][pointer.removeprefix("/body/")]
    if sealed:
        schema["x-sealed"] = {pointer: adapter.json_schema() for pointer, adapter in sealed.items()}
    return {"$id": f"urn:countersign:schema:{kind.TYPE}", **schema}


def _envelope_schema() -> dict[str, Any]:
    base64 = {"type": "string", "pattern": "^[A-Za-z0-9+/]+={0,2}$"}
    members = {"keyid": {"type": "string", "pattern": "^[0-9a-f]{64}$"}, "sig": base64}
    signature = {"type": "object", "additionalProperties": False, "required": ["keyid", "sig"], "properties": members}
    signatures = {"type": "array", "minItems": 1, "maxItems": ENVELOPE_SIGNATURES_MAX, "items": signature}
    return {
        "$id": "urn:countersign:schema:envelope",
        "title": "Envelope",
        "description": "A DSSE envelope. The payload is a statement in RFC 8785 form, in base64.",
        "type": "object",
        "additionalProperties": False,
        "required": ["payload", "payloadType", "signatures"],
        "properties": {"payload": base64, "payloadType": {"const": PAYLOAD_TYPE}, "signatures": signatures},
    }


def write_json_schemas(folder: Path = SCHEMAS) -> list[str]:
    """Writes every schema and takes away what no class stands behind; the names of the files that changed."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {name: as_text(schema) for name, schema in json_schemas().items()}
    stale = [path for path in sorted(folder.glob("*.json")) if path.name not in wanted]
    for path in stale:
        path.unlink()
    changed = [name for name, text in wanted.items() if not _holds(folder / name, text)]
    for name in changed:
        (folder / name).write_text(wanted[name], encoding="utf-8")
    return changed + [path.name for path in stale]


def vector(kind: type[Body], body: Body, sealed: dict[str, Any]) -> dict[str, Any]:
    """The bytes of one statement at every stage, under a fixed key, id, time and salt."""
    salt = hashlib.sha256(f"salt {kind.TYPE}".encode()).digest()
    draft = compose(
        body,
        actor=ACTOR,
        at=OCCURRED_AT,
        sealed=sealed,
        subject=SUBJECT,
        statement_id=_fixed_id(kind.TYPE),
        salts=lambda count: salt[:count],
    )
    envelope: Envelope = sign(draft.payload, PAYLOAD_TYPE, Ed25519PrivateKey.from_private_bytes(SEED))
    entry = finish_entry(envelope.to_bytes(), format_instant(RECORDED_AT))
    return {
        "type": kind.TYPE,
        "payload": draft.payload.decode(),
        "payload_sha256": hashlib.sha256(draft.payload).hexdigest(),
        "openings": {at: {"value": one.value, "salt": one.salt.hex()} for at, one in draft.openings.items()},
        "keyid": signing_key(Ed25519PrivateKey.from_private_bytes(SEED)).keyid,
        "envelope": envelope.to_json(),
        "recorded_at": format_instant(RECORDED_AT),
        "entry_sha256": hashlib.sha256(entry).hexdigest(),
        "leaf_hash": leaf_hash(entry).hex(),
    }


def _fixed_id(wire_type: str) -> str:
    """A UUIDv7 of OCCURRED_AT whose random bits come from the type's name."""
    value = int(OCCURRED_AT.timestamp() * 1000) << 80
    value |= int.from_bytes(hashlib.sha256(wire_type.encode()).digest()[:10], "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    return str(UUID(int=(value & ~(0x3 << 62)) | (0x2 << 62)))


def write_missing_vectors(folder: Path = VECTORS) -> list[str]:
    """Writes a vector for each type that has none, from its example; never touches one that is there."""
    folder.mkdir(parents=True, exist_ok=True)
    added = []
    for kind in BODIES:
        path = folder / f"{kind.TYPE}.json"
        if not path.exists():
            path.write_text(as_text(vector(kind, kind.example(), kind.example_sealed())), encoding="utf-8")
            added.append(path.name)
    return added


def as_text(value: Any) -> str:
    """JSON as it is committed: two spaces, members in the order of the classes, a newline at the end."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


def main(arguments: list[str]) -> None:
    """`python -m ops.schemas [--vectors]`: says which files were written."""
    written = write_missing_vectors() if "--vectors" in arguments else write_json_schemas()
    sys.stdout.writelines(f"{name}\n" for name in written or ["nothing to write"])


if __name__ == "__main__":
    main(sys.argv[1:])
