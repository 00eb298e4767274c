"""Trust lists: said with one's own key, under a name that keeps its kind; the newest import counts (SPEC S11.1)."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.media.trust import TrustList, TrustSettings
from ledger.rules.trustlists import imported_lists
from schemas.statements.trust import TrustListImported
from tests.house_of import ADMIN, House, raises_code


def imported(**words: Any) -> TrustListImported:
    return TrustListImported.model_validate({**TrustListImported.example().as_json(), **words})


def test_the_newest_import_under_a_name_counts(house: House) -> None:
    house.say_as(ADMIN, imported())
    house.say_as("lena", imported(list="official", list_sha256="aa" * 32, until=None))
    house.say_as(ADMIN, imported(list_sha256="bb" * 32, until="2027-01-01T00:00:00Z"))
    found = {
        body.list: (said.statement.actor, body.list_sha256) for said, body in imported_lists(house.ledger.history())
    }
    assert found == {"interim-signers": (ADMIN, "bb" * 32), "official": ("lena", "aa" * 32)}


def test_an_earlier_instant_knows_only_what_was_imported_by_then(house: House) -> None:
    before = house.now()
    house.say_as(ADMIN, imported())
    assert imported_lists(house.ledger.history(as_of=before)) == ()


def test_the_service_never_says_whom_to_believe_for_somebody(house: House) -> None:
    raises_code("own_key_required", lambda: house.ledger.say(imported(), actor=ADMIN, method="token"))


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ({}, "trust_list_unchanged"),
        ({"kind": "tsa"}, "trust_list_other_kind"),
        ({"list": "all"}, "trust_list_name_reserved"),
    ],
)
def test_what_is_refused(house: House, words: dict[str, Any], code: str) -> None:
    house.say_as(ADMIN, imported())
    raises_code(code, lambda: house.say_as(ADMIN, imported(**words)))


def test_settings_without_lists_keep_the_digest_that_older_examinations_name() -> None:
    assert TrustSettings("A-----BEGIN CERTIFICATE-----").sha256 == (
        "b0ee411a6b0c3649e580347fa083a50ac4cc0bed9803192be673a9341cf7ae35"
    )


def test_a_sunset_is_part_of_the_digest() -> None:
    pem = "-----BEGIN CERTIFICATE-----"
    until = imported().until
    digests = {TrustSettings(lists=(TrustList("signer", pem, one),)).sha256 for one in (None, until)}
    assert len(digests | {TrustSettings(lists=(TrustList("tsa", pem),)).sha256}) == 3
