"""Who is signed in to the pages: a random id in a cookie, the token or passkey it stands for in this process's memory only.

On one's own machine nobody signs in: the operator whose home folder it is speaks. That is safe only as long as the
browser was really sent to this machine, so requests under any other host name are refused (a name that a stranger's DNS
points at 127.0.0.1 would otherwise read these pages).
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from api.tokens import Tokens
from ledger.clock import Clock
from ledger.errors import Forbidden, Unauthenticated

COOKIE = "countersign_session"
SESSION_BYTES = 32  # 256 random bits
SESSION_LENGTH = timedelta(hours=8)  # a working day
SESSIONS_MAX = 1_000  # signed in at once; past it the oldest is signed out
_OWN_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


Method = Literal["bearer", "token-session", "passkey", "local"]
"""How somebody is known; what the service signs for them says so in `auth.method`."""


@dataclass(frozen=True)
class Visitor:
    """Who is asking, and how we know. `keyid`: the passkey that a session hangs on."""

    actor: str
    method: Method
    keyid: str | None = None


@dataclass(frozen=True)
class _Session:
    """By token or by passkey: it lasts no longer than what it was begun with."""

    until: datetime
    token: str | None = None
    visitor: Visitor | None = None


class Sessions:
    """Thread-safe. A session ends with its time, its token, or this process."""

    def __init__(self, tokens: Tokens, clock: Clock, local_operator: str | None) -> None:
        self._tokens, self._clock, self.local_operator = tokens, clock, local_operator
        self._lock = threading.Lock()
        self._open: dict[str, _Session] = {}

    def begin(self, token: str) -> str:
        """A new session's id. Raises Unauthenticated `token_unknown`."""
        self._tokens.actor(token)
        return self._begin(_Session(self._clock.now() + SESSION_LENGTH, token=token))

    def begin_passkey(self, actor: str, keyid: str) -> str:
        """A session of somebody whose passkey was verified."""
        return self._begin(_Session(self._clock.now() + SESSION_LENGTH, visitor=Visitor(actor, "passkey", keyid)))

    def _begin(self, session: _Session) -> str:
        name = secrets.token_urlsafe(SESSION_BYTES)
        with self._lock:
            while len(self._open) >= SESSIONS_MAX:
                del self._open[next(iter(self._open))]
            self._open[name] = session
        return name

    def visitor(self, request: Request) -> Visitor | None:
        """Who is signed in, or None; that a passkey still speaks is for the log to say. Raises Forbidden `host_not_local`."""
        if self.local_operator is not None:
            _require_own_name(request)
            return Visitor(self.local_operator, "local")
        with self._lock:
            session = self._open.get(request.cookies.get(COOKIE, ""))
        if session is None or session.until <= self._clock.now():
            return None
        try:
            return session.visitor or Visitor(self._tokens.actor(session.token or ""), "token-session")
        except Unauthenticated:
            return None

    def end(self, request: Request) -> None:
        with self._lock:
            self._open.pop(request.cookies.get(COOKIE, ""), None)


def set_cookie(response: Response, request: Request, name: str) -> None:
    """Never readable by scripts, never sent from another site, over TLS wherever this page came over TLS."""
    response.set_cookie(
        COOKIE,
        name,
        max_age=int(SESSION_LENGTH.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def from_own_page(request: Request) -> bool:
    """Whether a browser says that one of our own pages sent this."""
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == request.headers.get("host")


def require_same_origin(request: Request) -> None:
    """For every POST of a page: it must come from one of our own. Raises Forbidden `origin_foreign`."""
    if not from_own_page(request):
        raise Forbidden("origin_foreign", "this form was not sent by one of these pages", "Open the page itself.")


def _require_own_name(request: Request) -> None:
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname
    if host not in _OWN_NAMES:
        raise Forbidden(
            "host_not_local", "without sign-in, pages answer on this machine's own name only", "Use localhost."
        )
