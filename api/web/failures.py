"""What goes wrong, told in the reader's own form: a page to a browser on a page, a problem document to everything else."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.problems import answer_problem, as_ledger_error
from api.web.wording import HEADINGS

_NOT_PAGES = ("/v1", "/tlog", "/health", "/ready")


async def answer_failure(request: Request, error: Exception) -> Response:
    """The exception handler of the whole application."""
    plain = await answer_problem(request, error)
    if request.url.path.startswith(_NOT_PAGES) or "text/html" not in request.headers.get("accept", ""):
        return plain
    found = as_ledger_error(request, error)
    if found.status == 401 and request.method == "GET":
        return RedirectResponse(f"/sign-in?next={quote(request.url.path)}", 303)
    problem = found.as_problem()
    page: Response = request.app.state.pages.answer(
        request, "failure.html", found.status, problem=problem, heading=HEADINGS.get(found.status, "That did not work")
    )
    for name in ("Allow", "Retry-After"):
        if name in plain.headers:
            page.headers[name] = plain.headers[name]
    return page
