"""The second shape of a notice, which knew no clearance that was weighed again. It never changes (SPEC S10.4, ADR 020)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from schemas.base import ActorId, Body, Id, Instant, NonNegativeInt
from schemas.statements.notice import NOTICE_ITEMS_MAX, NoticeIssued, NoticeItem, NoticeOutcome

_Kind = Literal["ended", "narrowed", "suspended", "resumed", "contract-changed", "expiring"]
_BASIS_OF = {
    "narrowed": "consent",
    "suspended": "consent",
    "resumed": "consent",
    "contract-changed": "licence",
    "expiring": "consent",
}
_WHO = {"notice": "019a9b00-0000-7000-8000-000000000020", "holder": "pia-platform"}
_LICENCE = "019a9b00-0000-7000-8000-000000000012"


class NoticeIssuedV2(Body):
    """What one holder has to be told about one entry, by when they have to answer, and what of theirs it is about."""

    model_config = ConfigDict(title="NoticeIssued")
    TYPE: ClassVar[str] = "notice.issued.v2"
    notice: Id
    holder: ActorId
    kind: _Kind
    consent: Id | None = None
    licence: Id | None = None
    right: Id | None = None
    about: NonNegativeInt
    """The entry that ended, narrowed, suspended, resumed or changed it, or that warned of its end."""
    outcome: NoticeOutcome | None = None
    due_at: Instant | None = None
    """None: for information, nothing is asked."""
    items: Annotated[tuple[NoticeItem, ...], Field(max_length=NOTICE_ITEMS_MAX)] = ()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if sum(one is not None for one in (self.consent, self.licence, self.right)) != 1:
            raise ValueError("a notice is about a consent, a licence or a right, and about one of them")
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
        named = {"consent": self.consent, "licence": self.licence, "right": self.right}
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

    def newest(self) -> NoticeIssued:
        return NoticeIssued.model_validate(dict(self))

    @classmethod
    def example(cls) -> NoticeIssuedV2:
        item = {"asset": "55" * 32, "clearance": "019a9b00-0000-7000-8000-000000000004"}
        told = {"kind": "contract-changed", "licence": _LICENCE, "about": 60, "outcome": "takedown", "items": [item]}
        return cls.model_validate({**_WHO, **told, "due_at": "2026-12-03T00:00:00Z"})
