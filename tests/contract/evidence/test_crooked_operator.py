"""A log whose operator writes past the door: everything is included and signed by the log, and the statements are wrong.

Inclusion alone would accept all of this. Whose key it was, and from when to when, has to come from the log (SPEC S3).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.services.evidence import write_pack
from ledger.keys import SigningKey, new_signing_key
from ledger.proof.dsse import PAYLOAD_TYPE, sign
from ledger.statement import compose, finish_entry
from ledger.store.contract import EntryEvent, Pending
from schemas.base import Auth, Body, format_instant
from schemas.statements.actor import ActorEnrolled, ActorKeyRevoked, ActorKeyRotated, LogOpened
from schemas.statements.asset import AssetImported
from tests.contract.evidence.conftest import Verifier
from tests.house_of import ADMIN, ORIGIN, SERVICE, House, digest, raises_code, spki


class Crook:
    """Writes entries straight into the store of a house, whose log then signs them."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house, self._folder, self.asset = house, folder, digest()

    def slip(
        self, body: Body, actor: str, key: SigningKey, auth: Auth | None = None, same_id: str | None = None
    ) -> str:
        """The member in which it will lie."""
        at = self.house.now()
        draft = compose(body, actor=actor, at=at, auth=auth, statement_id=same_id)
        entry = finish_entry(sign(draft.payload, PAYLOAD_TYPE, key.private).to_bytes(), format_instant(at))
        event = EntryEvent(type(body).TYPE, entry, list(body.tags()), None)
        return f"entries/{self.house.ledger.store.append_batch([Pending((event,))]).outcomes[0].index}.json"  # type: ignore[union-attr]

    def slip_import(self, actor: str, key: SigningKey, **options: object) -> str:
        body = AssetImported.example().model_copy(update={"asset": self.asset, "generation": None})
        return self.slip(body, actor, key, **options)  # type: ignore[arg-type]

    def pack(self) -> bytes:
        house = self.house
        out = self._folder / "crooked.zip"
        written = write_pack(house.ledger, house.index, house.blobs, self.asset, out, at=house.now(), overwrite=True)
        return written.path.read_bytes()


@pytest.fixture
def crook(house: House, tmp_path: Path) -> Iterator[Crook]:
    yield Crook(house, tmp_path)


def test_a_crook_who_does_nothing_wrong_is_believed(crook: Crook, verifier: Verifier) -> None:
    crook.slip_import("mara", crook.house.keys["mara"])
    assert verifier(crook.pack(), None) == (True, "")


def test_nobody_signs_for_somebody_else(crook: Crook, verifier: Verifier) -> None:
    name = crook.slip_import("mara", crook.house.keys["rob"])
    assert verifier(crook.pack(), None) == (False, name)


def test_the_service_signs_for_an_actor_only_where_the_statement_says_so(crook: Crook, verifier: Verifier) -> None:
    name = crook.slip_import("mara", crook.house.keys[SERVICE])
    assert verifier(crook.pack(), None) == (False, name)


def test_an_actor_does_not_sign_what_the_service_is_said_to_sign(crook: Crook, verifier: Verifier) -> None:
    auth = Auth(by="service", subject="mara", method="token")
    name = crook.slip_import("mara", crook.house.keys["mara"], auth=auth)
    assert verifier(crook.pack(), None) == (False, name)


def test_the_writer_itself_refuses_a_statement_for_another_than_the_authenticated_actor(crook: Crook) -> None:
    auth = Auth(by="service", subject="rob", method="token")
    crook.slip_import("mara", crook.house.keys[SERVICE], auth=auth)
    raises_code("entry_malformed", crook.pack)


def test_a_key_that_nobody_enrolled_is_nobodys(crook: Crook, verifier: Verifier) -> None:
    name = crook.slip_import("mara", new_signing_key())
    assert verifier(crook.pack(), None) == (False, name)


def test_a_key_says_nothing_before_it_was_brought(crook: Crook, verifier: Verifier) -> None:
    late = new_signing_key()
    name = crook.slip_import("late", late)
    crook.house.enrol("late", "producer", key=late)
    assert verifier(crook.pack(), None) == (False, name)


def test_a_key_says_nothing_after_it_was_turned(crook: Crook, verifier: Verifier) -> None:
    house, old = crook.house, crook.house.keys["mara"]
    new = new_signing_key()
    house.say_as("mara", ActorKeyRotated(actor="mara", old_keyid=old.keyid, spki=spki(new)))
    name = crook.slip_import("mara", old)
    assert verifier(crook.pack(), None) == (False, name)


def test_a_key_says_nothing_after_it_was_revoked(crook: Crook, verifier: Verifier) -> None:
    house, key = crook.house, crook.house.keys["mara"]
    body = {"actor": "mara", "keyid": key.keyid, "effective_at": format_instant(house.now()), "reason": "lost"}
    house.say_as(ADMIN, ActorKeyRevoked.model_validate(body))
    name = crook.slip_import("mara", key)
    assert verifier(crook.pack(), None) == (False, name)


def test_only_an_administrator_enrols(crook: Crook, verifier: Verifier) -> None:
    friend = new_signing_key()
    body = ActorEnrolled.model_validate({"actor": "friend", "roles": ["producer"], "spki": spki(friend)})
    name = crook.slip(body, "mara", crook.house.keys["mara"])
    crook.slip_import("friend", friend)
    assert verifier(crook.pack(), None) == (False, name)


def test_somebody_who_enrolled_themselves_as_administrator_is_none(crook: Crook, verifier: Verifier) -> None:
    friend = new_signing_key()
    body = ActorEnrolled.model_validate({"actor": "friend", "roles": ["admin"], "spki": spki(friend)})
    name = crook.slip(body, "friend", friend)
    crook.slip_import("friend", friend)
    assert verifier(crook.pack(), None) == (False, name)


def test_nobody_turns_anothers_key(crook: Crook, verifier: Verifier) -> None:
    mine = new_signing_key()
    body = ActorKeyRotated(actor="mara", old_keyid=crook.house.keys["mara"].keyid, spki=spki(mine))
    name = crook.slip(body, "rob", crook.house.keys["rob"])
    crook.slip_import("mara", mine)
    assert verifier(crook.pack(), None) == (False, name)


def test_a_log_is_opened_once(crook: Crook, verifier: Verifier) -> None:
    service, admin = new_signing_key(), new_signing_key()
    vkeys = tuple(one.vkey() for one in crook.house.verifiers)
    body = LogOpened(
        origin=ORIGIN,
        log_vkeys=vkeys,
        service="other",
        service_spki=spki(service),
        admin="boss",
        admin_spki=spki(admin),
    )
    name = crook.slip(body, "other", service)
    crook.slip_import("boss", admin)
    assert verifier(crook.pack(), None) == (False, name)


def test_a_key_belongs_to_one_actor(crook: Crook, verifier: Verifier) -> None:
    body = ActorEnrolled.model_validate(
        {"actor": "twin", "roles": ["producer"], "spki": spki(crook.house.keys["mara"])}
    )
    name = crook.slip(body, ADMIN, crook.house.keys[ADMIN])
    crook.slip_import("mara", crook.house.keys["mara"])
    assert verifier(crook.pack(), None) == (False, name)


def test_a_statement_is_said_once(crook: Crook, verifier: Verifier) -> None:
    number = crook.house.new_id()
    crook.slip_import("mara", crook.house.keys["mara"], same_id=number)
    name = crook.slip_import("mara", crook.house.keys["mara"], same_id=number)
    assert verifier(crook.pack(), None) == (False, name)
