"""Which record belongs to which file: never by a guess, and at a cost that follows the names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ledger.generators.archive import Archive, read_archive
from ledger.generators.sora import SoraLegacy

JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 32


def job(number: str, **members: Any) -> str:
    raw = {"id": number, "object": "video", "status": "completed", "model": "sora-2", "prompt": "A cup."}
    return json.dumps({**raw, "seconds": "8", "size": "1280x720", "progress": 100, "created_at": 1760000000, **members})


def archive(folder: Path, **files: str | bytes) -> Archive:
    """Files by name (`__` for a slash, `_dot_` for a dot)."""
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_archive(sorted(path for path in folder.rglob("*") if path.is_file()), SoraLegacy())


def paired(found: Archive) -> dict[str, tuple[str | None, str | None]]:
    return {one.path.name: (one.job.record.job if one.job else None, one.paired_by) for one in found.clips}


def test_a_number_counts_only_whole(tmp_path: Path) -> None:
    found = archive(
        tmp_path,
        clips__a_video_68f0a1b2_x_dot_jpg=JPEG,
        clips__video_68f0a1b2c_dot_jpg=JPEG,
        jobs__1_dot_json=job("video_68f0a1b2"),
        jobs__2_dot_json=job("video_68f0a1b2c"),
    )
    assert paired(found) == {
        "a_video_68f0a1b2_x.jpg": ("video_68f0a1b2", "job_in_name"),
        "video_68f0a1b2c.jpg": ("video_68f0a1b2c", "job_in_name"),
    }


def test_a_folder_named_for_the_job_and_one_that_holds_only_both(tmp_path: Path) -> None:
    found = archive(
        tmp_path,
        video_aaaaaaaa__clip_dot_jpg=JPEG,
        x_dot_json=job("video_aaaaaaaa"),
        alone__film_dot_jpg=JPEG,
        alone__other_dot_json=job("video_bbbbbbbb"),
        alone__notes_dot_txt="downloaded on: 2026-09-01",
    )
    assert paired(found) == {
        "clip.jpg": ("video_aaaaaaaa", "job_in_name"),
        "film.jpg": ("video_bbbbbbbb", "only_pair"),
    }
    film = next(one for one in found.clips if one.path.name == "film.jpg")
    assert str(film.downloaded_on) == "2026-09-01"


def test_a_page_of_jobs_is_read_and_what_is_left_of_it_is_told(tmp_path: Path) -> None:
    page = {"object": "list", "data": [json.loads(job("video_cccccccc")), json.loads(job("video_dddddddd"))]}
    found = archive(tmp_path, clips__video_cccccccc_dot_jpg=JPEG, page_dot_json=json.dumps(page))
    assert paired(found) == {"video_cccccccc.jpg": ("video_cccccccc", "job_in_name")}
    assert [(one.code, "video_dddddddd" in one.why) for one in found.left_out] == [("job_without_file", True)]


def test_two_records_that_contradict_each_other_are_none(tmp_path: Path) -> None:
    found = archive(
        tmp_path,
        clips__video_eeeeeeee_dot_jpg=JPEG,
        a_dot_json=job("video_eeeeeeee"),
        b_dot_json=job("video_eeeeeeee", prompt="Another."),
        c_dot_json=job("video_ffffffff"),
        d_dot_json=job("video_ffffffff"),
    )
    assert paired(found) == {"video_eeeeeeee.jpg": (None, None)}
    assert sorted(one.code for one in found.left_out) == ["job_contradicted", "job_contradicted", "job_without_file"]


@pytest.mark.parametrize(
    "raw", [b"", b"[1]", b'{"object": "list", "data": 4}', b'{"object": "list", "data": [4]}', b"\xff"]
)
def test_what_is_no_record_is_left_out_and_told(tmp_path: Path, raw: bytes) -> None:
    found = archive(tmp_path, clip_dot_jpg=JPEG, x_dot_json=raw, y_dot_txt="")
    assert [one.path.name for one in found.left_out] == ["x.json"]
    assert paired(found) == {"clip.jpg": (None, None)}


def test_a_job_that_gave_nothing_is_no_evidence_for_a_file(tmp_path: Path) -> None:
    found = archive(tmp_path, clip_dot_jpg=JPEG, clip_dot_json=job("video_gggggggg", status="failed"))
    assert found.clips[0].problem is not None
    assert found.clips[0].problem[0] == "job_not_completed"
