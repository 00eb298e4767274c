"""Each durable call of a time stamp, a cascade, a courier's round and a witness's answer fails, or is the last one made.

As in `test_every_syscall`: FAULT_SEED picks the points, FAULT_POINTS=all tries every one of them.
"""

from __future__ import annotations

import random
import shutil
import sys
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ledger.clock import SteppedClock
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.merkle import consistency_proof
from ledger.proof.note import sign_note
from ops.cli.main import main
from ops.notifying.webhook import Secrets
from ops.settings import Settings, read_settings, write_settings
from ops.wiring import services_of
from ops.witness.state import WitnessFolder
from schemas.statements.asset import AssetDerived
from schemas.statements.notice import HolderRegistered
from tests.cli_of import Command, Ran
from tests.contract.notices.conftest import Endpoint
from tests.fault.one_step import cosign, expire, tell
from tests.fault.test_every_syscall import clean, entries, faults, fresh
from tests.house_of import digest
from tests.log_of import ORIGIN, ManyEntries
from tests.office_of import Made
from tests.strace_of import need_strace, sabotaged
from tests.tsa_of import Authority, needed_tools, serving_authority

STEP = (sys.executable, str(Path(__file__).with_name("one_step.py")))
DESCENDANTS = 3
SIZES = (300, 700)


def _proper(ran: Ran, told: str) -> None:
    """Killed, done, or an error of ours: never a traceback."""
    assert "Traceback" not in ran.err, f"{told}: {ran.err}"
    assert ran.code in ((0, -9, 137) if told.endswith("KILL") else (0, 5, 6)), f"{told}: {ran}"


