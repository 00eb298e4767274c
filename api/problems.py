"""Errors as RFC 9457 problem documents: a stable code, what happened, what to do; never an echo of what was sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.limits import RETRY_AFTER_S
from ledger.errors import LedgerError, Misuse, NotFound, Unauthenticated, of_the_machine
from schemas.api.problems import PROBLEM_TYPE, Problem

ERRORS_NAMED_MAX = 8  # members named in one answer; whoever has more reads the schema
_SENTENCES = {
    400: "The request is malformed.",
    401: "No token or signature that we know.",
    403: "This actor may not do this.",
    404: "Nothing of that name is here.",
    409: "A rule said no; every reason is listed.",
    413: "Over a named bound.",
    414: "The address is too long; post it instead.",
    415: "No algorithm of ours reads such a file.",
    422: "The evidence fails: a signature, a digest or a proof.",
    500: "Our mistake; nothing about it is told here.",
    503: "Something we need does not answer, or every place is taken; try again after Retry-After seconds.",
}


class InternalError(LedgerError):
    """Whatever we did not foresee. The details are in our own log."""

    status = 500


class MethodNotAllowed(Misuse):
    """The address exists; the method does not."""

    status = 405


class UriTooLong(Misuse):
    """What belongs into a body stood in the address."""

    status = 414


class MediaTypeUnsupported(Misuse):
    """A kind of file that nothing here reads."""

    status = 415


def problem(error: LedgerError, extra: Mapping[str, Any] | None = None) -> JSONResponse:
    """The error's own document under its own status; `extra` members are documented with the operation."""
    headers = {}
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="countersign"'
    if error.status == 503:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    content = error.as_problem() | dict(extra or {})
    return JSONResponse(content, error.status, headers=headers, media_type=PROBLEM_TYPE)


def as_ledger_error(request: Request, error: Exception) -> LedgerError:
    """Anything that was raised, in our own tree."""
    if isinstance(error, LedgerError):
        return error
    if isinstance(error, HTTPException):
        return _of_http(request, error)
    if isinstance(error, RequestValidationError):
        return request_invalid(error.errors())
    if isinstance(error, OSError) and (trouble := of_the_machine(error)) is not None:
        return trouble
    return InternalError("internal_error", "something failed that we did not foresee", "Try again, or tell us when.")


def request_invalid(errors: Sequence[Mapping[str, Any]]) -> Misuse:
    """Which member is wrong and why; never the value, which may be a secret or personal data."""
    return Misuse("request_invalid", sentences(errors), "See the API description.")


def sentences(errors: Sequence[Mapping[str, Any]]) -> str:
    return "; ".join(f"/{'/'.join(map(str, item['loc']))}: {item['msg']}" for item in errors[:ERRORS_NAMED_MAX])


def named(error: ValidationError) -> Sequence[Mapping[str, Any]]:
    """Pydantic's findings without the values."""
    return [dict(item) for item in error.errors(include_input=False, include_url=False, include_context=False)]


def documented(*statuses: int, also: Mapping[int, dict[str, Any]] | None = None) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an operation: each error with the problem schema; every operation may answer 500."""
    found: dict[int | str, dict[str, Any]] = {}
    for status in sorted({*statuses, 500}):
        content = {PROBLEM_TYPE: {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}}
        found[status] = {"description": _SENTENCES[status], "content": content}
    return found | dict(also or {})


async def answer_problem(request: Request, error: Exception) -> Response:
    """The exception handler of the API."""
    answer = problem(as_ledger_error(request, error))
    if isinstance(error, HTTPException) and error.headers and "Allow" in error.headers:
        answer.headers["Allow"] = error.headers["Allow"]
    return answer


def _of_http(request: Request, error: HTTPException) -> LedgerError:
    if isinstance(error.__cause__, LedgerError):  # raised inside the framework's own reading of the body
        return error.__cause__
    if error.status_code == 404:
        return NotFound("route_unknown", "there is nothing at this address", "See the API description.")
    if error.status_code == 405:
        return MethodNotAllowed("method_not_allowed", f"{request.method} is not for this address", "See Allow.")
    if error.status_code == 401:
        return Unauthenticated("token_missing", "no token was sent", "Send Authorization: Bearer.")
    return Misuse("request_invalid", "the request could not be read", "See the API description.")
