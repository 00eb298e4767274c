"""An archive of somebody's clips: which job record and which notes belong to which file. Reads names and small texts only.

Three ways, in this order, and never a guess: the job's number stands in the file's path; both have one name in one folder;
they are alone in a folder. Two jobs that fit equally well fit not at all.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from ledger.errors import Misuse
from ledger.generators.port import Generator, ProviderRecord
from ledger.media.media_type import LEADING_BYTES, media_type
from ledger.proof.canonical import parse_json
from schemas.statements.provider import NOTES_CHARS_MAX, RECORD_CHARS_MAX, Pairing

NOTE_SUFFIXES: Final = frozenset({".txt", ".md"})
RECORD_BYTES_MAX: Final = 4 * 2**20  # a page of a hundred jobs with long prompts has one
JOB_NAME_CHARS_MIN: Final = 8  # a shorter number would be found in names by chance
NAME_PIECES_MAX: Final = 24  # parts of a file name between underscores
_DOWNLOADED = re.compile(r"^\s*[#*_-]*\s*downloaded(?: on)?\s*[:=]\s*(\d{4}-\d\d-\d\d)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class KeptJob:
    """A job record as it lay in a file. `text` is the record verbatim; of a page of jobs, its part written anew."""

    path: Path
    record: ProviderRecord
    text: str


@dataclass(frozen=True)
class ArchivedClip:
    """A media file with what was found to belong to it. `problem`: why a record that is near was not taken."""

    path: Path
    job: KeptJob | None = None
    paired_by: Pairing | None = None
    notes: str | None = None
    downloaded_on: date | None = None
    problem: tuple[str, str] | None = None


@dataclass(frozen=True)
class LeftOut:
    """A file that is not imported, and why: a stable code and a sentence."""

    path: Path
    code: str
    why: str


@dataclass(frozen=True)
class Archive:
    """Everything that lay in the folder is in one of the two, or a note or record of a clip."""

    clips: tuple[ArchivedClip, ...]
    left_out: tuple[LeftOut, ...]


def read_archive(files: Sequence[Path], generator: Generator) -> Archive:
    """Pairs what lies in an archive. Raises Unavailable `extra_missing` when records can't be read at all."""
    clips = [path for path in files if path.suffix.lower() not in NOTE_SUFFIXES | {".json"} and _is_media(path)]
    jobs, left_out = _jobs([path for path in files if path.suffix.lower() == ".json"], generator)
    notes = [path for path in files if path.suffix.lower() in NOTE_SUFFIXES]
    shelf = _Shelf(clips, jobs, notes)
    found = [shelf.clip(path) for path in clips]
    taken, used = {id(one.job) for one, _ in found}, {note for _, notes in found for note in notes}
    known = {*clips, *notes}
    left_out += [_without_file(job) for job in jobs if id(job) not in taken]
    left_out += [
        LeftOut(path, "note_without_file", "belongs to no media file here") for path in notes if path not in used
    ]
    left_out += [
        LeftOut(path, "not_media", "no media file, job record or note")
        for path in files
        if path not in known and path.suffix.lower() != ".json"
    ]
    return Archive(tuple(clip for clip, _ in found), tuple(sorted(left_out, key=lambda one: str(one.path))))


class _Shelf:
    """What lies beside what, so that a file costs what its folder and its name cost and not what the archive does."""

    def __init__(self, clips: Sequence[Path], jobs: Sequence[KeptJob], notes: Sequence[Path]) -> None:
        self._numbers = {job.record.job: job for job in jobs}
        self._clips = Counter(path.parent for path in clips)
        self._jobs: dict[Path, list[KeptJob]] = defaultdict(list)
        self._notes: dict[Path, list[Path]] = defaultdict(list)
        self._noted: dict[str, list[Path]] = defaultdict(list)
        for job in jobs:
            self._jobs[job.path.parent].append(job)
        for note in notes:
            self._notes[note.parent].append(note)
            for job in self._named(note):
                self._noted[job.record.job].append(note)

    def clip(self, path: Path) -> tuple[ArchivedClip, list[Path]]:
        """The clip with its record, and the notes that were read for it."""
        job, by, problem = self._job(path)
        notes = self._notes_of(path, job)
        text = "\n\n".join(filter(None, map(_note, notes)))
        if len(text) > NOTES_CHARS_MAX:
            problem = problem or ("notes_too_large", f"its notes have over {NOTES_CHARS_MAX} characters: left out")
        kept = text if 0 < len(text) <= NOTES_CHARS_MAX else None
        return ArchivedClip(path, job, by, kept, _day(text), problem), notes

    def _job(self, path: Path) -> tuple[KeptJob | None, Pairing | None, tuple[str, str] | None]:
        beside = self._jobs[path.parent]
        ways: tuple[tuple[Pairing, list[KeptJob]], ...] = (
            ("job_in_name", self._named(path)),
            ("same_name", [job for job in beside if job.path.stem in (path.stem, path.name)]),
            ("only_pair", beside if self._alone(path) else []),
        )
        for by, fitting in ways:
            if len(fitting) > 1:
                return None, None, ("job_ambiguous", f"{len(fitting)} job records fit this file equally well")
            if fitting and fitting[0].record.status != "completed":
                record = fitting[0].record
                return None, None, ("job_not_completed", f"job {record.job} is {record.status} in its record")
            if fitting:
                return fitting[0], by, None
        return None, None, None

    def _notes_of(self, path: Path, job: KeptJob | None) -> list[Path]:
        beside = self._notes[path.parent]
        named = self._noted[job.record.job] if job else []
        same = [note for note in beside if note.stem in (path.stem, path.name)]
        return list(dict.fromkeys([*named, *same, *(beside if self._alone(path) else [])]))

    def _alone(self, path: Path) -> bool:
        return self._clips[path.parent] == 1

    def _named(self, path: Path) -> list[KeptJob]:
        """The jobs whose numbers stand, whole, in the file's name or are the name of its folder."""
        return [self._numbers[word] for word in _words(path) if word in self._numbers]


