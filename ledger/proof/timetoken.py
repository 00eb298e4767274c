"""What an RFC 3161 token says of itself, read with nothing but arithmetic: over which bytes, and when it was made.

Strict DER: definite lengths in their shortest form, one-byte tags, nothing after the end. Neither the authority's signature nor
its certificate is looked at: that takes anchors and a library, and is said to be not checked where they are missing.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from ledger.errors import Untrusted

TOKEN_BYTES_MAX = 64 * 2**10  # a token with a chain of four RSA certificates has 7 KB

_INTEGER, _OCTETS, _OID, _TIME, _SEQUENCE, _SET, _EXPLICIT_0 = 0x02, 0x04, 0x06, 0x18, 0x30, 0x31, 0xA0
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")  # 1.2.840.113549.1.7.2
_TST_INFO = bytes.fromhex("2a864886f70d0109100104")  # 1.2.840.113549.1.9.16.1.4
_SHA256_OID = bytes.fromhex("608648016503040201")  # 2.16.840.1.101.3.4.2.1
_GEN_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d{0,8}[1-9])?Z", re.ASCII)


@dataclass(frozen=True)
class TokenClaim:
    """SHA-256 of what was stamped, and the instant that the token states, as text. Unverified."""

    imprint: bytes
    stamped_at: str


def read_token(token: bytes) -> TokenClaim:
    """A granted TimeStampResp (RFC 3161 section 2.4.2) with a token over a SHA-256.

    Raises Untrusted `timestamp_malformed`, `timestamp_not_granted`, `timestamp_wrong_digest` (of another algorithm).
    """
    if len(token) > TOKEN_BYTES_MAX:
        raise _token_malformed(f"more than {TOKEN_BYTES_MAX} bytes")
    outer = _Der(token)
    response = outer.inside(_SEQUENCE)
    outer.end()
    if (status := response.inside(_SEQUENCE).take(_INTEGER)) != b"\x00":
        what = f"the authority did not grant the time stamp: status {status.hex()}"
        raise Untrusted("timestamp_not_granted", what, "Look up PKIStatus in RFC 3161, section 2.4.2.")
    content = response.inside(_SEQUENCE)
    response.end()
    content.expect(_OID, _SIGNED_DATA)
    signed = content.inside(_EXPLICIT_0).inside(_SEQUENCE)
    signed.take(_INTEGER)
    signed.take(_SET)
    encapsulated = signed.inside(_SEQUENCE)
    encapsulated.expect(_OID, _TST_INFO)
    return _claim(_Der(encapsulated.inside(_EXPLICIT_0).take(_OCTETS)))


def require_over(claim: TokenClaim, data: bytes) -> None:
    """Raises Untrusted `timestamp_wrong_digest` unless the token is over exactly these bytes."""
    if claim.imprint != hashlib.sha256(data).digest():
        raise Untrusted("timestamp_wrong_digest", "the time stamp is over other bytes than this checkpoint")


def _claim(tst_info: _Der) -> TokenClaim:
    info = tst_info.inside(_SEQUENCE)
    tst_info.end()
    info.expect(_INTEGER, b"\x01")
    info.take(_OID)  # the authority's policy
    imprint = info.inside(_SEQUENCE)
    if imprint.inside(_SEQUENCE).take(_OID) != _SHA256_OID:
        raise Untrusted("timestamp_wrong_digest", "the time stamp is not over a SHA-256")
    digest = imprint.take(_OCTETS)
    imprint.end()
    info.take(_INTEGER)  # its serial number
    return TokenClaim(digest, _instant_text(info.take(_TIME)))


def _instant_text(raw: bytes) -> str:
    match = _GEN_TIME.fullmatch(raw.decode("ascii", "replace"))
    if match is None:
        raise _token_malformed("its time is no UTC instant")
    text = "{}-{}-{}T{}:{}:{}{}Z".format(*(part or "" for part in match.groups()))
    try:
        datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise _token_malformed("its time is no UTC instant") from error
    return text


class _Der:
    """Elements one after another in `data`."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, tag: int) -> bytes:
        """The content of the next element, which must have this tag."""
        head = self._data[self._at : self._at + 2]
        if len(head) < 2 or head[0] != tag:
            raise _token_malformed(f"no element {tag:#04x} where one has to be")
        start, length = self._at + 2, head[1]
        if length >= 0x80:
            width = length & 0x7F
            length = int.from_bytes(self._data[start : start + width], "big")
            start += width
            if not 1 <= width <= 3 or length < 0x80 or length >> (8 * (width - 1)) == 0:
                raise _token_malformed("a length that is not in its shortest form")
        self._at = start + length
        if self._at > len(self._data):
            raise _token_malformed("an element that ends beyond its end")
        return self._data[start : self._at]

    def inside(self, tag: int) -> _Der:
        return _Der(self.take(tag))

    def expect(self, tag: int, content: bytes) -> None:
        if self.take(tag) != content:
            raise _token_malformed("another kind of content than a time stamp's")

    def end(self) -> None:
        if self._at != len(self._data):
            raise _token_malformed("something follows its end")


def _token_malformed(what: str) -> Untrusted:
    return Untrusted("timestamp_malformed", f"not a DER time stamp (RFC 3161): {what}", "Ask the authority again.")
