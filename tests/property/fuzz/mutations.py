"""How a stranger's bytes go wrong: good bytes cut, doubled, flipped and spliced; good JSON with one value replaced."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from ledger.errors import LedgerError
from tests.depth_of import times

CALL_SECONDS_MAX = 2.0  # far above what any parser takes, far below what a bomb would
TOKENS = (
    b"", b"\n", b"\n\n", b" ", b"\0", b"\xff", b"\xed\xa0\x80", "\u2014".encode(), b"-1", b"0", b"00", b"1e9", b"9" * 30,
    b"9" * 5000, b"{", b"[", b'"', b"[" * 3000, b"null", b"NaN", b"=", b"+", b"/", b"x001", b".p/", b"AAAA", b"\\ud800",
)  # fmt: skip


def fuzzing(examples: int) -> settings:
    """Half of `examples` in the usual run. No database: the same run anywhere.

    The deadline is that of `survives`, which is patient with a shared machine.
    """
    return settings(
        max_examples=times(max(examples // 2, 1)), deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )


_PLACE = st.floats(0, 1, exclude_max=True)
_EDIT = st.one_of(
    st.tuples(st.just("flip"), _PLACE, st.integers(1, 255)),
    st.tuples(st.just("cut"), _PLACE, st.integers(1, 40)),
    st.tuples(st.just("double"), _PLACE, st.integers(1, 40)),
    st.tuples(st.just("put"), _PLACE, st.sampled_from(TOKENS) | st.binary(max_size=12)),
    st.tuples(st.just("end"), _PLACE, st.just(0)),
)


def mutated(seeds: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """One of the seeds with one to four edits, or bytes of nothing in particular."""
    edits = st.lists(_EDIT, min_size=1, max_size=4)
    return st.builds(_edited, st.sampled_from(list(seeds)), edits) | st.binary(max_size=200)


def _edited(seed: bytes, edits: list[tuple[str, float, Any]]) -> bytes:
    raw = bytearray(seed)
    for how, place, what in edits:
        at = int(place * (len(raw) + 1))
        if how == "flip" and at < len(raw):
            raw[at] ^= what
        elif how == "cut":
            del raw[at : at + what]
        elif how == "double":
            raw[at:at] = raw[at : at + what]
        elif how == "put":
            raw[at:at] = what
        elif how == "end":
            del raw[at:]
    return bytes(raw)


LONG = "<more than fits>"
"""Stands for a text over every bound, which Hypothesis could not print."""

ODD: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from([None, True, 0, -1, 2**53, 10**400, 1.5, "", "x", "\ud800", "\0", LONG, [], {}, [[]], {"": None}]),
    st.text(max_size=20),
    st.integers(),
    st.lists(st.integers() | st.text(max_size=3), max_size=3),
    st.dictionaries(st.text(max_size=5), st.none() | st.integers() | st.text(max_size=5), max_size=3),
)
"""Values that a member may hold and its author did not think of."""


def with_one_odd_value(document: Any, place: float, odd: Any, how: str) -> Any:
    """A copy with one member replaced, removed or added, anywhere in it."""
    changed, odd = copy.deepcopy(document), "é" * 70_000 if odd == LONG else odd
    places = list(_places(changed))
    holder, key = places[int(place * len(places))]
    if how == "remove":
        del holder[key]
    elif how == "add" and isinstance(holder, dict):
        holder[f"{key}x"] = odd
    else:
        holder[key] = odd
    return changed


def _places(value: Any) -> Any:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in list(members):
        yield value, key
        yield from _places(member)


changes = st.tuples(_PLACE, ODD, st.sampled_from(["replace", "replace", "remove", "add"]))


def survives(call: Callable[[], object]) -> LedgerError | None:
    """A typed error or an answer, and soon. Anything else is the bug."""
    start = time.thread_time()
    try:
        call()
    except LedgerError as error:
        assert error.code and error.what
        return error
    finally:
        took = time.thread_time() - start
        assert took < CALL_SECONDS_MAX, f"it took {took:.1f} s of processor time"
    return None
