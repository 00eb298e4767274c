"""Templates into answers: everything escaped, nothing undefined."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from api.access import ACCESS
from api.edge import CONTENT_SECURITY_POLICY
from api.web.wording import tone, words
from ledger.media.evidence import named_evidence
from schemas.base import format_instant, parse_instant

# On the pages that talk to a passkey: our own script file, never inline, and requests to this origin only.
SCRIPTED_POLICY = f"{CONTENT_SECURITY_POLICY}; script-src 'self'; connect-src 'self'"
TEMPLATES = Path(__file__).parent / "templates"
_FINGERPRINT_GROUP_CHARS = 4  # what an eye compares at a time
_LABELS = ("provider", "text", "criterion")  # of what an evidence frame shows, the first that there is


class Pages:
    """The page family of one application."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(
            instant=instant, words=words, tone=tone, bytes=size_words, spaced=spaced, evidence=evidence_shown
        )

    def answer(
        self, request: Request, template: str, status: int = 200, *, scripted: bool = False, **context: Any
    ) -> HTMLResponse:
        """The page under the frame that all share. `scripted`: it may run our one script and talk to this origin."""
        state = request.app.state
        shared = {
            "caller": getattr(request.state, "caller", None),
            "local": state.sessions.local_operator is not None,
            "origin": state.services.origin,
            "now": instant(format_instant(state.services.clock.now())),
            "here": None,
            "dispute_roles": ACCESS["page_disputes"].roles,
            "search_roles": ACCESS["page_search"].roles,
            "scripted": scripted,
        }
        headers = {"Content-Security-Policy": SCRIPTED_POLICY} if scripted else None
        return HTMLResponse(self._environment.get_template(template).render(shared | context), status, headers)


def evidence_shown(detail: dict[str, Any]) -> list[dict[str, Any]]:
    """The frames that a finding points at, each with what was found there."""
    return [
        {**one, "label": next((str(about[name]) for name in _LABELS if about.get(name)), "what was found")}
        for about, one in named_evidence(detail)
    ]


def instant(text: str) -> str:
    """`2026-12-01 00:00 UTC`, with seconds only when there are any."""
    moment = parse_instant(text)
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC" if moment.second else "%Y-%m-%d %H:%M UTC")


def size_words(count: int) -> str:
    """A file's size as people say it, decimal units."""
    if count < 1_000:
        return f"{count} bytes"
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    raise AssertionError("unreachable")


def spaced(text: str) -> str:
    """A fingerprint in groups, so that two can be compared by eye."""
    step = _FINGERPRINT_GROUP_CHARS
    return " ".join(text[at : at + step] for at in range(0, len(text), step))
