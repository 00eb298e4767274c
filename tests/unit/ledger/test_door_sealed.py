"""Personal data at the door: sealed, with its opening, under its own person (SPEC S6)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ledger.knock import parse_envelope
from ledger.proof.dsse import Envelope
from ledger.statement import Opening, commit
from schemas.statements.person import PersonRegistered
from tests.house_of import House, digest, raises_code
from tests.unit.ledger.knocks import signed, vault_rows


def registration(house: House, **options: Any) -> tuple[bytes, dict[str, Opening]]:
    person = f"p-{digest()[:8]}"
    body = PersonRegistered.model_validate({"person": person, "person_class": "performer", "speaks_as": "ines"})
    sealed = options.pop("sealed", {"/body/name": "Inês Example"})
    envelope, draft = house.signed("ivy", body, sealed=sealed, subject=options.pop("subject", person), **options)
    return envelope, dict(draft.openings)


def refused(house: House, code: str, envelope: bytes, openings: dict[str, Opening]) -> None:
    before, kept = house.size, vault_rows(house)
    raises_code(code, lambda: house.ledger.append(envelope, openings))
    assert (house.size, vault_rows(house)) == (before, kept)


def test_a_name_in_the_open_is_refused_and_not_repeated_in_the_error(house: House) -> None:
    envelope, openings = registration(house)
    payload = json.loads(Envelope.parse(envelope).payload)
    payload["body"]["name"] = "Inês Example"
    error = raises_code("body_invalid", lambda: house.ledger.append(signed(house, payload, "ivy"), openings))
    assert "Inês" not in str(error) and "Inês" not in json.dumps(error.as_problem(), ensure_ascii=False)


def test_a_sealed_field_without_its_opening_is_refused(house: House) -> None:
    refused(house, "sealed_mismatch", registration(house)[0], {})


def test_an_opening_without_its_sealed_field_is_refused(house: House) -> None:
    envelope, openings = registration(house)
    refused(
        house, "sealed_mismatch", envelope, {**openings, "/body/contact": Opening("ines@talent.example", bytes(32))}
    )


@pytest.mark.parametrize("opening", [Opening("Somebody Else", bytes(32)), Opening("Inês Example", bytes(32))])
def test_an_opening_that_does_not_fit_its_commitment_is_refused(house: House, opening: Opening) -> None:
    refused(house, "sealed_commitment", registration(house)[0], {"/body/name": opening})


@pytest.mark.parametrize("value", [None, "", 7, "x" * 301, ["Inês"], {"first": "Inês"}])
def test_a_sealed_value_of_another_shape_is_refused_without_repeating_it(house: House, value: Any) -> None:
    refused(house, "sealed_invalid", *registration(house, sealed={"/body/name": value}))


@pytest.mark.parametrize("salt_bytes", [0, 1, 16, 31, 33])
def test_a_salt_of_another_length_is_refused(house: House, salt_bytes: int) -> None:
    """A commitment under a short salt can be searched by trying names (FORMATS 4)."""
    envelope, _ = registration(house)
    payload, weak = json.loads(Envelope.parse(envelope).payload), Opening("Inês Example", bytes(salt_bytes))
    payload["sealed"]["/body/name"]["commitment"] = commit(weak)
    refused(house, "sealed_salt", signed(house, payload, "ivy"), {"/body/name": weak})


def test_the_sealed_fields_of_a_statement_are_about_one_person(house: House) -> None:
    sealed = {"/body/name": "Inês Example", "/body/contact": "ines@talent.example"}
    envelope, openings = registration(house, sealed=sealed)
    payload = json.loads(Envelope.parse(envelope).payload)
    payload["sealed"]["/body/contact"]["subject"] = "p-other"
    refused(house, "sealed_subjects", signed(house, payload, "ivy"), openings)


def test_a_persons_name_is_sealed_under_that_person(house: House) -> None:
    """Otherwise erasing the person would leave the name, and erasing somebody else would take it."""
    refused(house, "sealed_subject_differs", *registration(house, subject="p-other"))


def test_a_refused_registration_leaves_nothing_in_the_vault(house: House) -> None:
    person = house.person()
    body = PersonRegistered.model_validate({"person": person, "person_class": "performer", "speaks_as": "ines"})
    envelope, draft = house.signed("ivy", body, sealed={"/body/name": "Another Name"}, subject=person)
    refused(house, "person_known", envelope, dict(draft.openings))


def test_a_rival_under_the_same_id_does_not_take_the_place_of_a_sealed_value(house: House) -> None:
    """Two people say different things under one id at once: what the vault opens must fit what the log committed to."""
    statement_id = house.new_id()
    first, openings = registration(house, statement_id=statement_id)
    rival, rival_openings = registration(house, statement_id=statement_id, sealed={"/body/name": "Mallory"})
    ready = house.ledger._judge(
        parse_envelope(first, openings, house.now()), house.ledger.store.size()
    )  # steps 1 to 5; the writer is busy
    refused(house, "statement_id_reused", rival, rival_openings)
    house.ledger._writer.write([ready.pending])
    kept = house.ledger.vault.open(statement_id, "/body/name")
    assert kept == openings["/body/name"]
