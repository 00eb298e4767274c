"""Looking for a value in every file of a folder, however it may be spelt there."""

from __future__ import annotations

import base64
import html
import io
import json
import unicodedata
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

PIECE_CHARS = 48  # of a long value: enough to be itself, short enough to survive a page's end somewhere


def spellings(value: str) -> dict[str, bytes]:
    """The value as bytes in every spelling that software is likely to give it."""
    raw = value.encode()
    found = {
        "utf-8": raw,
        "utf-8, decomposed": unicodedata.normalize("NFD", value).encode(),
        "utf-16-le": value.encode("utf-16-le"),
        "utf-16-be": value.encode("utf-16-be"),
        "utf-32-le": value.encode("utf-32-le"),
        "latin-1": value.encode("latin-1", "replace"),
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
        "percent": quote(value).encode(),
        "percent, plus": quote_plus(value).encode(),
        "percent, all": "".join(f"%{byte:02X}" for byte in raw).encode(),
        "JSON-escaped": json.dumps(value)[1:-1].encode(),
        "JSON-escaped twice": json.dumps(json.dumps(value))[3:-3].encode(),
        "HTML": html.escape(value).encode(),
        "HTML, numeric": value.encode("ascii", "xmlcharrefreplace"),
        "backslashes": value.encode("ascii", "backslashreplace"),
    }
    for offset in range(3):  # base64 inside base64 of something longer begins at any of three places
        aligned = base64.b64encode(b"\0" * offset + raw)[4 if offset else 0 :]
        found[f"base64 at {offset}"] = aligned[: len(aligned) // 4 * 4 - 4]
        found[f"base64url at {offset}"] = base64.urlsafe_b64encode(
            base64.urlsafe_b64decode(found[f"base64 at {offset}"])
        )
    return {name: spelt for name, spelt in found.items() if len(spelt) >= 8}


def pieces(value: str) -> list[str]:
    """A long value's beginning, middle and end; a short one whole."""
    if len(value) <= 2 * PIECE_CHARS:
        return [value]
    middle = len(value) // 2
    return [value[:PIECE_CHARS], value[middle : middle + PIECE_CHARS], value[-PIECE_CHARS:]]


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file's bytes, names included, and those of every member of every archive."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name, raw = str(path.relative_to(folder)), path.read_bytes()
        yield name, name.encode() + b"\0" + raw
        if zipfile.is_zipfile(io.BytesIO(raw)):
            with zipfile.ZipFile(io.BytesIO(raw)) as archive:
                for member in archive.namelist():
                    yield f"{name}!{member}", archive.read(member)


def found_in(folder: Path, wanted: dict[str, bytes]) -> list[str]:
    """Where, and as what, any of these byte strings stands."""
    return [f"{where}: {name}" for where, raw in contents(folder) for name, spelt in wanted.items() if spelt in raw]
