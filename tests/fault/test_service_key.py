"""The service's key turned, in a file and in a SoftHSM: crashes around each write, and processes that run meanwhile."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.clock import SystemClock
from ledger.door import Ledger
from ledger.keys import new_signing_key
from ledger.rules.actors import actor_state
from ledger.store.sqlite import SQLiteStore
from ops import servicekey
from ops.actorkeys import rotate_key
from ops.fsck import audit_home
from ops.home import Home, init_home, open_ledger
from ops.settings import KEY_PIN_VARIABLE, read_settings
from schemas.statements.asset import AssetFlagged
from tests.house_of import raises_code
from tests.softhsm_of import PIN, SoftHsm


class Crash(BaseException):
    """Nothing catches it, as nothing catches a power cut."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("servicekey") / "home"
    init_home(path, SystemClock(), "countersign.example/servicekey")
    return path


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Home:
    shutil.copytree(made, tmp_path / "home")
    return Home(tmp_path / "home")


@pytest.fixture(autouse=True)
def _pin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_PIN_VARIABLE, PIN)


def opened(home: Home) -> Ledger:
    return open_ledger(home, read_settings(home.path), SystemClock())


def rotate(home: Home, **options: Any) -> str:
    ledger = opened(home)
    try:
        return rotate_key(ledger, home, read_settings(home.path), "countersign", **options)[1]
    finally:
        ledger.close()


def current(home: Home) -> str:
    ledger = opened(home)
    try:
        keys = actor_state(ledger.history(), "countersign").keys.values()
        (key,) = [one.keyid for one in keys if one.until is None]
        envelope = ledger.attest(b"{}", "application/vnd.example", 100)
        assert [one.keyid for one in envelope.signatures] == [key]
        return key
    finally:
        ledger.close()


def assert_whole(home: Home) -> None:
    report = audit_home(home.path, read_settings(home.path))
    assert report.clean, [finding.as_json() for check in report.checks for finding in check.findings]


def crashing(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, nth: int, *, after: bool) -> None:
    real: Callable[..., Any] = getattr(owner, name)
    calls = iter(range(1, 1_000))

    def call(*arguments: Any, **options: Any) -> Any:
        if next(calls) != nth:
            return real(*arguments, **options)
        if after:
            real(*arguments, **options)
        raise Crash

    monkeypatch.setattr(owner, name, call)


def test_the_service_turns_its_own_key_and_speaks_with_the_new_one(home: Home) -> None:
    first = current(home)
    second = rotate(home)
    assert current(home) == second != first
    assert not (home.keys / "service-next.pem").exists()
    assert_whole(home)


def test_an_administrator_may_turn_it(home: Home) -> None:
    assert rotate(home, admin="operator") == current(home)


FILE_WRITES = [
    (servicekey, "write_private_key", 1, False, False),
    (servicekey, "write_private_key", 1, True, False),
    (SQLiteStore, "append_batch", 1, False, False),
    (SQLiteStore, "append_batch", 1, True, True),
    (Path, "replace", 1, False, True),
    (Path, "replace", 1, True, True),
    (servicekey, "sync_folder", 1, False, True),
]


@pytest.mark.parametrize("write", range(len(FILE_WRITES)))
def test_a_crash_around_a_write_leaves_a_home_that_starts(
    home: Home, monkeypatch: pytest.MonkeyPatch, write: int
) -> None:
    owner, name, nth, after, turned = FILE_WRITES[write]
    first = current(home)
    with monkeypatch.context() as patched:
        crashing(patched, owner, name, nth, after=after)
        with pytest.raises(Crash):
            rotate(home)
    assert (current(home) != first) == turned
    assert_whole(home)
    assert rotate(home) == current(home)
    assert_whole(home)
    assert not (home.keys / "service-next.pem").exists()


URI_WRITES = [
    (servicekey, "write_whole", 1, False, False),
    (servicekey, "write_whole", 1, True, False),
    (SQLiteStore, "append_batch", 1, False, False),
    (SQLiteStore, "append_batch", 1, True, True),
    (servicekey, "write_settings", 1, False, True),
    (servicekey, "write_settings", 1, True, True),
    (servicekey, "sync_folder", 1, False, True),
]


