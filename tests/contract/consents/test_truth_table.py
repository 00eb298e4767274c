"""The truth table: what a consent is, and what may be done under it, by story, instant, use and territory."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from ledger.rules.consents import consent_at, consent_state
from ledger.rules.decision import decide
from tests.contract.consents import stories
from tests.contract.consents.stories import KNOWN, STORIES
from tests.contract.consents.telling import Telling
from tests.house_of import House


@cache
def table() -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    for row in read(stories.TABLE):
        found.setdefault(row["story"], []).append(row)
    return found


def read(path: Path) -> list[dict[str, str]]:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines, delimiter="\t"))


def test_what_was_typed_by_hand_stands_in_the_table() -> None:
    by_hand = read(stories.TABLE.with_name("by-hand.tsv"))
    assert len(by_hand) >= 30
    assert [row for row in by_hand if row not in table()[row["story"]]] == []


def test_the_table_is_the_models_and_long_enough() -> None:
    assert stories.TABLE.read_text(encoding="utf-8") == stories.text(), "python -m tests.contract.consents.stories"
    rows = [row for found in table().values() for row in found]
    assert len(rows) >= 300 and set(table()) == set(STORIES)
    assert {row["then"] for row in rows} >= {
        "requested",
        "refused",
        "not_yet",
        "given",
        "renewed",
        "suspended",
        "expired",
        "withdrawn",
        "revoked",
        "invalidated",
    }
    assert sum(row["against"] == "none" for row in rows) >= 100


@pytest.mark.parametrize("name", STORIES)
def test_the_ledger_says_what_the_table_says(house: House, name: str) -> None:
    telling = Telling(house, STORIES[name])
    telling.tell()
    house.move_to(KNOWN)
    wrong = list(_differences(telling, table()[name]))
    assert not wrong, "\n".join(wrong[:10])


def _differences(telling: Telling, rows: list[dict[str, str]]) -> Iterator[str]:
    ledger, consent = telling.house.ledger, telling.consent
    for row in rows:
        at = datetime.fromisoformat(row["at"])
        then = consent_state(ledger.history(as_of=at), consent, at).state
        now = consent_at(ledger.history(), consent, at).state
        known = consent_at(ledger.history(as_of=at), consent, at).state
        found = {"then": then, "now": now, "known": known, "against": _against(telling, row, at)}
        wanted = {"then": row["then"], "now": row["now"], "known": row["then"], "against": row["against"]}
        if found != wanted:
            yield f"{row}: the ledger says {found}"


def _against(telling: Telling, row: dict[str, str], at: datetime) -> str:
    if telling.asset is None or at <= stories.MADE:
        return "-"
    window = {"valid_from": at, "valid_until": at + timedelta(microseconds=1)}
    question = telling.house.question(telling.asset, use=row["use"], territory=row["territory"], **window)
    decision = decide(telling.house.ledger.history(as_of=at), question, at)
    return " ".join(rule.code for rule in decision.against) or "none"
