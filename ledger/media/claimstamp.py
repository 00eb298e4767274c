"""A time stamp put into a C2PA signature after it was made: the child that signs has no network, so it is fetched outside.

The signature box is padded and lies outside every hash (C2PA 2.2, 10.3.2.5 and 13.2): the token takes the place of
padding, byte for byte, in the manifest store and in the signed file alike.
"""

from __future__ import annotations

import mmap
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ledger.errors import Unavailable
from ledger.log.authority import ask_authority
from ledger.log.timestamp import granted_token, stamp_request
from ledger.media.cbor import loads
from ledger.media.signature import signature_box

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PAD: Final = b"\x63pad\x59"  # text "pad", then a byte string with a length of two bytes
_PAD_LEFT_MIN: Final = 256  # so that the padding's length keeps its two bytes
Stamping = Callable[[bytes], bytes]
"""These bytes -> a TimeStampToken over their SHA-256 (RFC 3161)."""


def token_over(url: str, content: bytes) -> bytes:
    """Asks the authority. Raises as `ask_authority` and `granted_token` do, and Unavailable `extra_missing`."""
    request = stamp_request(content)
    return granted_token(ask_authority(url, request.der), content, request.nonce)


def stamped(store: bytes, label: str, stamping: Stamping) -> tuple[bytes, bytes, bytes]:
    """(store, box before, box after): the same sizes. Raises Unavailable `signing_no_room`, and what `stamping` raises."""
    box = signature_box(store, label)
    if box is None or store.count(box) != 1:
        raise Unavailable("signing_no_room", "the signature is not where it should be", "Sign without a time stamp.")
    after = with_token(box, stamping(_to_be_stamped(box)))
    return store.replace(box, after), box, after


def replace_in(path: Path, before: bytes, after: bytes) -> None:
    """In place, whatever the file's size; a PNG chunk's checksum follows. Raises Unavailable `signing_no_room`."""
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as data:
        at = data.find(before)
        if at < 0:  # a JPEG cuts large stores into segments
            what = "the signature is cut into pieces in this file"
            raise Unavailable("signing_no_room", what, "Sign beside the file, or without a time stamp.")
        data[at : at + len(after)] = after
        if data[:8] == _PNG:
            chunk = data.rfind(b"caBX", 0, at)
            end = chunk + 4 + struct.unpack_from(">I", data, chunk - 4)[0]
            data[end : end + 4] = struct.pack(">I", zlib.crc32(data[chunk:end]))


def _to_be_stamped(box: bytes) -> bytes:
    """What `sigTst2` is about: a countersignature's Sig_structure (RFC 9052, 4.4) over the signature as a CBOR byte string."""
    protected, _, _, signature = loads(box)
    return b"\x84" + _text("CounterSignature") + _bytes(protected) + _bytes(b"") + _bytes(_bytes(signature))


def with_token(box: bytes, token: bytes) -> bytes:
    """The COSE_Sign1 with the token in its unprotected header and as much less padding."""
    at = box.rfind(_PAD)
    entry = _text("sigTst2") + b"\xa1" + _text("tstTokens") + b"\x81\xa1" + _text("val") + _bytes(token)
    room = struct.unpack_from(">H", box, at + len(_PAD))[0] if at >= 0 else 0
    head = _map_head(box, at) if at >= 0 else -1
    if head < 0 or room - len(entry) < _PAD_LEFT_MIN:
        raise Unavailable("signing_no_room", "the signature has no room for the token", "Sign without a time stamp.")
    pad = at + len(_PAD)
    left = struct.pack(">H", room - len(entry)) + box[pad + 2 : pad + 2 + room - len(entry)]
    count = bytes([box[head] + 1])
    return box[:head] + count + box[head + 1 : at] + entry + _PAD + left + box[pad + 2 + room :]


def _map_head(box: bytes, pad_at: int) -> int:
    """Where the unprotected header begins: a short map after the protected one, which is the first byte string."""
    body = 1 + (box[:1] == b"\xd2")  # tag 18, then an array of four
    kind, size = box[body], 0
    for code, width in ((0x58, 1), (0x59, 2), (0x5A, 4)):
        if kind == code:
            size = 1 + width + int.from_bytes(box[body + 1 : body + 1 + width], "big")
    at = body + size if size else body + 1 + (kind & 0x1F)
    return at if at < pad_at and 0xA0 <= box[at] < 0xB6 else -1


def _text(value: str) -> bytes:
    return bytes([0x60 + len(value)]) + value.encode()


def _bytes(value: bytes) -> bytes:
    size = len(value)
    if size < 24:
        return bytes([0x40 + size]) + value
    return (bytes([0x58, size]) if size < 256 else b"\x59" + struct.pack(">H", size)) + value
