"""What a person types is looked for as it stands: no word of it is syntax."""

from __future__ import annotations

import sqlite3

import pytest

from projections.wordquery import asked_words


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("rain café", ['"rain"', '"café"']),
        ('"warm cup" lifts', ['"warm cup"', '"lifts"']),
        ("ligh*", ['"ligh"*']),
        ("p-7f3a", ['"p-7f3a"']),
        ("title:rain OR NOT (a)", ['"title:rain"', '"OR"', '"NOT"', '"(a)"']),
        ('— "" * "', []),
        ("a\x00b\x1bc", ['"a"', '"b"', '"c"']),
    ],
)
def test_words_quotes_and_a_last_star_are_all_there_is(typed: str, words: list[str]) -> None:
    assert asked_words(typed) == words


@pytest.mark.parametrize(
    "typed", ['a"b', "NEAR(a b)", "^a", "a AND", "{x}:y", "a + b", "-a", "';--", "a:*", "\u202eab"]
)
def test_nothing_typed_breaks_the_question(typed: str) -> None:
    db = sqlite3.connect(":memory:")
    db.execute("CREATE VIRTUAL TABLE t USING fts5 (a, b)")
    for words in filter(None, [asked_words(typed)]):
        db.execute("SELECT * FROM t WHERE t MATCH ?", (" AND ".join(words),)).fetchall()
    db.close()
