"""Does a text name something on a list? Exact in any disguise that `words` undoes, or misspelt by so much and no more.

A misspelling is at most one edit in a name of 5 to 8 letters and at most two in a longer one (insertions, deletions,
changes, two letters swapped), beginning with the same letter; names of fewer than 5 letters are never matched loosely.
What a list's author allowed as a near miss is let pass. The outcome is the same for the same text, list and SPEC.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from typing import Final

from rapidfuzz.distance import OSA

from ledger.screening.words import Word, compact, folded, views, writes_no_gaps

SPEC: Final = (
    "wordscreen/1 ("
    + ", ".join(f"{name} {version(name)}" for name in ("rapidfuzz", "anyascii", "confusable-homoglyphs"))
    + ")"
)
"""Names the way of looking and the tables behind it. A change of either that changes an outcome changes the rules."""
LOOSE_CHARS_MIN: Final = 5  # a slip in a shorter name makes another word: Nike, bike, Mike
TWO_EDITS_CHARS_MIN: Final = 9
GAP_CHARS_MAX: Final = 3  # between two words that are read as one: a space, a dash, a line's end
WORDS_JOINED_MAX: Final = 24  # letters set apart: a name of this many
WORDS_IN_NAME_MAX: Final = 6
JOINED_CHARS_MIN: Final = 6  # shorter names come about by chance where words meet
FINDINGS_MAX: Final = 20  # enough to say no and where; a text with more is no closer to a yes


@dataclass(frozen=True)
class Name:
    """Something listed: which entry it belongs to, how it is written, and what looks like it and may pass."""

    entry: str
    text: str
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """A listed name in a text: of which entry, how it was recognised, how near (100 is exact), and where."""

    entry: str
    method: str
    score: int
    start: int
    end: int


@lru_cache(maxsize=256)  # a decision, its replay at the door and the next one ask the same
def find(text: str, names: tuple[Name, ...]) -> tuple[Finding, ...]:
    """Listed names in the text, nearest first, each entry once."""
    best: dict[str, Finding] = {}
    for finding in _findings(text, names):
        known = best.get(finding.entry)
        if known is None or finding.score > known.score:
            best[finding.entry] = finding
    ordered = sorted(best.values(), key=lambda one: (-one.score, one.start, one.entry))
    return tuple(ordered[:FINDINGS_MAX])


def _findings(text: str, names: Sequence[Name]) -> Iterator[Finding]:
    for method, words in views(text).items():
        phrases = _phrases(words)
        for name in names:
            yield from _in_phrases(method.removesuffix("_l"), name, phrases)
    whole = folded(text)
    for name in names:
        if writes_no_gaps(name.text) and folded(name.text) in whole:
            yield Finding(name.entry, "script", 100, 0, len(text))


@dataclass(frozen=True)
class _Phrase:
    """Words that follow each other, read as one."""

    text: str
    words: int
    start: int
    end: int
    letters: bool
    """Every word is one letter: set apart on purpose."""


_Phrases = Mapping[str, Mapping[int, list[_Phrase]]]
"""By first letter and length, so that a name is compared with what could be it and not with the whole text."""


def _phrases(words: Sequence[Word]) -> _Phrases:
    found: dict[str, dict[int, list[_Phrase]]] = {}
    for first in range(len(words)):
        for phrase in _from(words, first):
            found.setdefault(phrase.text[0], {}).setdefault(len(phrase.text), []).append(phrase)
    return found


def _from(words: Sequence[Word], first: int) -> Iterator[_Phrase]:
    text, letters, last, runs, alone = "", True, words[first].start, 0, False
    for count, word in enumerate(words[first : first + WORDS_JOINED_MAX], 1):
        runs += not (alone and len(word.text) == 1)  # letters set apart are one word, however many
        alone = len(word.text) == 1
        letters = letters and alone
        if word.start - last > GAP_CHARS_MAX or runs > WORDS_IN_NAME_MAX:
            return
        text, last = text + word.text, word.end
        yield _Phrase(text, count, words[first].start, word.end, letters)


def _in_phrases(method: str, name: Name, phrases: _Phrases) -> Iterator[Finding]:
    wanted, words = _compact(name.text), _word_count(name.text)
    if not wanted:
        return
    by_length, allowed = phrases.get(wanted[0], {}), {_compact(near) for near in name.allowed}
    edits = _edits(wanted)
    for length in range(len(wanted) - edits, len(wanted) + edits + 1):
        for phrase in by_length.get(length, ()):
            yield from _compared(method, name.entry, wanted, words, phrase, edits, allowed)


def _compared(
    method: str, entry: str, wanted: str, words: int, phrase: _Phrase, edits: int, allowed: Iterable[str]
) -> Iterator[Finding]:
    apart = phrase.words > words
    if phrase.text == wanted:
        if apart and not phrase.letters and len(wanted) < JOINED_CHARS_MIN:
            return
        how = "spaced" if apart else ("exact" if method == "plain" else method)
        yield Finding(entry, how, 100, phrase.start, phrase.end)
        return
    if edits == 0 or apart or phrase.text in allowed:
        return
    distance = OSA.distance(wanted, phrase.text, score_cutoff=edits)
    if distance <= edits:
        yield Finding(entry, "misspelt", round(100 * (1 - distance / len(wanted))), phrase.start, phrase.end)


def _edits(wanted: str) -> int:
    if len(wanted) < LOOSE_CHARS_MIN:
        return 0
    return 2 if len(wanted) >= TWO_EDITS_CHARS_MIN else 1


_compact = lru_cache(maxsize=16_384)(compact)  # a list's names are asked for with every prompt


@lru_cache(maxsize=16_384)
def _word_count(text: str) -> int:
    return max(1, len(views(text)["plain"]))
