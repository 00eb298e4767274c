"""Around everything: headers that a browser obeys, and the last net under errors that nobody foresaw."""

from __future__ import annotations

import logging
import traceback

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import as_ledger_error, problem
from api.web.failures import answer_failure

_LOG = logging.getLogger("countersign.api")
# No script at all, from anywhere; styles, pictures and forms from this origin only; never inside another page.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
# `same-origin`: nothing leaves for other sites. With `no-referrer` a browser would also hide the Origin of our own forms,
# and with it the means to tell them from a stranger's.
HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)


class Edge:
    """ASGI middleware. Answers are never cached unless they say so themselves."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_dressed(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message = {**message, "headers": _dressed(message["headers"])}
            await send(message)

        try:
            await self._app(scope, receive, send_dressed)
        except ClientDisconnect:
            return  # nobody is there to be answered; whatever was received is gone with its block
        except Exception as error:
            _LOG.error("unforeseen %s at %s", type(error).__name__, _where(error))  # never its text: it may quote data
            if started:
                raise RuntimeError("an answer broke off") from None
            answer = await _answer(Request(scope), error)
            await answer(scope, receive, send_dressed)


async def _answer(request: Request, error: Exception) -> Response:
    try:
        return await answer_failure(request, error)
    except Exception:  # the page about the failure failed too; the document needs nothing that could
        return problem(as_ledger_error(request, error))


def _dressed(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    present = {name.lower() for name, _ in headers}
    cached = () if b"cache-control" in present else ((b"cache-control", b"no-store"),)
    return [*headers, *(pair for pair in (*HEADERS, *cached) if pair[0] not in present)]


def _where(error: Exception) -> str:
    """File, line and function of each frame, innermost last."""
    frames = traceback.extract_tb(error.__traceback__)
    return " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in reversed(frames))
