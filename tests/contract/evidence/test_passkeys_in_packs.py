"""Passkeys before three verifiers: what the door accepted verifies offline, and what no browser made does not (SPEC S3.6)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.services.evidence import write_pack
from ledger.proof.dsse import PAYLOAD_TYPE, Envelope, sign
from ledger.statement import compose, finish_entry
from ledger.store.contract import EntryEvent, Pending
from schemas.base import Auth, Body, format_instant
from schemas.statements.actor import ActorKeyRevoked
from schemas.statements.asset import AssetImported
from schemas.statements.consent import ConsentGranted
from schemas.statements.passkey import ActorAdmitted
from schemas.statements.review import ReviewApproved
from tests.authenticator_of import BACKED_UP, ELIGIBLE, PRESENT, VERIFIED, Authenticator
from tests.contract.evidence.conftest import Verifier
from tests.house_of import ADMIN, CONSENT, SERVICE, House, digest


def say(house: House, actor: str, key: Authenticator, body: Body) -> None:
    draft = house.draft(actor, body)
    house.ledger.append(key.envelope(draft.payload).to_bytes(), draft.openings)


def pack_of(house: House, asset: str, folder: Path) -> bytes:
    out = folder / "passkeys.zip"
    return write_pack(
        house.ledger, house.index, house.blobs, asset, out, at=house.now(), overwrite=True
    ).path.read_bytes()


def slip(house: House, envelope: Envelope, body: Body) -> str:
    """Past the door, as a crooked operator could; the member in which it will lie."""
    entry = finish_entry(envelope.to_bytes(), format_instant(house.now()))
    pending = Pending((EntryEvent(type(body).TYPE, entry, list(body.tags()), None),))
    return f"entries/{house.ledger.store.append_batch([pending]).outcomes[0].index}.json"  # type: ignore[union-attr]


def imported() -> AssetImported:
    return AssetImported.example().model_copy(update={"asset": digest(), "generation": None})


def payload(house: House, actor: str, body: Body, **options: Any) -> bytes:
    return compose(body, actor=actor, at=house.now(), **options).payload


def test_a_grant_and_an_approval_by_passkey_verify_offline(house: House, verifier: Verifier, tmp_path: Path) -> None:
    ines, lena, consent = Authenticator(), Authenticator(Ed25519PrivateKey.generate()), house.consent(granted=False)
    house.say_as(ADMIN, ines.added("ines"))
    house.say_as("lena", lena.added("lena"))
    person = house.requested(consent).person
    say(house, "ines", ines, ConsentGranted.model_validate({**CONSENT, "consent": consent, "person": person}))
    asset = house.asset(house.generation(consents=[consent]))
    house.approved(house.examined(asset), ("brand", "rights"))
    told = {"asset": asset, "gate": "legal", "comment": "read, word by word"}
    say(house, "lena", lena, ReviewApproved.model_validate(told))
    pack = pack_of(house, asset, tmp_path)
    assert verifier(pack, [key.vkey() for key in house.verifiers]) == (True, "")


def test_an_rsa_passkey_verifies_offline(house: House, verifier: Verifier, tmp_path: Path) -> None:
    key, body = Authenticator(rsa.generate_private_key(65537, 2048)), imported()
    house.say_as(ADMIN, key.added("lib"))
    say(house, "lib", key, body)
    assert verifier(pack_of(house, body.asset, tmp_path), None) == (True, "")


def test_somebody_admitted_without_a_key_is_verified_by_their_passkey(
    house: House, verifier: Verifier, tmp_path: Path
) -> None:
    key, body = Authenticator(), imported()
    house.say_as(ADMIN, ActorAdmitted(actor="noor", roles=("librarian",)))
    house.say_as(ADMIN, key.added("noor"))
    say(house, "noor", key, body)
    assert verifier(pack_of(house, body.asset, tmp_path), None) == (True, "")


def test_an_administrator_admitted_by_name_brings_keys_with_their_passkey(
    house: House, verifier: Verifier, tmp_path: Path
) -> None:
    admin, key, body = Authenticator(), Authenticator(), imported()
    house.say_as(ADMIN, ActorAdmitted(actor="nora", roles=("admin",)))
    house.say_as(ADMIN, admin.added("nora"))
    say(house, "nora", admin, key.added("lib"))
    say(house, "lib", key, body)
    assert verifier(pack_of(house, body.asset, tmp_path), None) == (True, "")


WRONG: dict[str, dict[str, Any]] = {
    "registration": {"kind": "webauthn.create"},
    "another page": {"origin": "https://evil.example"},
    "a frame": {"crossOrigin": True},
    "a frame of": {"topOrigin": "https://evil.example"},
    "another statement": {"challenge": "AAAA"},
    "nobody present": {"flags": VERIFIED},
    "nobody verified": {"flags": PRESENT},
    "backed up without being able to": {"flags": PRESENT | VERIFIED | BACKED_UP},
    "a flag of the future": {"flags": PRESENT | VERIFIED | 0x20},
    "another RP ID": {"rp_id": "evil.example"},
    "something more": {"tail": b"\xa0"},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_an_assertion_that_is_wrong_in_one_way_is_found(
    house: House, verifier: Verifier, tmp_path: Path, wrong: str
) -> None:
    key, body, changes = Authenticator(), imported(), dict(WRONG[wrong])
    house.say_as(ADMIN, key.added("lib"))
    parts = {name: changes.pop(name) for name in ("flags", "rp_id", "tail") if name in changes}
    told = key.authenticator_data(**parts) if parts else None
    where = slip(house, key.envelope(payload(house, "lib", body), told=told, **changes), body)
    assert verifier(pack_of(house, body.asset, tmp_path), None) == (False, where)


def test_members_that_browsers_add_and_synced_passkeys_verify(house: House, verifier: Verifier, tmp_path: Path) -> None:
    key, body = Authenticator(), imported()
    house.say_as(ADMIN, key.added("lib"))
    told = key.authenticator_data(PRESENT | VERIFIED | ELIGIBLE | BACKED_UP)
    slip(house, key.envelope(payload(house, "lib", body), told=told, crossOrigin=None, other_keys="may come"), body)
    assert verifier(pack_of(house, body.asset, tmp_path), None) == (True, "")


def test_the_two_kinds_of_key_are_not_mistaken_for_each_other(house: House, verifier: Verifier, tmp_path: Path) -> None:
    passkey, body = Authenticator(Ed25519PrivateKey.generate()), imported()
    house.say_as(ADMIN, passkey.added("lib"))
    where = slip(house, sign(payload(house, "lib", body), PAYLOAD_TYPE, passkey.key), body)
    assert verifier(pack_of(house, body.asset, tmp_path), None) == (False, where)
    ordinary, body = Authenticator(house.keys["lib"].private), imported()
    where = slip(house, ordinary.envelope(payload(house, "lib", body)), body)
    assert verifier(pack_of(house, body.asset, tmp_path), None) == (False, where)


def test_a_passkey_of_another_actor_or_a_revoked_one_is_found(house: House, verifier: Verifier, tmp_path: Path) -> None:
    key, body = Authenticator(), imported()
    house.say_as(ADMIN, key.added("paul"))
    where = slip(house, key.envelope(payload(house, "lib", body)), body)
    assert verifier(pack_of(house, body.asset, tmp_path), None) == (False, where)
    mine, body = Authenticator(), imported()
    house.say_as(ADMIN, mine.added("lib"))
    ended = {"actor": "lib", "keyid": mine.keyid, "effective_at": house.now(), "reason": "lost"}
    house.say_as(ADMIN, ActorKeyRevoked.model_validate(ended))
    where = slip(house, mine.envelope(payload(house, "lib", body)), body)
    assert verifier(pack_of(house, body.asset, tmp_path), None) == (False, where)


def test_a_passkey_that_the_service_gave_somebody_is_not_theirs(
    house: House, verifier: Verifier, tmp_path: Path
) -> None:
    """The operator of a ledger must not be able to make themselves a customer's voice."""
    key, body = Authenticator(), imported()
    added = key.added("lib")
    for_admin = payload(house, ADMIN, added, auth=Auth(by="service", subject=ADMIN, method="process"))
    where = slip(house, sign(for_admin, PAYLOAD_TYPE, house.keys[SERVICE].private), added)
    slip(house, key.envelope(payload(house, "lib", body)), body)
    assert verifier(pack_of(house, body.asset, tmp_path), None) == (False, where)


def test_a_passkey_that_somebody_gave_another_is_not_theirs(house: House, verifier: Verifier, tmp_path: Path) -> None:
    key, body = Authenticator(), imported()
    added = key.added("lib")
    where = slip(house, sign(payload(house, "mara", added), PAYLOAD_TYPE, house.keys["mara"].private), added)
    slip(house, key.envelope(payload(house, "lib", body)), body)
    assert verifier(pack_of(house, body.asset, tmp_path), None) == (False, where)
