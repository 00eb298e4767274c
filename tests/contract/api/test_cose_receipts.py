"""Receipts over HTTP in the form of RFC 9942, for those who ask for it."""

from __future__ import annotations

import pytest

from ledger.log.cose import COSE_TYPE, RECEIPT_TYPE, verify_receipt
from ledger.proof.notekeys import NoteVerifier
from tests.office_of import Office, refused


def key_of(office: Office) -> NoteVerifier:
    """As a stranger gets it."""
    return NoteVerifier.parse(office.client.get("/v1/log/vkeys").json()["keys"][0]["vkey"])


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (COSE_TYPE, COSE_TYPE),
        (RECEIPT_TYPE, RECEIPT_TYPE),
        (f"{COSE_TYPE};q=0.9, {RECEIPT_TYPE}", RECEIPT_TYPE),
        ("Application/COSE", COSE_TYPE),
    ],
)
def test_who_asks_for_cose_gets_a_receipt_that_verifies(office: Office, accept: str, kind: str) -> None:
    for index in (0, 3, office.size - 1):
        answer = office.client.get(f"/v1/receipts/{index}", headers=office.headers("mara") | {"Accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
        entry = office.services.ledger.store.entry(index).entry
        found = verify_receipt(answer.content, entry, key_of(office))
        assert (found.origin, found.index, found.size) == (office.services.origin, index, office.size)


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html, application/xhtml+xml, */*;q=0.8"])
def test_everybody_else_gets_json(office: Office, accept: str) -> None:
    answer = office.client.get("/v1/receipts/0", headers=office.headers("mara") | {"Accept": accept})
    assert answer.headers["content-type"] == "application/json" and answer.json()["index"] == 0


def test_an_entry_that_is_not_there_is_a_problem_in_either_form(office: Office) -> None:
    headers = office.headers("mara") | {"Accept": COSE_TYPE}
    refused(office.client.get(f"/v1/receipts/{office.size}", headers=headers), 404, "entry_unknown")


def test_a_receipt_needs_a_token_in_either_form(office: Office) -> None:
    refused(office.client.get("/v1/receipts/0", headers={"Accept": COSE_TYPE}), 401, "token_missing")
