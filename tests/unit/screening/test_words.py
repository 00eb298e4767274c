"""What a disguise does not hide, and what only looks alike: a table, held still, because verdicts follow from it."""

from __future__ import annotations

import pytest

from ledger.screening.matching import FINDINGS_MAX, SPEC, Name, find
from ledger.screening.words import compact, views

LIST = (
    Name("mouse", "Mickey Mouse"),
    Name("swoosh", "Nike"),
    Name("stripes", "Adidas"),
    Name("castle", "Disney", ("Disley",)),
    Name("coffee", "Nestlé", ("nestled",)),
    Name("mouse-zh", "米老鼠"),
    Name("hero", "Marvel"),
    Name("actor", "Inês Exemplar"),
)

CAUGHT = [
    ("Mickey Mouse dances", "mouse", "exact", 100),
    ("a MICKEY, MOUSE", "mouse", "exact", 100),
    ("ＭＩＣＫＥＹ ＭＯＵＳＥ", "mouse", "exact", 100),
    ("M\u200bick\u200dey Mo\ufeffuse", "mouse", "exact", 100),
    ("adi\u00addas shoes", "stripes", "exact", 100),
    ("Ma\u0301rvel", "hero", "exact", 100),
    ("ines exemplar at the window", "actor", "exact", 100),
    ("Мiсkеу Моuѕе", "mouse", "lookalike", 100),
    ("rnarvel hero", "hero", "lookalike", 100),
    ("кроссовки Адидас", "stripes", "exact", 100),
    ("m1ck3y m0u5e", "mouse", "leet", 100),
    ("m!ckey mouse", "mouse", "leet", 100),
    ("Di$ney", "castle", "leet", 100),
    ("m i c k e y  m o u s e", "mouse", "spaced", 100),
    ("m.i.c.k.e.y.m.o.u.s.e", "mouse", "spaced", 100),
    ("m i c k e y mouse", "mouse", "spaced", 100),
    ("N I K E shoes", "swoosh", "spaced", 100),
    ("dis ney", "castle", "spaced", 100),
    ("mickeymouse", "mouse", "exact", 100),
    ("mickey-\nmouse", "mouse", "exact", 100),
    ("一只米老鼠在跳舞", "mouse-zh", "exact", 100),
    ("Micky Mouse", "mouse", "misspelt", 91),
    ("mikey mous", "mouse", "misspelt", 82),
    ("Disnye castle", "castle", "misspelt", 83),
    ("Inez Exemplar", "actor", "misspelt", 92),
]
"""Text, entry, how it is recognised, score."""

PASSES = [
    "a bike, a hike and a mike",  # short names are never matched loosely
    "Nikel and Nik",
    "a cat nestled in Disley",  # near misses that the list's author allows
    "a marvelous hero",
    "a grey mouse eats cheese",
    "Minnie goes home",
    "the dis and ney",
    "strike a pose with n ikes",
    "a line; every word harmless. Camera static, 8 seconds, 24 mm.",
    "",
]


@pytest.mark.parametrize(("text", "entry", "method", "score"), CAUGHT)
def test_a_listed_name_is_found_in_every_disguise(text: str, entry: str, method: str, score: int) -> None:
    found = {finding.entry: finding for finding in find(text, LIST)}
    assert entry in found
    if text.startswith("一"):
        assert found[entry].score == 100
    else:
        assert (found[entry].method, found[entry].score) == (method, score)


@pytest.mark.parametrize("text", PASSES)
def test_what_only_looks_alike_passes(text: str) -> None:
    assert find(text, LIST) == ()


def test_an_allowed_near_miss_never_lets_the_name_itself_pass() -> None:
    assert find("Nestle, nestled", LIST)[0].entry == "coffee"


def test_the_place_is_the_place_in_the_text() -> None:
    text = "Here comes M\u200bickey Mouse, dancing."
    finding = find(text, LIST)[0]
    assert text[finding.start : finding.end] == "M\u200bickey Mouse"


def test_one_slip_in_a_short_name_and_two_in_a_long_one_but_never_the_first_letter() -> None:
    assert not find("Disnex xDisnei", (Name("x", "Marvel"),))
    assert find("Marvex", (Name("x", "Marvel"),)) and not find("Marvxx", (Name("x", "Marvel"),))
    assert find("Mackey Mouze", LIST) and not find("Mackei Mouze", LIST)
    assert not find("Wickey Mouse", (Name("x", "Mickey Mouse"),))


def test_each_entry_is_found_once_by_its_nearest_name_and_a_flood_is_cut() -> None:
    names = (Name("x", "Marvel"), Name("x", "Marvels"))
    assert [finding.score for finding in find("marvels", names)] == [100]
    many = tuple(Name(f"e{n}", "Marvel") for n in range(FINDINGS_MAX + 5))
    assert len(find("Marvel", many)) == FINDINGS_MAX


def test_the_same_text_list_and_spec_give_the_same_answer() -> None:
    text = "Micky Mouse wears Adidas and N I K E in D1sney"
    find.cache_clear()
    first = find(text, LIST)
    find.cache_clear()
    assert find(text, LIST) == first
    assert SPEC.startswith("wordscreen/1 (rapidfuzz ")


def test_a_text_without_letters_has_no_words_and_views_that_read_alike_are_one() -> None:
    assert views("… — ,")["plain"] == ()
    assert list(views("plain words")) == ["plain"]
    assert compact("Ça va, Straße №1") == "cavastrasseno1"


def test_a_long_text_against_a_long_list_is_quick_enough_to_do_at_the_door() -> None:
    names = tuple(Name(str(n), f"Listed Name {n:03} of Somebody") for n in range(200))
    assert find("word " * 1_500 + "listed name 007 of somebody", names)[0].entry == "7"
