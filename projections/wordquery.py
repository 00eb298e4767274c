"""What a person typed to find files, as words that FTS5 looks for: nothing in it is syntax but quotes and a last star."""

from __future__ import annotations

import re
from typing import Final

_PIECE: Final = re.compile(r'"([^"]*)"|([^\s"]+)')


def asked_words(text: str) -> list[str]:
    """Each is one FTS5 string: a word, words that stand together, or the beginning of a word. Empty where there is none."""
    shown = "".join(char if char.isprintable() else " " for char in text)
    found = [_quoted(piece.group(1) or piece.group(2) or "") for piece in _PIECE.finditer(shown)]
    return [one for one in found if one]


def _quoted(piece: str) -> str:
    """A number with hyphens is read as its parts in order, as the index reads it."""
    words = piece.rstrip("*")
    if not any(char.isalnum() for char in words):
        return ""
    return f'"{words}"*' if piece.endswith("*") else f'"{words}"'
