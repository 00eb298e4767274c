"""Who is asking: a bearer token or a page's session names an actor, and the log says which roles that actor has now.

Deny by default: a route is made only with its line in `ACCESS`, and its caller is known before a byte of its body is read.
Tokens stand in headers and forms alone, never in addresses, and are never logged.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from api.access import ACCESS, Access
from api.incoming import BoundedRequest
from api.services.services import Services
from api.web.sessions import Sessions
from ledger.errors import Forbidden, Unauthenticated
from ledger.rules.actors import actor_state

TOKEN_CHARS_MAX = 200  # ours have 46; nothing longer is worth hashing


@dataclass(frozen=True)
class Caller:
    """An enrolled actor and the roles that the log gives them now."""

    actor: str
    roles: frozenset[str]


class GuardedRoute(APIRoute):
    """Knows its line in the table when it is made, or can't be made: KeyError for an operation without one."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        access, handle = ACCESS[self.operation_id or ""], super().get_route_handler()

        async def guarded(request: Request) -> Response:
            bounded = BoundedRequest(request.scope, request.receive)
            bounded.state.caller = await run_in_threadpool(caller_of, bounded, access)
            return await handle(bounded)

        return guarded


def caller_of(request: Request, access: Access) -> Caller | None:
    """Raises Unauthenticated `token_missing`, `token_unknown`, `session_missing`; Forbidden `role_not_permitted`."""
    if access.means == "nobody":
        return None
    services: Services = request.app.state.services
    actor = _by_session(request) if access.means.startswith("session") else _by_token(request, services)
    if actor is None:
        if access.means in ("token_or_signature", "session_if_any"):
            return None
        raise _nobody(access)
    return _permitted(services, actor, access)


def _permitted(services: Services, actor: str, access: Access) -> Caller:
    state = actor_state(services.ledger.history(), actor)
    if state.enrolled_by is None or actor == services.ledger.service_actor:
        raise Forbidden("actor_unknown", "the token's actor is not enrolled here", "An administrator enrols actors.")
    if not state.roles & access.roles:
        held, needed = ", ".join(sorted(state.roles)), ", ".join(sorted(access.roles))
        raise Forbidden(
            "role_not_permitted", f"{actor} has {held}; this needs one of {needed}", "Ask an administrator."
        )
    return Caller(actor, state.roles)


def _by_token(request: Request, services: Services) -> str | None:
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not 0 < len(token) <= TOKEN_CHARS_MAX:
        raise Unauthenticated("token_malformed", "the header is not `Authorization: Bearer …`", "Send a bearer token.")
    return services.tokens.actor(token)


def _by_session(request: Request) -> str | None:
    sessions: Sessions = request.app.state.sessions
    return sessions.actor(request)


def _nobody(access: Access) -> Unauthenticated:
    if access.means == "session":
        return Unauthenticated("session_missing", "nobody is signed in", "Sign in with your token.")
    return Unauthenticated("token_missing", "no token was sent", "Send Authorization: Bearer with your token.")


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


def _known_caller(request: Request) -> Caller:
    caller: Caller | None = request.state.caller
    if caller is None:
        raise Unauthenticated("token_missing", "no token was sent", "Send Authorization: Bearer with your token.")
    return caller


def _caller_if_any(request: Request) -> Caller | None:
    caller: Caller | None = request.state.caller
    return caller


ServicesOf = Annotated[Services, Depends(_services)]
CallerOf = Annotated[Caller, Depends(_known_caller)]
CallerIfAny = Annotated[Caller | None, Depends(_caller_if_any)]
