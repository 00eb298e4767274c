"""An entry of the log, read strictly by somebody who does not trust whoever sent it (SPEC S2, S6.3, S7.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ledger.errors import LedgerError, Untrusted
from ledger.proof.canonical import canonical, parse_json
from ledger.proof.dsse import Envelope

STATEMENT_TAGS_MAX = 64  # schemas.base.TAGS_MAX

_STATEMENT_MEMBERS = frozenset({"type", "id", "occurred_at", "actor", "tags", "body"})
_STATEMENT_OPTIONAL = frozenset({"sealed", "auth"})
STATEMENT_TYPE = re.compile(r"[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*\.v[0-9]+")
_STATEMENT_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
STATEMENT_TAG = re.compile(r"[a-z]+:[A-Za-z0-9._-]{1,128}")
_ACTOR_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_SEALED_POINTER = re.compile(r"/body/([a-z0-9_]+)")
_HEX_DIGEST = re.compile(r"[0-9a-f]{64}")
_RFC3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z")


@dataclass(frozen=True)
class LogEntry:
    """An entry that has the shape of one; its place, its signatures and its signer are not verified."""

    index: int
    envelope: Envelope
    recorded_at: datetime
    statement: dict[str, Any]

    @property
    def type(self) -> str:
        return str(self.statement["type"])

    @property
    def actor(self) -> str:
        return str(self.statement["actor"])

    @property
    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = self.statement["body"]
        return body

    @property
    def on_behalf(self) -> bool:
        """Whether the service signed for the actor (SPEC S3.4)."""
        return "auth" in self.statement

    @classmethod
    def parse(cls, index: int, raw: bytes) -> LogEntry:
        """Raises Untrusted `entry_malformed`, saying what is wrong."""
        try:
            entry = parse_json(raw)
            _demand(canonical(entry) == raw, "it is not in canonical form")
            _demand(
                isinstance(entry, dict) and entry.keys() == {"envelope", "recorded_at"}, "other members than an entry"
            )
            envelope = Envelope.parse(entry["envelope"])
            statement = parse_json(envelope.payload)
            _demand(canonical(statement) == envelope.payload, "its payload is not in canonical form")
            _check_statement(statement)
            return cls(index, envelope, instant(entry["recorded_at"]), statement)
        except LedgerError as error:
            raise Untrusted("entry_malformed", f"entry {index} is malformed: {error.what}") from error


def instant(text: Any) -> datetime:
    """An RFC 3339 instant in UTC with Z (SPEC S2.4). Raises Untrusted `instant_malformed`."""
    try:
        if isinstance(text, str) and _RFC3339.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError:
        pass
    raise Untrusted("instant_malformed", "an instant is not RFC 3339 in UTC")


def hex_digest(value: Any) -> str:
    """A SHA-256 in lower-case hex. Raises Untrusted `digest_malformed`."""
    if isinstance(value, str) and _HEX_DIGEST.fullmatch(value):
        return value
    raise Untrusted("digest_malformed", "a digest is not 64 lower-case hex digits")


def _check_statement(value: Any) -> None:
    _demand(isinstance(value, dict), "its payload is not an object")
    names = set(value)
    _demand(_STATEMENT_MEMBERS <= names <= _STATEMENT_MEMBERS | _STATEMENT_OPTIONAL, "other members than a statement")
    for name, pattern in (("type", STATEMENT_TYPE), ("id", _STATEMENT_ID), ("actor", _ACTOR_NAME)):
        _demand(_matches(pattern, value[name]), f"its {name} is malformed")
    instant(value["occurred_at"])
    _check_tags(value["tags"])
    _demand(isinstance(value["body"], dict), "its body is not an object")
    _check_sealed_refs(value.get("sealed", {}), value["body"])
    if "auth" in value:
        _check_auth(value["auth"], value["actor"])


def _check_tags(tags: Any) -> None:
    _demand(isinstance(tags, list) and len(tags) <= STATEMENT_TAGS_MAX, "its tags are not a list in bounds")
    _demand(all(_matches(STATEMENT_TAG, tag) for tag in tags), "a tag is malformed")


def _check_sealed_refs(sealed: Any, body: dict[str, Any]) -> None:
    """A commitment stands beside the body, never its value in it (SPEC S6.1)."""
    _demand(isinstance(sealed, dict), "its sealed member is not an object")
    for pointer, ref in sealed.items():
        match = _SEALED_POINTER.fullmatch(pointer)
        _demand(match is not None and match[1] not in body, "a sealed field stands in the body, or points elsewhere")
        _demand(isinstance(ref, dict) and ref.keys() == {"subject", "commitment"}, "a commitment is malformed")
        _demand(_matches(_ACTOR_NAME, ref["subject"]), "the subject of a commitment is malformed")
        hex_digest(ref["commitment"])


def _check_auth(auth: Any, actor: str) -> None:
    shape = isinstance(auth, dict) and auth.keys() == {"by", "subject", "method"}
    _demand(shape and auth["by"] == "service" and isinstance(auth["method"], str), "its auth member is malformed")
    _demand(auth["subject"] == actor, "the service signed for somebody who is not the actor")


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _demand(holds: bool, what: str) -> None:
    if not holds:
        raise Untrusted("entry_malformed", what)
