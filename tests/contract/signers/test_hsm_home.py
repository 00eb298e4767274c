"""A home whose service speaks with a key in a SoftHSM: statements, packs that strangers verify offline, a turn to a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.services.evidence import write_pack
from api.services.services import Services
from ledger.clock import SystemClock
from ledger.log.logkeys import stored_log_keys
from ledger.proof.pack import check_pack
from ops.actorkeys import rotate_key
from ops.home import Home, init_home
from ops.settings import KEY_PIN_VARIABLE, read_settings
from ops.speaking import enrol, speak
from ops.wiring import services_of
from schemas.statements.asset import AssetDerived, AssetImported
from tests.house_of import digest
from tests.oracle.verify_pack import verify as ask_oracle
from tests.softhsm_of import PIN, SoftHsm


@pytest.fixture
def home(softhsm: SoftHsm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    monkeypatch.setenv(KEY_PIN_VARIABLE, PIN)
    yield init_home(tmp_path / "home", SystemClock(), "countersign.example/hsm", service_key=softhsm.fresh())[0]


def told(services: Services, home: Home) -> str:
    """A file that mara brought, and one that the service made of it on her behalf."""
    _, key = enrol(services.ledger, home, "operator", "mara", ["producer"])
    asset = digest()
    body = AssetImported.example().model_copy(update={"asset": asset, "generation": None})
    speak(services.ledger, key, "mara", body)
    derived = {
        "asset": digest(),
        "parents": [asset],
        "relation": "transcoded",
        "size_bytes": 1,
        "media_type": "video/mp4",
    }
    services.ledger.say(AssetDerived.model_validate({**derived, "tool": "a test"}), actor="mara", method="token")
    return asset


def test_what_an_hsm_signed_verifies_offline_without_it(
    home: Home, softhsm: SoftHsm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with services_of(home.path) as services:
        asset, vkeys = told(services, home), stored_log_keys(services.ledger.store).current.vkeys
        first = write_pack(
            services.ledger, services.index, services.blobs, asset, tmp_path / "first.zip", at=services.clock.now()
        )
        rotate_key(services.ledger, home, read_settings(home.path), "countersign", uri=softhsm.fresh())
        second = write_pack(
            services.ledger, services.index, services.blobs, asset, tmp_path / "second.zip", at=services.clock.now()
        )
        rotate_key(services.ledger, home, read_settings(home.path), "countersign")
        third = write_pack(
            services.ledger, services.index, services.blobs, asset, tmp_path / "third.zip", at=services.clock.now()
        )
    monkeypatch.delenv(KEY_PIN_VARIABLE)
    for written in (first, second, third):
        assert check_pack(written.path, vkeys).state == "verified"
        assert ask_oracle(written.path, vkeys)["assets"] == [asset]
