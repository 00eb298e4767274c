"""What the log says of itself: the root of its tag index at a size, from which completeness is proved (SPEC S7.15)."""

from __future__ import annotations

from typing import ClassVar

from schemas.base import Body, Digest, PositiveInt


class LogIndexed(Body):
    """The tag index over the log's first `size` entries has this root. A function of those entries, so anybody can tell."""

    TYPE: ClassVar[str] = "log.indexed.v1"
    size: PositiveInt
    root: Digest

    def tags(self) -> tuple[str, ...]:
        return ("log:indexed", f"index:{self.size}")

    @classmethod
    def example(cls) -> LogIndexed:
        return cls(size=1_204, root="66" * 32)
