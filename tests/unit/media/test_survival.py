"""Four columns, and four different ways of not having a signal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ledger.media import survival
from ledger.media.c2pa_report import C2paReport
from ledger.media.findings import EXTRACTORS, Examination, Finding, Fingerprints, FrameCode
from ledger.media.survival import Likeness


def examined(c2pa: str = "trusted", mark: str = "found", frames: int = 1) -> Examination:
    report = C2paReport(c2pa, "none")  # type: ignore[arg-type]
    prints = Fingerprints("pdq256@512px", "1", (FrameCode(0, "00" * 32, 100, "00" * 32),) * frames)
    findings = tuple(Finding(name, "none", "0", mark) for name in EXTRACTORS)  # type: ignore[arg-type]
    return Examination("11" * 32, 1, None, report, prints, None, findings)


@pytest.mark.parametrize(
    ("before", "after", "outcome"),
    [
        ("trusted", "trusted", "survived"),
        ("trusted", "expired", "survived"),
        ("untrusted", "untrusted", "survived"),
        ("trusted", "absent", "lost"),
        ("trusted", "tampered", "invalid"),
        ("trusted", "unsupported", "not_checked"),
        ("trusted", "remote_only", "not_checked"),
        ("trusted", "not_checked", "not_checked"),
        ("absent", "absent", "not_present"),
        ("tampered", "absent", "not_checked"),
        ("not_checked", "absent", "not_checked"),
    ],
)
def test_a_stripped_manifest_is_lost_and_a_broken_one_invalid(before: str, after: str, outcome: str) -> None:
    found = survival.c2pa(examined(before), examined(after))
    assert (found.outcome, found.before, found.after) == (outcome, before, after)


@pytest.mark.parametrize(
    ("before", "after", "outcome"),
    [
        ("found", "found", "survived"),
        ("found", "absent", "lost"),
        ("absent", "absent", "not_present"),
        ("not_checked", "absent", "not_checked"),
        ("found", "not_checked", "not_checked"),
        ("found", "failed", "not_checked"),
    ],
)
def test_a_mark_that_nobody_looked_for_is_neither_kept_nor_lost(before: str, after: str, outcome: str) -> None:
    assert survival.mark("visible_mark", examined(mark=before), examined(mark=after)).outcome == outcome


@pytest.mark.parametrize(("word", "outcome"), [("copy", "survived"), ("candidate", "lost"), ("unlike", "lost")])
def test_a_picture_survives_if_it_is_still_found_as_a_copy(word: str, outcome: str) -> None:
    assert survival.fingerprint(examined(), Likeness(word, 500)).outcome == outcome


def test_without_frames_nothing_is_said_of_the_picture() -> None:
    assert survival.fingerprint(examined(), None).outcome == "not_checked"
    assert survival.fingerprint(replace(examined(), fingerprints=None), Likeness("copy", 1000)).outcome == "not_checked"
