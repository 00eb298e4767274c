"""Kill -9 the workers at any moment, run two at once, set clocks forth and back: every end is taken along exactly once."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from api.services.endings import consent_report
from ledger.clock import SteppedClock
from ledger.statement import Said
from ops.fsck import audit_home
from ops.notifying.webhook import Secrets
from ops.settings import Settings, read_settings, write_settings
from ops.wiring import services_of
from ops.worker import ExpiryWorker, NoticeWorker
from schemas.base import format_instant
from schemas.statements.asset import AssetDerived
from schemas.statements.notice import HolderRegistered
from schemas.statements.right import RightRecorded, RightUsed
from tests.contract.notices.conftest import Endpoint
from tests.depth_of import times
from tests.house_of import digest
from tests.office_of import Made, make_office

DESCENDANTS, KILLS = 60, times(4)
LOOP = Path(__file__).with_name("cascade_loop.py")
ONCE = (
    "consent.expired.v1",
    "right.expired.v1",
    "clearance.revoked.v2",
    "asset.flagged.v2",
    "notice.issued.v3",
    "notice.delivered.v1",
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make_office(tmp_path_factory.mktemp("office"))


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    opened = Endpoint()
    yield opened
    opened.close()


@pytest.fixture
def home(made: Made, endpoint: Endpoint, tmp_path: Path) -> Path:
    """A copy of the office whose clip has many descendants and uses a right that ends with its consent, and whose platform is
    told at a real endpoint.
    """
    folder = tmp_path / "home"
    shutil.copytree(made.home, folder)
    settings = read_settings(folder).model_copy(update={"notices_to_private_networks": True})
    write_settings(folder, Settings.model_validate(settings.model_dump()))
    Secrets(folder / "keys/webhooks").renew("pia")
    with services_of(folder, SteppedClock(made.now)) as services:
        say = services.ledger.say
        say(HolderRegistered(holder="pia", endpoint=endpoint.url), actor="operator", method="test")
        for _ in range(DESCENDANTS):
            example = AssetDerived.example().as_json() | {"asset": digest(), "parents": [made.asset]}
            body = AssetDerived.model_validate(example | {"relation": "transcoded"})
            say(body, actor="mara", method="test")
        right = RightRecorded.example().as_json() | {"valid_until": format_instant(made.story.ends_at)}
        say(RightRecorded.model_validate(right), actor="ivy", method="test")
        use = {"asset": made.asset, "right": right["right"], "user": right["holder"]}
        say(RightUsed.model_validate(use), actor="mara", method="test")
    return folder


def test_workers_that_are_killed_again_and_again_do_everything_once(home: Path, made: Made, endpoint: Endpoint) -> None:
    seed = int(os.environ.get("FAULT_SEED", time.time_ns() % 2**32))
    print(f"seed {seed}; run again with FAULT_SEED={seed}")
    draw, now = random.Random(seed), made.story.ends_at
    for _ in range(KILLS):
        now += timedelta(minutes=draw.choice((0, 2, 7)))
        _run_and_kill(home, now, draw.uniform(0, 0.25))
    _finish(home, now + timedelta(minutes=40))
    _all_once(home, made, endpoint)


def test_two_processes_at_once_do_everything_once(home: Path, made: Made, endpoint: Endpoint) -> None:
    processes = [_started(home, made.story.ends_at) for _ in range(2)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "round\n"
        process.send_signal(signal.SIGKILL)
        process.wait(30)
        process.stdout.close()
    _finish(home, made.story.ends_at + timedelta(minutes=5))
    _all_once(home, made, endpoint)


@pytest.mark.parametrize("jumps", [(0, 400, -390, 1), (400, -400, 0), (0, -1, 1, 0)], ids=str)
def test_clocks_that_jump_record_nothing_early_and_nothing_twice(
    home: Path, made: Made, endpoint: Endpoint, jumps: tuple[int, ...]
) -> None:
    """Days around the end; a worker before the end records nothing, one after a jump back records nothing again."""
    for days in jumps:
        now = made.story.ends_at + timedelta(days=days)
        with services_of(home, SteppedClock(now)) as services:
            before = _counts(services)
            ExpiryWorker(services).run_once()
            NoticeWorker(services, _home(home), read_settings(home)).run_once()
            for kind in ("consent.expired.v1", "right.expired.v1"):
                if days < 0 and not before[kind, 0]:
                    assert _counts(services)[kind, 0] == 0
    _finish(home, made.story.ends_at + timedelta(days=401))
    _all_once(home, made, endpoint)


def _counts(services: object) -> Counter[tuple[str, int]]:
    found: Counter[tuple[str, int]] = Counter()
    for said in services.ledger.read(types=ONCE):  # type: ignore[attr-defined]
        found[said.type, 0] += 1
    return found


def _home(folder: Path) -> object:
    from ops.home import Home

    return Home(folder)


def _started(home: Path, now: datetime) -> subprocess.Popen[str]:
    command = [sys.executable, str(LOOP), str(home), now.isoformat()]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def _run_and_kill(home: Path, now: datetime, after_s: float) -> None:
    process = _started(home, now)
    threading.Timer(after_s, process.send_signal, (signal.SIGKILL,)).start()
    assert process.wait(30) == -signal.SIGKILL
    assert process.stdout is not None
    process.stdout.close()


def _finish(home: Path, now: datetime) -> None:
    with services_of(home, SteppedClock(now)) as services:
        for _ in range(3):
            ExpiryWorker(services).run_once()
            NoticeWorker(services, _home(home), read_settings(home)).run_once()  # type: ignore[arg-type]


def _about(said: Said) -> tuple[str, ...]:
    """What makes a statement the only one of its type; a notice's own number does not."""
    tags = said.statement.tags
    return tags[1:3] if said.type == "notice.issued.v3" else tags[:1] if "notice" in said.type else tags


def _all_once(home: Path, made: Made, endpoint: Endpoint) -> None:
    with services_of(home, SteppedClock(made.now)) as services:
        said = Counter((one.type, *_about(one)) for one in services.ledger.read(types=ONCE))
        assert set(said.values()) == {1}
        kinds = Counter(kind for kind, *_ in said)
        assert (kinds["consent.expired.v1"], kinds["right.expired.v1"], kinds["clearance.revoked.v2"]) == (1, 1, 1)
        assert kinds["asset.flagged.v2"] == 2 * (DESCENDANTS + 2)  # for the consent and for the right
        assert kinds["notice.issued.v3"] == kinds["notice.delivered.v1"] == 2
        report = consent_report(services, made.story.consent)
        assert (report.counts.files_flagged, report.counts.notices_delivered) == (DESCENDANTS + 2, 1)
    assert len({headers["webhook-id"] for headers, _ in endpoint.got}) == 2
    assert audit_home(home, read_settings(home), skip_blobs=True, skip_views=False, progress=lambda _: None).clean
