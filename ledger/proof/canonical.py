"""JSON on the way in (strict) and on the way to a hash (RFC 8785, JSON Canonicalization Scheme).

`canonical` writes the part of RFC 8785 that the statements use: text, whole numbers within +-(2**53-1), true, false,
null, lists and objects. Floats are refused, so the one hard part of the RFC (ECMAScript number formatting) cannot
differ between two implementations.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from ledger.errors import Misuse, TooLarge

JSON_INT_MAX = 2**53 - 1  # RFC 7493 section 2.2: beyond it, readers that hold numbers as doubles disagree
JSON_DEPTH_MAX = 32  # levels of nesting; the deepest statement uses 7, and parsers recurse once a level
JSON_BYTES_MAX = 16 * 2**20  # the largest document we read is an evidence pack's manifest

_JSON_INT_CHARS_MAX = 17  # sign and 16 digits; int() is quadratic in the digits of longer ones
# Strings are matched whole, closed or not, so that the scan is linear and brackets inside strings don't count.
_JSON_BRACKET = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)


def parse_json(raw: bytes) -> Any:
    """The value of one JSON document: dict, list, str, int, float (finite), bool or None.

    Raises Misuse `json_invalid` (also for NaN, Infinity, a byte order mark and unpaired surrogates),
    `json_duplicate_key`, `json_number_out_of_range`, `json_too_deep`, and TooLarge `json_too_large`.
    """
    if len(raw) > JSON_BYTES_MAX:
        raise TooLarge("json_too_large", f"The document has {len(raw)} bytes; {JSON_BYTES_MAX} is the most we read.")
    _bound_json_depth(raw)
    try:
        value = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_json_object,
            parse_int=_json_int,
            parse_float=_json_float,
            parse_constant=_json_constant,
        )
        if b"\\u" in raw:  # an escape can spell half a surrogate pair, which has no UTF-8 form
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except ValueError as error:  # JSONDecodeError, UnicodeDecodeError and UnicodeEncodeError among them
        raise Misuse("json_invalid", f"Not JSON in UTF-8: {type(error).__name__}.", "Send RFC 8259 JSON.") from error
    return value


def canonical(value: Any) -> bytes:
    """`value` as RFC 8785 bytes: no spaces, keys in UTF-16 order, UTF-8.

    Raises Misuse `canonical_float`, `canonical_number_out_of_range`, `canonical_type` (also for keys that are not
    text), `canonical_text` (unpaired surrogates) and `json_too_deep`.
    """
    ordered = _in_canonical_order(value, JSON_DEPTH_MAX)
    try:
        return json.dumps(ordered, ensure_ascii=False, separators=(",", ":"), check_circular=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise _unpaired_surrogate() from error


def _bound_json_depth(raw: bytes) -> None:
    """Before the parser runs, because it recurses once a level."""
    if raw.count(b"[") + raw.count(b"{") <= JSON_DEPTH_MAX:
        return
    depth = 0
    for match in _JSON_BRACKET.finditer(raw):
        first = match[0][:1]
        depth += (first in b"[{") - (first in b"]}")
        if depth > JSON_DEPTH_MAX:
            raise _too_deep()


def _json_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Misuse("json_duplicate_key", "An object names a member twice.", "Name every member once.")
    return members


def _json_int(text: str) -> int:
    if len(text) > _JSON_INT_CHARS_MAX or abs(number := int(text)) > JSON_INT_MAX:
        raise _number_out_of_range("json_number_out_of_range")
    return number


def _json_float(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise _number_out_of_range("json_number_out_of_range")
    return number


def _json_constant(text: str) -> Any:
    raise Misuse("json_invalid", f"{text} is not JSON.", "Send RFC 8259 JSON.")


def _in_canonical_order(value: Any, depth_left: int) -> Any:
    """The same value with every object's keys in order; refuses what has no canonical form here."""
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, int):
        if abs(value) > JSON_INT_MAX:
            raise _number_out_of_range("canonical_number_out_of_range")
        return value
    if isinstance(value, (dict, list, tuple)):
        if depth_left == 0:
            raise _too_deep()
        if isinstance(value, dict):
            return {key: _in_canonical_order(value[key], depth_left - 1) for key in _canonical_keys(value)}
        return [_in_canonical_order(item, depth_left - 1) for item in value]
    if isinstance(value, float):
        raise Misuse("canonical_float", "A float has no canonical form here.", "Use whole units or decimal text.")
    raise Misuse("canonical_type", f"{type(value).__name__} has no JSON form.", "Convert it to text first.")


def _canonical_keys(members: dict[Any, Any]) -> list[str]:
    if not all(isinstance(key, str) for key in members):
        raise Misuse("canonical_type", "An object's member name is not text.", "Convert it to text first.")
    if all(key.isascii() for key in members):
        return sorted(members)
    try:
        return sorted(members, key=lambda key: key.encode("utf-16-be"))  # RFC 8785 section 3.2.3
    except UnicodeEncodeError as error:
        raise _unpaired_surrogate() from error


def _too_deep() -> Misuse:
    return Misuse("json_too_deep", f"Nested deeper than {JSON_DEPTH_MAX} levels.", "Flatten it.")


def _number_out_of_range(code: str) -> Misuse:
    return Misuse(code, f"A whole number beyond +-{JSON_INT_MAX}, or no finite number.", "Send it as text.")


def _unpaired_surrogate() -> Misuse:
    return Misuse("canonical_text", "Text with half a surrogate pair has no UTF-8 form.", "Send valid Unicode.")
