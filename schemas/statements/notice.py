"""Notices: who has to be told when something ends, that they were told, how they answered; and that an end is coming.

A notice names things by id and digest and never people. Its deadline is fixed in the log when it is issued (SPEC S10).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from schemas.base import (
    LIST_ITEMS_MAX,
    ActorId,
    Body,
    Digest,
    Id,
    Instant,
    Line,
    NonNegativeInt,
    PositiveInt,
    Shape,
    Slug,
)

NOTICE_ITEMS_MAX = 25  # two tags each, within a statement's 64; a holder who has more gets another notice
DELIVERY_ATTEMPTS_MAX = 8  # over two days (ledger.rules.notices.WAITS): past that a person has to look
WARNING_DAYS: tuple[int, ...] = (30, 7, 1)
_EXAMPLE = {"notice": "019a9b00-0000-7000-8000-000000000020", "holder": "pia-platform"}
_CONSENT = "019a9b00-0000-7000-8000-000000000001"
_LICENCE = "019a9b00-0000-7000-8000-000000000012"

EndpointUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s?#@\"\\]+$", max_length=500)]
"""Where notices are sent. No user, query or fragment: what stands in the log is no place for a secret."""
NoticeKind = Literal["ended", "narrowed", "suspended", "resumed", "contract-changed", "expiring", "reverified"]
"""`reverified`: what was cleared would be answered otherwise now. `resumed`: who was told to pause hears that it may go on.
`contract-changed`: what was cleared under a licence lost its cover when the terms behind it changed."""
_BASIS_OF = {
    "narrowed": "consent",
    "suspended": "consent",
    "resumed": "consent",
    "contract-changed": "licence",
    "expiring": "consent",
    "reverified": "clearance",
}
NoticeOutcome = Literal["takedown", "wind-down", "archive-only", "pause"]
"""What the holder has to do by `due_at`: take it down; stop in the time that the licence leaves; keep it only as a record;
stop showing it until the matter is settled."""
Done = Literal["received", "taken-down", "wound-down", "archived", "paused", "not-held", "declined"]
"""What a holder says that they did. Every word but `received` is an answer; `declined` is one that settles nothing."""


class HolderRegistered(Body):
    """Somebody who has to be told: of files they asked clearance for, and of what is named here. The newest counts."""

    TYPE: ClassVar[str] = "holder.registered.v1"
    holder: ActorId
    endpoint: EndpointUrl | None = None
    """Standard Webhooks go there, under a secret that both sides know. Without one the holder reads their notices."""
    platforms: Annotated[tuple[Slug, ...], Field(max_length=LIST_ITEMS_MAX)] = ()
    """They answer for placements on these."""
    persons: Annotated[tuple[Slug, ...], Field(max_length=LIST_ITEMS_MAX)] = ()
    """They are told on the side of these people: warnings and ends, for information."""
    everything: bool = False
    """They are told of every end, whether or not the log says that they have anything."""

    def tags(self) -> tuple[str, ...]:
        return (f"holder:{self.holder}", f"actor:{self.holder}")

    @classmethod
    def example(cls) -> HolderRegistered:
        return cls(holder="pia-platform", endpoint="https://video.example/countersign", platforms=("example-video",))


class HolderEndpointDisabled(Body):
    """Nothing is sent there any more: the endpoint answered 410 Gone, or an administrator said so."""

    TYPE: ClassVar[str] = "holder.endpoint-disabled.v1"
    holder: ActorId
    registered_by: NonNegativeInt
    """The entry that named the endpoint."""
    reason: Literal["gone", "by-hand"]

    def tags(self) -> tuple[str, ...]:
        return (f"holder:{self.holder}",)

    @classmethod
    def example(cls) -> HolderEndpointDisabled:
        return cls(holder="pia-platform", registered_by=40, reason="gone")


class NoticeItem(Shape):
    """One file that the holder has, and by what the log knows it: a clearance they asked for, or a placement of theirs."""

    asset: Digest
    clearance: Id | None = None
    placement: Id | None = None

    @model_validator(mode="after")
    def _by_one_thing(self) -> Self:
        if (self.clearance is None) == (self.placement is None):
            raise ValueError("an item is known by a clearance or by a placement")
        return self

    @property
    def tag(self) -> str:
        return f"clearance:{self.clearance}" if self.clearance else f"placement:{self.placement}"


class NoticeIssued(Body):
    """What one holder has to be told about one entry, by when they have to answer, and what of theirs it is about."""

    TYPE: ClassVar[str] = "notice.issued.v3"
    notice: Id
    holder: ActorId
    kind: NoticeKind
    consent: Id | None = None
    licence: Id | None = None
    right: Id | None = None
    clearance: Id | None = None
    about: NonNegativeInt
    """The entry that ended, narrowed, suspended, resumed or changed it, weighed it again, or warned of its end."""
    outcome: NoticeOutcome | None = None
    due_at: Instant | None = None
    """None: for information, nothing is asked."""
    items: Annotated[tuple[NoticeItem, ...], Field(max_length=NOTICE_ITEMS_MAX)] = ()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if sum(one is not None for one in (self.consent, self.licence, self.right, self.clearance)) != 1:
            raise ValueError("a notice is about a consent, a licence, a right or a clearance, and about one of them")
        if self.clearance is not None and self.kind != "reverified":
            raise ValueError("a clearance is told of when it was weighed again")
        if (wanted := _BASIS_OF.get(self.kind)) is not None and not self.basis.startswith(wanted):
            raise ValueError(f"a notice of this kind is about a {wanted}")
        if (self.outcome is None) != (self.due_at is None):
            raise ValueError("outcome and due_at go together")
        if self.items and self.due_at is None:
            raise ValueError("a notice about files has a deadline")
        if self.kind in ("expiring", "resumed") and self.due_at is not None:
            raise ValueError("a warning and a resumption ask for nothing")
        if len({item.tag for item in self.items}) != len(self.items):
            raise ValueError("an item is named once")
        return self

    @property
    def basis(self) -> str:
        """The tag of what it is about."""
        named = {"consent": self.consent, "licence": self.licence, "right": self.right, "clearance": self.clearance}
        return next(f"{name}:{number}" for name, number in named.items() if number is not None)

    @property
    def once_tag(self) -> str:
        """What makes a notice without items the only one: whom it tells about what."""
        return f"told:{self.basis.partition(':')[2]}.{self.holder}"

    def tags(self) -> tuple[str, ...]:
        files = dict.fromkeys(f"asset:{item.asset}" for item in self.items)
        items = (item.tag for item in self.items)
        once = () if self.items else (self.once_tag,)
        return (f"notice:{self.notice}", f"holder:{self.holder}", self.basis, *once, *items, *files)

    @classmethod
    def example(cls) -> NoticeIssued:
        clearance = "019a9b00-0000-7000-8000-000000000004"
        item = {"asset": "55" * 32, "clearance": clearance}
        told = {"kind": "reverified", "clearance": clearance, "about": 60, "outcome": "pause", "items": [item]}
        return cls.model_validate({**_EXAMPLE, **told, "due_at": "2026-12-03T00:00:00Z"})


class NoticeStatement(Body):
    """The shared part of what becomes of a notice."""

    notice: Id
    holder: ActorId

    def tags(self) -> tuple[str, ...]:
        return (f"notice:{self.notice}", f"holder:{self.holder}")


class NoticeAttempted(NoticeStatement):
    """The service is about to send a notice. Said first, so that of several workers one sends, and a crash is seen."""

    TYPE: ClassVar[str] = "notice.attempted.v1"
    number: Annotated[PositiveInt, Field(le=DELIVERY_ATTEMPTS_MAX)]

    @classmethod
    def example(cls) -> Self:
        return cls.model_validate({**_EXAMPLE, "number": 1})


class NoticeDelivered(NoticeStatement):
    """The holder's endpoint took it (2xx). That is no acknowledgement."""

    TYPE: ClassVar[str] = "notice.delivered.v1"
    attempt: Annotated[PositiveInt, Field(le=DELIVERY_ATTEMPTS_MAX)]
    status: Annotated[int, Field(strict=True, ge=200, le=299)]

    @classmethod
    def example(cls) -> Self:
        return cls.model_validate({**_EXAMPLE, "attempt": 1, "status": 204})


