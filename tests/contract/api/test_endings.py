"""Notices and reports over HTTP: holders read and answer their own, the report says who answered when and what is open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar

from ops.demo.story import PERSON
from projections.cascade import run_expiry
from schemas.base import format_instant
from schemas.statements.asset import AssetDerived
from schemas.statements.consent import ConsentWithdrawn
from tests.house_of import digest
from tests.office_of import Made, Office, refused

NOBODY = "019a9b00-0000-7000-8000-00000000dead"


def end(office: Office, made: Made, **words: Any) -> dict[str, Any]:
    """The platform is registered, time ends the consent, a worker does its round; the platform's notice."""
    body = {"holder": "pia", **words}
    answer = office.post("/v1/statements", json={"type": "holder.registered.v1", "body": body})
    assert answer.status_code == 201, answer.text
    office.clock.move_to(made.story.ends_at)
    run_expiry(office.services.ledger, office.services.views, office.clock.now())
    (notice,) = office.get("/v1/holders/pia/notices", "pia").json()["notices"]
    found: dict[str, Any] = notice
    return found


def answered(office: Office, notice: str, name: str = "pia", **words: Any) -> Any:
    return office.post(f"/v1/notices/{notice}/acknowledgements", name, json=words)


def test_a_platform_reads_and_answers_its_notice_and_the_report_times_it(office: Office, made: Made) -> None:
    told = end(office, made)
    assert told["items"] == [{"asset": made.signed, "clearance": told["items"][0]["clearance"]}]
    assert (told["standing"], told["open"], told["outcome"]) == ("issued", True, "wind-down")
    assert datetime.fromisoformat(told["due_at"]) == made.story.ends_at + timedelta(days=14)
    office.clock.move_to(made.story.ends_at + timedelta(hours=3))
    assert answered(office, told["notice"], done="received").json()["standing"] == "received"
    down = answered(office, told["notice"], done="taken-down", done_at=format_instant(made.story.ends_at))
    assert down.status_code == 201 and down.json()["standing"] == "answered"
    report = office.get(f"/v1/consents/{made.story.consent}/report", "lena").json()
    assert (report["state"], report["complete"], report["end"]["how"]) == ("expired", True, "expired")
    assert (
        report["counts"] | {"files": 2, "files_flagged": 2, "clearances_revoked": 1, "notices_open": 0}
        == report["counts"]
    )
    assert report["propagation_seconds"]["block"] == 0
    assert report["propagation_seconds"]["answered"] == pytest.approx(3 * 3600, abs=1)
    assert report["notices"][0]["seconds_from_end"]["received"] == pytest.approx(3 * 3600, abs=1)


def test_what_is_open_says_so(office: Office, made: Made) -> None:
    path = f"/v1/consents/{made.story.consent}/report"
    before = office.get(path).json()
    assert (before["end"], before["complete"], before["propagation_seconds"]) == (None, False, None)
    office.clock.move_to(made.story.ends_at)
    unrecorded = office.get(path).json()
    assert (unrecorded["state"], unrecorded["end"]["entry_index"], unrecorded["complete"]) == ("expired", None, False)
    run_expiry(office.services.ledger, office.services.views, office.clock.now())
    nobody = office.get(path).json()
    assert [one["party"] for one in nobody["told_to_nobody"]] == ["actor:pia"] and not nobody["complete"]
    office.post("/v1/statements", json={"type": "holder.registered.v1", "body": {"holder": "pia"}})
    run_expiry(office.services.ledger, office.services.views, office.clock.now())
    told = office.get(path).json()
    assert told["told_to_nobody"] == [] and told["counts"]["notices_open"] == 1
    notice = told["notices"][0]["notice"]
    answered(office, notice, done="declined", detail="we see no reason")
    assert office.get(path).json()["counts"]["notices_open"] == 1


def test_an_answer_said_again_is_the_same_answer(office: Office, made: Made) -> None:
    told = end(office, made)
    key = {"Idempotency-Key": "019a9b00-0000-7000-8000-00000000abcd"}
    path = f"/v1/notices/{told['notice']}/acknowledgements"
    first = office.post(path, "pia", json={"done": "not-held"}, headers=key)
    size = office.size
    again = office.post(path, "pia", json={"done": "not-held"}, headers=key)
    assert (first.status_code, again.status_code, office.size) == (201, 201, size)
    assert first.json() == again.json()
    refused(office.post(path, "pia", json={"done": "not-held"}), 409, "acknowledged_already")


