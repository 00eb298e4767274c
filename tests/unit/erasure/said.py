"""The steps of an erasure, said in a house by whoever may say them."""

from __future__ import annotations

from typing import Any

from ledger.door import Receipt
from ledger.statement import read_entry
from schemas.statements.erasure import (
    FieldDisclosed,
    HoldPlaced,
    HoldReleased,
    SubjectErased,
    SubjectErasureBegun,
    SubjectErasureRequested,
)
from tests.house_of import House


def request(house: House, person: str, actor: str = "ines") -> str:
    """Asked for; the digest of the request's payload."""
    receipt = house.say_as(actor, SubjectErasureRequested(person=person, ground="consent-withdrawn"))
    return read_entry(house.ledger.store.entry(receipt.index)).payload_sha256


def begin(house: House, person: str, request_sha256: str) -> Receipt:
    return house.ledger.say(SubjectErasureBegun(person=person, request_sha256=request_sha256))


def finish(house: House, person: str, request_sha256: str) -> Receipt:
    body = SubjectErased(
        person=person, request_sha256=request_sha256, erased_at=house.now(), keys=1, values=1, statements=1
    )
    return house.ledger.say(body)


def erased(house: House, person: str) -> None:
    """All three entries and the vault between them, by hand."""
    asked = request(house, person)
    begin(house, person, asked)
    house.ledger.vault.erase(person, house.now())
    finish(house, person, asked)


def hold(house: House, **target: Any) -> HoldPlaced:
    """Placed by lena."""
    body = HoldPlaced.model_validate(
        {"hold": house.new_id(), "matter": "m-2026-014", "reason": "a claim is pending", **target}
    )
    house.say_as("lena", body)
    return body


def release(house: House, placed: HoldPlaced, **changes: Any) -> Receipt:
    body = HoldReleased.model_validate({**placed.as_json(), "reason": "the claim was settled", **changes})
    return house.say_as("lena", body)


def disclosure(house: House, person: str) -> FieldDisclosed:
    """Of the person's name to auditor-3; not yet said."""
    registered = next(house.ledger.read(f"person:{person}"))
    return FieldDisclosed(person=person, statement=registered.statement.id, pointer="/body/name", to="auditor-3")
