"""The worker that has checkpoints stamped: when it asks, what it keeps, and what an authority can't do to it."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ledger.clock import SteppedClock
from ledger.errors import LedgerError
from ledger.log import timestamp
from ledger.log.stamps import StampFolder
from ledger.log.timestamp import verify_stamp
from ops.stamper import BACKOFF_SECONDS_MAX, BACKOFF_SECONDS_MIN, ROUND_SECONDS, Stamper, StampPolicy
from tests.house_of import raises_code
from tests.log_of import ORIGIN, ManyEntries
from tests.tsa_of import Authority

HOUR = timedelta(hours=1)
SECONDS_MAX = 1.5  # of one exchange here; the hanging authority is waited for this long


@pytest.fixture
def stamps(tmp_path: Path) -> StampFolder:
    return StampFolder(tmp_path / "stamps")


@pytest.fixture
def at() -> datetime:
    """Now: openssl stamps with the machine's clock, so the stamper's has to be near it."""
    return datetime.now(UTC)


def stamper(
    log: ManyEntries,
    authority: Authority,
    stamps: StampFolder,
    at: datetime,
    url: str = "",
    seconds_max: float = SECONDS_MAX,
) -> Stamper:
    policy = StampPolicy(url or authority.url, HOUR, authority.anchors, lambda: log.verifiers, seconds_max)
    return Stamper(log.store.head, stamps, policy, SteppedClock(at))


def test_the_head_is_stamped_and_kept_with_its_checkpoint(
    log: ManyEntries, authority: Authority, stamps: StampFolder, at: datetime
) -> None:
    stamp = stamper(log, authority, stamps, at).run_once(at)
    assert stamp and (stamp.origin, stamp.size, stamp.authority) == (ORIGIN, 7, "CN=Test TSA (good)")
    assert stamp.accuracy == timedelta(seconds=1.5)
    assert abs(stamp.stamped_at - at) < timedelta(minutes=1)
    kept = stamps.read(7)
    assert kept.checkpoint == log.store.head()[1]
    assert verify_stamp(kept.token, kept.checkpoint, log.verifiers, authority.anchors) == stamp


def test_an_empty_log_is_not_stamped(tmp_path: Path, authority: Authority, stamps: StampFolder, at: datetime) -> None:
    log = ManyEntries(tmp_path / "empty.sqlite")
    assert stamper(log, authority, stamps, at).run_once(at) is None
    log.close()
    assert authority.asked == []


def test_a_log_that_did_not_grow_is_not_stamped_again(
    log: ManyEntries, authority: Authority, stamps: StampFolder, at: datetime
) -> None:
    one = stamper(log, authority, stamps, at)
    assert one.run_once(at) and one.run_once(at + 5 * HOUR) is None
    assert stamper(log, authority, stamps, at).run_once(at + 9 * HOUR) is None
    assert authority.asked == ["good"]


def test_a_growing_log_is_stamped_at_most_once_an_interval(
    log: ManyEntries, authority: Authority, stamps: StampFolder, at: datetime
) -> None:
    one = stamper(log, authority, stamps, at)
    sizes = []
    for minute in range(0, 181, 20):
        stamp = one.run_once(at + timedelta(minutes=minute))
        sizes += [stamp.size] if stamp else []
        log.grow(1)
    assert sizes == [7, 10, 13, 16] == stamps.sizes()


def test_a_restart_asks_no_sooner_than_it_would_have(
    log: ManyEntries, authority: Authority, stamps: StampFolder, at: datetime
) -> None:
    assert stamper(log, authority, stamps, at).run_once(at)
    log.grow(1)
    assert stamper(log, authority, stamps, at).run_once(at + HOUR / 2) is None
    assert stamper(log, authority, stamps, at).run_once(at + HOUR + timedelta(minutes=1))


def test_a_clock_that_was_set_back_does_not_put_stamps_off(
    log: ManyEntries, authority: Authority, stamps: StampFolder, at: datetime
) -> None:
    one = stamper(log, authority, stamps, at)
    assert one.run_once(at)
    log.grow(1)
    assert one.run_once(at - 100 * HOUR)


def test_a_clock_that_is_wrong_is_told(
    log: ManyEntries, authority: Authority, stamps: StampFolder, at: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    stamper(log, authority, stamps, at).run_once(at + 2 * HOUR)
    assert "clock and this machine's differ" in caplog.text


@pytest.mark.parametrize(
    ("mode", "code"),
    [
        ("error", "tsa_failed"),
        ("redirect", "tsa_failed"),
        ("hanging", "tsa_unreachable"),
        ("dripping", "tsa_unreachable"),
        ("garbage", "timestamp_malformed"),
        ("empty", "timestamp_malformed"),
        ("endless", "timestamp_malformed"),
        ("page", "timestamp_malformed"),
        ("rejecting", "timestamp_not_granted"),
        ("wrong_nonce", "timestamp_wrong_nonce"),
        ("wrong_digest", "timestamp_wrong_digest"),
        ("expired", "timestamp_signer_expired"),
        ("untrusted", "timestamp_untrusted"),
    ],
)
def test_what_an_authority_does_wrong_is_named_and_nothing_is_kept(
    log: ManyEntries, authority: Authority, stamps: StampFolder, at: datetime, mode: str, code: str
) -> None:
    authority.mode = mode
    (authority.folder / "expected").write_bytes(log.store.head()[1])
    one = stamper(log, authority, stamps, at)
    raises_code(code, lambda: one.run_once(at))
    assert stamps.sizes() == []
    authority.mode = "good"
    assert one.run_once(at), "the next round makes good for it"


def test_an_authority_that_is_not_there_is_unavailable(
    log: ManyEntries, authority: Authority, stamps: StampFolder, at: datetime
) -> None:
    raises_code("tsa_unreachable", lambda: stamper(log, authority, stamps, at, "http://127.0.0.1:9/").run_once(at))


@pytest.mark.parametrize(
    "url", ["", "ftp://a.example/", "http://", "http://u:p@a.example/", "http://a.example/#x", "http://a.example:x/"]
)
def test_an_address_that_is_none_is_the_callers_mistake(url: str) -> None:
    from ledger.log.authority import check_url

    raises_code("tsa_url_invalid", lambda: check_url(url))


def test_failures_wait_longer_each_time_up_to_a_bound(
    log: ManyEntries, authority: Authority, stamps: StampFolder, at: datetime
) -> None:
    one = stamper(log, authority, stamps, at)
    authority.mode = "error"
    waits = []
    for _ in range(12):
        one.round()
        waits.append(one.delay_s())
    assert waits[:4] == [BACKOFF_SECONDS_MIN * factor for factor in (1, 2, 4, 8)]
    assert waits[-1] == BACKOFF_SECONDS_MAX == max(waits)
    authority.mode = "good"
    one.round()
    assert (one.failures, one.delay_s(), stamps.sizes()) == (0, ROUND_SECONDS, [7])


def test_appends_go_on_while_an_authority_hangs(
    log: ManyEntries, authority: Authority, stamps: StampFolder, at: datetime
) -> None:
    authority.mode = "hanging"
    one = stamper(log, authority, stamps, at, seconds_max=60)
    one.start()
    while not authority.asked:
        threading.Event().wait(0.01)
    for _ in range(20):
        log.grow(1)
    assert (one.failures, stamps.sizes()) == (0, []), "twenty appends while one question is open"
    one.stop()
    assert log.store.size() == 27


def test_the_thread_stamps_by_itself_and_stops(
    log: ManyEntries, authority: Authority, stamps: StampFolder, at: datetime
) -> None:
    one = stamper(log, authority, stamps, at)
    one.start()
    deadline = time.monotonic() + 20
    while not stamps.sizes() and time.monotonic() < deadline:
        threading.Event().wait(0.02)
    one.stop()
    assert stamps.sizes() == [7] and one.failures == 0


def test_a_log_shorter_than_its_last_stamp_is_not_stamped(
    log: ManyEntries, authority: Authority, stamps: StampFolder, at: datetime, tmp_path: Path
) -> None:
    assert stamper(log, authority, stamps, at).run_once(at)
    older = ManyEntries(tmp_path / "older.sqlite")
    older.grow(5)
    raises_code("log_behind_stamp", lambda: stamper(older, authority, stamps, at).run_once(at + 2 * HOUR))
    older.close()


def test_two_stampers_on_one_home_keep_the_first_token(
    log: ManyEntries, authority: Authority, stamps: StampFolder, at: datetime
) -> None:
    first, second = (stamper(log, authority, stamps, at) for _ in range(2))
    second._newest = 0  # it looked before the first was done
    assert first.run_once(at)
    kept = stamps.read(7)
    assert second.run_once(at)
    assert stamps.read(7) == kept and stamps.sizes() == [7]


def test_a_spoilt_last_stamp_does_not_stop_the_next(
    log: ManyEntries, authority: Authority, stamps: StampFolder, at: datetime, tmp_path: Path
) -> None:
    assert stamper(log, authority, stamps, at).run_once(at)
    (tmp_path / "stamps" / "7" / "token.tsr").unlink()
    log.grow(1)
    assert stamper(log, authority, stamps, at).run_once(at)
    assert stamps.sizes() == [7, 8]


def test_without_the_package_it_says_what_to_install(
    log: ManyEntries, authority: Authority, stamps: StampFolder, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    error: LedgerError = raises_code("extra_missing", lambda: stamper(log, authority, stamps, at).run_once(at))
    assert "countersign[timestamps]" in error.do and error.exit_code == 6
    assert timestamp.read_anchors(authority.root_pem)
