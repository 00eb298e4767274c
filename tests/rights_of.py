"""Rights and licences in a test's house: recorded by ivy, the IP steward, with believable papers."""

from __future__ import annotations

from typing import Any

from schemas.statements.guardrail import GuardrailAdded
from schemas.statements.licence import LicenceEnded, LicenceGranted
from schemas.statements.right import RightRecorded, RightTransferred, RightUsed
from tests.house_of import House, digest

HOLDER, STUDIO = "label-north", "studio-1"
TERMS: dict[str, Any] = {
    "uses": ["advertising"],
    "channels": ["social"],
    "territories": ["DE", "FR"],
    "media": ["video"],
    "valid_from": "2026-10-01T00:00:00Z",
    "valid_until": "2026-12-01T00:00:00Z",
}


def right_body(house: House, **overrides: Any) -> RightRecorded:
    base = RightRecorded.example().as_json()
    return RightRecorded.model_validate({**base, "right": house.new_id(), "holder": HOLDER, **overrides})


def right(house: House, **overrides: Any) -> str:
    body = right_body(house, **overrides)
    house.say_as("ivy", body)
    return body.right


def licence_body(house: House, of: str, *, terms: dict[str, Any] | None = None, **overrides: Any) -> LicenceGranted:
    return LicenceGranted.model_validate(
        {
            "licence": house.new_id(),
            "right": of,
            "licensor": HOLDER,
            "licensee": STUDIO,
            "terms": {**TERMS, **(terms or {})},
            "exclusivity": "none",
            "at_end": {"outcome": "takedown"},
            "document_sha256": digest(),
            **overrides,
        }
    )


def licence(house: House, of: str, *, terms: dict[str, Any] | None = None, **overrides: Any) -> str:
    body = licence_body(house, of, terms=terms, **overrides)
    house.say_as("ivy", body)
    return body.licence


def listed_person(house: House, person: str, *names: str) -> str:
    """On the do-not-generate list and nowhere else, with sealed names; the entry's number."""
    number = house.new_id()
    body = {"guardrail": number, "kind": "person", "person": person, "reason": "asked us not to", "counsel": "lena"}
    added = GuardrailAdded.model_validate({**body, "effective_from": house.now()})
    house.say_as("lena", added, sealed={"/body/names": list(names)}, subject=person)
    return number


def ended(house: House, licence: str, of: str) -> None:
    house.say_as("lena", LicenceEnded(licence=licence, right=of, cause="terminated", reason="notice given"))


def transferred(house: House, of: str, to: str, **overrides: Any) -> None:
    body = {"right": of, "from_party": HOLDER, "to_party": to, "effective_at": house.now(), "document_sha256": digest()}
    house.say_as("ivy", RightTransferred.model_validate({**body, **overrides}))


def used(house: House, asset: str, of: str, licence: str | None = None, user: str = STUDIO) -> None:
    house.say_as("mara", RightUsed(asset=asset, right=of, licence=licence, user=user))


def licensed_clip(house: House, **overrides: Any) -> tuple[str, str, str]:
    """(asset, right, licence) of a clip that is ready to be cleared and rests on one licence."""
    asset, _ = house.clip()
    of = right(house)
    name = licence(house, of, **overrides)
    used(house, asset, of, name)
    return asset, of, name
