"""The zip around an evidence pack, opened by somebody who does not trust it (SPEC S8.1).

The zip is a carrier only: what counts is the members' names and bytes, so any tool may have written it. Names come from
a closed list, sizes are bounded before anything is unpacked, and nothing is ever written to a disk.
"""

from __future__ import annotations

import hashlib
import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from ledger.errors import Misuse, TooLarge, Untrusted
from ledger.proof.canonical import JSON_BYTES_MAX
from ledger.proof.consistency import CONSISTENCY_BYTES_MAX
from ledger.proof.note import NOTE_BYTES_MAX
from ledger.proof.policy import POLICY_BYTES_MAX
from ledger.proof.timetoken import TOKEN_BYTES_MAX
from ledger.proof.tlogproof import TLOG_PROOF_BYTES_MAX

PACK_ENTRIES_MAX = 10_000  # as many as one asset's family may have files (FAMILY_ASSETS_MAX)
PACK_MEMBERS_MAX = (
    40_000  # an entry and its proof each, a tag each, blobs; one zip directory without zip64 ends at 65,535
)
PACK_DIRECTORY_BYTES_MAX = 8 * 2**20  # 46 bytes and a name of at most 70 characters for each member, with room
PACK_BYTES_MAX = 4 * 2**30 - 1  # all members unpacked; a pack with media fits, and zip64 is not needed
PACK_JSON_BYTES_MAX = 8 * 2**20  # 10,000 entries take some 4 MB; in base64 it still fits JSON_BYTES_MAX
PACK_TEXT_BYTES_MAX = 16 * 2**20  # keys, report and verifier
PACK_RATIO_MAX = 200  # unpacked : packed. JSON of fingerprints reaches 20; deflate's own limit, a bomb's, is 1,032
TAG_PROOF_BYTES_MAX = 64 * 2**10  # 256 siblings take 17 KB, a hundred types 15 KB
DISCLOSED_BYTES_MAX = 4 * 2**20  # a reference picture has 2.8 MB in base64
FRAME_BYTES_MAX = 256 * 2**10  # a small JPEG of noise has 150 kB
LOG_ENTRY_BYTES_MAX = 65_535  # the length field of an entry bundle (C2SP tlog-tiles)

PACK_NAMES = {
    "pack.json": PACK_JSON_BYTES_MAX,
    "pack.dsse": JSON_BYTES_MAX,
    "report.html": PACK_TEXT_BYTES_MAX,
    "verify.py": PACK_TEXT_BYTES_MAX,
    "keys/log.vkeys": PACK_TEXT_BYTES_MAX,
    "keys/actors.json": PACK_TEXT_BYTES_MAX,
}
"""Members that every pack has, with the most bytes of each."""

PACK_NAMES_2 = {"facts.json": PACK_TEXT_BYTES_MAX, "certificate.txt": PACK_TEXT_BYTES_MAX}
"""Those that every pack has since format 2."""

PACK_UNCOVERED = frozenset({"pack.json", "pack.dsse"})
"""Members without a digest in pack.json: itself, and its own signature."""

_PACK_SERIES = (
    (re.compile(r"entries/(0|[1-9][0-9]{0,15})\.json"), LOG_ENTRY_BYTES_MAX),
    (re.compile(r"proofs/(0|[1-9][0-9]{0,15})\.tlog-proof"), TLOG_PROOF_BYTES_MAX),
    (re.compile(r"index/[0-9a-f]{64}\.json"), TAG_PROOF_BYTES_MAX),
    (re.compile(r"blobs/[0-9a-f]{64}"), PACK_BYTES_MAX),
    (re.compile(r"witnessed/policy"), POLICY_BYTES_MAX),
    (re.compile(r"(witnessed|stamps/[1-9][0-9]{0,15})/checkpoint"), NOTE_BYTES_MAX),
    (re.compile(r"(witnessed|stamps/[1-9][0-9]{0,15})/consistency"), CONSISTENCY_BYTES_MAX),
    (re.compile(r"stamps/[1-9][0-9]{0,15}/token\.tsr"), TOKEN_BYTES_MAX),
    (re.compile(r"known/consistency"), CONSISTENCY_BYTES_MAX),
    (re.compile(r"disclosures/(0|[1-9][0-9]{0,15})\.[a-z0-9_]{1,74}\.json"), DISCLOSED_BYTES_MAX),
    (re.compile(r"report\.pdf"), PACK_TEXT_BYTES_MAX),
    (re.compile(r"frames/[0-9a-f]{64}\.jpg"), FRAME_BYTES_MAX),
)
_ZIP_END = struct.Struct("<4s4H2LH")
_ZIP64_LOCATOR_BYTES = 20
_MEMBER_CHUNK_BYTES = 1 << 20
_DENSE_BYTES_MIN = 64  # below it a ratio says nothing: a few equal lines pack very well


def member_bytes_max(name: str) -> int | None:
    """The most bytes a member of this name may have; None for a name that no pack has."""
    if (most := PACK_NAMES.get(name, PACK_NAMES_2.get(name))) is not None:
        return most
    return next((most for pattern, most in _PACK_SERIES if pattern.fullmatch(name)), None)


