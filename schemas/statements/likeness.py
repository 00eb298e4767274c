"""Whose face may be recognised, on whose word and until when. Templates are sealed: they lie in the vault only (ADR 031)."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from schemas.base import Body, Digest, Id, Instant, Line, PositiveInt, Sealed, Shape, Slug
from schemas.statements.consent import SignedDocument

LIST_TAG = "likeness:list"
"""On everything that changes who may be recognised: a judgement says up to where it read that."""
REFERENCES_MAX = 20
Basis = Literal["consent", "guardrail"]
"""The person's own word, or an entry of the do-not-generate list that protects them."""
Packed = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]+={0,2}$", max_length=64_000)]
"""Base64 of little-endian float32, one vector after the other."""


class Engine(Shape):
    """What measured; templates of two engines never compare. The digest is over its weights."""

    name: Line
    version: Line
    model_sha256: Digest
    dimensions: PositiveInt
    """Numbers in one vector."""


EXAMPLE_ENGINE = Engine(name="centerface+dlib-resnet", version="dlib 20.0.1", model_sha256="87" * 32, dimensions=2)


class LikenessPermitted(Body):
    """A person's face may be recognised until then: said by the person, or by legal for somebody who may not be generated."""

    TYPE: ClassVar[str] = "likeness.permitted.v1"
    permission: Id
    person: Slug
    basis: Basis
    document: SignedDocument | None = None
    """The written release, where it was given on paper: then the house records it for the person."""
    guardrail: Id | None = None
    retain_until: Instant
    """Exclusive. Templates are of no effect from then on, and are destroyed."""

    @model_validator(mode="after")
    def _rests_on_one_thing(self) -> Self:
        if (self.basis == "guardrail") != (self.guardrail is not None):
            raise ValueError("exactly a permission by an entry of the list names that entry")
        return self

    def tags(self) -> tuple[str, ...]:
        return (f"permission:{self.permission}", f"person:{self.person}", LIST_TAG)

    @classmethod
    def example(cls) -> LikenessPermitted:
        return cls.model_validate(
            {
                "permission": "019a9b00-0000-7000-8000-000000000021",
                "person": "p-7f3a",
                "basis": "consent",
                "retain_until": "2027-11-26T00:00:00Z",
            }
        )


class LikenessEnrolled(Body):
    """The service measured reference pictures of a person and keeps the templates in the vault, under a key of their own."""

    TYPE: ClassVar[str] = "likeness.enrolled.v1"
    enrolment: Id
    permission: Id
    person: Slug
    references: Annotated[int, Field(strict=True, ge=1, le=REFERENCES_MAX)]
    engine: Engine
    templates: Sealed[Packed]

    def tags(self) -> tuple[str, ...]:
        names = (f"enrolment:{self.enrolment}", f"permission:{self.permission}", f"person:{self.person}")
        return (*names, LIST_TAG)

    @classmethod
    def example(cls) -> LikenessEnrolled:
        return cls.model_validate(
            {
                "enrolment": "019a9b00-0000-7000-8000-000000000022",
                "permission": "019a9b00-0000-7000-8000-000000000021",
                "person": "p-7f3a",
                "references": 3,
                "engine": EXAMPLE_ENGINE,
            }
        )

    @classmethod
    def example_sealed(cls) -> dict[str, Any]:
        return {"/body/templates": "AACAPwAAAEA="}


class LikenessWithdrawn(Body):
    """The permission is taken back: nobody is recognised by it any more, and its templates are destroyed."""

    TYPE: ClassVar[str] = "likeness.withdrawn.v1"
    permission: Id
    person: Slug
    reason: Line

    def tags(self) -> tuple[str, ...]:
        return (f"permission:{self.permission}", f"person:{self.person}", LIST_TAG)

    @classmethod
    def example(cls) -> LikenessWithdrawn:
        return cls(
            permission="019a9b00-0000-7000-8000-000000000021", person="p-7f3a", reason="does not want it any more"
        )


class LikenessDestroyed(Body):
    """Templates of an enrolment, or embeddings of a scanned file, were destroyed in the vault before this was said."""

    TYPE: ClassVar[str] = "likeness.destroyed.v1"
    enrolment: Id | None = None
    person: Slug | None = None
    scan: Id | None = None
    asset: Digest | None = None
    cause: Literal["retention", "withdrawn", "guardrail-lifted", "erased", "superseded"]
    destroyed_at: Instant

    @model_validator(mode="after")
    def _of_one_thing(self) -> Self:
        enrolment = (self.enrolment is not None, self.person is not None)
        scan = (self.scan is not None, self.asset is not None)
        if {enrolment, scan} != {(True, True), (False, False)}:
            raise ValueError("what is destroyed is an enrolment of a person or a scan of a file: name exactly one")
        return self

    def tags(self) -> tuple[str, ...]:
        if self.enrolment is not None:
            return (f"enrolment:{self.enrolment}", f"person:{self.person}", LIST_TAG)
        return (f"asset:{self.asset}",)

    @classmethod
    def example(cls) -> LikenessDestroyed:
        return cls.model_validate(
            {
                "enrolment": "019a9b00-0000-7000-8000-000000000022",
                "person": "p-7f3a",
                "cause": "retention",
                "destroyed_at": "2027-11-26T00:00:10Z",
            }
        )
