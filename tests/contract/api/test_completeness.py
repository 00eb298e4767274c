"""Completeness over HTTP, for those who may read what was said."""

from __future__ import annotations

import json

from ledger.proof.completeness import verify_completeness
from ledger.proof.notekeys import NoteVerifier
from tests.office_of import Office, refused


def test_what_the_log_holds_about_a_tag_is_proved_over_http(office: Office) -> None:
    keys = [NoteVerifier.parse(one["vkey"]) for one in office.client.get("/v1/log/vkeys").json()["keys"]]
    for tag, count in (("log:opened", 1), ("consent:nobody", 0)):
        answer = office.get("/v1/log/completeness", params={"tag": tag}, name="lena")
        assert answer.status_code == 200 and answer.headers["content-type"] == "application/json"
        assert verify_completeness(answer.content, keys).count == count
    bare = office.get("/v1/log/completeness", params={"tag": "log:opened", "entries": "false"}, name="lena")
    assert json.loads(bare.content)["entries"] is None


def test_a_question_that_is_none_is_a_problem(office: Office) -> None:
    refused(office.get("/v1/log/completeness", params={"tag": "Nonsense"}, name="lena"), 400, "tag_malformed")
    wrong = {"tag": "log:opened", "type": "no.such.v1"}
    refused(office.get("/v1/log/completeness", params=wrong, name="lena"), 400, "type_unknown")
