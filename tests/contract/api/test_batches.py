"""Many signed statements in one request, and the short way of one: the same answers as everywhere else."""

from __future__ import annotations

import json
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ledger.errors import Unavailable
from ledger.proof.note import NoteVerifier
from ledger.proof.tlogproof import format_proof, verify_entry
from schemas.base import new_id
from schemas.statements.brief import BriefDrafted
from tests.office_of import Office, refused

DSSE = {"Content-Type": "application/vnd.dsse+json"}
JSON = {"Content-Type": "application/json"}


def envelope(office: Office, name: str = "mara", version: int = 1) -> bytes:
    body = BriefDrafted.example().model_copy(update={"brief": new_id(office.clock.now()), "version": version})
    return office.signed(name, body)


def batch(*envelopes: bytes) -> bytes:
    return b'{"statements":[%b]}' % b",".join(b'{"envelope":%b}' % each for each in envelopes)


def say(office: Office, content: bytes, headers: dict[str, str] = JSON) -> Any:
    return office.post("/v1/statements:batch", None, content=content, headers=headers)


def test_each_of_a_batch_gets_a_receipt_that_a_stranger_can_check(office: Office) -> None:
    answer = say(office, batch(*(envelope(office) for _ in range(30))))
    assert answer.status_code == 200
    said, keys = answer.json(), office.client.get("/v1/log/vkeys").json()["keys"]
    notes = {each["size"]: each["checkpoint"].encode() for each in said["checkpoints"]}
    assert [each["status"] for each in said["outcomes"]] == [201] * 30
    for outcome in said["outcomes"]:
        receipt = outcome["receipt"]
        path = [b64decode(each) for each in receipt["path"]]
        proof = format_proof(receipt["index"], path, notes[receipt["size"]])
        verify_entry(b64decode(receipt["entry"]), proof, [NoteVerifier.parse(key["vkey"]) for key in keys], strict=True)


def test_a_bad_one_takes_no_neighbour_with_it(office: Office) -> None:
    good, before = envelope(office), envelope(office)
    office.post("/v1/statements", None, content=before, headers=DSSE)
    forged = good.replace(b'"sig":"', b'"sig":"AAAA', 1)
    others = [forged, b"{}", envelope(office, "ines"), envelope(office, version=3), before]
    outcomes = say(office, batch(good, *others)).json()["outcomes"]
    assert [each["status"] for each in outcomes] == [201, 422, 400, 403, 409, 200]
    codes = [each["problem"]["code"] for each in outcomes[1:5]]
    assert codes == ["signature_invalid", "envelope_malformed", "role_not_permitted", "brief_version_out_of_order"]


def test_a_batch_with_spaces_and_openings_is_the_same_batch(office: Office) -> None:
    one = json.loads(envelope(office))
    content = json.dumps({"statements": [{"envelope": one, "openings": {}}]}, indent=2).encode()
    assert [each["status"] for each in say(office, content).json()["outcomes"]] == [201]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'{"statements":[]}', "request_invalid"),
        (b'{"statements":{}}', "request_invalid"),
        (b"[]", "request_invalid"),
        (b'{"statements":[{"envelope":{}}],"statements":[{"envelope":{}}]}', "json_duplicate_key"),
        (b'{"statements":[{"envelope":{},"envelope":{}}]}', "json_duplicate_key"),
        (b'{"statements":[{"envelope":{}}', "json_invalid"),
        (b"\xff", "json_invalid"),
        (b'{"statements":[%b]}' % b",".join([b'{"envelope":{}}'] * 1_001), "batch_too_large"),
    ],
)
def test_what_is_no_batch_is_refused_whole(office: Office, content: bytes, code: str) -> None:
    refused(say(office, content), 400, code)


def test_another_content_type_is_refused(office: Office) -> None:
    refused(say(office, batch(envelope(office)), DSSE), 400, "content_type_unsupported")


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"\xff", b'{"a":1,"a":2}', b"[" * 100])
def test_the_short_way_says_no_as_the_described_route_does(office: Office, content: bytes) -> None:
    short = office.post("/v1/statements", None, content=content, headers=DSSE)
    described = office.post("/v1/statements", "mara", content=content, headers=DSSE)  # a token: not the short way
    assert short.status_code == described.status_code and short.json() == described.json()
    assert short.headers["content-type"] == described.headers["content-type"]
    assert {"content-security-policy", "cache-control"} <= set(short.headers)


def test_both_ways_answer_with_the_same_members_and_headers(office: Office) -> None:
    short = office.post("/v1/statements", None, content=envelope(office), headers=DSSE)
    described = office.post("/v1/statements", "mara", content=envelope(office), headers=DSSE)
    assert (short.status_code, list(short.json())) == (described.status_code, list(described.json()))
    assert set(short.headers) == set(described.headers)


def test_a_body_past_the_bound_is_refused_on_the_short_way(office: Office) -> None:
    refused(office.post("/v1/statements", None, content=b" " * (5 * 2**20), headers=DSSE), 413, "body_too_large")


def test_an_idempotency_key_is_refused_beside_a_signature(office: Office) -> None:
    headers = DSSE | {"Idempotency-Key": new_id(office.clock.now())}
    answer = office.post("/v1/statements", None, content=envelope(office), headers=headers)
    refused(answer, 400, "idempotency_key_unneeded")


def test_callers_at_once_each_get_their_own_answer(office: Office) -> None:
    envelopes = [envelope(office) for _ in range(24)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda each: office.post("/v1/statements", None, content=each, headers=DSSE), envelopes)
        )
    assert {answer.status_code for answer in answers} == {201}
    for sent, answer in zip(envelopes, answers, strict=True):
        assert sent in b64decode(answer.json()["entry"])


def test_a_full_intake_is_told_as_busy(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise Unavailable("busy", "20000 statements wait already", "Try again in a few seconds.")

    monkeypatch.setattr(office.services.ledger._intake, "submit", full)
    answer = office.post("/v1/statements", None, content=envelope(office), headers=DSSE)
    refused(answer, 503, "busy")
    assert answer.headers["retry-after"]


def test_an_unforeseen_error_in_the_door_is_500_for_its_statement_only(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = envelope(office), envelope(office)
    judge = office.services.ledger._judge

    def broken(knock: Any, size: int) -> Any:
        if knock.wire == bad:
            raise RuntimeError("unforeseen")
        return judge(knock, size)

    monkeypatch.setattr(office.services.ledger, "_judge", broken)
    outcomes = say(office, batch(bad, good)).json()["outcomes"]
    assert [each["status"] for each in outcomes] == [500, 201]
    refused(office.post("/v1/statements", None, content=bad, headers=DSSE), 500, "internal_error")
    assert office.post("/v1/statements", None, content=envelope(office), headers=DSSE).status_code == 201
