"""Claims of privilege at the door: about something known, of one thing, given up once and by the same words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from ledger.rules.privilege import claims_in
from schemas.statements.privilege import PrivilegeAsserted, PrivilegeWaived
from tests.disputes_of import opened
from tests.house_of import House, raises_code


def claim(house: House, *assets: str, dispute: str | None = None, **words: Any) -> PrivilegeAsserted:
    told = {"privilege": house.new_id(), "assets": assets, "dispute": dispute, "written_at": house.now()}
    return PrivilegeAsserted.example().model_copy(update={**told, **words})


def waiver(body: PrivilegeAsserted, **words: Any) -> PrivilegeWaived:
    told = {"privilege": body.privilege, "assets": body.assets, "dispute": body.dispute, "reason": "by agreement"}
    return PrivilegeWaived.model_validate({**told, **words})


def test_a_claim_stands_until_it_is_given_up(house: House) -> None:
    asset = house.asset()
    body = claim(house, asset)
    house.say_as("lena", body)

    def standing() -> list[str]:
        about = house.ledger.history().about(f"asset:{asset}")
        return [one.privilege for _, one, waived in claims_in(about) if waived is None]

    assert standing() == [body.privilege]
    house.say_as("lena", waiver(body))
    assert standing() == []


def test_only_legal_claims_and_gives_up(house: House) -> None:
    body = claim(house, house.asset())
    raises_code("role_not_permitted", lambda: house.say_as("rob", body))
    house.say_as("lena", body)
    raises_code("role_not_permitted", lambda: house.say_as("ivy", waiver(body)))


def test_a_claim_is_about_what_is_here_under_a_new_number_and_of_the_past(house: House) -> None:
    asset = house.asset()
    dispute = opened(house, asset)
    raises_code("asset_unknown", lambda: house.say_as("lena", claim(house, "ee" * 32)))
    raises_code("dispute_unknown", lambda: house.say_as("lena", claim(house, dispute=house.new_id())))
    ahead = claim(house, asset, written_at=house.now() + timedelta(days=1))
    raises_code("privilege_in_future", lambda: house.say_as("lena", ahead))
    body = claim(house, dispute=dispute)
    house.say_as("lena", body)
    raises_code("privilege_known", lambda: house.say_as("lena", claim(house, asset, privilege=body.privilege)))


def test_a_waiver_is_of_a_claim_with_the_same_files_once(house: House) -> None:
    asset, other = house.asset(), house.asset()
    body = claim(house, asset)
    raises_code("privilege_unknown", lambda: house.say_as("lena", waiver(body)))
    house.say_as("lena", body)
    raises_code("privilege_differs", lambda: house.say_as("lena", waiver(body, assets=(other,))))
    house.say_as("lena", waiver(body))
    raises_code("privilege_waived", lambda: house.say_as("lena", waiver(body)))


@pytest.mark.parametrize(
    "words",
    [
        {"assets": (), "dispute": None},
        {"assets": ("55" * 32, "55" * 32)},
        {"document_sha256": None},
        {"statement": "019a9b00-0000-7000-8000-000000000053"},
        {"statement": "019a9b00-0000-7000-8000-000000000053", "pointer": "/body/name"},
    ],
)
def test_it_is_tied_to_something_and_of_one_thing(words: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PrivilegeAsserted.model_validate({**PrivilegeAsserted.example().as_json(), **words})
