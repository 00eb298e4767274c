"""Disputes over HTTP and on their pages: opened, seen, notified, under clocks, told as of an instant, packed."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar

from ledger.proof.pack import check_pack
from ledger.rules.rulepacks import packs
from projections.cascade import run_expiry
from schemas.base import format_instant
from schemas.statements.rulepack import RulePackAdopted
from tests.office_of import Made, Office, refused

NOBODY = "019a9b00-0000-7000-8000-00000000dead"
NUMBER = "019a9b00-0000-7000-8000-000000000050"


def said(office: Office, name: str, wire_type: str, **body: Any) -> None:
    answer = office.post("/v1/statements", name, json={"type": wire_type, "body": body})
    assert answer.status_code == 201, answer.text


@pytest.fixture
def dispute(office: Office, made: Made) -> str:
    """About the signed clip; the law pack applies from the first day on."""
    law = packs()["law", "2026.11"]
    words = {"pack": "law", "version": "2026.11", "pack_sha256": law.sha256, "effective_at": "2026-10-01T00:00:00Z"}
    adopted = RulePackAdopted.model_validate({**words, "reason": "counsel went through it"})
    office.services.ledger.append(office.signed("lena", adopted), {})
    parties = [{"name": "p-1", "role": "claimant"}]
    opening = {"dispute": NUMBER, "assets": [made.signed], "kind": "misuse", "matter": "m-1", "parties": parties}
    said(office, "lena", "dispute.opened.v1", **opening, claim="a copy with another voice")
    return NUMBER


def notified(office: Office, dispute: str, event: str, *territories: str) -> dict[str, Any]:
    who = {"from_party": "p-1", "to_party": "example-video", "detail": "take it down"}
    body = {"event": event, "received_at": format_instant(office.clock.now()), "territories": territories, **who}
    answer = office.post(f"/v1/disputes/{dispute}/notices", "lena", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_a_copy_is_kept_matched_and_named(office: Office, made: Made, dispute: str) -> None:
    where = {"platform": "example-video", "url": "https://video.example/1", "seen_at": "2026-10-01T09:00:00Z"}
    answer = office.post(
        f"/v1/disputes/{dispute}/sightings", "rob", params=where, content=made.file("copy").read_bytes()
    )
    assert answer.status_code == 201, answer.text
    (sighting,) = answer.json()["sightings"]
    assert (sighting["asset"], sighting["matched_by"]) == (made.signed, "fingerprint")
    assert office.services.blobs.get(sighting["captured_sha256"]) == made.file("copy").read_bytes()
    stranger = made.file("stranger").read_bytes()
    refused(
        office.post(f"/v1/disputes/{dispute}/sightings", "rob", params=where, content=stranger),
        400,
        "sighting_unmatched",
    )
    refused(office.post(f"/v1/disputes/{NOBODY}/sightings", "rob", params=where, content=b"x"), 404, "dispute_unknown")


def test_clocks_are_met_or_missed_exactly_once_across_workers_and_restarts(
    office: Office, made: Made, dispute: str
) -> None:
    notice = notified(office, dispute, "intimate-depiction", "US", "IN")["notices"][0]["notice"]
    services = office.services

    def states() -> dict[str, str]:
        clocks = office.get(f"/v1/disputes/{dispute}", "lena").json()["clocks"]
        return {one["rule"].split(" ")[-1]: one["state"] for one in clocks}

    def recorded() -> int:
        return int(run_expiry(services.ledger, services.views, services.clock.now()).as_json()["clocks_missed"])

    assert (recorded(), states()) == (0, {"us-take-it-down": "running", "in-it-rules-ncii": "running"})
    office.clock.move_to(office.clock.now() + timedelta(hours=2))
    assert states()["in-it-rules-ncii"] == "missed"  # by time alone, before anybody recorded it
    assert (recorded(), recorded()) == (1, 0)
    services.views.rebuild("disputes")  # a worker that starts from nothing
    assert recorded() == 0
    done = {"done": "removed", "done_at": format_instant(office.clock.now()), "detail": "gone"}
    said(office, "pia", "dispute.answered.v1", dispute=dispute, notice=notice, **done)
    office.clock.move_to(office.clock.now() + timedelta(hours=60))
    assert (recorded(), states()) == (0, {"us-take-it-down": "met", "in-it-rules-ncii": "missed"})


def test_a_clock_stands_in_the_calendar_until_it_is_met(office: Office, made: Made, dispute: str) -> None:
    notice = notified(office, dispute, "order", "IN")
    due = notice["clocks"][0]["due_at"]

    def clocks() -> list[Any]:
        events = Calendar.from_ical(office.get("/v1/calendar.ics", "lena").content).walk("VEVENT")
        return [event for event in events if str(event["uid"]).startswith("dispute-")]

    (event,) = clocks()
    assert event.decoded("dtstart") == datetime.fromisoformat(due).replace(microsecond=0)
    assert "in-it-rules-order runs out" in str(event["summary"]) and "p-1" not in str(event.to_ical())
    done = {"done": "removed", "done_at": format_instant(office.clock.now()), "detail": "gone"}
    number = notice["notices"][0]["notice"]
    said(office, "pia", "dispute.answered.v1", dispute=dispute, notice=number, **done)
    assert clocks() == []


def test_a_dispute_is_told_as_it_stood_and_listed_with_its_next_clock(office: Office, dispute: str) -> None:
    then = format_instant(office.clock.now())
    due = notified(office, dispute, "order", "IN")["clocks"][0]["due_at"]
    assert office.get(f"/v1/disputes/{dispute}?at={then}", "lena").json()["clocks"] == []
    (line,) = office.get("/v1/disputes", "rob").json()["disputes"]
    assert (line["dispute"], line["state"], line["next_due_at"]) == (dispute, "open", due)
    assert office.get("/v1/disputes?before=0", "rob").json()["disputes"] == []
    refused(office.get(f"/v1/disputes/{NOBODY}", "lena"), 404, "dispute_unknown")
    refused(office.get(f"/v1/disputes/{dispute}?at=2026-01-01T00:00:00Z", "lena"), 404, "dispute_unknown")


def test_its_pack_is_legals_and_holds_every_file_and_the_clocks(office: Office, made: Made, dispute: str) -> None:
    notified(office, dispute, "order", "IN")
    refused(office.get(f"/v1/disputes/{dispute}/evidence", "rob"), 403, "role_not_permitted")
    pack = office.get(f"/v1/disputes/{dispute}/evidence", "lena").content
    report = check_pack(pack)
    assert (report.state, report.assets, report.dispute) == ("consistent", (made.signed,), dispute)
    facts = json.loads(zipfile.ZipFile(io.BytesIO(pack)).read("facts.json"))
    assert facts["disputes"][0]["clocks"][0]["state"] == "running"


def test_a_pack_with_disclosed_fields_is_made_for_legal_only(office: Office, made: Made) -> None:
    refused(office.get(f"/v1/assets/{made.signed}/evidence?reader=auditor-3", "mara"), 403, "role_not_permitted")
    assert office.get(f"/v1/assets/{made.signed}/evidence?reader=auditor-3", "lena").status_code == 200


def test_a_pack_tells_what_was_known_then(office: Office, made: Made) -> None:
    then = format_instant(made.now)
    pack = office.get(f"/v1/assets/{made.signed}/evidence?known_at={then}", "lena").content
    assert check_pack(pack).known_at == then
    refused(
        office.get(f"/v1/assets/{made.signed}/evidence?known_at=2030-01-01T00:00:00Z", "lena"),
        400,
        "known_at_in_future",
    )
