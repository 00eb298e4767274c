"""Consents in other houses' formats: nothing is lost between two of us, nothing is widened, and no import is a yes."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from api.services.exchange.adcp import digest, effective_at, read_constraint, write_constraint, write_revocation
from api.services.exchange.dpv import read_dpv, write_dpv
from api.services.exchange.odrl import read_odrl, write_odrl
from ledger.errors import LedgerError, Misuse
from ledger.rules.consent_states import ConsentState
from schemas.statements.consent import ConsentRequested
from tests.contract.exchange.agreed import AT, CONSENT, narrowed, state, suspended, withdrawn

ORIGIN, WHEN = "countersign.example/house", "2026-10-15T12:00:00.000000Z"
AGENT = ("https://ledger.example/adcp", "countersign")
Write, Read = Callable[[ConsentState], dict[str, Any]], Callable[[dict[str, Any]], ConsentRequested]
FORMATS: dict[str, tuple[Write, Read]] = {
    "dpv": (lambda one: write_dpv(one, ORIGIN, WHEN), read_dpv),
    "receipt": (lambda one: write_dpv(one, ORIGIN, WHEN, "receipt"), read_dpv),
    "adcp": (lambda one: write_constraint(one, *AGENT), read_constraint),
    "odrl": (lambda one: write_odrl(one, ORIGIN), read_odrl),
}
every_format = pytest.mark.parametrize("name", FORMATS)


def there_and_back(name: str, one: ConsentState) -> ConsentRequested:
    write, read = FORMATS[name]
    return read(json.loads(json.dumps(write(one))))


@every_format
def test_what_was_agreed_to_comes_back_as_a_request_for_it(name: str) -> None:
    assert there_and_back(name, state()) == ConsentRequested.example()


@every_format
def test_what_was_only_asked_for_travels_too(name: str) -> None:
    assert there_and_back(name, state(given=False)) == ConsentRequested.example()


@every_format
def test_what_was_taken_back_is_not_in_it(name: str) -> None:
    assert there_and_back(name, state(narrowed())).territories == ("DE",)


@every_format
@pytest.mark.parametrize("end", [narrowed, withdrawn, suspended])
def test_nobodys_own_words_of_a_reason_go_out(name: str, end: Callable[[], Any]) -> None:
    text = json.dumps(FORMATS[name][0](state(end())))
    assert "private words" not in text and "she says" not in text


@every_format
def test_garbage_is_called_that(name: str) -> None:
    read = FORMATS[name][1]
    whole = FORMATS[name][0](state())
    for document in ({}, {"@type": "dpv:ConsentRecord"}, {"permission": []}, {"rights_id": 1, "uses": []}):
        with pytest.raises(Misuse) as refused:
            read(document)
        assert refused.value.code.startswith("import_")
    for member in list(whole):
        damaged = copy.deepcopy(whole)
        damaged[member] = [[{"x": None}]]
        try:
            read(damaged)
        except LedgerError as error:
            assert error.code.startswith("import_"), error


def test_a_zone_is_not_guessed() -> None:
    document = write_odrl(state(), ORIGIN)
    document["permission"][0]["constraint"][1]["rightOperand"]["@value"] = "2026-12-01T00:00:00"
    with pytest.raises(Misuse) as refused:
        read_odrl(document)
    assert refused.value.code == "import_instant"


def test_a_record_without_a_description_is_not_a_request() -> None:
    document = write_dpv(state(), ORIGIN, WHEN)
    del document["dpv:hasProcess"]["dct:description"]
    with pytest.raises(Misuse) as refused:
        read_dpv(document)
    assert refused.value.code == "import_not_dpv"


# -- DPV ---------------------------------------------------------------------------------------------------------------


def test_another_spelling_of_the_same_graph_says_the_same() -> None:
    from pyld import jsonld

    expanded = jsonld.expand(write_dpv(state(), ORIGIN, WHEN))
    assert read_dpv({"@graph": expanded}) == ConsentRequested.example()


def test_a_context_from_elsewhere_is_not_fetched() -> None:
    document = write_dpv(state(), ORIGIN, WHEN) | {"@context": "https://elsewhere.example/context.jsonld"}
    with pytest.raises(Misuse) as refused:
        read_dpv(document)
    assert refused.value.code == "import_not_dpv"


@pytest.mark.parametrize(
    ("one", "names"),
    [
        (state(given=False), ["ConsentRequested"]),
        (state(), ["ConsentRequested", "ConsentGiven"]),
        (state(withdrawn()), ["ConsentRequested", "ConsentGiven", "ConsentWithdrawn"]),
        (state(at=AT + timedelta(days=60)), ["ConsentRequested", "ConsentGiven", "ConsentExpired"]),
    ],
    ids=["requested", "given", "withdrawn", "expired"],
)
def test_the_states_have_the_vocabularys_names(one: ConsentState, names: list[str]) -> None:
    found = write_dpv(one, ORIGIN, WHEN)["dpv:hasConsentStatus"]
    assert [status["@type"].removeprefix("dpv:") for status in found] == names


# -- AdCP --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "status"),
    [
        (state(), "active"),
        (state(suspended()), "paused"),
        (state(given=False), "paused"),
        (state(withdrawn()), "revoked"),
    ],
    ids=["given", "suspended", "requested", "withdrawn"],
)
def test_only_what_is_in_force_is_active(one: ConsentState, status: str) -> None:
    assert write_constraint(one, *AGENT)["grant_status"] == status


def test_the_world_less_a_country_names_the_country() -> None:
    one = state(narrowed(), territories=["WORLD"])
    document = write_constraint(one, *AGENT)
    assert "countries" not in document and document["excluded_countries"] == ["FR"]


def test_a_changed_constraint_is_noticed() -> None:
    document = write_constraint(state(), *AGENT)
    document["valid_until"] = "2036-12-01T00:00:00Z"
    assert digest(document) != document["content_digest"]
    with pytest.raises(Misuse) as refused:
        read_constraint(document)
    assert refused.value.code == "import_digest"


def test_a_strangers_constraint_says_what_is_missing() -> None:
    stranger = {
        "rights_id": CONSENT,
        "rights_agent": {"url": "https://other.example", "id": "other"},
        "uses": ["likeness"],
        "valid_until": "2026-12-01T00:00:00Z",
    }
    with pytest.raises(Misuse) as refused:
        read_constraint(stranger)
    assert refused.value.code == "import_incomplete" and "specific_description" in refused.value.what


def test_an_end_is_notified_once_and_a_part_as_a_part() -> None:
    one = state(withdrawn())
    whole = write_revocation(one, effective_at(one, WHEN))
    again = write_revocation(one, effective_at(one, WHEN))
    assert whole == again and whole is not None and "revoked_uses" not in whole
    assert re.fullmatch(r"[A-Za-z0-9_.:-]{16,255}", whole["idempotency_key"])
    part = write_revocation(state(narrowed(), uses=["advertising"]), WHEN)
    assert part is not None and part["idempotency_key"] != whole["idempotency_key"]
    assert write_revocation(state(), WHEN) is None


def test_an_expiry_takes_effect_at_its_instant() -> None:
    one = state(at=AT + timedelta(days=60))
    assert effective_at(one, WHEN) == "2026-12-01T00:00:00.000000Z"


# -- ODRL --------------------------------------------------------------------------------------------------------------


def test_the_end_is_exclusive_and_training_is_prohibited_unless_agreed() -> None:
    agreement = write_odrl(state(), ORIGIN)
    window = [one["operator"] for one in agreement["permission"][0]["constraint"] if one["leftOperand"] == "dateTime"]
    assert window == ["gteq", "lt"]
    assert any(one["action"].endswith(":train") for one in agreement["prohibition"])
    assert not any(
        one["action"].endswith(":train") for one in write_odrl(state(training_use=True), ORIGIN)["prohibition"]
    )


def test_a_request_is_no_agreement() -> None:
    assert write_odrl(state(given=False), ORIGIN)["@type"] == "Request"
    assert write_odrl(state(), ORIGIN)["@type"] == "Agreement"
