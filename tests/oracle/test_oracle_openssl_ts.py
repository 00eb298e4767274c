"""The stamps that we kept, checked by `openssl ts -verify`, and what each of us refuses."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ledger.clock import SteppedClock
from ledger.errors import Untrusted
from ledger.log.stamps import CHECKPOINT_FILE, TOKEN_FILE, StampFolder
from ledger.log.timestamp import verify_stamp
from ops.stamper import Stamper, StampPolicy
from tests.log_of import ManyEntries
from tests.tsa_of import Authority, needed_tools, serving_authority

ENTRIES = 10_000
STAMPS = 4


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    needed_tools()
    with serving_authority(tmp_path_factory.mktemp("tsa")) as authority:
        yield authority


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ManyEntries]:
    log = ManyEntries(tmp_path_factory.mktemp("oracle-ts") / "ledger.sqlite")
    yield log
    log.close()


@pytest.fixture(scope="module")
def stamps(authority: Authority, log: ManyEntries) -> Path:
    """A log of ten thousand, stamped four times while it grew."""
    folder, at = log.path.parent / "stamps", datetime.now(UTC)
    policy = StampPolicy(authority.url, timedelta(hours=1), authority.anchors, lambda: log.verifiers)
    stamper = Stamper(log.store.head, StampFolder(folder), policy, SteppedClock(at))
    for number in range(STAMPS):
        for _ in range(ENTRIES // STAMPS // 500):
            log.grow(500)
        assert stamper.run_once(at + timedelta(hours=number))
    return folder


def openssl(token: Path, data: Path, root: Path) -> bool:
    """Its verdict. `-data` hashes the file itself: nothing of ours takes part."""
    command = ["openssl", "ts", "-verify", "-in", token, "-data", data, "-CAfile", root]
    done = subprocess.run(command, capture_output=True, timeout=30, check=False)
    return done.returncode == 0 and b"Verification: OK" in done.stdout


def test_it_accepts_every_token_that_was_kept(stamps: Path, authority: Authority) -> None:
    sizes = StampFolder(stamps).sizes()
    assert sizes == [2_500, 5_000, 7_500, 10_000]
    for size in sizes:
        kept = stamps / str(size)
        assert openssl(kept / TOKEN_FILE, kept / CHECKPOINT_FILE, authority.folder / "root.pem")


def test_it_reads_the_time_that_we_report(stamps: Path, authority: Authority, log: ManyEntries) -> None:
    kept = StampFolder(stamps).read(ENTRIES)
    ours = verify_stamp(kept.token, kept.checkpoint, log.verifiers, authority.anchors)
    command = ["openssl", "ts", "-reply", "-in", stamps / str(ENTRIES) / TOKEN_FILE, "-text"]
    text = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout
    assert f"Time stamp: {ours.stamped_at:%b %e %H:%M:%S %Y} GMT" in text
    assert f"Serial number: 0x{ours.serial:02X}" in text


def test_both_refuse_another_checkpoint_and_another_root(
    stamps: Path, authority: Authority, log: ManyEntries, tmp_path: Path
) -> None:
    folder = StampFolder(stamps)
    newer, older = folder.read(ENTRIES), folder.read(2_500)
    token, root = stamps / str(ENTRIES) / TOKEN_FILE, authority.folder / "root.pem"
    assert not openssl(token, stamps / "2500" / CHECKPOINT_FILE, root)
    assert not openssl(token, stamps / str(ENTRIES) / CHECKPOINT_FILE, authority.folder / "untrusted.pem")
    with pytest.raises(Untrusted, match="timestamp_wrong_digest"):
        verify_stamp(newer.token, older.checkpoint, log.verifiers, authority.anchors)


def test_it_refuses_whatever_flipped_checkpoint_byte_we_refuse(
    stamps: Path, authority: Authority, log: ManyEntries, tmp_path: Path
) -> None:
    kept = StampFolder(stamps).read(ENTRIES)
    for at in range(0, len(kept.checkpoint), 331):
        flipped = bytearray(kept.checkpoint)
        flipped[at] ^= 1
        (tmp_path / "flipped").write_bytes(flipped)
        assert not openssl(stamps / str(ENTRIES) / TOKEN_FILE, tmp_path / "flipped", authority.folder / "root.pem")
        with pytest.raises(Untrusted):
            verify_stamp(kept.token, bytes(flipped), log.verifiers, authority.anchors)


@pytest.mark.parametrize("signer", ["expired", "untrusted"])
def test_both_refuse_a_signer_who_does_not_count(
    authority: Authority, log: ManyEntries, stamps: Path, tmp_path: Path, signer: str
) -> None:
    checkpoint = log.store.head()[1]
    (tmp_path / "checkpoint").write_bytes(checkpoint)
    (tmp_path / "token.tsr").write_bytes(token := authority.token_over(checkpoint, signer=signer))
    assert not openssl(tmp_path / "token.tsr", tmp_path / "checkpoint", authority.folder / "root.pem")
    with pytest.raises(Untrusted):
        verify_stamp(token, checkpoint, log.verifiers, authority.anchors)
