"""Strict JSON in, RFC 8785 out."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.errors import Misuse
from ledger.proof.canonical import JSON_BYTES_MAX, JSON_DEPTH_MAX, JSON_INT_MAX, canonical, parse_json


def test_ordinary_document_parses() -> None:
    raw = '{"a":[1,-2,1.5,true,false,null],"ß":"\\u20ac"}'.encode()
    assert parse_json(raw) == {"a": [1, -2, 1.5, True, False, None], "ß": "€"}


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b'{"a":1,"a":1}', "json_duplicate_key"),
        (b'[{"b":{"a":1,"\\u0061":2}}]', "json_duplicate_key"),
        (b"[NaN]", "json_invalid"),
        (b"[Infinity]", "json_invalid"),
        (b"[-Infinity]", "json_invalid"),
        (b"", "json_invalid"),
        (b"{", "json_invalid"),
        (b"{} {}", "json_invalid"),
        (b"{'a':1}", "json_invalid"),
        (b"[01]", "json_invalid"),
        (b"[1,]", "json_invalid"),
        (b'"\n"', "json_invalid"),
        (b'"\xff"', "json_invalid"),
        (b'"\xed\xa0\x80"', "json_invalid"),
        (b"\xef\xbb\xbf{}", "json_invalid"),
        (b'"\\ud800"', "json_invalid"),
        (b'{"\\udc00":1}', "json_invalid"),
        (b'"\\uD83D"', "json_invalid"),
        (b"9007199254740992", "json_number_out_of_range"),
        (b"-9007199254740992", "json_number_out_of_range"),
        (b"[" + b"9" * 100_000 + b"]", "json_number_out_of_range"),
        (b"1e999", "json_number_out_of_range"),
        (b"[" * (JSON_DEPTH_MAX + 1) + b"]" * (JSON_DEPTH_MAX + 1), "json_too_deep"),
        (b'{"a":' * 100_000, "json_too_deep"),
        (b" " * (JSON_BYTES_MAX + 1), "json_too_large"),
    ],
    ids=lambda value: repr(value[:24]) if isinstance(value, bytes) else value,
)
def test_bad_json_has_its_own_code(raw: bytes, code: str) -> None:
    with pytest.raises(Misuse) as caught:
        parse_json(raw)
    assert caught.value.code == code


def test_the_bounds_themselves_are_accepted() -> None:
    assert parse_json(b"[%d,-%d]" % (JSON_INT_MAX, JSON_INT_MAX)) == [JSON_INT_MAX, -JSON_INT_MAX]
    nested = b"[" * JSON_DEPTH_MAX + b"]" * JSON_DEPTH_MAX
    assert canonical(parse_json(nested)) == nested


def test_brackets_inside_strings_and_side_by_side_are_not_depth() -> None:
    raw = b'["' + b"[{" * 500 + b'\\"[",' + b"[]," * 500 + b"[]]"
    assert len(parse_json(raw)) == 502


@pytest.mark.timeout(5)
def test_quotes_without_end_take_linear_time() -> None:
    with pytest.raises(Misuse):
        parse_json(b"[" * (JSON_DEPTH_MAX - 1) + b"{}" * 2 + b'\\"' * 500_000)


def test_paired_surrogate_escapes_are_text() -> None:
    assert parse_json(b'"\\ud83d\\ude00"') == "\U0001f600"


def test_keys_sort_by_utf16_units() -> None:
    """RFC 8785 section 3.2.3: an astral character (surrogates D800..) comes before U+E000..U+FFFF."""
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\x80", "ö"]
    ordered = ["\r", "1", "\x80", "ö", "\u20ac", "\U0001f600", "\ufb33"]
    assert list(parse_json(canonical(dict.fromkeys(keys, 0)))) == ordered


def test_control_characters_are_escaped_the_short_way() -> None:
    assert canonical('\b\t\n\f\r"\\\x1f\x7f\u2028/') == b'"\\b\\t\\n\\f\\r\\"\\\\\\u001f\x7f\xe2\x80\xa8/"'


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (1.0, "canonical_float"),
        ({"a": [0.5]}, "canonical_float"),
        (float("nan"), "canonical_float"),
        (JSON_INT_MAX + 1, "canonical_number_out_of_range"),
        (-JSON_INT_MAX - 1, "canonical_number_out_of_range"),
        (b"bytes", "canonical_type"),
        ({1: "a"}, "canonical_type"),
        ({1: "a", "b": 2}, "canonical_type"),
        (frozenset({1}), "canonical_type"),
        ("\ud800", "canonical_text"),
        ({"\ud800": 1}, "canonical_text"),
    ],
    ids=repr,
)
def test_value_without_canonical_form_is_refused(value: Any, code: str) -> None:
    with pytest.raises(Misuse) as caught:
        canonical(value)
    assert caught.value.code == code


def test_endless_nesting_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(Misuse) as caught:
        canonical(loop)
    assert caught.value.code == "json_too_deep"
