"""Notices on their way: signed, claimed before they are sent, recorded once, given up within bounds, told by nobody twice."""

from __future__ import annotations

import json
import stat
import threading
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from ledger.rules.notices import WAITS
from projections.views import Views
from schemas.statements.notice import HolderRegistered, NoticeAttempted
from tests.contract.notices.conftest import Desk
from tests.house_of import ORIGIN


def test_a_notice_arrives_signed_and_is_recorded_once(desk: Desk) -> None:
    desk.withdraw()
    assert desk.courier.run_once().as_json()["delivered"] == 1
    notice = desk.notice()
    assert (notice.standing, notice.attempts, notice.answered_by) == ("delivered", 1, None)
    headers, body = desk.endpoint.got[0]
    assert headers["webhook-id"] == notice.notice
    event = json.loads(body)
    assert (event["specversion"], event["source"], event["type"]) == ("1.0", ORIGIN, "countersign.notice.ended.v1")
    assert event["data"]["items"] == [{"asset": desk.asset, "clearance": notice.items[0]["clearance"]}]
    assert event["data"]["due_at"] == notice.due_at
    assert desk.house.granted(desk.consent).person not in body.decode()
    assert desk.courier.run_once().as_json()["delivered"] == 0 and len(desk.endpoint.got) == 1
    signature = Webhook(desk.secret).sign(notice.notice, _at(headers), body.decode())
    assert headers["webhook-signature"] == signature


def test_the_receivers_own_library_verifies_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from standardwebhooks import webhooks

    desk.withdraw()
    desk.courier.run_once()
    headers, body = desk.endpoint.got[0]
    now = _at(headers)

    class Then(webhooks.datetime):  # type: ignore[misc, name-defined]
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return now

    monkeypatch.setattr(webhooks, "datetime", Then)
    assert Webhook(desk.secret).verify(body, headers)["id"] == headers["webhook-id"]
    with pytest.raises(WebhookVerificationError):
        Webhook(desk.secret).verify(body + b" ", headers)


def test_after_a_renewal_both_secrets_verify_and_the_file_is_the_owners_alone(desk: Desk) -> None:
    new = desk.secrets.renew("pia")
    desk.withdraw()
    desk.courier.run_once()
    headers, body = desk.endpoint.got[0]
    expected = [Webhook(one).sign(headers["webhook-id"], _at(headers), body.decode()) for one in (new, desk.secret)]
    assert headers["webhook-signature"].split(" ") == expected
    files = list((desk.house.folder / "webhooks").iterdir())
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600]
    assert new not in str([said.entry for said in desk.house.ledger.read()])


def test_a_server_error_is_tried_again_after_the_wait_and_not_before(desk: Desk) -> None:
    desk.endpoint.script = [503, 200]
    desk.withdraw()
    assert desk.courier.run_once().as_json()["failed_attempts"] == 1
    desk.another_courier().run_once()
    assert len(desk.endpoint.got) == 1
    desk.house.move_to(desk.house.now() + WAITS[0])
    assert desk.another_courier().run_once().as_json()["delivered"] == 1
    first, second = desk.endpoint.got
    assert first[0]["webhook-id"] == second[0]["webhook-id"] and first[1] == second[1]


@pytest.mark.parametrize("how", ["hang", "drip", "garbage", "redirect"])
def test_whatever_else_an_endpoint_does_counts_as_one_attempt(desk: Desk, how: str) -> None:
    desk.endpoint.script = [how]
    desk.withdraw()
    assert desk.courier.run_once().as_json()["failed_attempts"] == 1
    assert (desk.notice().standing, desk.notice().attempts) == ("attempted", 1)


