"""A look at a long file goes on where it was, whoever died: the child, the process that waited for it, or both."""

from __future__ import annotations

import base64
import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ledger.media import examine as examining
from ledger.media.checkpoint import FILE_BYTES, STATE_BYTES_MAX, Sheet
from ledger.media.children import ColdChildren, Running
from ledger.media.extraction import Extraction, Looking
from ledger.media.findings import LOCAL_FEATURES, QUERY_VARIANTS, Examination, Finding
from ledger.media.fingerprints import FingerprintConsumer
from ledger.media.frames import Coverage, SampledFrame, sample_frames
from ledger.media.probe import sniff
from ledger.media.sandbox import Examiner
from ledger.media.scratch import FILES_MAX, KEPT_SECONDS, Scratch
from ledger.media.text import TextConsumer
from ledger.media.trust import TrustSettings
from ledger.media.watching import CHECKPOINT_FRAMES
from ops.demo.media import make_demo_clip
from tests.marks_of import mark, png
from tests.sheets_of import kept_in

LOOKED = frozenset({"pdq", "phash256", "visible_mark", "text", "brand", LOCAL_FEATURES, QUERY_VARIANTS})
QUICK = frozenset({"pdq"})
SECONDS = 40  # 80 sampled frames: one checkpoint, and some way to go
MARK = {"template": "anvil", "provider": "anvil", "sha256": "aa" * 32, "width_permille": 300}


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_demo_clip(tmp_path_factory.mktemp("long") / "long.mp4", seconds=SECONDS, size=(160, 90), fps=4)


@pytest.fixture
def sheet(tmp_path: Path) -> Iterator[Sheet]:
    with (tmp_path / "sheet").open("w+b") as file:
        file.truncate(FILE_BYTES)
        one = Sheet(file.fileno())
    yield one
    one.close()


class Killed(BaseException):
    """Passes everything that catches what a stranger's bytes provoke, as a signal would."""


def look(path: Path, names: frozenset[str], sheet: Sheet | None, options: dict[str, Any]) -> Extraction:
    return examining.examine(path, names, TrustSettings(), datetime.now(UTC), options, sheet=sheet)


def killed_at(frames: int, monkeypatch: pytest.MonkeyPatch, *asked: Any) -> None:
    seen = iter(range(frames))

    def see(self: FingerprintConsumer, frame: SampledFrame) -> None:
        if next(seen, None) is None:
            raise Killed
        as_ever(self, frame)

    as_ever = FingerprintConsumer.see
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(FingerprintConsumer, "see", see)
        look(*asked)


def unmarked(finding: Finding) -> Finding:
    return replace(finding, detail={key: value for key, value in finding.detail.items() if key != "resumed_ms"})


def without_marks(found: Extraction) -> dict[str, Any]:
    """Everything but that it was resumed."""
    findings = [unmarked(one).as_json() for one in found.findings.values()]
    return {**found.as_json(), "findings": findings, "c2pa": None}


def test_a_look_that_was_killed_goes_on_and_finds_what_a_whole_one_finds(
    long: Path, sheet: Sheet, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"visible_mark": {"templates": [MARK | {"image": base64.b64encode(png(mark())).decode()}]}}
    asked = (long, LOOKED, sheet, options)
    killed_at(CHECKPOINT_FRAMES + 9, monkeypatch, *asked)
    resumed, whole = look(*asked), look(long, LOOKED, None, options)
    (at,) = resumed.findings["pdq"].detail["resumed_ms"]
    assert resumed.findings[LOCAL_FEATURES].detail["resumed_ms"] == [at]
    assert whole.fingerprints is not None
    assert at == whole.fingerprints.frames[CHECKPOINT_FRAMES - 1].t_ms
    assert "resumed_ms" not in whole.findings["pdq"].detail
    assert whole.findings["visible_mark"].state in ("found", "absent")
    assert without_marks(resumed) == without_marks(whole)


def test_what_reads_words_is_restored_as_it_was(long: Path) -> None:
    first, other = (TextConsumer(Looking(long, sniff(long), frozenset({"text"}))) for _ in range(2))
    for frame in sample_frames(long, sniff(long), Coverage()):
        first.see(frame)
    other.restore(first.state())
    once, again = first.state(), other.state()
    assert once.keys() == again.keys()
    assert all(np.array_equal(once[name], again[name]) for name in once)
    assert [frame.t_ms for frame in first._even.chosen()] == [frame.t_ms for frame in other._even.chosen()]


