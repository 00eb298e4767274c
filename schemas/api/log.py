"""Statements, receipts, proofs and the keys that sign checkpoints."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from schemas.api.problems import Problem, example
from schemas.base import ActorId, Digest, Shape
from schemas.statements.brief import BriefDrafted

BATCH_MAX = 1_000  # the door's own bound on one call
OPENINGS_MAX = 8  # the most sealed fields that a statement may have
_ENTRY = "eyJlbnZlbG9wZSI6eyJwYXlsb2FkIjoi4oCmIn19"


class OpeningShape(Shape):
    """A sealed value and the salt of its commitment (SPEC S6.2). It goes to the vault, never into the log."""

    value: Any
    salt: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class SignedStatement(Shape):
    """A DSSE envelope signed with the actor's own key, and the openings of its sealed fields by JSON pointer."""

    model_config = example(
        {
            "envelope": {
                "payload": "eyJ0eXBlIjoi4oCmIn0=",
                "payloadType": "application/vnd.countersign.statement+json",
                "signatures": [{"keyid": "06" * 32, "sig": "…"}],
            },
            "openings": {"/body/name": {"value": "Inês Example", "salt": "5a" * 32}},
        }
    )

    envelope: dict[str, Any]
    openings: dict[str, OpeningShape] = Field(default_factory=dict, max_length=OPENINGS_MAX)


class BatchSaid(Shape):
    """Statements that their actors signed; each gets its own outcome, and none sees its neighbours."""

    model_config = example({"statements": [SignedStatement.model_config["json_schema_extra"]["examples"][0]]})  # type: ignore[index]

    statements: Annotated[tuple[SignedStatement, ...], Field(min_length=1, max_length=BATCH_MAX)]


class BatchCheckpoint(Shape):
    """A signed checkpoint that outcomes of this batch rest on, told once."""

    size: int
    checkpoint: str


class BatchReceipt(Shape):
    """Where one statement stands. `path` are the hashes of its inclusion proof in the log of `size`, base64, leaf first."""

    index: int
    statement_id: str
    entry: str
    size: int
    path: tuple[str, ...]


class BatchOutcome(Shape):
    """201 said now, 200 said before, each with `receipt`; anything else with `problem`."""

    status: int
    receipt: BatchReceipt | None = None
    problem: Problem | None = None


class BatchAnswer(Shape):
    """One outcome for each statement, in order."""

    model_config = example(
        {
            "checkpoints": [{"size": 8, "checkpoint": "countersign.example/house\n8\n…"}],
            "outcomes": [
                {
                    "status": 201,
                    "receipt": {
                        "index": 7,
                        "statement_id": "019a9b00-0000-7000-8000-000000000001",
                        "entry": _ENTRY,
                        "size": 8,
                        "path": ["uE5C…"],
                    },
                }
            ],
        }
    )

    checkpoints: tuple[BatchCheckpoint, ...]
    outcomes: tuple[BatchOutcome, ...]


class UnsignedStatement(Shape):
    """A body that the service signs for the token's actor; the statement says so in `auth`.

    `sealed`: personal data by JSON pointer (`/body/name`); `subject`: the pseudonym whose data it is.
    """

    model_config = example(
        {"type": "brief.drafted.v1", "body": BriefDrafted.example().as_json(), "sealed": {}, "subject": None}
    )

    type: Annotated[str, StringConstraints(max_length=80)]
    body: dict[str, Any]
    sealed: dict[str, Any] = Field(default_factory=dict, max_length=OPENINGS_MAX)
    subject: ActorId | None = None


class ReceiptAnswer(Shape):
    """Where a statement stands: `entry` is base64 of the exact leaf bytes, `proof` a c2sp.org/tlog-proof@v1."""

    model_config = example(
        {
            "index": 7,
            "statement_id": "019a9b00-0000-7000-8000-000000000001",
            "entry": _ENTRY,
            "proof": "c2sp.org/tlog-proof@v1\nindex 7\n…",
            "size": 8,
            "existing": False,
        }
    )

    index: int
    statement_id: str
    entry: str
    proof: str
    size: int
    existing: bool


class StatementAnswer(Shape):
    """One entry, read: the signed statement, when it was recorded, and under which keys."""

    model_config = example(
        {
            "index": 7,
            "recorded_at": "2026-10-01T09:00:00.000001Z",
            "statement": {"type": "review.approved.v1", "actor": "lena", "body": {"gate": "legal"}},
            "payload_sha256": "ab" * 32,
            "keyids": ["06" * 32],
            "signed_with": "key",
            "leaf_sha256": "cd" * 32,
            "entry": _ENTRY,
        }
    )

    index: int
    recorded_at: str
    statement: dict[str, Any]
    payload_sha256: Digest
    keyids: tuple[str, ...]
    signed_with: Literal["key", "passkey", "service"]
    """The actor's own key or passkey; or the service's, for an actor whom it knew by `auth.method`."""
    leaf_sha256: Digest
    entry: str


class InclusionAnswer(Shape):
    """RFC 6962 2.1.1: the audit path of `index` in the tree of `size`, leaf's sibling first; hashes in base64."""

    model_config = example(
        {"index": 7, "size": 8, "leaf": "qrs=", "root": "tuv=", "hashes": ["wxyz"]},
    )

    index: int
    size: int
    leaf: str
    root: str
    hashes: tuple[str, ...]


class ConsistencyAnswer(Shape):
    """RFC 6962 2.1.2: that the tree of `old` is a prefix of the tree of `new`; hashes in base64."""

    model_config = example({"old": 4, "new": 8, "old_root": "qrs=", "new_root": "tuv=", "hashes": ["wxyz"]})

    old: int
    new: int
    old_root: str
    new_root: str
    hashes: tuple[str, ...]


class LogKey(Shape):
    """A key that signs checkpoints. `fingerprint` is the SHA-256 of the vkey's type byte and public key."""

    vkey: str
    name: str
    algorithm: str
    key_id: str
    fingerprint: Digest


class LogKeysAnswer(Shape):
    """What a stranger needs to check a checkpoint: one vkey a key, as the log's first entry names them."""

    model_config = example(
        {
            "origin": "countersign.example/studio",
            "keys": [
                {
                    "vkey": "countersign.example/studio+a1b2c3d4+AQ==",
                    "name": "countersign.example/studio",
                    "algorithm": "Ed25519",
                    "key_id": "a1b2c3d4",
                    "fingerprint": "ef" * 32,
                }
            ],
        }
    )

    origin: str
    keys: tuple[LogKey, ...]


COMPLETENESS_EXAMPLE = {
    "format": "countersign.completeness/1",
    "type": "consent.withdrawn.v1",
    "indexed": {"index": 1_204, "entry": _ENTRY, "proof": "c2sp.org/tlog-proof@v1\nindex 1204\n…"},
    "keys": [{"index": 0, "entry": _ENTRY, "proof": "c2sp.org/tlog-proof@v1\nindex 0\n…"}],
    "proof": {"tag": "consent:01a0-…", "types": {}, "other": None, "path": ["66" * 32]},
    "entries": [],
}
"""What `GET /v1/log/completeness` gives: the root that the log names, the tag's record under it, the entries (SPEC S7.17)."""
