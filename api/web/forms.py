"""Forms as browsers send them: counted while they arrive, one file at most, which goes to disk."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request

from api.incoming import BoundedRequest, upload_place
from api.limits import FORM_OVERHEAD_BYTES_MAX, UPLOAD_CHUNK_BYTES
from api.turns import Turns
from ledger.errors import Misuse

FIELDS_MAX = 8  # our largest form has three
FIELD_BYTES_MAX = 4 * 2**10  # our longest field is a token
NAME_CHARS_SHOWN = 80  # of a file's own name


@dataclass(frozen=True)
class Form:
    """Text fields by name, empty ones left out; the file's own name is for showing only."""

    fields: dict[str, str]
    path: Path | None = None
    file_name: str = ""


@asynccontextmanager
async def uploaded_form(request: Request, bytes_max: int, uploads: Turns) -> AsyncIterator[Form]:
    """A multipart form with its file, gone after the block. Raises TooLarge, Misuse `file_missing`, Unavailable `busy`."""
    async with upload_place(request, uploads) as folder:
        _bound(request, bytes_max + FORM_OVERHEAD_BYTES_MAX)
        async with request.form(max_files=1, max_fields=FIELDS_MAX, max_part_size=FIELD_BYTES_MAX) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile) or not file.filename:
                raise Misuse("file_missing", "no file was chosen", "Choose a file and send the form again.")
            path = folder / "upload"
            await run_in_threadpool(_copy, file, path)
            fields = {name: value for name, value in form.items() if isinstance(value, str) and value}
            name = file.filename[-NAME_CHARS_SHOWN:]
        yield Form(fields, path, name)


async def plain_form(request: Request) -> Form:
    """A form without a file."""
    _bound(request, FORM_OVERHEAD_BYTES_MAX)
    async with request.form(max_files=0, max_fields=FIELDS_MAX, max_part_size=FIELD_BYTES_MAX) as form:
        return Form({name: value for name, value in form.items() if isinstance(value, str) and value})


def _bound(request: Request, bytes_max: int) -> None:
    if isinstance(request, BoundedRequest):
        request.bytes_max = bytes_max


def _copy(file: UploadFile, path: Path) -> None:
    with path.open("wb") as target:
        shutil.copyfileobj(file.file, target, UPLOAD_CHUNK_BYTES)
