"""Comparing what was read with what has to be readable: misread letters forgiven, lines joined, claims told apart. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Final, Literal

from rapidfuzz import fuzz

CONFIDENCE_MIN: Final = 0.5  # of a line; below it the reader guesses
SHORT_CHARS: Final = 6  # a text this short is not forgiven a letter
_ALIKE: Final = str.maketrans(
    {"l": "i", "1": "i", "|": "i", "0": "o", "5": "s", "8": "b"}
)  # what readers take for each other
_CLAIM: Final = re.compile(
    r"\d\s*(%|x\b|×|times\b|fach\b)|\b(no|nr|number)\.?\s*(1|one)\b|#1\b"
    r"|\b(best|cheapest|fastest|safest|first|only|free|guaranteed?|proven|clinically|certified|approved|recommended"
    r"|natural|organic|sustainable|climate.neutral|carbon.neutral|recyclable|cures?|prevents?|less|more|fewer|without)\b",
    re.IGNORECASE,
)

Outcome = Literal["met", "not_met", "unclear"]


@dataclass(frozen=True)
class Wanted:
    """A text that has to be readable. `source` is who asks: a rule pack with its version, a style kit with its version."""

    criterion: str
    source: str
    text: str
    opening: bool = False
    seconds_min: int = 0

    def as_json(self) -> dict[str, Any]:
        return dict(self.__dict__)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Wanted:
        return cls(data["criterion"], data["source"], data["text"], data["opening"], data["seconds_min"])

    def outcome(self, first_ms: int, on_screen_ms: int, gap_ms: int, opening_ms: int, still: bool) -> Outcome:
        """What is between two samples is unclear: a text may go any time before the next one."""
        if self.opening and first_ms > opening_ms:
            return "not_met"
        if still or on_screen_ms >= 1000 * self.seconds_min:
            return "met"
        return "unclear" if on_screen_ms + 2 * gap_ms > 1000 * self.seconds_min else "not_met"


@dataclass(frozen=True)
class Likeness:
    """How like (0 to 100), and the lines that it was read from."""

    score: int
    rows: tuple[int, ...]


def likeness(wanted: str, lines: list[str]) -> Likeness:
    """The best of single lines that are long enough and of up to four lines that follow each other."""
    asked, best = plain(wanted), Likeness(0, ())
    for start in range(len(lines)):
        for end in range(start + 1, min(start + 4, len(lines)) + 1):
            read = plain("".join(lines[start:end]))
            if 5 * len(read) < 4 * len(asked):
                continue  # too short to hold it; more lines may
            score = _score(asked, read)
            if score > best.score:
                best = Likeness(score, tuple(range(start, end)))
            break
    return best


def plain(text: str) -> str:
    """Letters and digits alone, case and what readers confuse dropped."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(one for one in folded if one.isalnum()).translate(_ALIKE)


def looks_like_a_claim(line: str) -> bool:
    """Numbers that compare, superlatives, health and green words: for a person to look at, never a verdict."""
    return bool(_CLAIM.search(line))


def _score(asked: str, read: str) -> int:
    if not asked:
        return 0
    if len(asked) < SHORT_CHARS:
        return 100 if asked in read else 0
    return int(fuzz.partial_ratio(asked, read)) if len(read) >= len(asked) else int(fuzz.ratio(asked, read))