class PackFile:
    """The members of a pack by name. `unsafe`: (member, code, why) for what must not be opened. Close it after use."""

    def __init__(self, source: bytes | Path) -> None:
        """Raises Misuse `pack_empty`, `pack_not_zip`, `pack_missing`, TooLarge `pack_too_large`."""
        stream = _opened_source(source)
        try:
            _check_zip_end(stream)
            self._zip = zipfile.ZipFile(stream)
        except (zipfile.BadZipFile, ValueError, struct.error, NotImplementedError) as error:
            stream.close()
            raise _pack_not_zip("it can't be read") from error
        except BaseException:
            stream.close()
            raise
        self._stream = stream
        self._members = self._zip.infolist()
        self.names = tuple(one.filename for one in self._members)
        self.unsafe = tuple(_unsafe_members(self._members))

    def read(self, name: str) -> bytes:
        """A member's bytes, all at once. Raises Untrusted `member_unreadable`."""
        return b"".join(self._chunks(name))

    def sha256(self, name: str) -> str:
        """A member's digest, in hex, without holding it in memory. Raises Untrusted `member_unreadable`."""
        digest = hashlib.sha256()
        for chunk in self._chunks(name):
            digest.update(chunk)
        return digest.hexdigest()

    def close(self) -> None:
        self._zip.close()
        self._stream.close()

    def _chunks(self, name: str) -> Iterator[bytes]:
        try:
            with self._zip.open(name) as member:  # gives no more than the directory said, and checks the CRC
                while chunk := member.read(_MEMBER_CHUNK_BYTES):
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
            what = f"{name} can't be unpacked: its bytes were changed"
            raise Untrusted("member_unreadable", what, "Ask for the pack again.") from error


def _opened_source(source: bytes | Path) -> IO[bytes]:
    if isinstance(source, bytes):
        return io.BytesIO(source)
    try:
        return source.open("rb")
    except OSError as error:
        raise Misuse("pack_missing", f"the pack can't be opened: {error.strerror}", "Check the path.") from error


def _check_zip_end(stream: IO[bytes]) -> None:
    """Bounds what the zip reader will be asked to hold, before it runs: the end record is the last 22 bytes."""
    size = stream.seek(0, io.SEEK_END)
    if size == 0:
        raise Misuse("pack_empty", "the pack has no bytes", "Ask for the pack again.")
    if size > PACK_BYTES_MAX:
        raise _pack_too_large(f"more than {PACK_BYTES_MAX} bytes")
    stream.seek(max(0, size - _ZIP_END.size - _ZIP64_LOCATOR_BYTES))
    tail = stream.read()
    signature, _, _, _, members, directory_bytes, _, _ = _ZIP_END.unpack(tail[-_ZIP_END.size :])
    if signature != b"PK\x05\x06":
        raise _pack_not_zip("it is cut short, or something follows it")
    if members > PACK_MEMBERS_MAX or directory_bytes > PACK_DIRECTORY_BYTES_MAX:
        raise _pack_too_large(f"more than {PACK_MEMBERS_MAX} members")
    if tail.startswith(b"PK\x06\x07"):
        raise _pack_too_large("it is in the zip64 form, which no pack needs")
    stream.seek(0)


def _unsafe_members(members: list[zipfile.ZipInfo]) -> Iterator[tuple[str, str, str]]:
    seen: set[str] = set()
    for one in members:
        name = one.orig_filename
        if (problem := _member_problem(one, seen)) is not None:
            yield name[:200], *problem
        seen.add(name)
    if sum(one.file_size for one in members) > PACK_BYTES_MAX:
        yield "the archive", "pack_too_large", f"unpacked it would have more than {PACK_BYTES_MAX} bytes"


def _member_problem(one: zipfile.ZipInfo, seen: set[str]) -> tuple[str, str] | None:
    """The first thing that is wrong with a member, as (code, why)."""
    most = member_bytes_max(one.orig_filename)
    if most is None or one.filename != one.orig_filename:
        return "member_name_unsafe", "no pack has a member of this name"
    packed_otherwise = one.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    checks = (
        (one.orig_filename in seen, "member_duplicate", "two members have this name"),
        (bool(one.flag_bits & 0x1), "member_encrypted", "it is encrypted"),
        (packed_otherwise, "member_packing", "it is packed in another way than stored or deflated"),
        (stat.S_IFMT(one.external_attr >> 16) not in (0, stat.S_IFREG), "member_not_file", "it is a link or a folder"),
        (one.file_size > most, "member_too_large", f"unpacked it would have more than {most} bytes"),
        (
            one.file_size > PACK_RATIO_MAX * max(one.compress_size, _DENSE_BYTES_MIN),
            "member_too_dense",
            f"unpacked it would be more than {PACK_RATIO_MAX} times as large",
        ),
    )
    return next(((code, why) for wrong, code, why in checks if wrong), None)


def _pack_not_zip(what: str) -> Misuse:
    return Misuse("pack_not_zip", f"Not an evidence pack: {what}.", "Ask for the pack again.")


def _pack_too_large(what: str) -> TooLarge:
    return TooLarge("pack_too_large", f"Not an evidence pack that we open: {what}.", "Ask for the pack again.")
