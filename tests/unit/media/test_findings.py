"""Findings read back only when they are what was written."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.media.findings import C2paReport, Examination, Finding, Fingerprints, FrameCode, Probe, Stream


def examination() -> dict[str, Any]:
    frames = Fingerprints("pdq256", "1", (FrameCode(0, "ab" * 32, 90, "cd" * 32),))
    report = C2paReport("trusted", raw_report=b"{}", ledger_assertion={"index": 1})
    found = Finding("digest", "sha256", "1", "found", {"size_bytes": 3})
    return Examination("ef" * 32, 3, None, report, frames, None, (found,)).as_json(whole=True)


def test_what_was_written_reads_back() -> None:
    assert Examination.from_json(examination()).as_json(whole=True) == examination()


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("sha256", "ef" * 31),
        ("sha256", "zz" * 32),
        ("size_bytes", 3.0),
        ("size_bytes", True),
        ("findings", [{"extractor": "digest"}]),
        ("findings", [{"extractor": "d", "algorithm": "a", "version": "1", "state": "clean", "detail": {}}]),
        ("fingerprints", {"algorithm": "a", "version": "1", "frames": [[0, "ab", 1, "cd"]]}),
        ("c2pa", {"state": "trusted"}),
    ],
)
def test_anything_else_is_refused(member: str, value: object) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        Examination.from_json(examination() | {member: value})


@pytest.mark.parametrize(
    ("state", "below", "holds"),
    [
        ("trusted", "none", True),
        ("trusted", "trusted", True),
        ("trusted", "absent", True),
        ("trusted", "tampered", False),
        ("trusted", "untrusted", False),
        ("trusted", "not_checked", False),
        ("not_checked", "none", False),
        ("untrusted", "trusted", False),
    ],
)
def test_a_report_holds_only_when_nothing_below_contradicts_it(state: Any, below: Any, holds: bool) -> None:
    assert C2paReport(state, below).holds is holds


@pytest.mark.parametrize(
    ("kinds", "medium"),
    [
        (("video", "audio"), "video"),
        (("audio",), "audio"),
        (("cover", "audio"), "audio"),
        (("picture",), "still"),
        (("animation",), "video"),
        (("unknown",), ""),
        (("subtitle",), ""),
        ((), ""),
    ],
)
def test_the_medium_is_what_the_streams_are(kinds: tuple[str, ...], medium: str) -> None:
    streams = tuple(Stream(n, kind, "any") for n, kind in enumerate(kinds))
    assert Probe("mp4", "video/mp4", 0, streams, 1).medium == medium
