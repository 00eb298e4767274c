"""Step 1 of the door: bytes from anybody, or a draft of our own, become a bounded, typed Knock, or Misuse (SPEC S2)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from ledger.errors import Misuse, TooLarge
from ledger.payloads import read_canonical, read_envelope
from ledger.proof.dsse import PAYLOAD_TYPE, Envelope, signed_by
from ledger.rules.proposal import CLOCK_SKEW_MAX
from ledger.signers import StatementSigner
from ledger.statement import SALT_BYTES, Draft, Opening, commit
from schemas.base import PAYLOAD_BYTES_MAX, Body, Statement
from schemas.catalogue import TYPES, parse_body


@dataclass(frozen=True)
class Knock:
    """A statement at the door: parsed, bounded, its signature not yet judged (unless `made_here`)."""

    envelope: Envelope
    wire: bytes
    """The envelope's canonical bytes, as they stand in the entry."""
    statement: Statement
    body: Body
    payload_sha256: str
    openings: Mapping[str, Opening]
    at: datetime
    made_here: bool = False


def parse_envelope(raw: bytes | Envelope, openings: Mapping[str, Opening], at: datetime) -> Knock:
    """Raises Misuse: `json_…`, `envelope_…`, `payload_not_canonical`, `statement_malformed`, `type_unknown`,
    `body_invalid`, `tags_differ`, `future_dated`, `sealed_…`.
    """
    envelope, wire = (raw, raw.to_bytes()) if isinstance(raw, Envelope) else read_envelope(raw)
    return _knock(envelope, wire, openings, at, made_here=False)


def sign_for(draft: Draft, key: StatementSigner, at: datetime) -> Knock:
    """A draft of our own, signed with the service's key, through the same checks."""
    envelope = signed_by(draft.payload, PAYLOAD_TYPE, key.keyid, key.sign)
    return _knock(envelope, envelope.to_bytes(), draft.openings, at, made_here=True)


def _knock(envelope: Envelope, wire: bytes, openings: Mapping[str, Opening], at: datetime, *, made_here: bool) -> Knock:
    if len(envelope.payload) > PAYLOAD_BYTES_MAX:
        what = f"the payload has {len(envelope.payload)} bytes; {PAYLOAD_BYTES_MAX} fit an entry"
        raise TooLarge("payload_too_large", what, "Put large texts into a blob and name its digest.")
    statement = _shape(read_canonical(envelope.payload))
    body = _body(statement)
    if statement.tags != body.tags():
        raise Misuse("tags_differ", f"the tags of this body are {list(body.tags())}", "Use exactly those, in order.")
    if statement.occurred_at - at > CLOCK_SKEW_MAX:
        what = f"occurred_at lies more than {CLOCK_SKEW_MAX} ahead of this ledger's clock"
        raise Misuse("future_dated", what, "Correct the clock and sign again.")
    _check_sealed(statement, body, openings)
    digest = hashlib.sha256(envelope.payload).hexdigest()
    return Knock(envelope, wire, statement, body, digest, openings, at, made_here)


def _shape(value: Any) -> Statement:
    try:
        return Statement.model_validate(value)
    except ValidationError as error:
        raise Misuse("statement_malformed", _sentences(error), "See SPEC S2.") from None


def _body(statement: Statement) -> Body:
    if statement.type not in TYPES:
        raise Misuse("type_unknown", f"{statement.type} is not in the catalogue", "See the list of statement types.")
    try:
        return parse_body(statement.type, statement.body)
    except ValidationError as error:
        raise Misuse("body_invalid", _sentences(error), f"See the schema of {statement.type}.") from None


def _sentences(error: ValidationError) -> str:
    """Which member is wrong and why; never the value, which may be personal data."""
    parts = [f"/{'/'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors(include_input=False)[:8]]
    return "; ".join(parts)


def _check_sealed(statement: Statement, body: Body, openings: Mapping[str, Opening]) -> None:
    allowed = type(body).sealed_fields()
    if not statement.sealed and not openings:
        return
    if set(statement.sealed) != set(openings) or not set(openings) <= set(allowed):
        raise Misuse("sealed_mismatch", "each sealed field travels with exactly one opening", "See SPEC S6.")
    if len({ref.subject for ref in statement.sealed.values()}) > 1:
        raise Misuse("sealed_subjects", "the sealed fields of a statement are about one person", "Say it twice.")
    for pointer, ref in statement.sealed.items():
        _check_opening(pointer, ref.commitment, openings[pointer], allowed[pointer])


def _check_opening(pointer: str, commitment: str, opening: Opening, check: Any) -> None:
    try:
        if opening.value is None:
            raise ValueError("nothing to seal")
        check.validate_python(opening.value)
    except ValueError:  # never with the value in it
        raise Misuse("sealed_invalid", f"the value for {pointer} does not have its shape", "See the schema.") from None
    if len(opening.salt) != SALT_BYTES:
        raise Misuse("sealed_salt", f"the salt of {pointer} does not have {SALT_BYTES} random bytes", "See SPEC S6.2.")
    if commit(opening) != commitment:
        raise Misuse("sealed_commitment", f"the opening of {pointer} does not fit its commitment", "See SPEC S6.2.")
