"""Terms as a contract system has them, by reference and revision, and what a changed term did to the files that hang on it."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from schemas.base import Body, Digest, Id, NonNegativeInt, Shape, Slug
from schemas.statements.licence import Caps, Source, Terms


class ContractTermRecorded(Body):
    """A revision of a contract was read. Licences with this source are used within its newest terms, too."""

    TYPE: ClassVar[str] = "contract.term-recorded.v1"
    source: Source
    terms: Terms
    caps: Caps = Field(default_factory=Caps)
    terminated: bool = False
    content_sha256: Digest
    """Of the contract as the system gave it."""

    def tags(self) -> tuple[str, ...]:
        return (self.source.tag,)

    @classmethod
    def example(cls) -> ContractTermRecorded:
        return cls.model_validate(
            {
                "source": {"system": "contracts", "ref": "C-2026-17", "revision": "4"},
                "terms": {
                    "uses": ["advertising"],
                    "channels": ["social"],
                    "territories": ["DE"],
                    "media": ["video"],
                    "valid_from": "2026-10-01T00:00:00Z",
                    "valid_until": "2026-11-15T00:00:00Z",
                },
                "caps": {"placements": 10},
                "content_sha256": "bb" * 32,
            }
        )


class Reevaluated(Shape):
    """A file that hangs on the contract. `clearance`: one that stands; whether the rules would still give it, and why not."""

    asset: Digest
    clearance: Id | None = None
    allowed: bool | None = None
    codes: Annotated[tuple[Slug, ...], Field(max_length=20)] = ()


class ContractReevaluated(Body):
    """After a changed term every file that hangs on it was weighed again. Of many the first 100 stand here; all are counted."""

    TYPE: ClassVar[str] = "contract.reevaluated.v1"
    source: Source
    affected: Annotated[tuple[Reevaluated, ...], Field(max_length=100)]
    affected_count: NonNegativeInt
    denied_count: NonNegativeInt

    def tags(self) -> tuple[str, ...]:
        return (self.source.tag,)

    @classmethod
    def example(cls) -> ContractReevaluated:
        file = {"asset": "11" * 32, "clearance": "019a9b00-0000-7000-8000-000000000004", "allowed": False}
        return cls.model_validate(
            {
                "source": {"system": "contracts", "ref": "C-2026-17", "revision": "4"},
                "affected": [{**file, "codes": ["contract_window_out_of_scope"]}],
                "affected_count": 1,
                "denied_count": 1,
            }
        )