def test_nobody_reads_or_answers_anothers_notice(office: Office, made: Made) -> None:
    told = end(office, made)
    refused(office.get("/v1/holders/pia/notices", "mara"), 403, "not_your_notice")
    refused(office.get(f"/v1/notices/{told['notice']}", "mara"), 403, "not_your_notice")
    refused(answered(office, told["notice"], "mara", done="not-held"), 403, "not_your_notice")
    refused(answered(office, told["notice"], "lena", done="not-held"), 409, "not_the_holder")
    assert office.get(f"/v1/notices/{told['notice']}", "lena").json()["holder"] == "pia"
    refused(office.get(f"/v1/notices/{NOBODY}", "pia"), 404, "notice_unknown")
    refused(office.get(f"/v1/consents/{NOBODY}/report"), 404, "consent_unknown")


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        ({"done": "vanished"}, 400, "request_invalid"),
        ({}, 400, "request_invalid"),
        ({"done": "taken-down"}, 400, "body_invalid"),
        ({"done": "taken-down", "done_at": "2099-01-01T00:00:00Z"}, 409, "done_in_future"),
        ({"done": "taken-down", "done_at": "yesterday"}, 400, "request_invalid"),
        ({"done": "not-held", "extra": 1}, 400, "request_invalid"),
    ],
)
def test_half_an_answer_is_none(office: Office, made: Made, words: dict[str, Any], status: int, code: str) -> None:
    told = end(office, made)
    refused(answered(office, told["notice"], **words), status, code)


def test_talent_reads_the_report_on_their_own_consent(office: Office, made: Made) -> None:
    assert office.get(f"/v1/consents/{made.story.consent}/report", "ines").status_code == 200


def test_the_calendar_parses_and_names_nobody(office: Office, made: Made) -> None:
    answer = office.get("/v1/calendar.ics", "lena")
    assert answer.headers["content-type"].startswith("text/calendar")
    (event,) = Calendar.from_ical(answer.content).walk("VEVENT")
    assert event.decoded("dtstart") == made.story.ends_at.astimezone(UTC).replace(microsecond=0)
    assert str(event["uid"]).startswith(f"consent-{made.story.consent}@")
    assert [alarm.decoded("trigger").days for alarm in event.walk("VALARM")] == [-30, -7, -1]
    assert "p-" not in answer.text and "Inês" not in answer.text
    told = end(office, made)
    (due,) = Calendar.from_ical(office.get("/v1/calendar.ics").content).walk("VEVENT")
    assert due.decoded("dtstart") == datetime.fromisoformat(told["due_at"]).replace(microsecond=0)
    refused(office.get("/v1/calendar.ics", None), 401, "token_missing")


def test_capability_15_the_withdrawal_of_a_master_lists_every_rendition(office: Office, made: Made) -> None:
    append = office.services.ledger.append
    renditions = [made.signed]
    for parent in (made.asset, made.signed, made.signed):
        body = AssetDerived.example().as_json() | {"asset": digest(), "parents": [parent], "relation": "transcoded"}
        renditions.append(body["asset"])
        append(office.signed("mara", AssetDerived.model_validate(body)))
    append(office.signed("ines", ConsentWithdrawn(consent=made.story.consent, person=PERSON, reason="no more")))
    run_expiry(office.services.ledger, office.services.views, office.clock.now())
    path = f"/v1/consents/{made.story.consent}/files"
    found = office.get(path, "ivy").json()["files"]
    assert [one["asset"] for one in found] == [made.asset, *renditions]
    assert all(one["flagged_by"] is not None for one in found)
    page = office.get(f"{path}?limit=2", "ivy").json()
    rest = office.get(f"{path}?after={page['next_after']}", "ivy").json()
    assert page["files"] + rest["files"] == found and rest["next_after"] is None


def test_the_consents_page_shows_what_its_end_took_along(local: Office, made: Made) -> None:
    path = f"/consents/{made.story.consent}"
    assert "What its end took along" not in local.page(path).text
    told = end(local, made)
    page = local.page(path)
    assert page.status_code == 200 and "What its end took along" in page.text and "Not everything is done" in page.text
    answered(local, told["notice"], done="not-held")
    assert "everybody who was asked has answered" in local.page(path).text
