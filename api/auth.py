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
from api.web.sessions import Method, Sessions, Visitor, from_own_page, require_same_origin
from ledger.errors import Forbidden, Unauthenticated
from ledger.rules.actors import actor_state

TOKEN_CHARS_MAX = 200  # ours have 46; nothing longer is worth hashing


@dataclass(frozen=True)
class Caller:
    """An enrolled actor and the roles that the log gives them now."""

    actor: str
    roles: frozenset[str]
    method: Method


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
    """Raises Unauthenticated `token_missing`, `token_unknown`, `session_missing`; Forbidden `role_not_permitted`,
    `origin_foreign`.
    """
    if access.means == "nobody":
        return None
    services: Services = request.app.state.services
    visitor = _by_session(request) if access.means.startswith("session") else _by_token(request, services)
    visitor = visitor or _by_page(request, access)
    if visitor is None or not _key_speaks(services, visitor):
        if access.means in ("token_or_signature", "session_if_any"):
            return None
        raise _nobody(access)
    return _permitted(services, visitor, access)


def _key_speaks(services: Services, visitor: Visitor) -> bool:
    """A session by passkey lasts no longer than the passkey does."""
    if visitor.keyid is None:
        return True
    key = actor_state(services.ledger.history(), visitor.actor).keys.get(visitor.keyid)
    return key is not None and (key.until is None or services.clock.now() < key.until)


def _permitted(services: Services, visitor: Visitor, access: Access) -> Caller:
    actor, state = visitor.actor, actor_state(services.ledger.history(), visitor.actor)
    if state.enrolled_by is None or actor == services.ledger.service_actor:
        raise Forbidden("actor_unknown", "the token's actor is not enrolled here", "An administrator enrols actors.")
    if not state.roles & access.roles:
        held, needed = ", ".join(sorted(state.roles)), ", ".join(sorted(access.roles))
        raise Forbidden(
            "role_not_permitted", f"{actor} has {held}; this needs one of {needed}", "Ask an administrator."
        )
    return Caller(actor, state.roles, visitor.method)


def _by_token(request: Request, services: Services) -> Visitor | None:
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not 0 < len(token) <= TOKEN_CHARS_MAX:
        raise Unauthenticated("token_malformed", "the header is not `Authorization: Bearer …`", "Send a bearer token.")
    return Visitor(services.tokens.actor(token), "bearer")


def _by_session(request: Request) -> Visitor | None:
    sessions: Sessions = request.app.state.sessions
    return sessions.visitor(request)


def _by_page(request: Request, access: Access) -> Visitor | None:
    """A page of ours that talks to the API. What is said for its visitor without their signature takes a real sign-in."""
    sessions: Sessions = request.app.state.sessions
    if access.means == "token_or_session" and (visitor := sessions.visitor(request)) is not None:
        require_same_origin(request)
        return visitor
    if access.means == "token_or_signature" and sessions.local_operator is None and from_own_page(request):
        return sessions.visitor(request)
    return None


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
