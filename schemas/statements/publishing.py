"""What a house asks of a file beside the three gates: signals kept, checklists answered, second looks."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from schemas.base import Body, Digest, Line, PositiveInt, Shape, Slug
from schemas.statements.review import Gate

PUBLISHING_TAG = "publishing:all"
Signal = Literal["c2pa", "visible_mark", "invisible_watermark"]
Answer = Literal["yes", "no", "not-applicable"]


class SignalPolicyAdopted(Body):
    """Which signals of provenance a file must have kept of what it was made from. The newest counts; before any, all do."""

    TYPE: ClassVar[str] = "signals.policy-adopted.v1"
    required: Annotated[tuple[Signal, ...], Field(max_length=3)]
    reason: Line

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.required)) < len(self.required):
            raise ValueError("each signal stands once")
        return self

    def tags(self) -> tuple[str, ...]:
        return (PUBLISHING_TAG,)

    @classmethod
    def example(cls) -> Self:
        return cls(required=("c2pa", "visible_mark"), reason="no watermark engine is here yet")


class ChecklistItem(Shape):
    """One question that anybody on the team can follow."""

    id: Slug
    question: Line


class ChecklistAdopted(Body):
    """A page of questions that is answered for each file before its gate. The newest version counts; without items it ends."""

    TYPE: ClassVar[str] = "checklist.adopted.v1"
    checklist: Slug
    version: PositiveInt
    gate: Gate
    items: Annotated[tuple[ChecklistItem, ...], Field(max_length=40)]
    reason: Line

    @model_validator(mode="after")
    def _ids_apart(self) -> Self:
        if len({one.id for one in self.items}) < len(self.items):
            raise ValueError("each item has an id of its own")
        return self

    def tags(self) -> tuple[str, ...]:
        return (PUBLISHING_TAG, f"checklist:{self.checklist}")

    @classmethod
    def example(cls) -> Self:
        items = (
            ChecklistItem(id="logo", question="Is the logo whole and in its colours?"),
            ChecklistItem(id="claims", question="Is every claim in it verified?"),
        )
        return cls(checklist="one-page", version=1, gate="brand", items=items, reason="playbook 1.0")


class ChecklistAnswer(Shape):
    """`no` keeps the gate closed; what does not apply is said so."""

    item: Slug
    answer: Answer
    comment: Line | None = None


class ChecklistAnswered(Body):
    """Somebody who may answer at the gate went through a checklist for exactly these bytes. The newest answers count."""

    TYPE: ClassVar[str] = "checklist.answered.v1"
    asset: Digest
    checklist: Slug
    version: PositiveInt
    answers: Annotated[tuple[ChecklistAnswer, ...], Field(min_length=1, max_length=40)]

    @model_validator(mode="after")
    def _each_item_once(self) -> Self:
        if len({one.item for one in self.answers}) < len(self.answers):
            raise ValueError("each item is answered once")
        return self

    def tags(self) -> tuple[str, ...]:
        return (f"asset:{self.asset}", f"checklist:{self.checklist}")

    @classmethod
    def example(cls) -> Self:
        answers = (
            ChecklistAnswer(item="logo", answer="yes"),
            ChecklistAnswer(item="claims", answer="not-applicable", comment="it makes none"),
        )
        return cls(asset="11" * 32, checklist="one-page", version=1, answers=answers)


class SamplingAdopted(Body):
    """Of how many files in a thousand, and of which in any case, a gate is passed by two people. The newest counts."""

    TYPE: ClassVar[str] = "review.sampling-adopted.v1"
    gate: Gate
    permille: Annotated[int, Field(strict=True, ge=0, le=1000)]
    with_people: bool
    """Every file in which somebody lent their likeness is looked at twice."""
    reason: Line

    def tags(self) -> tuple[str, ...]:
        return (PUBLISHING_TAG,)

    @classmethod
    def example(cls) -> Self:
        return cls(gate="brand", permille=100, with_people=True, reason="errors are hard to spot at speed")
