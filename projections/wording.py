"""How sentences for people write digests, instants and lists."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

DIGEST_CHARS_SHOWN = 12  # enough to tell two files apart on a page; the full digest is in the entry


def file(digest: str) -> str:
    return f"file {digest[:DIGEST_CHARS_SHOWN]}…"


def day(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%d %H:%M UTC")


def joined(words: Iterable[str]) -> str:
    return ", ".join(words)
