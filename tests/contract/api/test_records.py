"""Consents, briefs and notices over HTTP."""

from __future__ import annotations

from ops.demo.cast import Cast
from ops.demo.story import PERSON
from projections.cascade import run_expiry
from tests.office_of import Made, Office, refused

NOBODY = "019a9b00-0000-7000-8000-00000000dead"


def test_a_consent_is_read_at_an_instant(office: Office, made: Made) -> None:
    path = f"/v1/consents/{made.story.consent}"
    now = office.get(path, "lena").json()
    assert (now["state"], now["person"], len(now["entries"])) == ("given", PERSON, 2)
    end = now["granted"]["valid_until"]
    assert office.get(f"{path}?at={end}").json()["state"] == "expired"
    refused(office.get(f"{path}?at=2026-01-01T00:00:00Z"), 404, "consent_unknown")
    refused(office.get(f"/v1/consents/{NOBODY}"), 404, "consent_unknown")


def test_talent_reads_their_own_and_nobody_elses(office: Office, made: Made) -> None:
    assert office.get(f"/v1/consents/{made.story.consent}", "ines").json()["state"] == "given"
    assert len(office.get(f"/v1/persons/{PERSON}/consents", "ines").json()["consents"]) == 1
    Cast(office.services, office.home, "operator").enrol("olga", "talent")
    office.tokens["olga"] = office.services.tokens.issue("olga", office.clock.now())
    refused(office.get(f"/v1/consents/{made.story.consent}", "olga"), 403, "not_your_person")
    refused(office.get(f"/v1/persons/{PERSON}/consents", "olga"), 403, "not_your_person")
    refused(office.get("/v1/persons/p-none/consents", "olga"), 403, "not_your_person")
    refused(office.get("/v1/persons/p-none/consents", "lena"), 404, "person_unknown")


def test_no_answer_holds_a_name(office: Office, made: Made) -> None:
    for path in (
        f"/v1/consents/{made.story.consent}",
        f"/v1/persons/{PERSON}/consents",
        f"/v1/assets/{made.asset}/trail",
    ):
        answer = office.get(path)
        assert answer.status_code == 200 and "Inês Example" not in answer.text


def test_a_brief_shows_every_version_and_who_approved_it(office: Office, made: Made) -> None:
    found = office.get(f"/v1/briefs/{made.story.brief}", "rob").json()
    assert [(one["version"], one["author"], one["approved"]["actor"]) for one in found["versions"]] == [
        (1, "mara", "paul")
    ]
    assert len(found["versions"][0]["body"]["narrative_beats"]) == 3
    refused(office.get(f"/v1/briefs/{NOBODY}"), 404, "brief_unknown")
    refused(office.get("/v1/briefs/1"), 400, "request_invalid")


def test_notices_tell_of_the_end_and_are_paged(office: Office, made: Made) -> None:
    assert office.get("/v1/notices", "pia").json() == {"notices": [], "next_after": None}
    office.clock.move_to(made.story.ends_at)
    run_expiry(office.services.ledger, office.services.views, office.clock.now())
    whole = office.get("/v1/notices", "pia").json()
    types = [notice["payload"]["type"] for notice in whole["notices"]]
    assert "countersign.consent.expired.v1" in types and "countersign.clearance.revoked.v2" in types
    first = office.get("/v1/notices?limit=1", "pia").json()
    rest = office.get(f"/v1/notices?after={first['next_after']}", "pia").json()
    assert first["notices"] + rest["notices"] == whole["notices"]


def test_a_revoked_clearance_says_why(office: Office, made: Made) -> None:
    office.clock.move_to(made.story.ends_at)
    run_expiry(office.services.ledger, office.services.views, office.clock.now())
    clearance = office.get(f"/v1/assets/{made.signed}").json()["clearances"][0]
    assert clearance["standing"] == "revoked"
    record = office.get(f"/v1/clearances/{clearance['clearance']}").json()
    assert record["revoked"]["cause"] == "consent-ended"
    assert record["revoked"]["entry_index"] == clearance["revoked_by"]
