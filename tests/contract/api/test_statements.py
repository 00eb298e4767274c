"""Saying statements over HTTP: signed ones carry their own authority, unsigned ones are said for the token's actor."""

from __future__ import annotations

import json
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ledger.proof.note import NoteVerifier
from ledger.proof.tlogproof import verify_entry
from ledger.statement import Opening
from schemas.base import new_id
from schemas.statements.brief import BriefDrafted
from schemas.statements.person import PersonRegistered
from tests.office_of import Office, refused

DSSE = {"Content-Type": "application/vnd.dsse+json"}


def brief(office: Office) -> BriefDrafted:
    return BriefDrafted.example().model_copy(update={"brief": new_id(office.clock.now())})


def unsigned(office: Office, **extra: Any) -> dict[str, Any]:
    body = brief(office)
    return {"type": body.TYPE, "body": body.as_json(), **extra}


def verify_receipt(office: Office, receipt: dict[str, Any]) -> bytes:
    """A stranger's check: the entry is in the log under the keys that the log's first entry names."""
    keys = [NoteVerifier.parse(key["vkey"]) for key in office.client.get("/v1/log/vkeys").json()["keys"]]
    entry = b64decode(receipt["entry"])
    verified = verify_entry(entry, receipt["proof"].encode(), keys, strict=True)
    assert (verified.index, verified.size) == (receipt["index"], receipt["size"])
    return entry


def test_a_signed_envelope_needs_no_token(office: Office) -> None:
    answer = office.post("/v1/statements", None, content=office.signed("mara", brief(office)), headers=DSSE)
    assert answer.status_code == 201
    receipt = answer.json()
    assert receipt["index"] == office.size - 1 and not receipt["existing"]
    assert answer.headers["location"] == f"/v1/receipts/{receipt['index']}"
    assert b'"envelope"' in verify_receipt(office, receipt)


def test_the_same_envelope_again_is_200_and_the_same_entry(office: Office) -> None:
    envelope = office.signed("mara", brief(office))
    first = office.post("/v1/statements", None, content=envelope, headers=DSSE).json()
    again = office.post("/v1/statements", None, json={"envelope": json.loads(envelope), "openings": {}})
    assert again.status_code == 200 and again.json()["existing"]
    assert (again.json()["index"], again.json()["entry"]) == (first["index"], first["entry"])


def test_sealed_openings_travel_beside_the_envelope_and_never_enter_the_log(office: Office) -> None:
    body = PersonRegistered.model_validate({"person": "p-9", "person_class": "performer", "speaks_as": "ines"})
    draft = office.draft("ivy", body, sealed={"/body/name": "Secret Name"}, subject="p-9")
    from ledger.proof.dsse import PAYLOAD_TYPE, sign

    envelope = sign(draft.payload, PAYLOAD_TYPE, office.key("ivy").private).to_json()
    openings = {
        pointer: {"value": opening.value, "salt": opening.salt.hex()} for pointer, opening in draft.openings.items()
    }
    answer = office.post("/v1/statements", None, json={"envelope": envelope, "openings": openings})
    assert answer.status_code == 201
    assert b"Secret" not in b64decode(answer.json()["entry"])
    kept = office.services.ledger.vault.open(answer.json()["statement_id"], "/body/name")
    assert isinstance(kept, Opening) and kept.value == "Secret Name"


def test_an_unsigned_statement_is_said_for_the_tokens_actor(office: Office) -> None:
    answer = office.post("/v1/statements", "mara", json=unsigned(office))
    assert answer.status_code == 201
    verify_receipt(office, answer.json())
    statement = office.get(f"/v1/statements/{answer.json()['index']}").json()["statement"]
    assert statement["actor"] == "mara"
    assert statement["auth"] == {"by": "service", "subject": "mara", "method": "bearer"}


def test_unsigned_without_a_token_is_401(office: Office) -> None:
    size = office.size
    refused(office.post("/v1/statements", None, json=unsigned(office)), 401, "token_missing")
    assert office.size == size


def test_an_idempotency_key_becomes_the_statements_id(office: Office) -> None:
    key, words = new_id(office.clock.now()), unsigned(office)
    first = office.post("/v1/statements", "mara", json=words, headers={"Idempotency-Key": f'"{key}"'})
    again = office.post("/v1/statements", "mara", json=words, headers={"Idempotency-Key": key})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["statement_id"] == key
    assert first.json()["entry"] == again.json()["entry"]


