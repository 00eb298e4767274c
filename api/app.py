"""The application: `create_app(services)` puts routes, pages and guards together. Nothing happens at import."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from api.description import describe
from api.edge import Edge
from api.hot import Application, hot_path
from api.limits import (
    EXAMINATION_WAIT_S,
    EXAMINATIONS_MAX,
    UPLOAD_WAIT_S_MAX,
    UPLOADS_MAX,
    UPLOADS_WAITING_MAX,
    UPLOADS_WAITING_PER_CALLER_MAX,
    Slots,
)
from api.routes import (
    assets,
    clearances,
    disputes,
    drift,
    endings,
    exchange,
    health,
    likeness,
    log,
    openapi,
    opinions,
    passes,
    passkeys,
    records,
    references,
    rights,
    rules,
    searching,
    soft_bindings,
    statements,
    status,
    tiles,
    verifications,
)
from api.services.services import Services
from api.turns import Turns
from api.web import dispute_pages, drift_pages, licence_pages, pages, passkey_pages, person_pages, search_pages
from api.web.failures import answer_failure
from api.web.rendering import Pages
from api.web.sessions import Sessions
from ledger.errors import LedgerError

P = ParamSpec("P")
T = TypeVar("T")


def _upload_turns() -> Turns:
    return Turns(
        "uploads",
        UPLOADS_MAX,
        waiting_max=UPLOADS_WAITING_MAX,
        waiting_per_caller_max=UPLOADS_WAITING_PER_CALLER_MAX,
        wait_s=UPLOAD_WAIT_S_MAX,
    )


@dataclass(frozen=True)
class Work:
    """How many uploads and examinations there may be at once in this process."""

    uploads: Turns = field(default_factory=_upload_turns)
    examinations: Slots = field(default_factory=lambda: Slots("examinations", EXAMINATIONS_MAX))

    def examining(self, work: Callable[P, T]) -> Callable[P, T]:
        """`work`, done while holding a place. Raises Unavailable `busy`."""
        return self._held(work, EXAMINATION_WAIT_S)

    def examining_upload(self, work: Callable[P, T]) -> Callable[P, T]:
        """The same for who holds an upload's place, and so is one of few: they wait for as long as it takes the others."""
        return self._held(work, UPLOAD_WAIT_S_MAX)

    def _held(self, work: Callable[P, T], wait_s: float) -> Callable[P, T]:
        @wraps(work)
        def held(*args: P.args, **kwargs: P.kwargs) -> T:
            with self.examinations.one(wait_s):
                return work(*args, **kwargs)

        return held


def create_app(services: Services, local_operator: str | None = None) -> FastAPI:
    """The API under /v1 and the pages. The caller owns `services` and closes them after the server stopped.

    `local_operator`: whose pages these are without sign-in; only ever given when the server listens on loopback alone.
    While it runs, the views follow the log.
    """
    app = Application(
        title="Countersign",
        version="1",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=_following(services),
        redirect_slashes=False,
    )
    app.state.services, app.state.slots, app.state.pages = services, Work(), Pages()
    app.state.sessions = Sessions(services.tokens, services.clock, local_operator)
    for module in (
        statements,
        log,
        assets,
        opinions,
        drift,
        verifications,
        clearances,
        passes,
        records,
        references,
        searching,
        likeness,
        rights,
        rules,
        endings,
        exchange,
        disputes,
        soft_bindings,
        status,
        tiles,
        health,
        openapi,
        passkeys,
        pages,
        passkey_pages,
        person_pages,
        licence_pages,
        drift_pages,
        search_pages,
        dispute_pages,
    ):
        app.include_router(module.router)
    for kind in (LedgerError, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, answer_failure)
    app.add_middleware(Edge)
    app.hot = hot_path(services)
    describe(app)
    return app


def _following(services: Services) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        services.views.start()
        try:
            yield
        finally:
            await run_in_threadpool(services.views.stop)

    return lifespan
