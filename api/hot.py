"""The way of a signed statement through the server with nothing in between: bytes in, the door, bytes out.

Only requests of the common kind are taken: a DSSE envelope without a token on `POST /v1/statements`. What they get is what
the described route says (statuses, headers, problems, bounds); everything else goes on to that route.
"""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from api.edge import Edge
from api.incoming import BoundedRequest
from api.services.entering import receipt_bytes
from api.services.listening import hear_all
from api.services.services import Services
from api.web.failures import answer_failure
from ledger.errors import LedgerError
from ledger.receipt import Receipt

PATH: Final = "/v1/statements"
_DSSE: Final = b"application/vnd.dsse+json"
_OTHERS: Final = frozenset({b"authorization", b"idempotency-key"})


class Application(FastAPI):
    """The routes, and before all that is around them the hot path: their middleware took a tenth of its time."""

    hot: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "POST" and _is_common(scope):
            scope["app"] = self
            await self.hot(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def hot_path(services: Services) -> ASGIApp:
    """Answers requests of the common kind, dressed as all others are."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        request = BoundedRequest(scope, receive)
        try:
            outcome = (await hear_all(services, [(await request.body(), {})]))[0]
        except LedgerError as error:
            outcome = error
        if isinstance(outcome, Receipt):
            await _send(send, outcome)
            return
        failure = await answer_failure(request, outcome)
        await failure(scope, receive, send)

    return Edge(answer)


def _is_common(scope: Scope) -> bool:
    found = b""
    for name, value in scope["headers"]:
        if name == b"content-type":
            found = value
        elif name in _OTHERS:
            return False
    return found == _DSSE


async def _send(send: Send, receipt: Receipt) -> None:
    body = receipt_bytes(receipt)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"location", b"/v1/receipts/%d" % receipt.index),
    ]
    await send({"type": "http.response.start", "status": 200 if receipt.existing else 201, "headers": headers})
    await send({"type": "http.response.body", "body": body})
