"""Deny by default: every route has its line, every line is obeyed by every role."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from api.access import ACCESS
from api.auth import GuardedRoute
from ops.demo.cast import PEOPLE
from tests.office_of import Office, refused

SHA, ID = "0" * 64, "019a9b00-0000-7000-8000-000000000001"
EVERYBODY = {**PEOPLE, "operator": "admin"}


def routes(router: Any) -> Iterator[Any]:
    """Every route of an application, included routers opened up."""
    for route in router.routes:
        if hasattr(route, "original_router"):
            yield from routes(route.original_router)
        else:
            yield route


def address(route: APIRoute) -> str:
    path = route.path
    for name, value in (
        ("{sha256}", SHA), ("{index}", "0"), ("{clearance}", ID), ("{consent}", ID), ("{brief}", ID), ("{person}", "p-1"),
        ("{holder}", "pia"), ("{licence}", ID), ("{notice}", ID), ("{guardrail}", ID),
        ("{permission}", ID), ("{face}", "1"), ("{dispute}", ID), ("{reference}", ID), ("{match}", ID),
        ("{manifest_id}", "urn:x"), ("{form}", "dpv"), ("{listed}", "consents"), ("{number}", "0"),
    ):  # fmt: skip
        path = path.replace(name, value)
    assert "{" not in path
    return path


def test_every_route_is_guarded_and_declared(office: Office) -> None:
    found = list(routes(office.app))
    assert found and all(isinstance(route, GuardedRoute) for route in found)
    assert {route.operation_id for route in found} == set(ACCESS)
    assert len({route.operation_id for route in found}) == len(found)


def test_a_route_without_a_line_cannot_be_made() -> None:
    router = APIRouter(route_class=GuardedRoute)
    with pytest.raises(KeyError):
        router.add_api_route("/secret", lambda: "told", operation_id="nobody_declared_this")
    with pytest.raises(KeyError):
        router.add_api_route("/secret", lambda: "told")


def test_the_framework_adds_no_route_of_its_own(office: Office) -> None:
    for path in ("/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect"):
        refused(office.get(path), 404, "route_unknown")


def test_no_role_is_the_services_own() -> None:
    assert all("service" not in access.roles for access in ACCESS.values())


def api_routes(app: FastAPI) -> list[APIRoute]:
    return [route for route in routes(app) if ACCESS[route.operation_id].means in ("token", "token_or_session")]


def test_every_token_route_denies_strangers_and_wrong_roles(office: Office) -> None:
    """The whole matrix: 401 without a token, 403 for roles outside the line, anything else for those inside."""
    for route in api_routes(office.app):
        method, path = next(iter(route.methods)), address(route)
        refused(office.client.request(method, path), 401, "token_missing")
        for name, role in EVERYBODY.items():
            answer = office.client.request(method, path, headers=office.headers(name))
            if role in ACCESS[route.operation_id or ""].roles:
                assert answer.status_code not in (401, 405), (path, role, answer.text)
                assert "role_not_permitted" not in answer.text[:500], (path, role)
            else:
                refused(answer, 403, "role_not_permitted")


def test_a_refused_caller_costs_no_body(office: Office) -> None:
    """The caller is judged before the body is: one that promises far too much is still told 403, not 413."""
    answer = office.post("/v1/assets", "finn", content=b"x", headers={"Content-Length": "9" * 18})
    refused(answer, 403, "role_not_permitted")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic abc", "cs_token", "Bearer " + "x" * 500])
def test_a_malformed_authorization_is_401(office: Office, header: str) -> None:
    answer = office.client.get("/v1/receipts/0", headers={"Authorization": header})
    refused(answer, 401, "token_malformed")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_an_unknown_token_is_401_even_where_none_is_needed(office: Office) -> None:
    for method, path in (("GET", "/v1/receipts/0"), ("POST", "/v1/statements")):
        answer = office.client.request(method, path, headers={"Authorization": "Bearer cs_nobody"})
        refused(answer, 401, "token_unknown")


def test_a_revoked_token_is_401_at_once(office: Office) -> None:
    assert office.get("/v1/receipts/0", "mara").status_code == 200
    office.services.tokens.revoke("mara")
    refused(office.get("/v1/receipts/0", "mara"), 401, "token_unknown")


def test_a_token_for_somebody_not_enrolled_or_for_the_service_is_403(office: Office) -> None:
    for name in ("ghost", office.services.ledger.service_actor):
        office.tokens[name] = office.services.tokens.issue(name, office.clock.now())
        refused(office.get("/v1/receipts/0", name), 403, "actor_unknown")


def test_a_token_in_the_address_is_no_token(office: Office) -> None:
    refused(office.client.get(f"/v1/receipts/0?token={office.tokens['mara']}"), 401, "token_missing")
    refused(office.client.get(f"/v1/receipts/0?access_token={office.tokens['mara']}"), 401, "token_missing")


def test_public_routes_are_exactly_these() -> None:
    public = {name for name, access in ACCESS.items() if access.means == "nobody"}
    assert public == {
        "get_health", "get_ready", "get_openapi", "get_checkpoint", "list_log_keys",
        "get_published_checkpoint", "get_witnessed_checkpoint", "get_published_keys", "get_published_key_history", "get_tile",
        "page_sign_in", "page_session", "page_style", "page_script", "page_passkey_challenge", "page_passkey_session",
        "get_status_list", "get_service_keys", "list_soft_binding_algorithms",
    }  # fmt: skip
