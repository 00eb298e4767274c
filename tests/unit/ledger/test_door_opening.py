"""The first entry: only the ledger itself opens its log, once, with keys that are keys (SPEC S3.1)."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest

from ledger.clock import SteppedClock
from ledger.door import Ledger
from ledger.errors import LedgerError
from ledger.keys import SigningKey, new_signing_key
from ledger.proof.dsse import PAYLOAD_TYPE, sign
from ledger.statement import compose
from ledger.store.sqlite import SQLiteStore
from ledger.vault import Vault
from schemas.statements.actor import LogOpened
from schemas.statements.asset import AssetImported
from tests.house_of import SERVICE, START, House, raises_code, spki


def test_a_log_is_opened_once(house: House) -> None:
    said = next(house.ledger.read(types=["log.opened.v1"]))
    assert isinstance(said.body, LogOpened)
    raises_code("log_already_open", lambda: house.ledger.say(said.body))


def test_nobody_opens_anothers_log_from_outside(tmp_path: Path) -> None:
    service, outsider = new_signing_key(), new_signing_key()
    store, vault = SQLiteStore(tmp_path / "ledger.sqlite"), Vault(tmp_path / "vault.sqlite", bytes(32))
    ledger = Ledger(store, vault, SteppedClock(START), service, SERVICE)

    def opening(name: str, spki_of: SigningKey) -> LogOpened:
        changes = {"service": name, "service_spki": spki(spki_of), "admin_spki": spki(new_signing_key())}
        return LogOpened.example().model_copy(update=changes)

    for name, key in (("mallory", outsider), (SERVICE, outsider), (SERVICE, service)):
        payload = compose(opening(name, key), actor=name, at=START).payload
        knock = sign(payload, PAYLOAD_TYPE, key.private).to_bytes()
        raises_code("signature_unknown_key", lambda knock=knock: ledger.append(knock))
    raises_code("signature_unknown_key", lambda: ledger.say(opening(SERVICE, outsider)))
    raises_code("signature_unknown_key", lambda: ledger.say(opening("another", service)))
    raises_code("actor_unknown", lambda: ledger.say(AssetImported.example(), actor="mara"))
    assert ledger.store.size() == 0
    assert ledger.say(opening(SERVICE, service)).index == 0
    ledger.close()


@pytest.mark.parametrize("member", ["service_spki", "admin_spki"])
def test_a_log_is_not_opened_with_keys_that_are_none(tmp_path: Path, member: str) -> None:
    service = new_signing_key()
    store, vault = SQLiteStore(tmp_path / "ledger.sqlite"), Vault(tmp_path / "vault.sqlite", bytes(32))
    ledger = Ledger(store, vault, SteppedClock(START), service, SERVICE)
    changes = {"service": SERVICE, "service_spki": spki(service), "admin_spki": spki(new_signing_key())}
    body = LogOpened.example().model_copy(update={**changes, member: b64encode(b"no key").decode()})
    with pytest.raises(LedgerError):
        ledger.say(body)
    assert store.size() == 0
    ledger.close()
