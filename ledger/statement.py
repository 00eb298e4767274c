"""Composing a statement to be signed, and reading one back out of its entry. Formats: SPEC S2 and S3."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import rfc8785

from ledger.errors import TooLarge
from ledger.proof.passkey import is_assertion
from ledger.proof.tiles import ENTRY_BYTES_MAX
from ledger.store.contract import Stored
from schemas.base import Auth, Body, SealedRef, Statement, new_id, parse_instant
from schemas.catalogue import read_body

_DECODER = msgspec.json.Decoder()
SALT_BYTES = 32  # a commitment to a name must not be searchable by trying names (FORMATS 4)


@dataclass(frozen=True)
class Opening:
    """A sealed value and the salt of its commitment: what the vault keeps and what a disclosure reveals."""

    value: Any
    salt: bytes


@dataclass(frozen=True)
class Draft:
    """A payload ready to be signed, and the openings that travel beside it to the vault."""

    payload: bytes
    openings: Mapping[str, Opening]
    statement_id: str


@dataclass(frozen=True)
class Reading:
    """An entry's bytes in classes: exact times, who signed it, and its body in the newest shape of its kind."""

    recorded_at: datetime
    statement: Statement
    body: Body
    payload_sha256: str
    keyids: tuple[str, ...]
    passkey: bool = False


class Said:
    """A statement as it stands in the log. What is more than its place and type is read out of its bytes when first asked
    for: a view that follows millions of entries reads those that it is about.

    Whatever reads it may raise what `read_entry` raises.
    """

    __slots__ = ("_reading", "entry", "index", "type")

    def __init__(self, index: int, type: str, entry: bytes, reading: Reading | None = None) -> None:
        self.index, self.type, self.entry, self._reading = index, type, entry, reading

    def __eq__(self, other: object) -> bool:
        """The same bytes at the same place."""
        return isinstance(other, Said) and (self.index, self.entry) == (other.index, other.entry)

    def __hash__(self) -> int:
        return hash((self.index, self.entry))

    @property
    def reading(self) -> Reading:
        if self._reading is None:
            self._reading = _read(self.entry, self.type)
        return self._reading

    @property
    def recorded_at(self) -> datetime:
        return self.reading.recorded_at

    @property
    def statement(self) -> Statement:
        return self.reading.statement

    @property
    def body(self) -> Body:
        return self.reading.body

    @property
    def actor(self) -> str:
        return self.reading.statement.actor

    @property
    def payload_sha256(self) -> str:
        return self.reading.payload_sha256

    @property
    def keyids(self) -> tuple[str, ...]:
        return self.reading.keyids

    @property
    def passkey(self) -> bool:
        """Signed by a passkey (SPEC S3.6), not by an ordinary key."""
        return self.reading.passkey


def commit(opening: Opening) -> str:
    """HMAC-SHA256(salt, JCS(value)), hex (SPEC S6.2)."""
    return hmac.new(opening.salt, rfc8785.dumps(opening.value), hashlib.sha256).hexdigest()


def compose(
    body: Body,
    *,
    actor: str,
    at: datetime,
    sealed: Mapping[str, Any] | None = None,
    subject: str | None = None,
    auth: Auth | None = None,
    statement_id: str | None = None,
    salts: Callable[[int], bytes] = os.urandom,
) -> Draft:
    """The canonical payload of a statement. `sealed`: values by pointer (`/body/name`); `subject`: whose they are.

    `salts` is random except in golden vectors.
    """
    openings = {pointer: Opening(value, salts(SALT_BYTES)) for pointer, value in (sealed or {}).items()}
    statement = Statement(
        type=type(body).TYPE,
        id=statement_id or new_id(at),
        occurred_at=at,
        actor=actor,
        tags=body.tags(),
        body=body.as_json(),
        sealed={
            pointer: SealedRef(subject=subject or actor, commitment=commit(opening))
            for pointer, opening in openings.items()
        },
        auth=auth,
    )
    return Draft(rfc8785.dumps(statement.as_json()), openings, statement.id)


def finish_entry(envelope: bytes, recorded_at: str) -> bytes:
    """The entry, which is the leaf: JCS of the envelope, itself canonical, and the instant it was recorded.

    Raises TooLarge `entry_too_large`: a large payload under several large signatures (SPEC S7.2).
    """
    entry = b'{"envelope":%b,"recorded_at":"%b"}' % (envelope, recorded_at.encode("ascii"))
    if len(entry) > ENTRY_BYTES_MAX:
        what = f"the entry would have {len(entry)} bytes; {ENTRY_BYTES_MAX} is the most that a log holds"
        raise TooLarge("entry_too_large", what, "Put large texts into a blob and name its digest, or sign once.")
    return entry


def _json(raw: bytes) -> Any:
    """Quickly; what is no JSON gets the standard library's error, which readers of a damaged log know."""
    try:
        return _DECODER.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return json.loads(raw)


def read_entry(stored: Stored) -> Said:
    """An entry back in its classes. The log wrote it through the door, so a failure here means a damaged store."""
    return Said(stored.index, stored.type, stored.entry, _read(stored.entry, stored.type))


def _read(raw: bytes, kind: str) -> Reading:
    entry = _json(raw)
    envelope = entry["envelope"]
    payload = b64decode(envelope["payload"])
    statement = Statement.model_validate(_json(payload))
    if statement.type != kind:
        raise ValueError(f"the log lists an entry as {kind} that says it is {statement.type}: run fsck")
    return Reading(
        recorded_at=parse_instant(entry["recorded_at"]),
        statement=statement,
        body=read_body(statement.type, statement.body),
        payload_sha256=hashlib.sha256(payload).hexdigest(),
        keyids=tuple(signature["keyid"] for signature in envelope["signatures"]),
        passkey=any(is_assertion(signature["sig"]) for signature in envelope["signatures"]),
    )
