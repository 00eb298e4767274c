"""Consents to and from other houses over HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ops.demo.story import PERSON
from schemas.base import new_id
from schemas.statements.consent import ConsentWithdrawn
from tests.office_of import Made, Office, refused

FORMS = ("dpv", "adcp", "odrl")


def exported(office: Office, made: Made, form: str, name: str = "ivy") -> dict[str, Any]:
    answer = office.get(f"/v1/consents/{made.story.consent}/exports/{form}", name)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


@pytest.mark.parametrize("form", FORMS)
def test_what_one_house_agreed_to_is_asked_for_in_another(office: Office, made: Made, form: str) -> None:
    """Here the other house is the same one: the number has to be another, as it would be there."""
    text = json.dumps(exported(office, made, form)).replace(made.story.consent, new_id(office.clock.now()))
    document = json.loads(text)
    document.pop("content_digest", None)
    answer = office.post(f"/v1/consents/imports/{form}", "ivy", json=document)
    assert answer.status_code == 201, answer.text
    said = office.get(f"/v1/statements/{answer.json()['index']}").json()["statement"]
    assert (said["type"], said["actor"], said["auth"]["by"]) == ("consent.requested.v2", "ivy", "service")
    assert office.get(f"/v1/consents/{said['body']['consent']}", "ivy").json()["state"] == "requested"


def test_an_import_never_says_yes_for_anybody(office: Office, made: Made) -> None:
    document = exported(office, made, "dpv")
    assert document["cs:state"] == "given"
    refused(office.post("/v1/consents/imports/dpv", "ines", json=document), 403, "role_not_permitted")
    refused(office.post("/v1/consents/imports/dpv", "ivy", json=document), 409, "consent_known")


def test_the_person_gets_a_receipt_of_their_own_and_nobody_elses(office: Office, made: Made) -> None:
    assert exported(office, made, "receipt", "ines")["@type"] == "dpv:ConsentReceipt"
    refused(office.get(f"/v1/consents/{made.story.consent}/exports/receipt", None), 401, "token_missing")
    refused(office.get(f"/v1/consents/{made.story.consent}/exports/receipt", "pia"), 403, "role_not_permitted")


def test_a_revocation_is_there_once_something_was_taken_back(office: Office, made: Made) -> None:
    path = f"/v1/consents/{made.story.consent}/exports/revocation"
    refused(office.get(path, "ivy"), 404, "nothing_revoked")
    body = ConsentWithdrawn(consent=made.story.consent, person=PERSON, reason="changed my mind")
    envelope = office.signed("ines", body)
    office.client.post("/v1/statements", content=envelope, headers={"Content-Type": "application/vnd.dsse+json"})
    notice = office.get(path, "ivy").json()
    assert notice["rights_id"] == made.story.consent and "changed my mind" not in json.dumps(notice)


def test_what_is_no_record_is_refused_with_a_reason(office: Office) -> None:
    for form in FORMS:
        answer = office.post(f"/v1/consents/imports/{form}", "ivy", json={"hello": "there"})
        assert answer.status_code == 400 and answer.json()["code"].startswith("import_")
    refused(office.post("/v1/consents/imports/dpv", "ivy", json=[1]), 400, "import_not_object")
    refused(office.post("/v1/consents/imports/dpv", "ivy", json={"x": "y" * 300_000}), 413, "import_too_large")