def test_it_is_given_up_after_eight_attempts_and_stays_open(desk: Desk) -> None:
    desk.endpoint.script = [500]
    desk.withdraw()
    for wait in WAITS:
        desk.another_courier().run_once()
        desk.house.move_to(desk.house.now() + wait)
    desk.another_courier().run_once()
    notice = desk.notice()
    assert len(desk.endpoint.got) == notice.attempts == len(WAITS)
    assert (notice.standing, notice.failed_why, notice.open) == ("undeliverable", "answered-500", True)
    assert desk.count("notice.failed.v1") == 1


def test_a_gone_endpoint_is_disabled_once_and_asked_no_more(desk: Desk) -> None:
    desk.endpoint.script = [410]
    desk.withdraw()
    assert desk.courier.run_once().as_json()["endpoints_disabled"] == 1
    desk.house.move_to(desk.house.now() + timedelta(days=3))
    desk.another_courier().run_once()
    assert len(desk.endpoint.got) == 1 and desk.views.holders.reachable() == []
    assert (desk.notice().standing, desk.notice().failed_why) == ("undeliverable", "gone")


def test_without_a_secret_nothing_is_sent_and_no_attempt_is_spent(desk: Desk) -> None:
    (desk.house.folder / "webhooks/pia").unlink()
    desk.withdraw()
    assert desk.courier.run_once().skipped == {"pia": "webhook_secret_missing"}
    assert desk.notice().attempts == 0 and not desk.endpoint.got


def test_two_couriers_at_once_send_once(desk: Desk) -> None:
    desk.withdraw()
    second = Views(desk.house.folder / "second.sqlite", desk.house.ledger, desk.house.blobs)
    barrier = threading.Barrier(2)

    def together(url: str, body: bytes, headers: Any) -> Any:
        return desk.send(url, body, headers)

    def work(views: Views) -> None:
        courier = desk.another_courier(views, together)
        barrier.wait()
        courier.run_once()

    threads = [threading.Thread(target=work, args=(views,)) for views in (desk.views, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    second.close()
    assert len(desk.endpoint.got) == 1
    assert desk.count("notice.attempted.v1") == desk.count("notice.delivered.v1") == 1


class Dies(BaseException):
    """The process is killed here."""


@pytest.mark.parametrize("where", ["before the claim", "after the claim", "after it was sent"])
def test_a_courier_that_dies_anywhere_loses_no_notice(desk: Desk, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.withdraw()
    say = desk.house.ledger.say

    def dies(body: Any, **options: Any) -> Any:
        claim = isinstance(body, NoticeAttempted)
        if where == "before the claim" or (where == "after it was sent" and not claim):
            raise Dies
        receipt = say(body, **options)
        if where == "after the claim" and claim:
            raise Dies
        return receipt

    monkeypatch.setattr(desk.house.ledger, "say", dies)
    with pytest.raises(Dies):
        desk.courier.run_once()
    monkeypatch.undo()
    sent_before = len(desk.endpoint.got)
    desk.house.move_to(desk.house.now() + WAITS[0])
    assert desk.another_courier().run_once().as_json()["delivered"] == 1
    assert len(desk.endpoint.got) == sent_before + 1
    assert len({headers["webhook-id"] for headers, _ in desk.endpoint.got}) == 1
    assert desk.count("notice.delivered.v1") == 1 and desk.notice().standing == "delivered"


def test_a_holder_without_an_endpoint_is_not_sent_to(desk: Desk) -> None:
    desk.house.say_as("lena", HolderRegistered(holder="pia"))
    desk.withdraw()
    desk.courier.run_once()
    assert not desk.endpoint.got and desk.notice().standing == "issued"


def test_a_dead_endpoint_holds_up_its_other_notices_only_for_a_while(desk: Desk) -> None:
    desk.endpoint.script = [500]
    desk.withdraw()
    desk.courier.run_once()
    desk.house.move_to(desk.house.now() + WAITS[0])
    desk.courier.run_once()  # it rests by the process's own clock, whatever the ledger's says
    assert len(desk.endpoint.got) == 1


def _at(headers: dict[str, str]) -> Any:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