# -- what a consent's end takes along, and who is told -------------------------------------------------------------


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    opened = Endpoint()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def cleared(made: Made, endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip that is cleared, with descendants, and a platform that is to be told at a real endpoint."""
    need_strace()
    folder = tmp_path_factory.mktemp("cleared")
    home = shutil.copytree(made.home, folder / "home")
    settings = read_settings(home).model_copy(update={"notices_to_private_networks": True})
    write_settings(home, Settings.model_validate(settings.model_dump()))
    Secrets(home / "keys/webhooks").renew("pia")
    with services_of(home, SteppedClock(made.now)) as services:
        holder = HolderRegistered(holder="pia", endpoint=endpoint.url)
        services.ledger.say(holder, actor="operator", method="test")
        for _ in range(DESCENDANTS):
            example = AssetDerived.example().as_json() | {"asset": digest(), "parents": [made.asset]}
            body = AssetDerived.model_validate(example | {"relation": "transcoded"})
            services.ledger.say(body, actor="mara", method="test")
    return folder


def said(home: Path) -> Counter[str]:
    return Counter(entry.type for entry in entries(home))


def test_an_end_that_is_cut_off_anywhere_takes_everything_along_once(
    made: Made, cleared: Path, tmp_path: Path, draw: random.Random
) -> None:
    now, place = made.story.ends_at, tmp_path / "there"
    home = fresh(cleared, place)
    before = [one.entry for one in entries(home)]
    for how, point in faults(("expire", home, now.isoformat()), home, draw, STEP):
        home, told = fresh(cleared, place), f"expire: {point} {how}"
        _proper(sabotaged(("expire", home, now.isoformat()), home, point, how, STEP), told)
        assert clean(home) == [], told
        assert [one.entry for one in entries(home)][: len(before)] == before, told
        for minutes in (1, 2):
            expire(home, (now + timedelta(minutes=minutes)).isoformat())
        once = said(home)
        assert (once["consent.expired.v1"], once["clearance.revoked.v2"], once["notice.issued.v3"]) == (1, 1, 1), told
        assert once["asset.flagged.v2"] == DESCENDANTS + 2, told
        assert clean(home) == [], told


def test_a_notice_whose_courier_is_cut_off_anywhere_arrives_and_is_recorded_once(
    made: Made, cleared: Path, endpoint: Endpoint, tmp_path: Path, draw: random.Random
) -> None:
    now, place, ended = made.story.ends_at + timedelta(minutes=1), tmp_path / "there", tmp_path / "ended"
    expire(fresh(cleared, ended), made.story.ends_at.isoformat())
    home = fresh(ended, place)
    for how, point in faults(("tell", home, now.isoformat()), home, draw, STEP):
        home, told = fresh(ended, place), f"tell: {point} {how}"
        endpoint.got.clear()
        _proper(sabotaged(("tell", home, now.isoformat()), home, point, how, STEP), told)
        assert clean(home) == [], told
        assert said(home)["notice.delivered.v1"] <= len(endpoint.got) <= 1, told
        for hours in (2, 30):
            tell(home, (now + timedelta(hours=hours)).isoformat())
        once = said(home)
        assert (once["notice.issued.v3"], once["notice.delivered.v1"]) == (1, 1), told
        assert len(endpoint.got) <= once["notice.attempted.v1"], told
        assert len({headers["webhook-id"] for headers, _ in endpoint.got}) == 1, told
        assert clean(home) == [], told


# -- a time stamp --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    needed_tools()
    with serving_authority(tmp_path_factory.mktemp("tsa")) as serving:
        yield serving


def test_a_stamp_that_is_cut_off_anywhere_is_whole_or_not_there(
    authority: Authority, tmp_path: Path, draw: random.Random, capsys: pytest.CaptureFixture[str]
) -> None:
    need_strace()
    kept, place = tmp_path / "kept", tmp_path / "there"
    kept.mkdir()
    assert main(["init", str(kept / "home"), "--origin", ORIGIN]) == 0
    settings = kept / "home/settings.toml"
    settings.write_text(settings.read_text().replace('tsa_url = ""', f'tsa_url = "{authority.url}"'))
    (kept / "home/trust/tsa/test.pem").write_text(authority.root_pem)
    home = fresh(kept, place)
    command = ("--home", home, "log", "stamp", "--json")
    for how, point in faults(command, home, draw):
        home, told = fresh(kept, place), f"stamp: {point} {how}"
        _proper(sabotaged(command, home, point, how), told)
        assert clean(home) == [], told
        cli = Command(home, capsys)
        cli.json("log", "stamp")
        stamps = next(
            one for one in cli.json("fsck", "--skip-blobs", "--skip-views")["checks"] if one["name"] == "stamps"
        )
        assert (stamps["state"], stamps["checked"]) == ("ok", 1), told


# -- a witness -----------------------------------------------------------------------------------------------------


@pytest.fixture
def asked(tmp_path: Path) -> tuple[Path, tuple[str, ...]]:
    """A witness that cosigned the first size; beside it the request for the second, and one for another tree of that size."""
    need_strace()
    folder = tmp_path / "kept"
    folder.mkdir()
    log = ManyEntries(tmp_path / "ledger.sqlite")
    vkeys = tuple(verifier.vkey() for verifier in log.verifiers)
    for name, old, size in (("first", 0, SIZES[0]), ("second", *SIZES)):
        log.grow(size - old)
        hashes = consistency_proof(old, size, log.store) if old else []
        proof = "".join(f"{b64encode(one).decode()}\n" for one in hashes)
        (folder / name).write_bytes(f"old {old}\n{proof}\n".encode() + log.store.head()[1])
    other = sign_note(Checkpoint(ORIGIN, SIZES[1], bytes(32)).text(), log.keys, 1)
    (folder / "other").write_bytes(f"old {SIZES[1]}\n\n".encode() + other)
    log.close()
    WitnessFolder.init(folder / "home", "witness.example/w")
    assert cosign(folder / "home", str(folder / "first"), *vkeys) == 200
    return folder, vkeys


def remembered(state: Path) -> int:
    note = WitnessFolder(state).last(ORIGIN)
    assert note is not None
    return Checkpoint.parse(note.partition(b"\n\n")[0].decode() + "\n").size


def test_a_witness_that_is_cut_off_anywhere_remembers_all_that_it_signed(
    asked: tuple[Path, tuple[str, ...]], tmp_path: Path, draw: random.Random
) -> None:
    kept, vkeys = asked
    place = tmp_path / "there"
    home = fresh(kept, place)
    command = ("cosign", home, place / "second", *vkeys)
    for how, point in faults(command, home, draw, STEP):
        home, told = fresh(kept, place), f"cosign: {point} {how}"
        ran = sabotaged(command, home, point, how, STEP)
        _proper(ran, told)
        assert remembered(home) == SIZES[1] if ran.out.strip() == "200" else remembered(home) in SIZES, told
        had = remembered(home)
        assert cosign(home, str(place / "second"), *vkeys) == (409 if had == SIZES[1] else 200), told
        assert remembered(home) == SIZES[1], told
        assert cosign(home, str(place / "other"), *vkeys) == 409, told