def test_what_other_versions_left_is_not_gone_on_with(
    long: Path, sheet: Sheet, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_at(CHECKPOINT_FRAMES + 1, monkeypatch, long, QUICK, sheet, {})
    assert sheet.number == 1
    monkeypatch.setattr("ledger.media.fingerprints.PDQ_ALGORITHM", "pdq256@513px/nonref-2fps")
    assert "resumed_ms" not in look(long, QUICK, sheet, {}).findings["pdq"].detail


def test_a_damaged_state_is_not_believed_and_the_one_before_it_is(sheet: Sheet) -> None:
    assert sheet.kept() == b""
    sheet.keep(b"one")
    sheet.keep(b"two")
    assert (sheet.kept(), sheet.number) == (b"two", 2)
    whole = sheet._map[:]
    sheet._map[whole.index(b"two")] ^= 1
    assert sheet.kept() == b"one"


def test_a_state_over_the_bound_leaves_what_was_kept(sheet: Sheet) -> None:
    sheet.keep(b"one")
    assert not sheet.keep(bytes(STATE_BYTES_MAX + 1))
    assert sheet.kept() == b"one"


class Deadly(ColdChildren):
    """Kills the first `deaths` children as soon as they kept something (or at once, with `early`)."""

    def __init__(self, scratch: Path, deaths: int, *, early: bool = False) -> None:
        self.scratch, self.left, self.early, self.started = scratch, deaths, early, 0

    @contextmanager
    def working(self, job: dict[str, Any], files: tuple[int, ...], deadline: float) -> Iterator[Running]:
        self.started += 1
        with super().working(job, files, deadline) as running:
            if self.left > 0:
                self.left -= 1
                before = 0 if self.early else kept_in(self.scratch)
                while not self.early and kept_in(self.scratch) <= before:
                    time.sleep(0.01)
                os.kill(running._process.pid, signal.SIGKILL)  # type: ignore[attr-defined]
            yield running


def examined(children: Deadly, path: Path) -> Examination:
    return Examiner(children=children, scratch=Scratch(children.scratch)).examine(path, extractors=QUICK)


def test_a_child_that_got_further_before_it_died_is_followed_by_another(long: Path, tmp_path: Path) -> None:
    deadly = Deadly(tmp_path / "scratch", deaths=1)
    found = examined(deadly, long)
    assert found.fingerprints is not None
    assert found.finding("pdq").state == "found"
    assert found.finding("pdq").detail["resumed_ms"] == [found.fingerprints.frames[CHECKPOINT_FRAMES - 1].t_ms]
    assert found.finding("pdq").detail["until_ms"] > (SECONDS - 1) * 1000
    assert deadly.started == 2
    assert list(deadly.scratch.iterdir()) == []


def test_one_that_did_not_is_a_crash_of_that_file(long: Path, tmp_path: Path) -> None:
    deadly = Deadly(tmp_path / "scratch", deaths=9, early=True)
    assert examined(deadly, long).finding("pdq").detail == {"code": "crashed"}
    assert (deadly.started, list(deadly.scratch.iterdir())) == (1, [])


def test_two_at_the_same_file_do_not_share_what_they_keep(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path)
    with scratch.trace("aa" * 32, {}) as mine, scratch.trace("aa" * 32, {}) as other:
        mine.sheet.tell(500, 4_000)
        assert other.sheet.told() == (0, 0)
        assert scratch.under_way("aa" * 32) == (500, 4_000)
        assert scratch.under_way("bb" * 32) is None
    assert scratch.under_way("aa" * 32) is None


def test_what_crashes_left_is_deleted_when_it_is_old_or_too_much(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path)
    for number in range(FILES_MAX + 3):
        with scratch.trace(f"{number:064x}", {}) as trace:
            trace.sheet.keep(b"begun")
    assert len(list(tmp_path.iterdir())) == FILES_MAX
    newest = max(tmp_path.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    long_ago = newest.stat().st_mtime - KEPT_SECONDS - 60
    os.utime(newest, (long_ago, long_ago))
    with scratch.trace("ff" * 32, {}):
        assert not newest.exists()


def test_a_folder_that_can_not_be_written_costs_nothing_but_the_resuming(tmp_path: Path, clip: Path) -> None:
    (tmp_path / "scratch").touch()
    assert (
        Examiner(scratch=Scratch(tmp_path / "scratch")).examine(clip, extractors=QUICK).finding("pdq").state == "found"
    )


def test_progress_is_told_in_ms_of_the_file(long: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    Examiner().examine(shutil.copy(long, tmp_path / "a.mp4"), extractors=QUICK, progress=lambda *one: told.append(one))
    assert told == sorted(told)
    done, total = told[-1]
    assert 0 < done <= total
    assert total == pytest.approx(SECONDS * 1000, abs=1000)
