"""Whose key a signature in a pack is, and until when (SPEC S3)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from api.services.evidence import write_pack
from ledger.keys import new_signing_key
from ledger.proof.packreport import PackReport
from schemas.base import format_instant
from schemas.statements.actor import ActorKeyRevoked, ActorKeyRotated
from schemas.statements.asset import AssetImported
from tests.house_of import ADMIN, House, digest, spki


def pack_report(house: House, asset: str, tmp_path: Path) -> PackReport:
    return write_pack(house.ledger, house.index, house.blobs, asset, tmp_path / "e.zip", at=house.now()).report


def rotate(house: House, actor: str) -> None:
    old, new = house.keys[actor], new_signing_key()
    house.say_as(actor, ActorKeyRotated(actor=actor, old_keyid=old.keyid, spki=spki(new)))
    house.keys[actor] = new


def revoke(house: House, actor: str, effective_at: str, by: str = ADMIN) -> None:
    body = {"actor": actor, "keyid": house.keys[actor].keyid, "effective_at": effective_at, "reason": "lost"}
    house.say_as(by, ActorKeyRevoked.model_validate(body))


def test_what_an_old_key_signed_before_its_rotation_stays_signed(house: House, tmp_path: Path) -> None:
    asset = house.asset(house.generation(), actor="mara")
    rotate(house, "mara")
    house.derived(asset, actor="mara")
    assert pack_report(house, asset, tmp_path).state == "verified"


def test_a_revocation_from_now_on_leaves_the_past_alone(house: House, tmp_path: Path) -> None:
    asset = house.asset(house.generation(), actor="mara")
    revoke(house, "mara", format_instant(house.now()))
    assert pack_report(house, asset, tmp_path).state == "verified"


def test_an_actor_may_revoke_their_own_key_with_that_key(house: House, tmp_path: Path) -> None:
    asset = house.asset(house.generation(), actor="mara")
    revoke(house, "mara", format_instant(house.now()), by="mara")
    assert pack_report(house, asset, tmp_path).state == "verified"


def test_what_a_stolen_key_signed_is_not_its_owners_word(house: House, tmp_path: Path) -> None:
    stolen_from = format_instant(house.now())
    asset = house.asset(actor="lib")
    revoke(house, "lib", stolen_from)
    report = pack_report(house, asset, tmp_path)
    assert report.state == "untrusted"
    assert [(fault.step, fault.code) for fault in report.faults] == [(7, "key_revoked")]


def test_a_statement_made_on_behalf_of_an_actor_is_signed_by_the_service(house: House, tmp_path: Path) -> None:
    body = AssetImported.example().model_copy(update={"asset": digest(), "generation": None})
    house.ledger.say(body, actor="mara", method="token")
    assert pack_report(house, body.asset, tmp_path).state == "verified"
    page = (tmp_path / "e.zip").read_bytes()
    assert b"the service, for mara (token)" in page


@pytest.mark.parametrize("days", [1, 400])
def test_packs_do_not_age(house: House, tmp_path: Path, days: int) -> None:
    asset = house.asset()
    house.move_to(house.now() + timedelta(days=days))
    assert pack_report(house, asset, tmp_path).state == "verified"
