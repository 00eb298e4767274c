"""Trust lists: said with one's own key, under a name that keeps its kind; the newest import counts (SPEC S11.1)."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.media.trust import TrustList, TrustSettings
from ledger.rules.trustlists import imported_lists
from schemas.statements.trust import TrustListImported
from tests.house_of import ADMIN, House, raises_code

ANCHOR = """\
-----BEGIN CERTIFICATE-----
MIIBJzCB2qADAgECAgEBMAUGAytlcDASMRAwDgYDVQQDDAdBbmNob3JzMCAXDTI2
MTEyNjA0MzMyN1oYDzIxMjYxMTAyMDQzMzI3WjASMRAwDgYDVQQDDAdBbmNob3Jz
MCowBQYDK2VwAyEArCVlQkL7nvv7UueZO/ZIgm8U3dQJSIVlZVbbFUHIQrSjUzBR
MB0GA1UdDgQWBBRgZOVtQ91wgDKUG9J01pFKhE011jAfBgNVHSMEGDAWgBRgZOVt
Q91wgDKUG9J01pFKhE011jAPBgNVHRMBAf8EBTADAQH/MAUGAytlcANBAHWnv3vz
Q+Td0pYGM6bfSgKTRctGUIy7hrx3vcAjVEUqbHRy5m+fJQxB/F7uM03fYsydSbZB
AcSu9dyE/hFUeQo=
-----END CERTIFICATE-----
"""


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
    assert TrustSettings(ANCHOR).sha256 == "d8ee4b5c682eb5ad7d31afe3be52509858669ffe6b1d1fa5cd2f5e442e5f6e3d"


def test_a_sunset_is_part_of_the_digest() -> None:
    until = imported().until
    digests = {TrustSettings(lists=(TrustList("signer", ANCHOR, one),)).sha256 for one in (None, until)}
    assert len(digests | {TrustSettings(lists=(TrustList("tsa", ANCHOR),)).sha256}) == 3
