"""The witness over HTTP: `POST /add-checkpoint`, and `GET /` with the vkey that others put into their policy."""

from __future__ import annotations

import asyncio

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ledger.errors import Unavailable
from ops.witness.judging import REQUEST_BYTES_MAX, Judged, Witness

REQUESTS_AT_ONCE_MAX = 64  # uvicorn answers 503 above; they take turns at one disk flush each
BODY_SECONDS_MAX = 20.0  # half a megabyte at most; slower is a dead line, or somebody who holds the place


def witness_app(witness: Witness) -> Starlette:
    """The application. Callers are not known by more than the signatures on what they bring."""

    async def add_checkpoint(request: Request) -> Response:
        body = b""
        try:
            async with asyncio.timeout(BODY_SECONDS_MAX):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > REQUEST_BYTES_MAX:
                        return PlainTextResponse(f"over {REQUEST_BYTES_MAX} bytes\n", 413, {"Connection": "close"})
        except (ClientDisconnect, TimeoutError):
            return PlainTextResponse("the body did not arrive\n", 408, {"Connection": "close"})
        try:
            judged = await run_in_threadpool(witness.add_checkpoint, body)
        except Unavailable as error:
            judged = Judged(503, f"{error.what}\n".encode())
        return Response(judged.body, judged.status, {"Content-Type": judged.kind, "Cache-Control": "no-store"})

    async def who(request: Request) -> Response:
        return PlainTextResponse("".join(f"{line}\n" for line in (witness.vkey, *witness.origins)))

    return Starlette(
        routes=[Route("/add-checkpoint", add_checkpoint, methods=["POST"]), Route("/", who, methods=["GET"])]
    )
