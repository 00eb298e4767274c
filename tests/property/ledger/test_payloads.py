"""The quick way of reading canonical JSON says what the slow one says, or says nothing."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import LedgerError, Misuse
from ledger.payloads import _envelope_quickly, _read_quickly, read_canonical, read_envelope
from ledger.proof.canonical import canonical, parse_json
from ledger.proof.dsse import PAYLOAD_TYPE, Envelope, Signature

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=20,
)
ENVELOPE = Envelope(PAYLOAD_TYPE, b'{"a":1}', (Signature("0a" * 32, b"s" * 64),))


def _slowly(raw: bytes) -> Any:
    value = parse_json(raw)
    if canonical(value) != raw:
        raise Misuse("payload_not_canonical", "")
    return value


def _outcome(read: Any, raw: bytes) -> Any:
    try:
        return json.dumps(read(raw))
    except LedgerError as error:
        return error.code


@given(VALUES)
def test_what_the_reference_writes_is_read_by_both_ways_alike(value: Any) -> None:
    raw = rfc8785.dumps(value)
    assert read_canonical(raw) == value == parse_json(raw)
    assert _read_quickly(raw) in (None, value)


@given(VALUES, st.data())
def test_bytes_with_one_change_get_the_same_answer_from_both_ways(value: Any, data: st.DataObject) -> None:
    raw = bytearray(rfc8785.dumps(value))
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    assert _outcome(read_canonical, bytes(raw)) == _outcome(_slowly, bytes(raw))


@given(st.dictionaries(TEXTS, NUMBERS, max_size=6), st.randoms())
def test_members_in_another_order_are_refused_by_both_ways(value: dict[str, int], random: Any) -> None:
    members = list(value.items())
    random.shuffle(members)
    raw = json.dumps(dict(members), ensure_ascii=False, separators=(",", ":")).encode()
    assert _outcome(read_canonical, raw) == _outcome(_slowly, raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"-0", b"1.0", b"1e3", b"-0.0", b"NaN", b"null", b"", b" 1", b"9007199254740992", b"-9007199254740992",
        b"12345678901234567890123", b'{"a":1,"a":1}', b'"\\u0041"', b'"\\/"', b'"\\ud800"', b'"\xff"', b"\xef\xbb\xbf1",
        b'{"b":1,"a":2}', b"[" * 33 + b"]" * 33, b"[" * 2_000 + b"]" * 2_000, b"[" * 32 + b"]" * 32,
        '{"\ue000":1,"\U0001f600":2}'.encode(), '{"\U0001f600":2,"\ue000":1}'.encode(), b'"\x7f"', b'"\\u001f"', b'"\\u001F"',
    ],
)  # fmt: skip
def test_traps_get_the_same_answer_from_both_ways(raw: bytes) -> None:
    assert _outcome(read_canonical, raw) == _outcome(_slowly, raw)


def test_a_usual_payload_takes_the_quick_way() -> None:
    assert _read_quickly(b'{"a":[1,"\xc3\xa9"],"b":{"c":null}}') == {"a": [1, "é"], "b": {"c": None}}


def test_a_canonical_envelope_takes_the_quick_way_and_keeps_its_bytes() -> None:
    raw = ENVELOPE.to_bytes()
    assert raw == canonical(ENVELOPE.to_json())
    assert _envelope_quickly(raw) == ENVELOPE == Envelope.parse(raw)
    assert read_envelope(raw) == (ENVELOPE, raw)
    assert read_envelope(json.dumps(ENVELOPE.to_json(), indent=1).encode()) == (ENVELOPE, raw)


@pytest.mark.parametrize(
    "change",
    [
        {"payload": ""},
        {"payload": "YR=="},
        {"payload": "YQ"},
        {"payload": "Y Q=="},
        {"payload": b64encode(b"a" * 50_000).decode()},
        {"payloadType": "text/plain"},
        {"signatures": []},
        {"signatures": [{"keyid": "0a" * 32, "sig": "cw=="}] * 2},
        {"signatures": [{"keyid": "0A" * 32, "sig": "cw=="}]},
        {"signatures": [{"keyid": f"{n:064x}", "sig": "cw=="} for n in range(9)]},
        {"signatures": [{"keyid": "0a" * 32, "sig": ""}]},
        {"signatures": [{"keyid": "0a" * 32, "sig": b64encode(b"s" * 5_000).decode()}]},
        {"signatures": [{"keyid": "0a" * 32, "sig": "cw==", "more": 1}]},
        {"more": 1},
    ],
)
def test_a_bad_envelope_gets_the_same_answer_from_both_ways(change: dict[str, Any]) -> None:
    raw = canonical(ENVELOPE.to_json() | change)
    slow = _outcome(lambda each: Envelope.parse(each).to_json(), raw)
    assert _outcome(lambda each: read_envelope(each)[0].to_json(), raw) == slow
    assert "envelope" in slow
