"""What a user of stock `eventsourcing` would run: FastAPI, the signature checked, one Application.save a request.

usage: python -m ops.bench.stock_server SQLITE_PATH_OR_POSTGRES_URL SPKI_BASE64      prints its port
"""

from __future__ import annotations

import socket
import sys
from base64 import b64decode
from uuid import UUID

import uvicorn
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate
from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool

from ledger.proof.dsse import Envelope, verify
from ledger.proof.keys import keyid
from ops.bench.stock import environment


class SaidOnce(Aggregate):
    """One statement in an aggregate of its own."""

    def __init__(self, payload: str, keyid: str, sig: str) -> None:
        self.payload, self.keyid, self.sig = payload, keyid, sig


def create_stock_app(store: str, spki: bytes) -> FastAPI:
    log, keys = Application[UUID](environment(store)), {keyid(spki): spki}
    app = FastAPI()

    def save(raw: bytes) -> dict[str, str]:
        envelope = Envelope.parse(raw)
        verify(envelope, keys)
        said = envelope.to_json()
        one = SaidOnce(said["payload"], envelope.signatures[0].keyid, said["signatures"][0]["sig"])
        log.save(one)
        return {"id": str(one.id)}

    @app.post("/v1/statements", status_code=201)
    async def say(request: Request) -> dict[str, str]:
        return await run_in_threadpool(save, await request.body())

    return app


def main() -> None:
    app = create_stock_app(sys.argv[1], b64decode(sys.argv[2]))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1_024)
        print(listener.getsockname()[1], flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run(sockets=[listener])


if __name__ == "__main__":
    main()