class NoticeFailed(NoticeStatement):
    """Given up: nobody there took it. It stays open, and somebody has to reach the holder by other means."""

    TYPE: ClassVar[str] = "notice.failed.v1"
    attempts: Annotated[PositiveInt, Field(le=DELIVERY_ATTEMPTS_MAX)]
    reason: Slug

    @classmethod
    def example(cls) -> Self:
        return cls.model_validate({**_EXAMPLE, "attempts": 8, "reason": "answered-503"})


class NoticeAcknowledged(NoticeStatement):
    """The holder's own word on what they did, and since when."""

    TYPE: ClassVar[str] = "notice.acknowledged.v1"
    done: Done
    done_at: Instant | None = None
    detail: Line | None = None

    @model_validator(mode="after")
    def _dated(self) -> Self:
        if (self.done in ("taken-down", "wound-down", "archived", "paused")) != (self.done_at is not None):
            raise ValueError("done_at says when it was taken down, wound down, archived or paused, and nothing else")
        return self

    @classmethod
    def example(cls) -> Self:
        return cls.model_validate({**_EXAMPLE, "done": "taken-down", "done_at": "2026-12-01T08:30:00Z"})


class NoticeOverdue(NoticeStatement):
    """Records, once, that the deadline passed without an answer. It passed at `due_at` whether or not this was written."""

    TYPE: ClassVar[str] = "notice.overdue.v1"
    due_at: Instant

    @classmethod
    def example(cls) -> Self:
        return cls.model_validate({**_EXAMPLE, "due_at": "2026-12-03T00:00:00Z"})


class ConsentExpiring(Body):
    """Warns, once for each of 30, 7 and 1 days, that time is about to end a consent."""

    TYPE: ClassVar[str] = "consent.expiring.v1"
    consent: Id
    person: Slug
    days: Literal[30, 7, 1]
    valid_until: Instant

    def tags(self) -> tuple[str, ...]:
        return (f"consent:{self.consent}", f"person:{self.person}")

    @classmethod
    def example(cls) -> ConsentExpiring:
        found = {"consent": _CONSENT, "person": "p-7f3a", "days": 7, "valid_until": "2026-12-01T00:00:00Z"}
        return cls.model_validate(found)
