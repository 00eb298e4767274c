"""Statements to knock with: a good one, its payload to be spoiled, and what the vault holds."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import rfc8785

from ledger.proof.dsse import PAYLOAD_TYPE, Envelope, sign
from schemas.statements.actor import ActorKeyRevoked
from schemas.statements.brief import BriefDrafted
from tests.house_of import ADMIN, House


def brief(house: House, **options: Any) -> bytes:
    return house.signed("mara", BriefDrafted.example().model_copy(update={"brief": house.new_id()}), **options)[0]


def payload_of(house: House) -> dict[str, Any]:
    return json.loads(Envelope.parse(brief(house)).payload)


def signed(house: House, payload: Any, actor: str = "mara") -> bytes:
    raw = payload if isinstance(payload, bytes) else rfc8785.dumps(payload)
    return sign(raw, PAYLOAD_TYPE, house.keys[actor].private).to_bytes()


def vault_rows(house: House) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(house.folder / "vault.sqlite")
    rows = (
        connection.execute("SELECT * FROM sealed").fetchall() + connection.execute("SELECT * FROM subject").fetchall()
    )
    connection.close()
    return rows


def revoke(house: House, actor: str, **changes: Any) -> None:
    body = ActorKeyRevoked.model_validate(
        {
            "actor": actor,
            "keyid": house.keys[actor].keyid,
            "effective_at": house.now(),
            "reason": "laptop lost on a train",
            **changes,
        }
    )
    house.say_as(ADMIN, body)
