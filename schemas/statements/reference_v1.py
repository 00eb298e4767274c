"""The first shape of a reference, which was compared by picture only. It never changes (SPEC S16.1, ADR 020)."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import ConfigDict, model_validator

from schemas.base import Body, Digest, Id, Line, Sealed, Slug
from schemas.statements.reference import LIST_TAG, ReferenceKind, ReferenceRegistered, SealedCodes


class ReferenceRegisteredV1(Body):
    """From this entry on files are compared with it, and what is here already is looked through once."""

    model_config = ConfigDict(title="ReferenceRegistered")
    TYPE: ClassVar[str] = "reference.registered.v1"
    reference: Id
    kind: ReferenceKind
    media: Digest | None = None
    """The picture or clip. Of a person's picture not even the digest stands here."""
    examination_sha256: Digest | None = None
    """Blob: its examination as JSON, with the codes to search with."""
    codes: Sealed[SealedCodes]
    person: Slug | None = None
    guardrail: Id | None = None
    """For what may not be generated: the entry of the list that it illustrates."""
    title: Line | None = None
    owner: Line | None = None
    """Who holds the rights in the work."""
    basis: Line
    """Why it may be kept and compared with: a contract, a request, the person's own enrolment."""

    @model_validator(mode="after")
    def _of_its_kind(self) -> Self:
        likeness = self.kind == "likeness"
        if likeness != (self.person is not None):
            raise ValueError("a likeness, and no other reference, names a person's pseudonym")
        if {likeness} & {self.media is not None, self.examination_sha256 is not None}:
            raise ValueError("a work is named by its digest and its examination; a person's picture by neither")
        if likeness and (self.title or self.owner):
            raise ValueError("a person's picture has no title and no owner in the open")
        if (self.kind == "do-not-generate") != (self.guardrail is not None):
            raise ValueError("what may not be generated, and no other reference, names its entry of the list")
        return self

    def tags(self) -> tuple[str, ...]:
        whose = (f"person:{self.person}",) if self.person else (LIST_TAG, f"media:{self.media}")
        listed = (f"guardrail:{self.guardrail}",) if self.guardrail else ()
        return (f"reference:{self.reference}", *whose, *listed)

    def newest(self) -> ReferenceRegistered:
        """By picture: in this shape nothing else was registered."""
        return ReferenceRegistered.model_validate({**dict(self), "ways": ("picture",)})

    @classmethod
    def example(cls) -> Self:
        words = {name: value for name, value in ReferenceRegistered.example() if name != "ways"}
        return cls.model_validate(words)