def test_an_idempotency_key_is_not_used_for_other_words_or_by_others(office: Office) -> None:
    headers = {"Idempotency-Key": new_id(office.clock.now())}
    words = unsigned(office)
    assert office.post("/v1/statements", "mara", json=words, headers=headers).status_code == 201
    refused(office.post("/v1/statements", "mara", json=unsigned(office), headers=headers), 400, "statement_id_reused")
    refused(office.post("/v1/statements", "paul", json=words, headers=headers), 400, "statement_id_reused")


def test_an_idempotency_key_with_personal_data_compares_the_data(office: Office) -> None:
    words = {
        "type": "person.registered.v1",
        "body": {"person": "p-8", "person_class": "performer", "speaks_as": "ines"},
        "sealed": {"/body/name": "Inês Example"},
        "subject": "p-8",
    }
    headers = {"Idempotency-Key": new_id(office.clock.now())}
    first = office.post("/v1/statements", "ivy", json=words, headers=headers)
    again = office.post("/v1/statements", "ivy", json=words, headers=headers)
    assert (first.status_code, again.status_code) == (201, 200), first.text
    assert again.json()["index"] == first.json()["index"]
    other = words | {"sealed": {"/body/name": "Somebody Else"}}
    refused(office.post("/v1/statements", "ivy", json=other, headers=headers), 400, "statement_id_reused")


def test_twenty_callers_with_one_key_make_one_entry_and_an_opening_that_fits(office: Office) -> None:
    words = {
        "type": "person.registered.v1",
        "body": {"person": "p-7", "person_class": "performer", "speaks_as": "ines"},
        "sealed": {"/body/name": "Inês Example"},
        "subject": "p-7",
    }
    headers, size = {"Idempotency-Key": new_id(office.clock.now())}, office.size
    with ThreadPoolExecutor(20) as pool:
        calls = [pool.submit(office.post, "/v1/statements", "ivy", json=words, headers=headers) for _ in range(20)]
        answers = [call.result() for call in calls]
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert office.size == size + 1
    from ledger.statement import commit

    statement = office.get(f"/v1/statements/{size}").json()["statement"]
    opening = office.services.ledger.vault.open(statement["id"], "/body/name")
    assert isinstance(opening, Opening) and commit(opening) == statement["sealed"]["/body/name"]["commitment"]


@pytest.mark.parametrize(
    "key", ["1", "no-uuid", "8b2a0b3e-6b1c-4b7a-9a53-1d1f6f2a9e11", "019A9B00-0000-7000-8000-000000000001"]
)
def test_an_idempotency_key_that_is_no_uuid7_is_refused(office: Office, key: str) -> None:
    answer = office.post("/v1/statements", "mara", json=unsigned(office), headers={"Idempotency-Key": key})
    refused(answer, 400, "idempotency_key_invalid")


def test_an_idempotency_key_beside_a_signed_statement_is_refused(office: Office) -> None:
    headers = DSSE | {"Idempotency-Key": new_id(office.clock.now())}
    answer = office.post("/v1/statements", None, content=office.signed("mara", brief(office)), headers=headers)
    refused(answer, 400, "idempotency_key_unneeded")


def test_a_consent_is_never_given_by_token(office: Office) -> None:
    story = office.made.story
    about = {"consent": story.consent, "person": "p-ines"}
    renewed = about | {"valid_from": "2026-12-01T00:00:00Z", "valid_until": "2099-01-01T00:00:00Z"}
    answer = office.post("/v1/statements", "ines", json={"type": "consent.renewed.v1", "body": renewed})
    document = refused(answer, 409, "own_key_required")
    assert [reason["code"] for reason in document["reasons"]] == ["own_key_required"]
    back = {"type": "consent.withdrawn.v1", "body": about | {"reason": "changed my mind"}}
    assert office.post("/v1/statements", "ines", json=back).status_code == 201  # taking back needs no key (SPEC S4.18)


