"""What counsel claims privilege over, row by row as a privilege log lists it, and where a claim is given up.

Nothing privileged stands here: a document by its digest, or a sealed field by statement and pointer; who wrote it to whom under
pseudonyms; and a description that gives nothing away (after Federal Rule of Civil Procedure 26(b)(5)(A)).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from schemas.base import Body, Digest, Id, Instant, Line, Slug
from schemas.statements.erasure import SealedPointer
from schemas.statements.evidence import PACK_ASSETS_MAX

PrivilegeBasis = Literal["attorney-client", "work-product", "common-interest", "other"]
PEOPLE_MAX = 20


class PrivilegeStatement(Body):
    """The shared part. Tied to files, or to a dispute, or to both: their packs list it."""

    privilege: Id
    assets: Annotated[tuple[Digest, ...], Field(max_length=PACK_ASSETS_MAX)] = ()
    dispute: Id | None = None

    @model_validator(mode="after")
    def _tied_to_something(self) -> Self:
        if not self.assets and self.dispute is None:
            raise ValueError("a claim of privilege is about files or a dispute")
        if len(set(self.assets)) != len(self.assets):
            raise ValueError("a file is named twice")
        return self

    def tags(self) -> tuple[str, ...]:
        dispute = (f"dispute:{self.dispute}",) if self.dispute else ()
        return (f"privilege:{self.privilege}", *(f"asset:{asset}" for asset in self.assets), *dispute)


class PrivilegeAsserted(PrivilegeStatement):
    """Legal: this document or field is privileged. From here on packs leave it out and list it instead."""

    TYPE: ClassVar[str] = "privilege.asserted.v1"
    document_sha256: Digest | None = None
    statement: Id | None = None
    pointer: SealedPointer | None = None
    kind: Slug
    """What it is: a letter, a memo, notes."""
    written_at: Instant
    author: Slug
    recipients: Annotated[tuple[Slug, ...], Field(max_length=PEOPLE_MAX)] = ()
    basis: PrivilegeBasis
    description: Line
    """Enough to judge the claim, and nothing of what is privileged."""

    @model_validator(mode="after")
    def _of_one_thing(self) -> Self:
        field = (self.statement is not None, self.pointer is not None)
        if field[0] != field[1] or (self.document_sha256 is not None) == field[0]:
            raise ValueError("name a document by its digest, or a field by statement and pointer: exactly one")
        return self

    @classmethod
    def example(cls) -> Self:
        return cls.model_validate(
            {
                "privilege": "019a9b00-0000-7000-8000-000000000053",
                "assets": ["55" * 32],
                "document_sha256": "cd" * 32,
                "kind": "memo",
                "written_at": "2026-11-20T15:00:00Z",
                "author": "studio-counsel",
                "recipients": ["lena-legal"],
                "basis": "attorney-client",
                "description": "advice on the claim about the copy",
            }
        )


class PrivilegeWaived(PrivilegeStatement):
    """Legal: the claim is given up, or was a mistake. Packs made from here on no longer leave it out for this."""

    TYPE: ClassVar[str] = "privilege.waived.v1"
    reason: Line

    @classmethod
    def example(cls) -> Self:
        return cls(
            privilege="019a9b00-0000-7000-8000-000000000053", assets=("55" * 32,), reason="produced by agreement"
        )
