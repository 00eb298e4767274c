"""Health, readiness, headers, and errors nobody foresaw."""

from __future__ import annotations

import dataclasses
import logging
from contextlib import ExitStack
from typing import Any

import pytest
from openapi_spec_validator import validate

from api.access import ACCESS
from api.limits import EXAMINATIONS_MAX, Slots
from api.turns import Turns
from ledger.errors import Unavailable
from ops.openapi import TARGET, openapi_text
from schemas.api.problems import PROBLEM_TYPE
from tests.office_of import Office, refused


def test_health_touches_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office.services.ledger.store, "head", _broken)
    assert office.client.get("/health").json() == {"status": "alive"}


def test_ready_names_every_view(office: Office) -> None:
    answer = office.client.get("/ready")
    assert answer.status_code == 200 and answer.json()["ready"]
    names = {check["name"] for check in answer.json()["checks"]}
    assert names >= {"store", "view audit_trail", "view matches", "view notices"}


def test_not_ready_when_the_store_or_a_view_does_not_answer(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(office.services.views, "health", _unavailable)
        answer = office.client.get("/ready")
        assert answer.status_code == 503 and answer.headers["retry-after"]
        assert {"name": "views", "ready": False, "detail": "views_busy"} in answer.json()["checks"]
    monkeypatch.setattr(office.services.ledger.store, "head", _unavailable)
    assert [check["name"] for check in office.client.get("/ready").json()["checks"]] == ["store"]


def test_an_unforeseen_error_tells_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(office.services.ledger.store, "entry", _broken)
    with caplog.at_level(logging.ERROR):
        answer = office.get("/v1/statements/0")
    refused(answer, 500, "internal_error")
    assert "SECRET" not in answer.text
    assert "SECRET" not in caplog.text and "KeyError" in caplog.text and "test_operation.py" in caplog.text
    assert answer.headers["content-security-policy"]


def test_something_unavailable_says_when_to_come_back(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office.services.ledger.store, "entry", _unavailable)
    answer = office.get("/v1/statements/0")
    refused(answer, 503, "views_busy")
    assert int(answer.headers["retry-after"]) > 0


def test_every_answer_carries_the_security_headers(office: Office) -> None:
    for path in ("/", "/health", "/v1/nowhere", "/style.css", "/v1/receipts/0"):
        headers = office.client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert "script" not in policy and "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"]


def test_unknown_addresses_and_methods_are_problems(office: Office) -> None:
    refused(office.get("/v1/wishes"), 404, "route_unknown")
    answer = office.client.put("/v1/checkpoint")
    refused(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET"


def test_slots_are_given_back_whatever_happens() -> None:
    slots = Slots("tests", 1)
    with pytest.raises(KeyError), slots.one():
        raise KeyError
    with slots.one(), pytest.raises(Unavailable, match="busy"), slots.one():
        raise AssertionError("unreachable")
    with slots.one():
        pass


def test_when_every_place_is_taken_the_answer_is_busy(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.app.EXAMINATION_WAIT_S", 0.01)
    monkeypatch.setattr("api.app.UPLOAD_WAIT_S_MAX", 0.01)
    with ExitStack() as taken:
        for _ in range(EXAMINATIONS_MAX):
            taken.enter_context(office.app.state.slots.examinations.one())
        refused(office.post("/v1/search", content=b"x"), 503, "busy")
        refused(office.post(f"/v1/assets/{office.made.signed}/signed", "mara"), 503, "busy")
    none = Turns("uploads", 0, waiting_max=0, waiting_per_caller_max=0, wait_s=0.01)
    office.app.state.slots = dataclasses.replace(office.app.state.slots, uploads=none)
    answer = office.post("/v1/verifications", content=b"x")
    assert "uploads" in refused(answer, 503, "busy")["detail"] and answer.headers["retry-after"]


# -- the description -------------------------------------------------------------------------------------------------


def test_the_description_is_valid_openapi(office: Office) -> None:
    validate(office.client.get("/v1/openapi.json").json())


def test_the_committed_description_is_the_present_one() -> None:
    assert TARGET.read_text(encoding="utf-8") == openapi_text(), "run `python -m ops.openapi`"


def test_every_operation_is_documented(office: Office) -> None:
    document = office.app.openapi()
    operations = [one for path in document["paths"].values() for one in path.values()]
    assert {one["operationId"] for one in operations} == {name for name in ACCESS if not name.startswith("page_")}
    for one in operations:
        assert one["summary"] and one["description"] and one["tags"], one["operationId"]
        assert "security" in one
        assert all(parameter.get("description") for parameter in one.get("parameters", [])), one["operationId"]
        assert "422" not in one["responses"] or "HTTPValidationError" not in str(one["responses"]["422"])
        good = [answer for status, answer in one["responses"].items() if status.startswith("2")]
        assert good and all(_has_example(answer) for answer in good if answer.get("content")), one["operationId"]
        bad = {status: answer for status, answer in one["responses"].items() if int(status) >= 400}
        assert "500" in bad
        for status, answer in bad.items():
            if status == "503" and one["operationId"] == "get_ready":
                continue
            assert PROBLEM_TYPE in answer["content"] and _has_example(answer), (one["operationId"], status)
        if "requestBody" in one:
            assert _has_example(one["requestBody"]), one["operationId"]


def test_every_error_example_has_the_problem_shape(office: Office) -> None:
    from schemas.api.problems import Problem, RefusedClearance

    for path in office.app.openapi()["paths"].values():
        for one in path.values():
            for status, answer in one["responses"].items():
                example = answer.get("content", {}).get(PROBLEM_TYPE, {}).get("example")
                if example:
                    shape = RefusedClearance if "clearance" in example else Problem
                    assert shape.model_validate(example).status == int(status)


def _has_example(answer: dict[str, Any]) -> bool:
    # a DSSE envelope's own schema is DSSE's to describe
    return any("example" in content or "examples" in content for content in answer["content"].values())


def _broken(*_: object) -> Any:
    raise KeyError("SECRET value")


def _unavailable(*_: object) -> Any:
    raise Unavailable("views_busy", "another process holds the views", "Try again.")
