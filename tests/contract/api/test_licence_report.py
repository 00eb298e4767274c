"""A licence's report over HTTP, on its page and on the command line: who had it, who answered when, what is open."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ops.cli.main import main
from projections.cascade import run_expiry
from schemas.base import format_instant
from schemas.statements.contract import ContractTermRecorded
from tests.e2e.rights.conftest import Desk
from tests.office_of import Office, refused
from tests.rights_of import TERMS

END = "2026-10-10T00:00:00Z"
SOURCE = {"system": "contracts", "ref": "C-9", "revision": "1"}
NOBODY = "019a9b00-0000-7000-8000-00000000dead"


class Licensed:
    """The signed clip rests on a licence; pia has it cleared, and shows it."""

    def __init__(self, office: Office, **words: Any) -> None:
        self.office, self.desk = office, Desk(office)
        terms = {"valid_until": END}
        winding = {"outcome": "wind-down", "days": 14}
        self.right, self.licence = self.desk.licensed(terms=terms, at_end=winding, caps={"placements": 3}, **words)
        self.clearance = self.desk.clear(self.desk.signed, valid_until=END).json()["clearance"]
        placed = {"placement": self.desk.new_id(), "asset": self.desk.signed, "clearance": self.clearance}
        hangs_on = {"consents": [office.made.story.consent], "licences": [self.licence]}
        where = {
            "platform": "example-video",
            "channel": "social",
            "territory": "DE",
            "starts_at": "2026-10-02T00:00:00Z",
        }
        self.placement = self.desk.said("pia", "placement.recorded.v1", {**placed, **hangs_on, **where})["placement"]

    def report(self, name: str = "lena", **params: Any) -> Any:
        return self.office.get(f"/v1/licences/{self.licence}/report", name, params=params).json()

    def run(self) -> None:
        run_expiry(self.office.services.ledger, self.office.services.views, self.office.clock.now())

    def register(self) -> None:
        self.desk.said("lena", "holder.registered.v1", {"holder": "pia", "platforms": ["example-video"]})

    def expire(self) -> None:
        self.office.clock.move_to(datetime.fromisoformat(END))
        self.run()

    def answer(self) -> None:
        for notice in self.report()["notices"]:
            path = f"/v1/notices/{notice['notice']}/acknowledgements"
            assert self.office.post(path, "pia", json={"done": "not-held"}).status_code == 201


def test_while_it_runs_the_report_says_who_has_what_and_what_is_used(office: Office) -> None:
    at_work = Licensed(office)
    found = at_work.report()
    assert (found["state"], found["end"], found["complete"], found["contract"]) == ("in_force", None, False, None)
    assert [(one["party"], one["kind"], one["count"]) for one in found["held"]] == [
        ("actor:pia", "clearance", 2),  # the office's own, and this one
        ("platform:example-video", "placement", 1),
    ]
    assert {one["what"]: (one["used"], one["cap"]) for one in found["caps"]}["placements"] == (1, 3)
    assert {one["asset"] for one in found["files"]} == {at_work.desk.asset, at_work.desk.signed}
    assert (found["title"], found["licensor"], found["licensee"]) == ("Rain on the Awning", "label-north", "studio-1")


def test_its_end_is_reported_from_the_instant_on_told_and_answered(office: Office) -> None:
    at_work = Licensed(office)
    office.clock.move_to(datetime.fromisoformat(END))
    unrecorded = at_work.report()
    assert (unrecorded["state"], unrecorded["end"]["entry_index"], unrecorded["complete"]) == ("expired", None, False)
    at_work.run()
    nobody = at_work.report()
    assert {one["party"] for one in nobody["told_to_nobody"]} == {"actor:pia", "platform:example-video"}
    at_work.register()
    at_work.run()
    told = at_work.report()
    assert told["counts"] == told["counts"] | {
        "files": 2,
        "files_flagged": 2,
        "clearances": 2,
        "clearances_revoked": 2,
        "placements": 1,
        "placements_ended": 0,
        "notices_open": told["counts"]["notices"],
        "told_to_nobody": 0,
    }
    assert (told["end"]["how"], told["end"]["outcome"], told["complete"]) == ("expired", "wind-down", False)
    assert datetime.fromisoformat(told["end"]["due_at"]) == datetime.fromisoformat(END) + timedelta(days=14)
    office.clock.move_to(datetime.fromisoformat(END) + timedelta(hours=3))
    at_work.answer()
    done = at_work.report()
    assert done["complete"] and done["counts"]["notices_open"] == 0
    assert done["propagation_seconds"]["answered"] == pytest.approx(3 * 3600, abs=1)
    (notice,) = done["notices"]
    assert {item.get("clearance") or item["placement"] for item in notice["items"]} >= {
        at_work.clearance,
        at_work.placement,
    }
    assert at_work.report(after=notice["entry_index"])["notices"] == [] and done["next_after"] is None


def test_what_another_licence_covers_is_complete_without_a_flag(office: Office) -> None:
    at_work = Licensed(office)
    at_work.register()
    longer = at_work.desk.said("ivy", "licence.granted.v1", at_work.desk.licence(at_work.right))["licence"]
    use = {"asset": at_work.desk.asset, "right": at_work.right, "licence": longer, "user": "studio-1"}
    at_work.desk.said("mara", "asset.right-used.v1", use)
    at_work.expire()
    at_work.answer()
    found = at_work.report()
    assert (found["counts"]["files_flagged"], found["counts"]["clearances_revoked"], found["complete"]) == (0, 0, True)


def test_a_terminated_contract_is_reported_with_what_it_took_along(office: Office) -> None:
    at_work = Licensed(office, source=SOURCE)
    at_work.register()
    terms = {**TERMS, "valid_until": END}
    shape = {"source": {**SOURCE, "revision": "2"}, "terms": terms, "content_sha256": "bb" * 32, "terminated": True}
    index = office.services.ledger.say(ContractTermRecorded.model_validate(shape)).index
    at_work.run()
    found = at_work.report()
    assert (found["contract"]["revision"], found["contract"]["terminated"], found["end"]) == ("2", True, None)
    (change,) = found["changes"]
    assert (change["how"], change["entry_index"], change["outcome"]) == ("terminated", index, "wind-down")
    assert {one["kind"] for one in found["notices"]} == {"contract-changed"}
    assert (found["counts"]["files_flagged"], change["notices"], found["complete"]) == (2, len(found["notices"]), False)
    at_work.answer()
    assert at_work.report()["complete"]


def test_who_may_not_read_it_and_what_is_none_is_refused(office: Office) -> None:
    at_work = Licensed(office)
    path = f"/v1/licences/{at_work.licence}/report"
    for name in ("pia", "ines", "finn"):
        refused(office.get(path, name), 403, "role_not_permitted")
    refused(office.get(f"/v1/licences/{NOBODY}/report"), 404, "licence_unknown")
    refused(office.get("/v1/licences/none/report"), 400, "request_invalid")
    refused(office.get(path, params={"limit": 0}), 400, "request_invalid")


def test_its_page_leads_to_its_files_and_entries_and_its_entry_leads_to_it(local: Office) -> None:
    at_work = Licensed(local)
    page = local.page(f"/licences/{at_work.licence}")
    assert page.status_code == 200 and "Rain on the Awning" in page.text and "platform:example-video" in page.text
    assert f'href="/assets/{at_work.desk.signed}"' in page.text and "What was taken along" not in page.text
    granted = at_work.report()["granted_by"]
    assert f'href="/log/{granted}"' in page.text
    assert f'href="/licences/{at_work.licence}"' in local.page(f"/log/{granted}").text
    assert f'href="/licences/{at_work.licence}"' in local.page(f"/assets/{at_work.desk.signed}").text
    at_work.register()
    at_work.expire()
    ended = local.page(f"/licences/{at_work.licence}").text
    assert "What was taken along" in ended and "Not everything is done" in ended and "wind down" in ended
    at_work.answer()
    assert "everybody who was asked has answered" in local.page(f"/licences/{at_work.licence}").text
    assert local.page(f"/licences/{NOBODY}").status_code == 404


def test_the_command_says_the_same(office: Office, capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    at_work = Licensed(office)
    monkeypatch.setattr("ops.wiring.SystemClock", lambda: office.clock)
    command = ["--home", str(Path(office.home.path)), "licence", "report", at_work.licence]
    assert main(command) == 0 and "It has not ended." in capsys.readouterr().out
    at_work.register()
    at_work.expire()
    assert main(command) == 0
    out = capsys.readouterr().out
    assert "OPEN" in out and "expired" in out and "pia" in out
    assert main([*command, "--json"]) == 0
    assert f'"valid_until": "{format_instant(datetime.fromisoformat(END))}"' in capsys.readouterr().out
    assert main([*command[:-1], NOBODY]) != 0
