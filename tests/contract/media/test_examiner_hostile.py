"""Hostile files, the caller's mistakes, and a child process that misbehaves: typed answers, and never "clean"."""

from __future__ import annotations

import hashlib
import os
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest

from ledger.errors import LedgerError
from ledger.media import child
from ledger.media.findings import ALL, CHEAP
from ledger.media.sandbox import Examiner


@pytest.mark.parametrize("name", ["text", "truncated_mp4", "truncated_png", "huge_png", "playlist", "zeros"])
def test_hostile_files_are_findings_and_never_clean(
    name: str, examiner: Examiner, signed: Path, tmp_path: Path
) -> None:
    path = tmp_path / "upload"
    path.write_bytes(hostile(name, signed))
    found = examiner.examine(path)
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert not found.c2pa.holds
    assert found.finding("pdq").state in ("failed", "unsupported")
    assert found.finding("essence").state in ("failed", "unsupported")
    assert found.finding("pdq").detail["code"]


def hostile(name: str, signed: Path) -> bytes:
    return {
        "text": b"This is no picture.\n" * 100,
        "truncated_mp4": signed.read_bytes()[:3000],
        "truncated_png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
        "huge_png": huge_png(),
        "playlist": b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
        "zeros": bytes(4096),
    }[name]


def huge_png() -> bytes:
    """A valid header that claims 60,000 x 60,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 9)) + chunk(b"IEND", b"")
    )


def test_huge_dimensions_are_refused_by_name(examiner: Examiner, tmp_path: Path) -> None:
    (tmp_path / "huge.png").write_bytes(huge_png())
    assert examiner.examine(tmp_path / "huge.png").finding("pdq").detail == {"code": "too_many_pixels"}


def test_a_file_that_breaks_off_says_how_far_it_was_looked_at(examiner: Examiner, clip: Path, tmp_path: Path) -> None:
    with av.open(str(clip)) as container, av.open(str(tmp_path / "whole.mkv"), "w") as output:
        stream = output.add_stream_from_template(container.streams.video[0])
        for packet in container.demux(container.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                output.mux(packet)
    data = (tmp_path / "whole.mkv").read_bytes()
    (tmp_path / "half.mkv").write_bytes(data[: len(data) // 2])
    found = examiner.examine(tmp_path / "half.mkv").finding("pdq")
    assert found.state == "found"
    assert 0 < found.detail["until_ms"] < 3000


@pytest.mark.parametrize(
    ("code", "make"),
    [
        ("file_not_found", lambda path: None),
        ("file_empty", lambda path: path.touch()),
        ("file_unreadable", lambda path: path.mkdir()),
        ("file_unreadable", os.mkfifo),
    ],
)
def test_callers_mistakes_are_typed(code: str, make: Callable[[Path], Any], examiner: Examiner, tmp_path: Path) -> None:
    make(tmp_path / "upload")
    with pytest.raises(LedgerError) as caught:
        examiner.examine(tmp_path / "upload")
    assert caught.value.code == code


def test_a_file_over_the_bound_is_refused_unread(clip: Path) -> None:
    with pytest.raises(LedgerError) as caught:
        Examiner(limits=child.Limits(file_bytes=1000)).examine(clip)
    assert caught.value.code == "file_too_large"


def test_an_unknown_extractor_is_the_callers_mistake(examiner: Examiner, clip: Path) -> None:
    with pytest.raises(LedgerError) as caught:
        examiner.examine(clip, extractors=frozenset({"pqd"}))
    assert caught.value.code == "extractor_unknown"


def test_an_examiner_out_of_time_is_killed_and_reads_failed(clip: Path) -> None:
    found = Examiner(limits=child.Limits(wall_seconds=0)).examine(clip)
    assert found.sha256 == hashlib.sha256(clip.read_bytes()).hexdigest()
    assert found.c2pa.state == "not_checked"
    assert found.c2pa.validation == ("countersign.examination.timeout",)
    assert {found.finding(name).state for name in ALL - {"digest"}} == {"failed"}


def test_an_examiner_out_of_processor_time_reads_failed(clip: Path) -> None:
    found = Examiner(limits=child.Limits(cpu_seconds=0)).examine(clip)
    assert {found.finding(name).detail["code"] for name in ALL - {"digest"}} == {"crashed"}
    assert not found.c2pa.holds


@pytest.mark.parametrize("text", ["not json", "[]", "{}", '{"extraction": {"findings": 3}, "fences": {}}'])
def test_garbage_from_the_child_reads_failed(text: str, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "read_answer", lambda stdout, deadline: text.encode())
    found = Examiner(limits=child.Limits(wall_seconds=20)).examine(clip, extractors=CHEAP)
    assert found.finding("c2pa").detail == {"code": "garbage"}


def test_a_babbling_child_is_cut_off(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "ANSWER_BYTES_MAX", 100)
    assert Examiner().examine(clip, extractors=CHEAP).finding("c2pa").detail == {"code": "answer_too_large"}


def test_the_child_can_open_no_socket_and_start_no_program() -> None:
    job = {"kind": "fences", "limits": child.Limits().as_json()}
    with child.started(job, ()) as process:
        attempts = child.answer(process, time.monotonic() + 20)["attempts"]
    assert attempts == {"socket": "PermissionError", "program": "PermissionError"}


def test_the_child_inherits_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTERSIGN_SECRET", "hunter2")
    job = {"kind": "fences", "limits": child.Limits().as_json()}
    with child.started(job, ()) as process:
        environment = Path(f"/proc/{process.pid}/environ")
        inherited = environment.read_bytes() if environment.exists() else b""
    assert b"hunter2" not in inherited
