"""What every statement is made of: shapes and bounds, no behaviour beyond saying which tags a body belongs to.

A statement's payload (SPEC S2) is canonical JSON without floats:
`{"type","id","occurred_at","actor","tags","body","sealed","auth"}`; `auth` is present only when the service signs for
somebody it authenticated. A field marked `Sealed[T]` never stands in the body: the payload carries a commitment to it
under `sealed`, and its value goes to the vault (SPEC S6).
"""

from __future__ import annotations

import os
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, TypeVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    TypeAdapter,
    model_validator,
)

TEXT_CHARS_MAX = 4_000  # a description a person reads in one sitting; longer texts are blobs
PROMPT_CHARS_MAX = 8_000  # provider prompts end well below; longer ones are blobs (an entry holds 65,535 bytes)
TAGS_MAX = 64  # a boundary is read tag by tag; a statement about more things than this is several statements
LIST_ITEMS_MAX = 50  # scopes and rules a person can review in one go
PAYLOAD_BYTES_MAX = 45_000  # base64 and the envelope around it must fit a 65,535-byte entry (tlog-tiles bundle)


def parse_instant(value: Any) -> datetime:
    """RFC 3339 in UTC with a capital Z, at most microseconds. Anything else is refused: zones are not guessed."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("an instant needs its zone")
        return value.astimezone(UTC)
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise ValueError("an instant is RFC 3339 in UTC, such as 2026-11-23T09:30:00Z")
    return datetime.fromisoformat(value)


def format_instant(value: datetime) -> str:
    """The one spelling we write: microseconds always, Z always, so that instants also sort as text."""
    return value.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def new_id(at: datetime) -> str:
    """A UUIDv7 (RFC 9562 5.7) of the given instant: 48 bits of milliseconds, then randomness."""
    milliseconds = int(at.timestamp() * 1000)
    value = (milliseconds << 80) | int.from_bytes(os.urandom(10), "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return str(UUID(int=value))


def _uuid7(value: str) -> str:
    if not _UUID7.fullmatch(value):
        raise ValueError("an id is a UUIDv7 in its lower-case hyphenated form")
    return value


def _base64(value: str) -> str:
    if b64encode(b64decode(value, validate=True)).decode() != value:
        raise ValueError("not the one canonical base64 spelling of its bytes")
    return value


_UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)

Instant = Annotated[
    datetime,
    BeforeValidator(parse_instant, json_schema_input_type=str),
    PlainSerializer(format_instant, return_type=str),
    Field(json_schema_extra={"format": "date-time"}),
]
Id = Annotated[str, AfterValidator(_uuid7), Field(json_schema_extra={"format": "uuid", "description": "UUIDv7"})]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256, lower-case hex."""
ActorId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,47}$")]
"""A word of a controlled vocabulary: a use, a channel, a medium, a provider."""
Territory = Annotated[str, StringConstraints(pattern=r"^([A-Z]{2}|WORLD)$")]
"""ISO 3166-1 alpha-2, or WORLD."""
Line = Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=TEXT_CHARS_MAX, strip_whitespace=True)]
Tag = Annotated[str, StringConstraints(pattern=r"^[a-z]+:[A-Za-z0-9._-]{1,128}$")]
Base64 = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]+={0,2}$", max_length=8_000), AfterValidator(_base64)]
PositiveInt = Annotated[int, Field(strict=True, ge=1, le=2**53 - 1)]
NonNegativeInt = Annotated[int, Field(strict=True, ge=0, le=2**53 - 1)]


@dataclass(frozen=True)
class SealedField:
    """Marks a field whose value is personal data: committed to in the leaf, kept in the vault."""


T = TypeVar("T")
Sealed = Annotated[T | None, SealedField(), Field(default=None, json_schema_extra={"x-sealed": True})]


class Shape(BaseModel):
    """A frozen, closed shape: unknown members are an error, nothing is coerced."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=False, str_strip_whitespace=False, use_enum_values=True
    )


class Money(Shape):
    """An amount in minor units (cents) of an ISO 4217 currency."""

    amount_minor: NonNegativeInt
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class Body(Shape):
    """What a statement says. Each subclass names its wire type and the tags of the things that it speaks about."""

    TYPE: ClassVar[str]

    def tags(self) -> tuple[str, ...]:
        """The things this statement is about, in a stable order. An audit trail is a tag (DESIGN 1.3)."""
        raise NotImplementedError

    @classmethod
    def example(cls) -> Body:
        """One believable instance; golden vectors, documentation and tests are made from it."""
        raise NotImplementedError

    @classmethod
    def example_sealed(cls) -> dict[str, Any]:
        """Values for the sealed fields of `example()`, by JSON pointer inside the payload."""
        return {}

    @classmethod
    @cache  # asked for every statement that is read; building an adapter costs more than the rest of the reading
    def sealed_fields(cls) -> Mapping[str, TypeAdapter[Any]]:
        """Sealed fields by JSON pointer, each with the check its plaintext must pass."""
        found: dict[str, TypeAdapter[Any]] = {}
        for name, field in cls.model_fields.items():
            if any(isinstance(item, SealedField) for item in field.metadata):
                found[f"/body/{name}"] = TypeAdapter(Any if field.annotation is None else field.annotation)
        return MappingProxyType(found)

    @model_validator(mode="after")
    def _nothing_sealed_in_the_open(self) -> Body:
        for pointer in type(self).sealed_fields():
            if getattr(self, pointer.removeprefix("/body/")) is not None:
                raise ValueError(f"{pointer} is personal data and is never written into the body (SPEC S6)")
        return self

    def as_json(self) -> dict[str, Any]:
        """The body as it stands in the payload: sealed and absent fields left out."""
        return self.model_dump(mode="json", exclude_none=True)


class SealedRef(Shape):
    """A commitment to a sealed value: HMAC-SHA256(salt, JCS(value)), and whose it is (a pseudonym)."""

    subject: ActorId
    commitment: Digest


class Auth(Shape):
    """How the service knew for whom it signed. Present exactly when the service's key signed for an actor."""

    by: Annotated[str, StringConstraints(pattern=r"^service$")]
    subject: ActorId
    method: Slug


class Statement(Shape):
    """The signed payload. `body` stays as JSON here; the catalogue gives it its class (SPEC S2.3)."""

    type: Annotated[str, StringConstraints(pattern=r"^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*\.v[0-9]+$", max_length=80)]
    id: Id
    occurred_at: Instant
    actor: ActorId
    tags: Annotated[tuple[Tag, ...], Field(max_length=TAGS_MAX)]
    body: dict[str, Any]
    sealed: dict[str, SealedRef] = Field(default_factory=dict, max_length=8)
    auth: Auth | None = None

    def as_json(self) -> dict[str, Any]:
        """The payload's JSON value; `auth` is left out when nobody was spoken for."""
        return self.model_dump(mode="json", exclude_none=True)
