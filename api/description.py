"""The OpenAPI document: what FastAPI gathers, with our problem schema, the two ways to be known, and examples."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api.access import ACCESS, Access
from api.problems import MediaTypeUnsupported, MethodNotAllowed, UriTooLong
from ledger.errors import Misuse, Refused, Unauthenticated, Unavailable, Untrusted
from schemas.api.decisions import DigestQuestion
from schemas.api.log import BatchSaid, SignedStatement, UnsignedStatement
from schemas.api.problems import PROBLEM_TYPE, Problem, RefusedClearance

_REFERRED: tuple[type[BaseModel], ...] = (
    Problem,
    RefusedClearance,
    BatchSaid,
    SignedStatement,
    UnsignedStatement,
    DigestQuestion,
)
"""Shapes that operations name by reference only."""
_SUMMARY = (
    "May this clip be used, for this, here, now, and can you prove it? Facts enter as signed statements into an "
    "append-only log; every answer names the entries behind it. Errors are RFC 9457 problem documents with stable codes."
)
_TAGS = (
    ("statements", "Facts, said once and signed."),
    ("log", "What a stranger needs to check the log."),
    ("assets", "Files and everything known of them."),
    ("drift", "What survives which export."),
    ("decisions", "Verdicts and clearances."),
    ("soft bindings", "C2PA Soft Binding Resolution API 2.2."),
    ("passkeys", "Signing with a device of one's own."),
    ("records", "Consents, briefs and notices."),
    ("likeness", "Faces of files, and whose may be recognised."),
    ("references", "What files are compared with, and what was found."),
    ("operation", "For whoever runs this."),
)
_EXAMPLES: dict[str, Any] = {
    "400": Misuse("request_invalid", "/query/size: Input should be greater than 0", "See the API description."),
    "401": Unauthenticated("token_missing", "no token was sent", "Send Authorization: Bearer with your token."),
    "403": Refused("role_not_permitted", "pia has platform; this needs one of admin, librarian, producer"),
    "404": Misuse("asset_unknown", "no file with this digest is in the ledger", "Import it first."),
    "405": MethodNotAllowed("method_not_allowed", "PUT is not for this address", "See Allow."),
    "409": Refused("boundary_moved", "entry 12 came first and matters to this statement", "Say it again."),
    "413": Misuse("body_too_large", "the body is over 4194304 bytes", "Send less."),
    "414": UriTooLong("softbinding_value_too_long", "the value has over 2000 characters", "POST it."),
    "415": MediaTypeUnsupported("asset_type_unsupported", "no algorithm of ours reads such assets", "Send media."),
    "422": Untrusted("signature_invalid", "the signature does not fit its payload", "Sign the exact bytes."),
    "500": Unavailable("internal_error", "something failed that we did not foresee", "Try again."),
    "503": Unavailable("busy", "every place for examinations is taken", "Try again in a few seconds."),
}


def describe(app: FastAPI) -> None:
    """Makes `app.openapi()` the whole document, built when it is first asked for."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=_SUMMARY,
        routes=app.routes,
        tags=[{"name": name, "description": text} for name, text in _TAGS],
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        servers=[{"url": "/"}],
    )
    schemas = document["components"]["schemas"]
    _, referred = models_json_schema(
        [(shape, "validation") for shape in _REFERRED], ref_template="#/components/schemas/{model}"
    )
    schemas.update(referred["$defs"])
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    document["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "A token that the operator issued."}
    }
    for operations in document["paths"].values():
        for operation in operations.values():
            _finish(operation, schemas)
    return document


def _finish(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    access = ACCESS[operation["operationId"]]
    operation["security"] = _security(access)
    if access.roles:
        operation["description"] += f"\n\nFor: {', '.join(sorted(access.roles))}."
    if "HTTPValidationError" in str(operation["responses"].get("422")):
        del operation["responses"]["422"]  # malformed requests are our own 400 `request_invalid`
    for status, response in operation["responses"].items():
        for kind, content in response.get("content", {}).items():
            _exemplify(status, kind, content, schemas)
    for content in operation.get("requestBody", {}).get("content", {}).values():
        _exemplify("", "", content, schemas)


def _exemplify(status: str, kind: str, content: dict[str, Any], schemas: dict[str, Any]) -> None:
    if "example" in content or "examples" in content:
        return
    shape = schemas.get(content.get("schema", {}).get("$ref", "").rpartition("/")[2], {})
    if kind == PROBLEM_TYPE and status in _EXAMPLES and shape.get("title") == Problem.__name__:
        content["example"] = _EXAMPLES[status].as_problem() | {"status": int(status)}
    elif "examples" in shape:
        content["example"] = shape["examples"][0]


def _security(access: Access) -> list[dict[str, list[str]]]:
    if access.means == "token_or_signature":
        return [{}, {"bearer": []}]
    return [{"bearer": []}] if access.means in ("token", "token_or_session") else []
