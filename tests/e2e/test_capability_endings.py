"""Capability 51, from end to end: an end is blocked at once, found everywhere, told, answered, timed; after restarts too."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from ledger.clock import SteppedClock
from ops.settings import Settings, read_settings, write_settings
from ops.wiring import services_of
from schemas.base import format_instant, new_id
from tests.cli_of import Command
from tests.contract.notices.conftest import Endpoint


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    opened = Endpoint()
    yield opened
    opened.close()


@pytest.fixture
def command(demo_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """The demo's home, whose consent has ended and whose platform nobody has registered yet."""
    home = tmp_path / "home"
    shutil.copytree(demo_home, home)
    settings = read_settings(home).model_copy(update={"notices_to_private_networks": True})
    write_settings(home, Settings.model_validate(settings.model_dump()))
    return Command(home, capsys)


def test_capability_51_an_end_is_told_answered_timed_and_survives_restarts(
    command: Command, endpoint: Endpoint
) -> None:
    with services_of(command.home) as services:
        grant = next(services.ledger.read(types=["consent.granted.v2"]))
        asked = next(services.ledger.read(types=["generation.requested.v1"])).body.as_json()
    consent = grant.body.as_json()["consent"]
    _denied_a_second_after_the_end(command.home, grant.body.as_json()["valid_until"], asked)

    before = command.run("consent", "report", consent, "--json").document
    assert before["counts"]["files"] == before["counts"]["files_flagged"] == 2
    assert [one["party"] for one in before["told_to_nobody"]] == ["actor:pia"] and not before["complete"]

    made = command.run("holder", "register", "pia", "--endpoint", endpoint.url, "--as", "operator", "--json").document
    assert made["secret"].startswith("whsec_")
    worked = command.run("worker", "--once", "--json").document
    assert (worked["notices_issued"], worked["notices"]["delivered"]) == (1, 1)
    again = command.run("worker", "--once", "--json").document
    assert (again["entries"], again["notices"]["delivered"], len(endpoint.got)) == ([], 0, 1)
    event = json.loads(endpoint.got[0][1])

    notice = event["data"]["notice"]
    since = format_instant(SteppedClock(grant.recorded_at).now())
    answer = command.run(
        "notice", "acknowledge", notice, "--as", "pia", "--done", "taken-down", "--at", since, "--json"
    )
    assert answer.code == 0
    twice = command.run("notice", "acknowledge", notice, "--as", "pia", "--done", "not-held", "--json")
    assert (twice.code, twice.error["code"]) == (3, "acknowledged_already")

    report = command.run("consent", "report", consent, "--json").document
    assert report["complete"] and report["counts"]["notices_open"] == 0
    steps = report["notices"][0]["seconds_from_end"]
    assert 0 < steps["issued"] <= steps["delivered"] <= steps["answered"]
    assert (
        report["propagation_seconds"] | {"block": 0.0, "answered": steps["answered"]} == report["propagation_seconds"]
    )
    shown = command.run("consent", "report", consent).out
    assert "COMPLETE" in shown and "blocked 0 s (by rule)" in shown


def test_the_calendar_is_written_and_parsed_back(command: Command, tmp_path: Path) -> None:
    from icalendar import Calendar

    file = tmp_path / "ends.ics"
    assert command.run("calendar", "--out", file, "--json").document["events"] == 0
    assert Calendar.from_ical(file.read_bytes())["version"] == "2.0"


def test_holders_and_their_notices_are_listed(command: Command) -> None:
    command.run("holder", "register", "pia", "--platform", "example-video", "--as", "operator")
    command.run("worker", "--once")
    (holder,) = command.run("holder", "list", "--json").document["holders"]
    assert holder["parties"] == ["actor:pia", "platform:example-video"]
    (notice,) = command.run("notice", "list", "pia", "--json").document["notices"]
    assert notice["standing"] in ("issued", "overdue")
    assert command.run("holder", "secret", "nobody", "--json").error["code"] == "holder_unknown"
    assert command.run("holder", "secret", "pia").out.startswith("whsec_")


def _denied_a_second_after_the_end(home: Path, valid_until: str, asked: dict[str, Any]) -> None:
    """No worker runs on this copy; the clock is a second past the end."""
    from schemas.base import parse_instant

    copy = home.with_name("a-second-later")
    shutil.copytree(home, copy)
    clock = SteppedClock(parse_instant(valid_until) + timedelta(seconds=1))
    with services_of(copy, clock) as services, TestClient(create_app(services, local_operator=None)) as client:
        token = services.tokens.issue("mara", clock.now())
        again = {**asked, "generation": new_id(clock.now())}
        said = {"type": "generation.requested.v1", "body": again}
        answer = client.post("/v1/statements", json=said, headers={"Authorization": f"Bearer {token}"})
        assert answer.json()["code"] == "consent_expired"
