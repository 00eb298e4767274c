"""A suspension that is lifted: who was told to pause hears once that it may go on, and nobody else does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from ledger.errors import Conflict
from projections.cascade import run_expiry
from projections.views import Views
from schemas.statements.consent import ConsentWithdrawn
from schemas.statements.consent_changes import ConsentResumed, ConsentSuspended
from schemas.statements.notice import HolderRegistered, NoticeIssued, NoticeOverdue
from schemas.statements.person import PersonEngagementEnded
from tests.house_of import House, raises_code
from tests.unit.projections.material import dump, open_views, ready_clip


class Paused:
    """A clip that pia has cleared; its consent is suspended and resumed by legal."""

    def __init__(self, house: House, views: Views) -> None:
        self.house, self.views = house, views
        self.asset, self.consent = ready_clip(house)
        self.person = house.granted(self.consent).person
        self.register("pia")
        verdict = house.verdict(house.decision(self.asset)).model_copy(update={"asked_by": "pia"})
        house.ledger.say(verdict)

    def register(self, holder: str, **words: Any) -> None:
        self.house.say_as("lena", HolderRegistered.model_validate({"holder": holder, **words}))

    def _words(self, number: str) -> dict[str, str]:
        return {"consent": self.consent, "person": self.person, "suspension": number, "reason": "a question came up"}

    def suspend(self) -> str:
        number = self.house.new_id()
        stop = ConsentSuspended.model_validate({**self._words(number), "cause": "dispute"})
        self.house.say_as("lena", stop)
        return number

    def resume(self, number: str) -> int:
        return self.house.say_as("lena", ConsentResumed.model_validate(self._words(number))).index

    def withdraw(self) -> None:
        self.house.say_as("ines", ConsentWithdrawn(consent=self.consent, person=self.person, reason="no more"))

    def run(self) -> int:
        """Notices that one round issued."""
        return int(run_expiry(self.house.ledger, self.views, self.house.now()).as_json()["notices_issued"])

    def told(self, holder: str = "pia") -> list[tuple[str, int]]:
        return [(one.kind, one.about) for one in self.views.holders.of_holder(holder)]

    def notice(self, about: int, **changes: Any) -> NoticeIssued:
        shape = {"notice": self.house.new_id(), "holder": "pia", "kind": "resumed", "consent": self.consent}
        return NoticeIssued.model_validate({**shape, "about": about, **changes})


@pytest.fixture
def paused(house: House, views: Views) -> Paused:
    return Paused(house, views)


def test_who_was_told_to_pause_hears_once_that_it_may_go_on(paused: Paused) -> None:
    paused.register("lib", everything=True)
    number = paused.suspend()
    stopped = paused.house.size - 1
    assert paused.run() == 2
    paused.register("paul", everything=True)  # too late to have been told to pause
    lifted = paused.resume(number)
    assert paused.run() == 2
    assert paused.told() == paused.told("lib") == [("suspended", stopped), ("resumed", lifted)]
    assert paused.told("paul") == [] and paused.run() == 0
    resumed = paused.views.holders.of_basis(paused.consent)[-1]
    assert (resumed.outcome, resumed.due_at, resumed.open, resumed.items) == (None, None, False, ())


def test_while_another_suspension_stands_nobody_hears_that_it_may_go_on(paused: Paused) -> None:
    first, second = paused.suspend(), paused.suspend()
    assert paused.run() == 2
    early = paused.resume(first)
    assert paused.run() == 0
    raises_code("consent_not_resumed", lambda: paused.house.ledger.say(paused.notice(early)))
    last = paused.resume(second)
    assert (paused.run(), paused.told()[-1]) == (1, ("resumed", last))
    assert paused.run() == 0


def test_every_cycle_is_told_again(paused: Paused) -> None:
    for _ in range(2):
        number = paused.suspend()
        assert paused.run() == 1
        paused.resume(number)
        assert paused.run() == 1
    assert [kind for kind, _ in paused.told()] == ["suspended", "resumed"] * 2


def test_who_missed_a_resumption_in_between_hears_of_the_next(paused: Paused) -> None:
    number = paused.suspend()
    paused.run()
    paused.resume(number)
    again = paused.suspend()
    last = paused.resume(again)
    assert (paused.run(), paused.told()[-1]) == (1, ("resumed", last))


@pytest.mark.parametrize("overtaken", [Paused.suspend, Paused.withdraw], ids=["suspended again", "withdrawn"])
def test_what_may_not_go_on_any_more_is_not_told_as_resumed(paused: Paused, overtaken: Callable[[Paused], Any]) -> None:
    number = paused.suspend()
    paused.run()
    lifted = paused.resume(number)
    overtaken(paused)
    raises_code("consent_not_resumed", lambda: paused.house.ledger.say(paused.notice(lifted)))
    paused.run()
    assert "resumed" not in [kind for kind, _ in paused.told()] and paused.run() == 0


def test_a_consent_that_time_ended_meanwhile_is_not_resumed(paused: Paused) -> None:
    number = paused.suspend()
    paused.run()
    paused.resume(number)
    paused.house.move_to("2026-12-01T00:00:00+00:00")
    paused.run()
    assert [kind for kind, _ in paused.told() if kind != "expiring"] == ["suspended", "ended"] and paused.run() == 0


def test_an_engagement_that_goes_on_is_told_like_any_suspension(paused: Paused) -> None:
    words = {"ending": paused.house.new_id(), "person": paused.person, "ended_at": paused.house.now(), "reason": "over"}
    paused.house.say_as("lena", PersonEngagementEnded.model_validate(words))
    assert paused.run() == 1
    lifted = paused.resume(words["ending"])
    assert (paused.run(), paused.told()[-1]) == (1, ("resumed", lifted))


def test_the_door_refuses_what_nobody_has_to_hear(paused: Paused) -> None:
    number = paused.suspend()
    stopped = paused.house.size - 1
    lifted = paused.resume(number)
    say = paused.house.ledger.say
    paused.views.catch_up()
    matter = paused.views.holders.matter(stopped)
    assert matter is not None
    asked = {"kind": "suspended", "outcome": "pause", "due_at": matter["due_at"]}
    raises_code("suspension_lifted", lambda: say(paused.notice(stopped, **asked)))
    raises_code("pause_not_told", lambda: say(paused.notice(lifted)))
    raises_code("matter_unknown", lambda: say(paused.notice(stopped)))
    with pytest.raises(ValueError, match="ask for nothing"):
        paused.notice(lifted, outcome="pause", due_at=matter["due_at"])
    with pytest.raises(ValueError, match="about a consent"):
        paused.notice(lifted, consent=None, licence=number)


def test_workers_at_once_and_again_say_it_once_and_rebuilt_equals_live(paused: Paused) -> None:
    paused.register("lib", everything=True)
    number = paused.suspend()
    paused.run()
    lifted = paused.resume(number)
    second, barrier = open_views(paused.house, "second.sqlite"), threading.Barrier(3)

    def work(mine: Views) -> None:
        barrier.wait()
        run_expiry(paused.house.ledger, mine, paused.house.now())

    threads = [threading.Thread(target=work, args=(mine,)) for mine in (paused.views, second, paused.views)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    second.close()
    assert [paused.told(name).count(("resumed", lifted)) for name in ("pia", "lib")] == [1, 1]
    raises_code("notice_issued_already", lambda: paused.house.ledger.say(paused.notice(lifted)))
    before = dump(paused.views.path)
    paused.views.rebuild()
    assert dump(paused.views.path) == before and not before["holders_to_tell"] and not before["holders_suspended"]


def test_a_worker_that_lags_behind_a_resumption_tells_nobody_to_pause(paused: Paused) -> None:
    """Its view still says that pia has to be told; the door says what became of it since."""
    number = paused.suspend()
    paused.views.catch_up()
    (waiting,) = paused.views.holders.to_tell(9)
    paused.resume(number)
    outcome = paused.house.ledger.say_many([waiting.notice(paused.house.new_id())])[0]
    assert getattr(outcome, "code", "said") == "suspension_lifted" and not isinstance(outcome, Conflict)
    assert paused.run() == 0 and paused.told() == []


def test_a_pause_that_was_lifted_in_time_is_open_no_more_and_never_overdue(paused: Paused) -> None:
    number = paused.suspend()
    paused.run()
    (pause,) = paused.views.holders.of_holder("pia")
    paused.resume(number)
    paused.run()
    assert not paused.views.holders.notice(pause.notice).open  # type: ignore[union-attr]
    assert paused.views.holders.counts(paused.consent)["notices_open"] == 0 and paused.views.holders.open_until(9) == []
    paused.house.move_to(paused.house.now() + timedelta(hours=49))
    assert run_expiry(paused.house.ledger, paused.views, paused.house.now()).as_json()["notices_overdue"] == 0
    overdue = NoticeOverdue.model_validate({"notice": pause.notice, "holder": "pia", "due_at": pause.due_at})
    raises_code("overdue_not_due", lambda: paused.house.ledger.say(overdue))


def test_a_pause_that_was_lifted_too_late_was_overdue(paused: Paused) -> None:
    number = paused.suspend()
    paused.run()
    paused.house.move_to(paused.house.now() + timedelta(hours=49))
    paused.resume(number)
    assert run_expiry(paused.house.ledger, paused.views, paused.house.now()).as_json()["notices_overdue"] == 1
    assert paused.views.holders.of_holder("pia")[0].open
