"""A text as a reader sees it: the same words whatever the script, the look-alike letters, the digits for letters, the gaps.

Each *view* reads the text in one way and gives words with the places they came from:

    plain      compatibility forms, no case, no accents, nothing invisible; other scripts transliterated
    lookalike  letters of other alphabets that look Latin read as Latin; `rn` as `m`, `vv` as `w`
    leet       digits and signs read as letters (`1` once as i, once as l)
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from anyascii import anyascii
from confusable_homoglyphs import confusables

_LEET: Final = {"0": "o", "3": "e", "4": "a", "5": "s", "6": "g", "7": "t", "8": "b", "@": "a", "$": "s", "€": "e"}
_LEET_I: Final = {**_LEET, "1": "i", "!": "i", "|": "i"}
_LEET_L: Final = {**_LEET, "1": "l", "!": "l", "|": "l"}
_INVISIBLE: Final = frozenset({"Cf", "Mn", "Me", "Cc"})
"""Categories that break no word: format characters (zero-width ones too), combining marks, controls but white space."""


@dataclass(frozen=True)
class Word:
    """ASCII letters and digits, and the place in the text: `end` is exclusive."""

    text: str
    start: int
    end: int


def views(text: str) -> dict[str, tuple[Word, ...]]:
    """The text's words in each view; a view that reads nothing differently is left out."""
    read = {
        "plain": tuple(_words(text, _plain)),
        "lookalike": tuple(_merged(_words(text, _lookalike))),
        "leet": tuple(_words(text, lambda char: _LEET_I.get(char) or _lookalike(char))),
        "leet_l": tuple(_words(text, lambda char: _LEET_L.get(char) or _lookalike(char))),
    }
    seen: dict[tuple[str, ...], str] = {}
    for name, words in read.items():
        seen.setdefault(tuple(word.text for word in words), name)
    return {name: read[name] for name in seen.values()}


def compact(text: str) -> str:
    """The plain view without gaps: what two spellings of one name have in common."""
    return "".join(word.text for word in views(text)["plain"])


def folded(text: str) -> str:
    """Compatibility forms, no case, nothing invisible, no gaps; scripts stay. For scripts that write no gaps at all."""
    shown = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in shown if not char.isspace() and unicodedata.category(char) not in _INVISIBLE)


def writes_no_gaps(text: str) -> bool:
    """Whether the text has letters of a script whose words are not set apart: Han, kana, Thai, Lao, Khmer, Burmese."""
    names = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")
    return any(unicodedata.name(char, "").startswith(names) for char in text)


def _words(text: str, read: Callable[[str], str]) -> Iterator[Word]:
    letters, start, end = "", 0, 0
    for place, char in enumerate(text):
        got = read(char)
        if got:
            start = place if not letters else start
            letters, end = letters + got, place + 1
        elif letters and not _invisible(char):
            yield Word(letters, start, end)
            letters = ""
    if letters:
        yield Word(letters, start, end)


def _merged(words: Iterator[Word]) -> Iterator[Word]:
    for word in words:
        yield Word(word.text.replace("rn", "m").replace("vv", "w"), word.start, word.end)


@cache
def _plain(char: str) -> str:
    shown = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", char).casefold())
    bare = "".join(one for one in shown if unicodedata.category(one) not in _INVISIBLE)
    return "".join(one for one in anyascii(bare).lower() if one.isalnum())


@cache
def _lookalike(char: str) -> str:
    if not char.isascii() and char.isalpha():
        found = confusables.is_confusable(char, greedy=True, preferred_aliases=[]) or []
        alike = (other["c"] for entry in found for other in entry["homoglyphs"])
        for latin in alike:
            if len(latin) == 1 and latin.isascii() and latin.isalpha():
                return str(latin).lower()
    return _plain(char)


def _invisible(char: str) -> bool:
    return not char.isspace() and unicodedata.category(char) in _INVISIBLE
