"""`log rotate-keys` crashes before and after each of its writes: the home starts, is whole, and turns at the next call."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.clock import SystemClock
from ledger.errors import Unavailable
from ledger.log.logkeys import stored_log_keys
from ledger.store.sqlite import SQLiteStore
from ops import logturning
from ops.fsck import audit_home
from ops.home import Home, init_home, open_ledger
from ops.logturning import rotate_log_keys
from ops.settings import read_settings
from ops.speaking import enrol
from tests.house_of import raises_code


class Crash(BaseException):
    """Nothing catches it, as nothing catches a power cut."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("turning") / "home"
    init_home(path, SystemClock(), "countersign.example/turning")
    return path


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Iterator[Home]:
    shutil.copytree(made, tmp_path / "home")
    yield Home(tmp_path / "home")


def rotate(home: Home, **options: Any) -> Any:
    return rotate_log_keys(home, read_settings(home.path), SystemClock(), **options)


def links(home: Home) -> int:
    ledger = open_ledger(home, read_settings(home.path), SystemClock())
    try:
        return len(stored_log_keys(ledger.store).links)
    finally:
        ledger.close()


def assert_lives(home: Home) -> None:
    """It starts, takes statements in, and its auditor finds nothing."""
    ledger = open_ledger(home, read_settings(home.path), SystemClock())
    try:
        enrol(ledger, home, "operator", f"a{ledger.store.size()}", ["producer"])
    finally:
        ledger.close()
    report = audit_home(home.path, read_settings(home.path))
    assert report.clean, [finding.as_json() for check in report.checks for finding in check.findings]


def crashing(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, nth: int, *, after: bool) -> None:
    """The nth call of `owner.name` from now on ends the process: before it did anything, or when it was done."""
    real: Callable[..., Any] = getattr(owner, name)
    calls = iter(range(1, 1_000))

    def call(*arguments: Any, **options: Any) -> Any:
        if next(calls) != nth:
            return real(*arguments, **options)
        if after:
            real(*arguments, **options)
        raise Crash

    monkeypatch.setattr(owner, name, call)


WRITES = [
    (logturning, "write_private_key", 1, False),
    (logturning, "write_private_key", 1, True),
    (logturning, "write_private_key", 2, False),
    (logturning, "write_private_key", 2, True),
    (SQLiteStore, "append_batch", 1, False),
    (SQLiteStore, "append_batch", 1, True),
    (Path, "unlink", 5, False),  # the first two clear the way for the new files, the next take away their other names
    (Path, "unlink", 5, True),
    (Path, "unlink", 6, True),
    (logturning, "sync_folder", 1, False),
]


@pytest.mark.parametrize("write", range(len(WRITES)))
def test_a_crash_around_a_write_leaves_a_home_that_starts_and_turns(
    home: Home, monkeypatch: pytest.MonkeyPatch, write: int
) -> None:
    owner, name, nth, after = WRITES[write]
    with monkeypatch.context() as patched:
        crashing(patched, owner, name, nth, after=after)
        with pytest.raises(Crash):
            rotate(home, destroy_old=True)
    turned = links(home)
    assert turned == (1 if write < 5 else 2)
    assert_lives(home)
    assert rotate(home, destroy_old=True).link == turned
    assert_lives(home)
    assert len(list(home.keys.glob("log-*.pem"))) == 2


def test_keys_that_a_broken_off_call_left_are_taken_up(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        crashing(patched, SQLiteStore, "append_batch", 1, after=False)
        with pytest.raises(Crash):
            rotate(home)
    left = [path.read_bytes() for path in home.log_key_files(1)]
    notes = audit_home(home.path, read_settings(home.path))["keys"].notes
    assert any("that no entry names" in note for note in notes)
    rotate(home)
    assert [path.read_bytes() for path in home.log_key_files(1)] == left


@pytest.mark.parametrize("torn", [b"", b"-----BEGIN PRIVATE KEY-----\nMC4CAQ"])
def test_a_key_file_that_was_torn_off_is_written_anew(home: Home, torn: bytes) -> None:
    for path in home.log_key_files(1):
        path.write_bytes(torn)
    assert_lives(home)
    assert rotate(home).link == 1
    assert_lives(home)


def test_a_lost_old_key_turns_nothing(home: Home) -> None:
    home.log_key_files()[1].unlink()
    raises_code("key_missing", lambda: rotate(home))


def test_new_keys_that_were_lost_after_the_switch_stop_the_start(home: Home) -> None:
    rotate(home)
    for path in home.log_key_files(1):
        path.unlink()
    error = raises_code("log_keys_rotated", lambda: links(home))
    assert isinstance(error, Unavailable)


def test_new_keys_that_were_replaced_after_the_switch_stop_the_start(home: Home) -> None:
    rotate(home)
    shutil.copyfile(home.log_key_files(0)[0], home.log_key_files(1)[0])
    raises_code("log_key_differs", lambda: links(home))
    report = audit_home(home.path, read_settings(home.path))
    assert [finding.code for finding in report["keys"].findings] == ["log_key_differs"]


def test_a_busy_log_is_not_turned_and_says_so(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, real = read_settings(home.path), logturning._endorsed
    other = open_ledger(home, settings, SystemClock())

    def endorsed(*arguments: Any) -> Any:
        body = real(*arguments)
        enrol(other, home, "operator", f"a{other.store.size()}", ["producer"])
        return body

    monkeypatch.setattr(logturning, "_endorsed", endorsed)
    monkeypatch.setattr(logturning, "ROUNDS_MAX", 3)
    try:
        raises_code("log_busy", lambda: rotate(home))
    finally:
        other.close()
    assert links(home) == 1


def test_a_process_that_had_the_home_open_goes_on_under_the_new_keys(home: Home) -> None:
    settings = read_settings(home.path)
    running = open_ledger(home, settings, SystemClock())
    try:
        enrol(running, home, "operator", "before", ["producer"])
        rotate(home)
        receipt, _ = enrol(running, home, "operator", "after", ["producer"])
        chain = stored_log_keys(running.store)
        assert [one.key_id for one in chain.open(receipt.checkpoint).signatures] == [
            key.key_id for key in chain.current.keys
        ]
    finally:
        running.close()
    assert_lives(home)


def test_a_process_whose_home_has_not_the_new_keys_refuses_and_writes_nothing(home: Home) -> None:
    settings = read_settings(home.path)
    running = open_ledger(home, settings, SystemClock())
    try:
        rotate(home)
        for path in home.log_key_files(1):
            path.rename(path.with_suffix(".gone"))
        raises_code("log_keys_rotated", lambda: enrol(running, home, "operator", "after", ["producer"]))
        assert running.store.size() == 2
    finally:
        running.close()


def test_old_copies_of_key_files_do_not_sign_on_after_a_rotation(home: Home) -> None:
    """The files of link 0 stay where they were; the log says that they are over."""
    rotate(home)
    assert home.log_key_files(0)[0].exists()
    assert_lives(home)


def test_an_actor_without_a_key_here_turns_nothing(home: Home) -> None:
    raises_code("key_missing", lambda: rotate(home, operator="somebody"))
    assert links(home) == 1
