"""The drift lab: which signals of a reference clip survive which export preset of which transcoder, month by month."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, StringConstraints

from schemas.base import Body, Digest, Id, Line, NonNegativeInt, Shape, Slug

Month = Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]
Outcome = Literal["survived", "lost", "invalid", "not_present", "not_checked"]
"""`lost`: it was there and is gone. `invalid`: it is still there and no longer holds. `not_present`: it was not there before.
`not_checked`: nothing looked, before or after."""


class Survival(Shape):
    """One signal before and after, in the words of whatever looked, and what that comes to."""

    outcome: Outcome
    before: Slug
    after: Slug


class DriftCell(Shape):
    """One preset of one transcoder, with a column for each of four signals: one never stands for another."""

    transcoder: Slug
    version: Line
    preset: Slug
    recipe: Line
    output_sha256: Digest | None = None
    """The rendition, which is not kept; None when the transcoder gave none."""
    error: Slug | None = None
    visible_mark: Survival
    c2pa: Survival
    invisible_watermark: Survival
    fingerprint: Survival
    fingerprint_permille: NonNegativeInt = 0
    """Of the shorter side's voting frames how many matched in order, in thousandths."""


class DriftMeasured(Body):
    """A run of the lab: every preset on one clip. Renditions are measured and thrown away; what was found stands here."""

    TYPE: ClassVar[str] = "drift.measured.v1"
    run: Id
    month: Month
    scheduled: bool
    """Begun by the worker, which measures once a month; anybody's other runs come on top."""
    source_sha256: Digest
    source: Line
    cells: Annotated[tuple[DriftCell, ...], Field(min_length=1, max_length=60)]

    def tags(self) -> tuple[str, ...]:
        return ("drift:all", f"drift:{self.month}")

    @classmethod
    def example(cls) -> Self:
        unseen = {"outcome": "not_checked", "before": "not_checked", "after": "not_checked"}
        cell = {
            "transcoder": "libav",
            "version": "libavcodec 62.28.102",
            "preset": "mp4-copy",
            "recipe": "-c copy",
            "output_sha256": "ac" * 32,
            "visible_mark": unseen,
            "c2pa": {"outcome": "lost", "before": "trusted", "after": "absent"},
            "invisible_watermark": unseen,
            "fingerprint": {"outcome": "survived", "before": "found", "after": "copy"},
            "fingerprint_permille": 1000,
        }
        return cls.model_validate(
            {
                "run": "019a9b00-0000-7000-8000-000000000041",
                "month": "2026-10",
                "scheduled": True,
                "source_sha256": "ab" * 32,
                "source": "reference clip, signed",
                "cells": [cell],
            }
        )


class DriftMonthMissed(Body):
    """Records, once, that a month went by without a measurement. It did whether or not this was written."""

    TYPE: ClassVar[str] = "drift.month-missed.v1"
    month: Month

    def tags(self) -> tuple[str, ...]:
        return ("drift:all", f"drift:{self.month}")

    @classmethod
    def example(cls) -> Self:
        return cls(month="2026-11")
