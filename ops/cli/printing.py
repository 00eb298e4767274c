"""What reaches a terminal: text that others wrote (names of files, of signers, reasons) without its control characters."""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.table import Column, Table
from rich.text import Text


def plain(text: object) -> str:
    """`text` in one line without control, format or private characters: a signer's name must not move the cursor."""
    return "".join(one if unicodedata.category(one)[0] != "C" else "�" for one in str(text))


def shown(path: Path) -> str:
    """A path as UTF-8 can carry it; bytes of the name that are not UTF-8 become replacement characters."""
    return os.fsencode(path).decode("utf-8", "replace")


def styled(text: object, style: str = "") -> Text:
    """Never read as Rich markup: a title such as `[red]` stays as it is."""
    return Text(plain(text), style=style)


def document(value: dict[str, Any]) -> str:
    """One JSON document in ASCII, so that no locale can break it."""
    return json.dumps(value, indent=2)


def seconds(milliseconds: int | None) -> str:
    return "" if milliseconds is None else f"{milliseconds / 1000:.1f} s"


def table(*columns: str, rows: Iterable[Iterable[object]] = (), title: str | None = None) -> Table:
    """A table whose cells are plain text, or Text where a style is meant. What is too long goes on in the next line: a number
    that was cut off is none that anybody could name."""
    headings = [Column(name, overflow="fold") for name in columns]
    made = Table(*headings, title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else styled(cell) for cell in row))
    return made


def facts(pairs: Iterable[tuple[str, object]]) -> Table:
    """Two columns: what, and which."""
    made = Table.grid(padding=(0, 2))
    made.add_column(style="dim", no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in pairs:
        made.add_row(name, value if isinstance(value, Text) else styled(value))
    return made
