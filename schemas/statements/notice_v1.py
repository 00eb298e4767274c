"""The first shape of a notice, which knew no resumptions, contracts or rights. It never changes (SPEC S10.4, ADR 020)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from schemas.base import ActorId, Body, Id, Instant, NonNegativeInt
from schemas.statements.notice import NOTICE_ITEMS_MAX, NoticeIssued, NoticeItem, NoticeOutcome


class NoticeIssuedV1(Body):
    """What one holder has to be told about one entry, by when they have to answer, and what of theirs it is about."""

    model_config = ConfigDict(title="NoticeIssued")
    TYPE: ClassVar[str] = "notice.issued.v1"
    notice: Id
    holder: ActorId
    kind: Literal["ended", "narrowed", "suspended", "expiring"]
    consent: Id | None = None
    licence: Id | None = None
    about: NonNegativeInt
    """The entry that ended, narrowed or suspended it, or that warned of its end."""
    outcome: NoticeOutcome | None = None
    due_at: Instant | None = None
    """None: for information, nothing is asked."""
    items: Annotated[tuple[NoticeItem, ...], Field(max_length=NOTICE_ITEMS_MAX)] = ()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.consent is None) == (self.licence is None):
            raise ValueError("a notice is about a consent or about a licence")
        if (self.outcome is None) != (self.due_at is None):
            raise ValueError("outcome and due_at go together")
        if self.items and self.due_at is None:
            raise ValueError("a notice about files has a deadline")
        if self.kind == "expiring" and self.due_at is not None:
            raise ValueError("a warning asks for nothing")
        if len({item.tag for item in self.items}) != len(self.items):
            raise ValueError("an item is named once")
        return self

    @property
    def basis(self) -> str:
        """The tag of what it is about."""
        return f"consent:{self.consent}" if self.consent else f"licence:{self.licence}"

    @property
    def once_tag(self) -> str:
        """What makes a notice without items the only one: whom it tells about what."""
        return f"told:{self.consent or self.licence}.{self.holder}"

    def tags(self) -> tuple[str, ...]:
        files = dict.fromkeys(f"asset:{item.asset}" for item in self.items)
        items = (item.tag for item in self.items)
        once = () if self.items else (self.once_tag,)
        return (f"notice:{self.notice}", f"holder:{self.holder}", self.basis, *once, *items, *files)

    def newest(self) -> NoticeIssued:
        return NoticeIssued.model_validate(dict(self))

    @classmethod
    def example(cls) -> NoticeIssuedV1:
        item = {"asset": "55" * 32, "clearance": "019a9b00-0000-7000-8000-000000000004"}
        who = {"notice": "019a9b00-0000-7000-8000-000000000020", "holder": "pia-platform"}
        told = {
            "kind": "ended",
            "consent": "019a9b00-0000-7000-8000-000000000001",
            "about": 60,
            "outcome": "takedown",
            "items": [item],
        }
        return cls.model_validate({**who, **told, "due_at": "2026-12-03T00:00:00Z"})
