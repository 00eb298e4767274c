"""A statement is one entry however often it is said, and an id never gets other words (SPEC S2.6)."""

from __future__ import annotations

from schemas.statements.brief import BriefDrafted
from tests.house_of import House, raises_code
from tests.unit.ledger.knocks import brief, payload_of, revoke, signed


def test_a_statement_said_again_gets_the_same_receipt_and_nothing_new(house: House) -> None:
    envelope = brief(house)
    first = house.ledger.append(envelope)
    head = house.ledger.head()
    again = house.ledger.append(envelope)
    assert (again.index, again.entry, again.statement_id) == (first.index, first.entry, first.statement_id)
    assert (first.existing, again.existing, house.ledger.head()) == (False, True, head)


def test_a_statement_said_again_after_its_key_was_revoked_is_still_the_same_entry(house: House) -> None:
    envelope = brief(house)
    first = house.ledger.append(envelope)
    revoke(house, "mara")
    assert house.ledger.append(envelope).index == first.index


def test_the_same_id_with_other_words_is_refused(house: House) -> None:
    payload = payload_of(house)
    house.ledger.append(signed(house, payload))
    size = house.size
    other = {**payload, "body": {**payload["body"], "title": "Evening in the café"}}
    raises_code("statement_id_reused", lambda: house.ledger.append(signed(house, other)))
    assert house.size == size


def test_a_batch_with_one_statement_twice_writes_it_once(house: House) -> None:
    envelope, size = brief(house), house.size
    first, second = house.ledger.append_many([(envelope, {}), (envelope, {})])
    assert (first.index, second.index, house.size) == (size, size, size + 1)
    assert (first.existing, second.existing) == (False, True)


def test_the_service_may_repeat_itself_under_one_id(house: House) -> None:
    body, statement_id = BriefDrafted.example().model_copy(update={"brief": house.new_id()}), house.new_id()
    first = house.ledger.say(body, actor="mara", method="token", statement_id=statement_id)
    again = house.ledger.say(body, actor="mara", method="token", statement_id=statement_id)
    assert (again.index, again.existing) == (first.index, True)
    other = body.model_copy(update={"title": "Evening in the café"})
    for said in (
        lambda: house.ledger.say(other, actor="mara", method="token", statement_id=statement_id),
        lambda: house.ledger.say(body, actor="paul", method="token", statement_id=statement_id),
    ):
        raises_code("statement_id_reused", said)