def _words(path: Path) -> dict[str, None]:
    """What in a name could be a job's number: runs of letters and digits, and of those joined by one underscore."""
    found: dict[str, None] = {path.parent.name: None, path.stem: None}
    for run in re.findall(r"[A-Za-z0-9_]+", path.stem):
        pieces = run.split("_")[:NAME_PIECES_MAX]
        for start in range(len(pieces)):
            for end in range(start + 1, len(pieces) + 1):
                found["_".join(pieces[start:end])] = None
    return {word: None for word in found if len(word) >= JOB_NAME_CHARS_MIN}


def _is_media(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return media_type(file.read(LEADING_BYTES)).kind != "other"
    except OSError:
        return True  # so that its import says why it can't be read


def _without_file(job: KeptJob) -> LeftOut:
    record = job.record
    if record.status != "completed":
        return LeftOut(job.path, "job_without_result", f"job {record.job} is {record.status}: no file came of it")
    return LeftOut(job.path, "job_without_file", f"no media file here belongs to job {record.job}")


def _jobs(files: Sequence[Path], generator: Generator) -> tuple[list[KeptJob], list[LeftOut]]:
    """Every record once: the same one kept twice is one, two that differ under one number are none."""
    found: dict[str, list[KeptJob]] = {}
    left_out: list[LeftOut] = []
    for path in files:
        try:
            for job in _read_jobs(path, generator):
                found.setdefault(job.record.job, []).append(job)
        except Misuse as error:
            left_out.append(LeftOut(path, error.code, error.what))
    kept: list[KeptJob] = []
    for number, jobs in found.items():
        if all(job.record.raw == jobs[0].record.raw for job in jobs):
            kept.append(jobs[0])
        else:
            why = f"two records of job {number} differ"
            left_out += [LeftOut(job.path, "job_contradicted", why) for job in jobs]
    return kept, left_out


def _read_jobs(path: Path, generator: Generator) -> Iterator[KeptJob]:
    try:
        with path.open("rb") as file:
            raw = file.read(RECORD_BYTES_MAX + 1)
    except OSError as error:
        raise Misuse("file_unreadable", f"the file can't be read: {error.strerror}", "Check its rights.") from error
    if len(raw) > RECORD_BYTES_MAX:
        raise Misuse("record_too_large", f"over {RECORD_BYTES_MAX} bytes: no job record", "Leave it out.")
    document = parse_json(raw)
    page = document.get("data") if isinstance(document, dict) and document.get("object") == "list" else None
    if page is not None and not isinstance(page, list):
        raise Misuse("provider_record_malformed", "a page of jobs without a list of them", "Leave it out.")
    texts = [raw.decode()] if page is None else [_text(one) for one in page]
    for text in texts:
        if len(text) > RECORD_CHARS_MAX:
            raise Misuse("record_too_large", f"a record has over {RECORD_CHARS_MAX} characters", "Leave it out.")
        yield KeptJob(path, generator.read_record(text.encode()), text)


def _text(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _note(path: Path) -> str | None:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(NOTES_CHARS_MAX + 1).strip() or None
    except OSError:
        return None


def _day(text: str) -> date | None:
    """The day that a note's line `Downloaded: 2026-08-30` says."""
    found = _DOWNLOADED.search(text)
    try:
        return date.fromisoformat(found.group(1)) if found else None
    except ValueError:
        return None
