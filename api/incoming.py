"""What comes in: bodies that are counted while they arrive, JSON read strictly, files straight to disk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from anyio import TemporaryDirectory
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from api.limits import BODY_BYTES_MAX, RECEIVE_IDLE_S_MAX, UPLOAD_CHUNK_BYTES
from api.turns import Turns
from ledger.errors import Misuse, TooLarge
from ledger.proof.canonical import parse_json


class BoundedRequest(Request):
    """A request whose body can't grow past `bytes_max`, whatever its header says."""

    bytes_max: int = BODY_BYTES_MAX

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """Raises TooLarge `body_too_large`, Misuse `body_stalled`."""
        promised = self.headers.get("content-length", "0")
        if not promised.isascii() or not promised.isdigit() or int(promised[:20]) > self.bytes_max:
            raise self._too_large()
        total, pieces = 0, super().stream()
        while (piece := await _next_piece(pieces)) is not None:
            total += len(piece)
            if total > self.bytes_max:
                raise self._too_large()
            yield piece

    async def json(self) -> Any:
        """Strict: duplicate members, NaN, huge numbers and deep nesting are refused with their own codes."""
        return parse_json(await self.body())

    def _too_large(self) -> TooLarge:
        return TooLarge("body_too_large", f"the body is over {self.bytes_max} bytes", "Send less.")


async def _next_piece(pieces: AsyncGenerator[bytes, None]) -> bytes | None:
    try:
        async with asyncio.timeout(RECEIVE_IDLE_S_MAX):
            return await anext(pieces, None)
    except TimeoutError:
        what = f"nothing came for {RECEIVE_IDLE_S_MAX} seconds"
        raise Misuse("body_stalled", what, "Send the body without pauses.") from None


@asynccontextmanager
async def upload_place(request: Request, uploads: Turns) -> AsyncIterator[Path]:
    """A turn among the uploads, and a temporary folder that is gone after the block. Raises Unavailable `busy`."""
    caller = getattr(request.state, "caller", None)
    turn = uploads.one(caller.actor if caller else "")
    async with turn, TemporaryDirectory(prefix="countersign-") as folder:  # made and removed in a thread
        yield Path(folder)


@asynccontextmanager
async def received_file(request: Request, bytes_max: int, uploads: Turns) -> AsyncIterator[Path]:
    """The raw body as a temporary file that is gone after the block. Raises as BoundedRequest, and Unavailable `busy`."""
    async with upload_place(request, uploads) as folder:
        path = folder / "upload"
        if isinstance(request, BoundedRequest):
            request.bytes_max = bytes_max
        await _save(request, path)
        yield path


async def _save(request: Request, path: Path) -> None:
    with path.open("wb") as file:
        gathered = bytearray()
        async for piece in request.stream():
            gathered += piece
            if len(gathered) >= UPLOAD_CHUNK_BYTES:
                await run_in_threadpool(file.write, bytes(gathered))
                gathered.clear()
        await run_in_threadpool(file.write, bytes(gathered))
