"""Notices in their first shape: they stay readable, count as told, and saying it in old words is no way around a rule."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from schemas.statements.notice import NoticeAcknowledged, NoticeIssued
from schemas.statements.notice_v1 import NoticeIssuedV1
from schemas.statements.notice_v2 import NoticeIssuedV2
from tests.house_of import House, raises_code
from tests.unit.ledger.test_notices import Told


def older(told: Told) -> NoticeIssuedV1:
    words = {name: value for name, value in dict(told.body()).items() if name not in ("right", "clearance")}
    return NoticeIssuedV1.model_validate(words)


def test_whoever_was_told_in_the_first_shape_was_told(house: House) -> None:
    told = Told(house)
    before = older(told)
    house.ledger.say(before)
    raises_code("notice_issued_already", lambda: house.ledger.say(told.body()))
    found = house.ledger.history().last(f"notice:{before.notice}", NoticeIssued)
    assert found is not None and found.type == "notice.issued.v1"
    assert isinstance(found.body, NoticeIssued) and found.body.tags() == before.tags()
    told.answers(before.notice, done="not-held")
    assert house.ledger.history().last(f"notice:{before.notice}", NoticeAcknowledged) is not None


def test_the_second_shape_counts_as_told_too(house: House) -> None:
    told = Told(house)
    words = {name: value for name, value in dict(told.body()).items() if name != "clearance"}
    house.ledger.say(NoticeIssuedV2.model_validate(words))
    raises_code("notice_issued_already", lambda: house.ledger.say(told.body()))
    with pytest.raises(ValidationError):
        NoticeIssuedV2.model_validate({**words, "kind": "reverified"})


def test_the_first_shape_is_judged_by_the_same_rule(house: House) -> None:
    told = Told(house)
    house.ledger.say(told.body())
    raises_code("notice_issued_already", lambda: house.ledger.say(older(told)))
    wrong = older(told).model_copy(update={"outcome": "wind-down"})
    raises_code("notice_deadline_differs", lambda: house.ledger.say(wrong))
