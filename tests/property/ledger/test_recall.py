"""What is remembered of the log answers as the log itself does, at every size, whoever appended meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import recall as recall_module
from ledger.history import History
from ledger.recall import Recall
from ledger.rules.actors import actor_state
from schemas.statements.actor import ActorEnrolled
from schemas.statements.brief import BriefApproved, BriefDrafted
from tests.house_of import House


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 2), st.booleans(), st.integers(0, 30), st.booleans()), max_size=12))
def test_a_remembered_answer_equals_one_read_anew(house: House, steps: list[tuple[int, bool, int, bool]]) -> None:
    briefs = [house.new_id() for _ in range(3)]
    recall, written = Recall(house.ledger.store), [0, 0, 0]
    for which, writes, back, foreseen in steps:
        if foreseen:
            size = house.ledger.store.size()
            recall.foresee([f"brief:{brief}" for brief in briefs], size)
        if writes:
            written[which] += 1
            body = BriefDrafted.example().model_copy(update={"brief": briefs[which], "version": written[which]})
            house.say_as("mara", body)
        size = max(0, house.ledger.store.size() - back)
        for brief in briefs:
            for types in ((BriefDrafted,), (BriefDrafted, BriefApproved), (BriefApproved,)):
                fresh = History(house.ledger.store, size).about(f"brief:{brief}", *types)
                assert History(house.ledger.store, size, recall=recall).about(f"brief:{brief}", *types) == fresh


def test_what_another_store_on_the_file_wrote_is_not_missed(house: House) -> None:
    recall = Recall(house.ledger.store)
    drafted = BriefDrafted.example().model_copy(update={"brief": house.new_id()})
    tag = f"brief:{drafted.brief}"
    assert recall.about(tag, (BriefDrafted.TYPE,), house.ledger.store.size()).said == []
    house.say_as("mara", drafted)
    found = Recall(_Forgetful(house.ledger.store)).about(tag, (BriefDrafted.TYPE,), house.ledger.store.size())
    assert recall.about(tag, (BriefDrafted.TYPE,), house.ledger.store.size()).said == found.said != []


def test_what_was_foreseen_to_be_new_is_heard_of_once_it_was_said(house: House) -> None:
    recall = Recall(house.ledger.store)
    drafted = BriefDrafted.example().model_copy(update={"brief": house.new_id()})
    tag = f"brief:{drafted.brief}"
    recall.foresee([tag, "actor:mara"], house.ledger.store.size())
    assert recall.about(tag, (BriefDrafted.TYPE,), house.ledger.store.size()).said == []
    house.say_as("mara", drafted)
    for seen in (recall, Recall(_Forgetful(house.ledger.store))):
        assert len(seen.about(tag, (BriefDrafted.TYPE,), house.ledger.store.size()).said) == 1
    assert recall.about("actor:mara", (ActorEnrolled.TYPE,), house.ledger.store.size()).said != []


def test_roles_and_keys_are_folded_anew_when_they_change(house: House) -> None:
    before = actor_state(house.ledger.history(), "mara")
    assert actor_state(house.ledger.history(), "mara") is before
    house.say_as("mara", BriefDrafted.example())
    assert actor_state(house.ledger.history(), "mara") is before
    assert actor_state(house.ledger.history(), "paul").keys != before.keys


def test_little_is_kept_and_nothing_is_lost(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recall_module, "ANSWERS_MAX", 2)
    monkeypatch.setattr(recall_module, "SAID_MAX", 1)
    recall, size = Recall(house.ledger.store), house.ledger.store.size()
    for name in ("mara", "paul", "ivy", "mara"):
        fresh = actor_state(History(house.ledger.store, size), name)
        assert actor_state(History(house.ledger.store, size, recall=recall), name) == fresh
    assert len(recall._answers) <= 2 and recall._said <= 1


class _Forgetful:
    """A store that remembers nothing, as one that another process appended past."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def surely_silent(self, *_: object) -> bool:
        return False
