"""Rows of the capability list about consent, each shown through the public API: 39, 49, 50 and 53."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from schemas.base import Body, format_instant, new_id
from schemas.catalogue import body_class
from tests.office_of import Office, refused

TERMS: dict[str, Any] = {
    "person": "p-49",
    "specific_description": "She walks through a café and lifts a cup; no speech, no product claims.",
    "uses": ["advertising"],
    "channels": ["social"],
    "territories": ["DE", "FR"],
    "media": ["video"],
    "valid_from": "2026-10-01T00:00:00Z",
    "valid_until": "2026-12-01T00:00:00Z",
}
FORM: dict[str, Any] = {
    "notice": {"sha256": "ab" * 32, "language": "pt-PT"},
    "business_reason": "The spring film.",
    "compensation": {"amount_minor": 180_000, "currency": "EUR"},
}
MINOR = {
    "life": "minor",
    "authority": "guardian",
    "authority_sha256": "c0" * 32,
    "majority_at": "2026-11-01T00:00:00Z",
}


def say(office: Office, actor: str, wire_type: str, body: dict[str, Any], **sealed: str) -> Any:
    """As a program that speaks for somebody with their token."""
    words: dict[str, Any] = {"type": wire_type, "body": body}
    if sealed:
        words |= {"sealed": {f"/body/{name}": value for name, value in sealed.items()}, "subject": body["person"]}
    return office.post("/v1/statements", actor, json=words)


def sign(office: Office, actor: str, wire_type: str, body: dict[str, Any]) -> Any:
    """As the actor with their own key."""
    said: Body = body_class(wire_type).model_validate(body)
    envelope = office.signed(actor, said)
    return office.post("/v1/statements", None, content=envelope, headers={"Content-Type": "application/vnd.dsse+json"})


def register(office: Office, **words: Any) -> None:
    body = {"person": "p-49", "person_class": "performer", "speaks_as": "ines", **words}
    assert say(office, "ivy", "person.registered.v2", body, name="Inês Example").status_code == 201


def ask(office: Office, **changes: Any) -> Any:
    body = {**TERMS, "consent": new_id(office.clock.now()), **changes}
    return body, say(office, "mara", "consent.requested.v2", body)


def state(office: Office, consent: str, **times: str) -> Any:
    return office.get(f"/v1/consents/{consent}", "lena", params=times).json()


def codes(answer: Any) -> list[str]:
    return [reason["code"] for reason in answer.json()["reasons"]]


def test_capability_49_a_vague_request_or_one_without_an_end_can_not_be_granted(office: Office) -> None:
    register(office)
    vague, answer = ask(office, specific_description="Any and all purposes, in perpetuity, throughout the universe.")
    refused(answer, 409, "description_stock_phrase")
    assert "description_names_nothing" in codes(answer)
    assert all("[house 2026.11 specific-description; SPEC S4.7]" in one["detail"] for one in answer.json()["reasons"])
    refused(sign(office, "ines", "consent.granted.v2", vague), 409, "consent_not_requested")
    endless = {name: value for name, value in TERMS.items() if name != "valid_until"}
    without = say(office, "mara", "consent.requested.v2", {**endless, "consent": new_id(office.clock.now())})
    assert "valid_until" in refused(without, 400, "body_invalid")["detail"]
    refused(ask(office, valid_until="2046-12-01T00:00:00Z")[1], 409, "term_too_long")
    asked, answer = ask(office, **FORM)
    assert answer.status_code == 201 and state(office, asked["consent"])["state"] == "requested"
    assert sign(office, "ines", "consent.granted.v2", asked).status_code == 201
    assert state(office, asked["consent"])["state"] == "given"


def test_capability_50_a_state_at_any_instant_in_both_times_with_a_receipt_for_each_entry(office: Office) -> None:
    register(office)
    asked, _ = ask(office)
    sign(office, "ines", "consent.granted.v2", asked)
    given = office.clock.now()
    office.clock.move_to(given + timedelta(days=10))
    ends = {"consent": asked["consent"], "person": "p-49"}
    sign(office, "ines", "consent.withdrawn.v1", {**ends, "reason": "changed my mind"})
    withdrawn = office.clock.now()
    office.clock.move_to(withdrawn + timedelta(days=10))
    sign(office, "lena", "consent.invalidated.v1", {**ends, "cause": "no-authority", "reason": "not hers to give"})
    then, now = format_instant(given), format_instant(office.clock.now())
    found = {
        "what held then, as known then": state(office, asked["consent"], at=then),
        "what held then, as known after the withdrawal": state(
            office, asked["consent"], at=then, known_at=format_instant(withdrawn)
        ),
        "what held then, as known now": state(office, asked["consent"], at=then, known_at=now),
        "what holds now": state(office, asked["consent"]),
    }
    assert [one["state"] for one in found.values()] == ["given", "given", "invalidated", "invalidated"]
    assert found["what holds now"]["effect"] == {
        "dpv": "ConsentInvalidated",
        "past": "void",
        "present": "stop",
        "future": "blocked",
    }
    for link in found["what holds now"]["proofs"]:
        receipt = office.get(link["receipt"], "lena")
        assert receipt.status_code == 200 and receipt.json()["index"] == link["entry_index"]


def test_capability_53_the_kind_of_person_decides_the_form(office: Office) -> None:
    register(office, person_class="private-individual")
    assert codes(ask(office)[1]) == ["notice_missing", "business_reason_missing", "compensation_missing"]
    asked, _ = ask(office, **FORM)
    paper = {**asked, "document": {"sha256": "dd" * 32, "witnessed_by": "rob"}}
    refused(sign(office, "ivy", "consent.granted.v2", paper), 409, "own_key_missing")
    assert sign(office, "ines", "consent.granted.v2", asked).status_code == 201


def test_capability_53_a_minor_needs_a_guardian_and_comes_of_age(office: Office) -> None:
    alone = {"person": "p-49", "person_class": "performer", "speaks_as": "ines", "life": "minor"}
    answer = say(office, "ivy", "person.registered.v2", alone, name="Inês Example")
    assert codes(answer) == ["guardian_missing", "majority_missing"]
    register(office, **MINOR)
    asked, _ = ask(office, **FORM)
    assert sign(office, "ines", "consent.granted.v2", asked).status_code == 201
    of_age = datetime.fromisoformat("2026-11-01T00:00:00+00:00")
    around = [format_instant(of_age - timedelta(microseconds=1)), format_instant(of_age)]
    assert [state(office, asked["consent"], at=at)["state"] for at in around] == ["given", "expired"]


def test_capability_53_the_exit_of_an_employee_stops_their_consents_until_somebody_looked(office: Office) -> None:
    register(office, person_class="corporate-spokesperson", engagement={"kind": "employment", "reference": "e-7"})
    asked, _ = ask(office)
    sign(office, "ines", "consent.granted.v2", asked)
    ending = new_id(office.clock.now())
    left = {"ending": ending, "person": "p-49", "engagement": "e-7", "reason": "left the house"}
    ended = {**left, "ended_at": format_instant(office.clock.now())}
    assert sign(office, "ivy", "person.engagement-ended.v1", ended).status_code == 201
    found = state(office, asked["consent"])
    assert (found["state"], found["suspensions"][0]["cause"]) == ("suspended", "engagement-ended")
    lifted = {"consent": asked["consent"], "person": "p-49", "suspension": ending, "reason": "she agreed to go on"}
    assert sign(office, "lena", "consent.resumed.v1", lifted).status_code == 201
    assert state(office, asked["consent"])["state"] == "given"


def test_capability_39_labels_are_decided_by_market_and_channel_as_of_a_date(office: Office) -> None:
    asked = {"territory": "CN", "channel": "social"}
    assert office.get("/v1/labels", "pia", params=asked).json()["outcome"] == "not_checked"
    law = next(one for one in office.get("/v1/rules", "pia").json()["packs"] if one["pack"] == "law")
    words = {"pack": "law", "version": law["version"], "pack_sha256": law["sha256"], "reason": "counsel read it"}
    before = format_instant(office.clock.now())
    effective = {"effective_at": format_instant(office.clock.now())}
    assert sign(office, "lena", "rulepack.adopted.v1", words | effective).status_code == 201
    found = office.get("/v1/labels", "pia", params=asked).json()
    assert [(one["form"], one["text"], one["seconds_min"]) for one in found["labels"]] == [
        ("visible", "AI生成", 2),
        ("embedded", "", 0),
    ]
    assert "Nothing here is legal advice" in found["disclaimer"]
    assert office.get("/v1/labels", "pia", params=asked | {"at": before}).json()["outcome"] == "not_checked"
    assert office.get("/v1/labels", "pia", params=asked | {"territory": "JP"}).json()["labels"] == []
