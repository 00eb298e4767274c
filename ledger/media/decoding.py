"""Read back what a child process wrote: each check raises TypeError or ValueError, never guesses."""

from __future__ import annotations

from typing import Any, get_args


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("expected text")
    return value


def text_or_none(value: Any) -> str | None:
    return None if value is None else text(value)


def whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("expected a whole number")
    return value


def hex256(value: Any) -> str:
    digits = text(value)
    if len(digits) != 64 or len(bytes.fromhex(digits)) != 32:
        raise ValueError("expected 256 bits in 64 hex digits")
    return digits


def one_of(value: Any, literal: Any) -> Any:
    if value not in get_args(literal):
        raise ValueError("unknown state")
    return value