@pytest.mark.parametrize("write", range(len(URI_WRITES)))
def test_a_crash_on_the_way_into_an_hsm_leaves_a_home_that_starts(
    home: Home, softhsm: SoftHsm, monkeypatch: pytest.MonkeyPatch, write: int
) -> None:
    owner, name, nth, after, turned = URI_WRITES[write]
    first, first_uri = current(home), softhsm.fresh()
    with monkeypatch.context() as patched:
        crashing(patched, owner, name, nth, after=after)
        with pytest.raises(Crash):
            rotate(home, uri=first_uri)
    assert (current(home) != first) == turned
    assert read_settings(home.path).service_key == (first_uri if turned else "")
    assert_whole(home)
    uri = softhsm.fresh()
    assert rotate(home, uri=uri) == current(home)
    assert (read_settings(home.path).service_key, (home.keys / "service.pem").exists()) == (uri, False)
    assert_whole(home)
    assert rotate(home) == current(home)  # and back into a file
    assert (read_settings(home.path).service_key, (home.keys / "service.pem").exists()) == ("", True)
    assert_whole(home)


def test_a_process_that_had_the_home_open_goes_on_with_the_new_key(home: Home) -> None:
    running = opened(home)
    try:
        new = rotate(home)
        envelope = running.attest(b"{}", "application/vnd.example", 100)
        assert [one.keyid for one in envelope.signatures] == [new]
        later = rotate(home)
        flag = AssetFlagged.example()
        error = raises_code("asset_unknown", lambda: running.say(flag))  # judged by its rule, so its signature held
        assert error.code != "key_revoked"
        assert [one.keyid for one in running.attest(b"{}", "application/vnd.example", 100).signatures] == [later]
    finally:
        running.close()


def test_a_wrong_service_key_stops_the_start(home: Home) -> None:
    from ledger.keys import write_private_key

    (home.keys / "service.pem").unlink()
    raises_code("key_missing", lambda: opened(home))
    write_private_key(home.keys / "service.pem", new_signing_key().private)
    raises_code("service_key_differs", lambda: opened(home))


def test_a_note_beside_that_is_torn_is_named(home: Home) -> None:
    (home.keys / "service.pem").unlink()
    (home.keys / "service-next.json").write_text("{")
    raises_code("key_unreadable", lambda: opened(home))


# -- a home whose service key lies in an HSM from the start --------------------------------------------------------


def test_a_home_is_begun_in_an_hsm_and_says_with_it(softhsm: SoftHsm, tmp_path: Path) -> None:
    home, receipt = init_home(tmp_path / "home", SystemClock(), service_key=softhsm.fresh())
    assert receipt.index == 0 and not (home.keys / "service.pem").exists()
    assert current(home)
    assert_whole(home)
    for path in home.path.rglob("*"):
        assert not path.is_file() or PIN.encode() not in path.read_bytes(), path


@pytest.mark.parametrize("pin", ["", "0000"])
def test_without_its_pin_no_home_is_begun_and_none_is_served(
    softhsm: SoftHsm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pin: str
) -> None:
    home, _ = init_home(tmp_path / "good", SystemClock(), service_key=softhsm.fresh())
    monkeypatch.setenv(KEY_PIN_VARIABLE, pin)
    code = "signer_unavailable" if pin else "key_pin_missing"
    raises_code(code, lambda: init_home(tmp_path / "none", SystemClock(), service_key=softhsm.fresh()))
    assert not (tmp_path / "none").exists()
    ledger = opened(home)
    try:
        raises_code(code, lambda: ledger.attest(b"{}", "application/vnd.example", 100))
    finally:
        ledger.close()


def test_an_hsm_key_that_another_was_put_in_place_of_signs_nothing(softhsm: SoftHsm, tmp_path: Path) -> None:
    own, other = softhsm.fresh(), softhsm.fresh()
    home, _ = init_home(tmp_path / "home", SystemClock(), service_key=own)
    text = (home.path / "settings.toml").read_text()
    (home.path / "settings.toml").write_text(text.replace(own, other))
    ledger = opened(home)
    try:
        raises_code("signer_key_differs", lambda: ledger.attest(b"{}", "application/vnd.example", 100))
        assert ledger.store.size() == 1
    finally:
        ledger.close()


@pytest.mark.parametrize("uri", ["hsm:1?pin=1234", "hsm:1?label=x&PIN-value=1", "awskms:x?password=y", "telnet:x"])
def test_no_pin_and_no_strange_uri_stands_in_the_settings(home: Home, uri: str) -> None:
    path = home.path / "settings.toml"
    path.write_text(path.read_text().replace('service_key = ""', f'service_key = "{uri}"'))
    error = raises_code("settings_invalid", lambda: read_settings(home.path))
    assert "1234" not in json.dumps(str(error))
