"""Many callers at once: one entry for one statement, contiguous indexes, receipts that prove, an orderly end."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ledger.errors import Conflict, LedgerError, Unavailable
from ledger.proof.tlogproof import verify_entry
from schemas.statements.brief import BriefDrafted
from tests.house_of import ORIGIN, House, raises_code
from tests.unit.ledger.knocks import brief

THREADS = 8


def test_one_statement_from_many_threads_is_one_entry_with_one_receipt(house: House) -> None:
    envelope, size = brief(house), house.size
    with ThreadPoolExecutor(THREADS) as pool:
        receipts = list(pool.map(lambda _: house.ledger.append(envelope), range(40)))
    assert {(receipt.index, receipt.entry) for receipt in receipts} == {(size, receipts[0].entry)}
    assert sum(not receipt.existing for receipt in receipts) == 1
    assert house.size == size + 1


def test_rivals_under_one_id_from_many_threads_leave_one_of_them(house: House) -> None:
    statement_id, size = house.new_id(), house.size
    envelopes = [brief(house, statement_id=statement_id) for _ in range(16)]
    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = list(pool.map(lambda envelope: _outcome(lambda: house.ledger.append(envelope).index), envelopes))
    assert sorted(map(str, outcomes)) == sorted([str(size), *["statement_id_reused"] * 15])
    assert house.size == size + 1


def _outcome(call: Any) -> Any:
    try:
        return call()
    except LedgerError as error:
        return error.code


def test_many_voices_get_contiguous_places_and_receipts_that_prove_them(house: House) -> None:
    size = house.size
    envelopes = [brief(house) for _ in range(120)]
    with ThreadPoolExecutor(THREADS) as pool:
        receipts = list(pool.map(house.ledger.append, envelopes))
    assert sorted(receipt.index for receipt in receipts) == list(range(size, size + 120))
    for receipt in receipts:
        found = verify_entry(receipt.entry, receipt.proof(), house.verifiers, origin=ORIGIN, strict=True)
        assert found.index == receipt.index


def test_rival_versions_of_one_brief_one_wins_and_a_retry_is_told_why(house: House) -> None:
    bodies = [BriefDrafted.example().model_copy(update={"brief": house.new_id(), "title": "0"})]
    bodies += [bodies[0].model_copy(update={"title": str(n)}) for n in range(1, 12)]
    envelopes, gate = [house.signed("mara", body)[0] for body in bodies], threading.Barrier(12)

    def say(envelope: bytes) -> Any:
        gate.wait(30)
        for _ in range(20):
            try:
                return house.ledger.append(envelope).index
            except Conflict as error:
                assert (error.code, error.status) == ("boundary_moved", 409)
            except LedgerError as error:
                return error.code
        return "never settled"

    with ThreadPoolExecutor(12) as pool:
        outcomes = list(pool.map(say, envelopes))
    assert sorted(map(str, outcomes)) == sorted([str(house.size - 1), *["brief_version_out_of_order"] * 11])


def test_two_ledgers_on_one_file_share_one_truth(house: House) -> None:
    other = house.open()
    drafted = house.say_as("mara", BriefDrafted.example())
    envelope = house.signed("paul", house.approval(drafted))[0]
    with ThreadPoolExecutor(2) as pool:
        receipts = list(pool.map(lambda ledger: ledger.append(envelope), [house.ledger, other]))
    assert receipts[0].index == receipts[1].index == house.size - 1
    rival = house.signed("ivy", house.approval(drafted))[0]
    raises_code("brief_approved_already", lambda: other.append(rival))
    other.close()


def test_a_ledger_that_closes_answers_everybody(house: House) -> None:
    envelopes, answers = [brief(house) for _ in range(60)], []

    def say(envelope: bytes) -> None:
        try:
            answers.append(house.ledger.append(envelope).index)
        except LedgerError as error:
            answers.append(error.code)

    threads = [threading.Thread(target=say, args=(envelope,)) for envelope in envelopes]
    for thread in threads[:30]:
        thread.start()
    house.ledger._writer.close()
    for thread in threads[30:]:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(answers) == 60
    assert {answer for answer in answers if isinstance(answer, str)} == {"writer_closed"}


def test_a_closed_writer_takes_nothing_and_closes_twice(house: House) -> None:
    house.ledger._writer.close()
    house.ledger._writer.close()
    with pytest.raises(Unavailable, match="writer_closed"):
        house.ledger.append(brief(house))


def test_a_statement_that_came_in_by_another_way_gets_its_receipt(house: House) -> None:
    """Another process wrote it; its rule would refuse a second one."""
    drafted = house.say_as("mara", BriefDrafted.example())
    envelope = house.signed("paul", house.approval(drafted))[0]
    first = house.ledger.append(envelope)
    assert house.ledger.append(envelope).index == first.index