JSON = {"Content-Type": "application/json"}
BAD: dict[str, tuple[bytes, dict[str, str], int, str]] = {
    "empty": (b"", JSON, 400, "json_invalid"),
    "not json": (b"{", JSON, 400, "json_invalid"),
    "not utf-8": (b'{"type": "\xff"}', JSON, 400, "json_invalid"),
    "duplicate member": (b'{"type": "a", "type": "b", "body": {}}', JSON, 400, "json_duplicate_key"),
    "NaN": (b'{"type": "a", "body": {"x": NaN}}', JSON, 400, "json_invalid"),
    "too deep": (b'{"type":"a","body":' + b'{"a":' * 60 + b"1" + b"}" * 61, JSON, 400, "json_too_deep"),
    "huge number": (b'{"type": "a", "body": {"x": 99999999999999999999}}', JSON, 400, "json_number_out_of_range"),
    "not an object": (b"[]", JSON, 400, "request_invalid"),
    "no body": (b'{"type": "brief.drafted.v1"}', JSON, 400, "request_invalid"),
    "extra member": (b'{"type": "brief.drafted.v1", "body": {}, "actor": "paul"}', JSON, 400, "request_invalid"),
    "unknown type": (b'{"type": "wish.made.v1", "body": {}}', JSON, 400, "type_unknown"),
    "wrong body": (b'{"type": "brief.drafted.v1", "body": {"title": "SECRETVALUE"}}', JSON, 400, "body_invalid"),
    "sealed where nothing is": (
        b'{"type": "review.approved.v1", "body": {"asset": "%b", "gate": "legal", "comment": "x"}, "sealed": {"/body/x": 1}}'
        % (b"1" * 64), JSON, 400, "sealed_mismatch"),
    "wrong role": (
        b'{"type": "review.approved.v1", "body": {"asset": "%b", "gate": "legal", "comment": "x"}}' % (b"1" * 64),
        JSON, 403, "role_not_permitted"),
    "another content type": (b"{}", {"Content-Type": "text/plain"}, 400, "content_type_unsupported"),
    "no content type": (b"{}", {}, 400, "content_type_unsupported"),
    "empty envelope": (b"", DSSE, 400, "json_invalid"),
    "malformed envelope": (b'{"payload": "AA=="}', DSSE, 400, "envelope_malformed"),
    "enveloped nothing": (b'{"envelope": {}}', JSON, 400, "envelope_malformed"),
    "short salt": (b'{"envelope": {}, "openings": {"/body/name": {"value": "x", "salt": "ab"}}}', JSON, 400, "request_invalid"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(BAD))
def test_bad_input_has_its_own_code_and_changes_nothing(office: Office, name: str) -> None:
    raw, headers, status, code = BAD[name]
    size = office.size
    answer = office.post("/v1/statements", "mara", content=raw, headers=headers)
    refused(answer, status, code)
    assert "SECRETVALUE" not in answer.text
    assert office.size == size


def test_tampered_foreign_and_replayed_signatures(office: Office) -> None:
    size, good = office.size, json.loads(office.signed("mara", brief(office)))

    def said(envelope: dict[str, Any]) -> Any:
        return office.post("/v1/statements", None, json={"envelope": envelope})

    payload = b64decode(good["payload"])
    from base64 import b64encode

    altered = good | {"payload": b64encode(payload.replace(b"Morning", b"Evening")).decode()}
    refused(said(altered), 422, "signature_invalid")
    foreign = json.loads(office.signed("paul", brief(office)))["signatures"]
    refused(said(good | {"signatures": foreign}), 422, "signature_unknown_key")
    refused(said(good | {"signatures": []}), 400, "envelope_malformed")
    from datetime import timedelta

    future = office.signed("mara", brief(office), at=office.clock.now() + timedelta(hours=1))
    refused(said(json.loads(future)), 400, "future_dated")
    assert office.size == size


def test_a_body_over_the_bound_is_413(office: Office) -> None:
    big = b'{"type": "' + b"x" * (4 * 2**20) + b'"}'
    refused(office.post("/v1/statements", "mara", content=big, headers=JSON), 413, "body_too_large")

    def drip() -> Any:
        for _ in range(6):
            yield b"x" * 2**20

    refused(office.post("/v1/statements", "mara", content=drip(), headers=JSON), 413, "body_too_large")


@pytest.mark.parametrize("index", ["-1", "x", str(2**53), "99999999999999999999999", "1.5"])
def test_an_index_that_is_none_is_refused(office: Office, index: str) -> None:
    for kind in ("statements", "receipts"):
        refused(office.get(f"/v1/{kind}/{index}"), 400, "request_invalid")


def test_an_index_past_the_end_is_404(office: Office) -> None:
    refused(office.get(f"/v1/receipts/{office.size}"), 404, "entry_unknown")
    refused(office.get(f"/v1/statements/{office.size}"), 404, "entry_unknown")
