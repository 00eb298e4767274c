"""Verdicts and clearances over HTTP."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from api.services.circumstances import Circumstances
from api.services.verification import verify_digest
from ledger.rules.lineage import examination
from schemas.api.decisions import ClearanceRecord, VerificationAnswer
from schemas.api.problems import RefusedClearance
from tests.office_of import ASKED, Made, Office, refused


def verify(office: Office, name: str = "pia", **options: Any) -> Any:
    query = urlencode(ASKED | options.pop("query", {}))
    return office.post(f"/v1/verifications?{query}", name, **options)


def test_the_four_verdicts_all_answer_200(office: Office, made: Made) -> None:
    found = {
        name: verify(office, content=made.file(name).read_bytes()).json() for name in ("signed", "copy", "stranger")
    }
    assert (found["signed"]["verdict"], found["signed"]["identified_by"]) == ("allow", "digest")
    assert (found["copy"]["verdict"], found["copy"]["identified_by"]) == ("review", "fingerprint")
    assert (found["stranger"]["verdict"], found["stranger"]["identified_by"]) == ("unknown", "none")
    abroad = verify(office, content=made.file("signed").read_bytes(), query={"territory": "US"}).json()
    assert abroad["verdict"] == "deny"
    assert "territory_out_of_scope" in {reason["code"] for reason in abroad["reasons"]}
    for answer in (*found.values(), abroad):
        VerificationAnswer.model_validate(answer)


def test_a_digest_alone_gets_exactly_the_services_answer(office: Office, made: Made) -> None:
    at = office.clock.now()
    answer = verify(office, json={"sha256": made.signed}, query={"at": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")})
    assert answer.status_code == 200
    expected = verify_digest(office.services, made.signed, Circumstances(**ASKED), at).as_json()
    assert answer.json() == expected
    assert answer.json()["verdict"] == "allow"


def test_at_the_consents_last_instant_the_answer_turns(office: Office, made: Made) -> None:
    end = made.story.ends_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    denied = verify(office, json={"sha256": made.signed}, query={"at": end}).json()
    assert denied["verdict"] == "deny" and "consent_expired" in {one["code"] for one in denied["reasons"]}
    office.clock.move_to(made.story.ends_at)
    assert verify(office, json={"sha256": made.signed}).json()["verdict"] == "deny"


@pytest.mark.parametrize(
    "query", [{"territory": "Germany"}, {"territory": "de"}, {"use": "Ads!"}, {"channel": ""}, {"at": "tomorrow"}]
)
def test_a_malformed_question_is_refused(office: Office, made: Made, query: dict[str, str]) -> None:
    document = refused(verify(office, json={"sha256": made.signed}, query=query), 400, "request_invalid")
    assert next(iter(query)) in document["detail"]
    assert not query[next(iter(query))] or query[next(iter(query))] not in document["detail"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'{"sha256": "12"}', "request_invalid"),
        (b'{"sha256": null}', "request_invalid"),
        (b'{"sha256": "a", "sha256": "b"}', "json_duplicate_key"),
        (b"{", "json_invalid"),
        (b"", "json_invalid"),
    ],
)
def test_a_malformed_digest_question_is_refused(office: Office, content: bytes, code: str) -> None:
    refused(verify(office, content=content, headers={"Content-Type": "application/json"}), 400, code)


def test_hostile_bytes_are_unknown_and_not_an_error(office: Office) -> None:
    answer = verify(office, content=b"MZ" + bytes(range(256)) * 50)
    assert answer.status_code == 200 and answer.json()["verdict"] == "unknown"
    refused(verify(office, content=b""), 400, "file_empty")


def test_an_examination_that_was_altered_since_it_was_read_is_told(office: Office, made: Made) -> None:
    assert verify(office, json={"sha256": made.signed}).json()["verdict"] == "allow"
    _, examined = examination(office.services.ledger.history(), made.signed) or pytest.fail("never examined")
    kept = office.home.blobs / examined.examination_sha256[:2] / examined.examination_sha256[2:]
    content = kept.read_bytes()
    kept.write_bytes(content + b" ")
    answer = verify(office, json={"sha256": made.signed})
    kept.write_bytes(content)
    assert "blob_altered" in answer.text and "verdict" not in answer.json()


def question(office: Office, made: Made, **changes: str) -> dict[str, Any]:
    window = {"valid_from": "2026-10-02T00:00:00Z", "valid_until": "2026-10-20T00:00:00Z"}
    return {"asset": made.signed, **ASKED, **window, **changes}


def test_a_clearance_is_issued_and_read_back(office: Office, made: Made) -> None:
    answer = office.post("/v1/clearances", "pia", json=question(office, made))
    assert answer.status_code == 201, answer.text
    found = answer.json()
    assert found["issued"] and found["reasons"] == [] and found["entry_index"] == office.size - 1
    assert answer.headers["location"] == f"/v1/clearances/{found['clearance']}"
    record = office.get(f"/v1/clearances/{found['clearance']}", "pia").json()
    assert ClearanceRecord.model_validate(record)
    assert (record["outcome"], record["asked_by"], record["revoked"]) == ("issued", "pia", None)


def test_a_refusal_lists_every_reason_and_where_it_is_recorded(office: Office, made: Made) -> None:
    asked = question(office, made, territory="US", use="editorial")
    document = refused(office.post("/v1/clearances", "pia", json=asked), 409, "clearance_refused")
    RefusedClearance.model_validate(document)
    assert {reason["code"] for reason in document["reasons"]} >= {"territory_out_of_scope", "use_out_of_scope"}
    assert all(reason["entry_index"] is not None for reason in document["reasons"])
    said = office.get(f"/v1/statements/{document['entry_index']}").json()["statement"]
    assert said["type"] == "clearance.refused.v1"
    record = office.get(f"/v1/clearances/{document['clearance']}", "pia").json()
    assert record["outcome"] == "refused"


@pytest.mark.parametrize(
    "changes",
    [
        {"asset": "12"},
        {"valid_until": "2026-10-02T00:00:00Z"},
        {"valid_from": "2026-10-02"},
        {"territory": "de"},
        {"extra": "1"},
    ],
)
def test_a_malformed_question_for_clearance_changes_nothing(
    office: Office, made: Made, changes: dict[str, str]
) -> None:
    size = office.size
    refused(office.post("/v1/clearances", json=question(office, made, **changes)), 400, "request_invalid")
    assert office.size == size


def test_strict_json_holds_on_every_json_body(office: Office) -> None:
    headers = {"Content-Type": "application/json"}
    refused(office.post("/v1/clearances", content=b'{"use": 1, "use": 2}', headers=headers), 400, "json_duplicate_key")
    refused(office.post("/v1/clearances", content=b"[" * 100_000, headers=headers), 400, "json_too_deep")


def test_clearance_of_an_unknown_file_is_404(office: Office, made: Made) -> None:
    refused(office.post("/v1/clearances", json=question(office, made, asset="0" * 64)), 404, "asset_unknown")
    refused(office.get("/v1/clearances/019a9b00-0000-7000-8000-00000000dead"), 404, "clearance_unknown")
