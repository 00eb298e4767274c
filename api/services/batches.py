"""Many signed statements in one request: read strictly, each with its own outcome, checkpoints told once."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import msgspec
from pydantic import ValidationError

from api.problems import named, request_invalid
from ledger.door import Receipt
from ledger.errors import LedgerError
from ledger.intake import Unparsed
from ledger.proof.canonical import parse_json
from ledger.statement import Opening
from schemas.api.log import BatchSaid


class _Each(msgspec.Struct, forbid_unknown_fields=True):
    envelope: msgspec.Raw


class _Batch(msgspec.Struct, forbid_unknown_fields=True):
    statements: list[_Each]


_BATCHES = msgspec.json.Decoder(_Batch)


def read_batch(raw: bytes) -> list[Unparsed]:
    """The statements of a batch, their envelopes not yet looked at. Raises Misuse `request_invalid`, `json_…`.

    The quick way is for batches that seal nothing and are written without spaces around the envelopes: writing them
    again gives the same bytes, so no member stood there twice.
    """
    try:
        batch = _BATCHES.decode(raw)
        if batch.statements and msgspec.json.encode(batch) == raw:
            return [(bytes(each.envelope), {}) for each in batch.statements]
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass
    return _read_strictly(raw)


def _read_strictly(raw: bytes) -> list[Unparsed]:
    try:
        said = BatchSaid.model_validate(parse_json(raw))
    except ValidationError as error:
        raise request_invalid(named(error)) from None
    return [
        (
            msgspec.json.encode(one.envelope),
            {pointer: Opening(each.value, bytes.fromhex(each.salt)) for pointer, each in one.openings.items()},
        )
        for one in said.statements
    ]


def answer_batch(outcomes: list[Receipt | LedgerError]) -> bytes:
    """A `BatchAnswer` as JSON."""
    checkpoints: dict[int, str] = {}
    told: list[dict[str, Any]] = []
    for outcome in outcomes:
        if isinstance(outcome, LedgerError):
            told.append({"status": outcome.status, "problem": outcome.as_problem()})
            continue
        checkpoints[outcome.size] = outcome.checkpoint.decode("utf-8")
        told.append({"status": 200 if outcome.existing else 201, "receipt": _told(outcome)})
    listed = [{"size": size, "checkpoint": note} for size, note in checkpoints.items()]
    return msgspec.json.encode({"checkpoints": listed, "outcomes": told})


def _told(receipt: Receipt) -> dict[str, Any]:
    return {
        "index": receipt.index,
        "statement_id": receipt.statement_id,
        "entry": b64encode(receipt.entry).decode("ascii"),
        "size": receipt.size,
        "path": [b64encode(each).decode("ascii") for each in receipt.path()],
    }
