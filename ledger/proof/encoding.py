"""Text forms with exactly one spelling each, so that no byte of a proof can change without changing its meaning.

`base64` from the standard library accepts stray characters, missing padding and unused trailing bits; `int()` accepts
signs, spaces, underscores and digits of other scripts. Everything signed is read through these two functions instead.
"""

from __future__ import annotations

import base64
import binascii

INT64_MAX = 2**63 - 1  # tree sizes, leaf indexes and POSIX seconds: the largest value C2SP tlog-cosignature allows


def base64_text(data: bytes) -> str:
    """`data` in the standard base64 alphabet with padding (RFC 4648 section 4)."""
    return base64.b64encode(data).decode("ascii")


def base64_bytes(text: str) -> bytes:
    """The bytes behind `text`; raises ValueError unless `text` is exactly what `base64_text` writes for them."""
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if base64_text(data) != text:
        raise ValueError("base64 with unused bits set")
    return data


def decimal_int(text: str) -> int:
    """A number from 0 to `INT64_MAX` in ASCII decimal without leading zeros or sign; raises ValueError otherwise."""
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise ValueError("not a decimal number")
    number = int(text)
    if number > INT64_MAX or str(number) != text:
        raise ValueError("leading zeros, or over 2**63-1")
    return number
