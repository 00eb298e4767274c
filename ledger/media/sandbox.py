"""Examine a stranger's file from a process that never parses a byte of it: we hash, a fenced child does the rest.

What the file does to the child is a finding, never an exception and never "clean". Only the caller's mistakes raise.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from ledger.clock import Clock, SystemClock
from ledger.errors import Misuse, NotFound, TooLarge, Unavailable
from ledger.media.beside import FRAGMENTS_MAX, SIDECAR_BYTES_MAX, Beside
from ledger.media.brought import BroughtModel
from ledger.media.child import ChildFailedError, Limits
from ledger.media.children import Children, ColdChildren
from ledger.media.decoding import text
from ledger.media.evidence import evidence_of
from ledger.media.examine import DIGEST_ALGORITHM
from ledger.media.extraction import finding
from ledger.media.extractors import BUILT
from ledger.media.findings import ALL, BY_NAME, CHEAP, EXTRACTORS, LEARNT_DESCRIPTOR, C2paReport, Examination, Finding
from ledger.media.scratch import Scratch, Trace
from ledger.media.trust import TrustSettings

HASH_BLOCK_BYTES: Final = 1 * 2**20
_ASKED: Final = ("extractors", "options")  # what of a job a look can only go on with if it is the same

Named = tuple[str, int]
"""(SHA-256, size)"""

Spec = tuple[str, str]
"""(algorithm, version)"""
Progress = Callable[[int, int], None]
"""Called with how many ms of the file's duration were looked at, and how many it has; 0 where it doesn't say."""


class Examiner:
    """The examiner port's production implementation. Safe to use from several threads; each call has its own child."""

    def __init__(
        self,
        trust: TrustSettings | Callable[[], TrustSettings] | None = None,
        *,
        limits: Limits | None = None,
        clock: Clock | None = None,
        children: Children | None = None,
        criteria: Callable[[], dict[str, Any]] | None = None,
        scratch: Scratch | None = None,
        model: BroughtModel | None = None,
    ) -> None:
        """`trust` as a function is asked for each file: what the log says is believed by then, or Unavailable.

        `criteria` is asked likewise: what extractors look for, by their name, where a call's own `options` say nothing.
        In `scratch` a look that ended too soon leaves what the next one goes on from. `model` is a learnt descriptor's.
        `clock` answers when a signer's certificate has expired; the C2PA engine itself uses the machine's clock.
        """
        fixed = trust if isinstance(trust, TrustSettings) else TrustSettings()
        self._trust = trust if callable(trust) else lambda: fixed
        self._limits, self._clock = limits or Limits(), clock or SystemClock()
        self._children = children or ColdChildren()
        self._criteria, self._scratch = criteria or dict, scratch or Scratch()
        self._specs: dict[str, tuple[Spec, ...]] | None = None
        self._model = model
        self.engine: str | None = None
        """The C2PA engine's version as the last child told it; None until one did."""

    def examine(
        self,
        path: Path,
        *,
        extractors: frozenset[str] = ALL,
        options: dict[str, Any] | None = None,
        beside: Beside | None = None,
        trust: TrustSettings | None = None,
        at: datetime | None = None,
        progress: Progress | None = None,
    ) -> Examination:
        """Everything that `extractors` (of `EXTRACTORS` and `BY_NAME`) find in the file at `path`. `options` tells
        extractors by their name what to look for: JSON, as each says. `beside` are files that belong to it. `trust` and
        `at` stand for another time than now: whom one believed then. `progress` is called while the pictures are looked at.

        `CHEAP` decodes nothing and is enough for a file whose digest is known. Raises NotFound `file_not_found`,
        Misuse `file_unreadable`, `file_empty`, `extractor_unknown` or `fragments_too_many`, TooLarge `file_too_large`,
        and Unavailable `file_changed` when somebody writes to the file meanwhile, or `examiner_busy`.
        """
        _check_names(extractors)
        believed, deadline = trust or self._trust(), time.monotonic() + self._limits.wall_seconds
        with ExitStack() as stack:
            descriptor = stack.enter_context(opened(path, self._limits.file_bytes))
            files = (descriptor, *self._opened_beside(stack, beside or Beside()))
            told = {**self._criteria(), **(options or {})} if extractors - CHEAP else {}
            job = self._job(extractors, believed, told, at) | _names(beside or Beside())
            if self._model is not None and LEARNT_DESCRIPTOR in extractors:
                job |= {"options": told | {LEARNT_DESCRIPTOR: self._model.as_json()}, "model": f"@{len(files)}"}
                files = (*files, stack.enter_context(self._model.opened()))
            if extractors <= CHEAP:
                running = stack.enter_context(self._children.working(job, files, deadline))
                named = digest(descriptor)  # while the child works
                return self._found(lambda: running.answer(deadline), named, extractors, believed)
            status, named = os.fstat(descriptor), digest(descriptor)
            trace = stack.enter_context(self._scratch.trace(named[0], {name: job[name] for name in _ASKED}))
            found = self._found(
                lambda: self._resumed(job, files, deadline, trace, progress), named, extractors, believed
            )
            _unchanged(status, os.fstat(descriptor))
            return found

    def _found(
        self, ask: Callable[[], dict[str, Any]], named: Named, extractors: frozenset[str], believed: TrustSettings
    ) -> Examination:
        try:
            found = _examination(ask(), *named, extractors)
        except ChildFailedError as error:
            return _failed(error.code, *named, extractors, believed)
        except (KeyError, TypeError, ValueError):
            return _failed("garbage", *named, extractors, believed)
        self.engine = found.c2pa.version or self.engine
        return found

    def _resumed(
        self, job: dict[str, Any], files: tuple[int, ...], deadline: float, trace: Trace, progress: Progress | None
    ) -> dict[str, Any]:
        """The answer of a look that goes on from where an earlier one ended. A child that got further before it died is
        followed by another one, while there is time. Raises ChildFailedError, Unavailable `examiner_busy`.
        """
        sheet, tick = trace.sheet, None if progress is None else lambda: progress(*trace.sheet.told())
        while True:
            came = sheet.number
            try:
                told = job | {"sheet": f"@{len(files)}"}
                with self._children.working(told, (*files, trace.descriptor), deadline) as running:
                    answer = running.answer(deadline, tick)
                trace.over = True
                return answer
            except ChildFailedError as error:
                if error.code == "timeout" or sheet.number == came:
                    raise

    def digest(self, path: Path) -> str:
        """The SHA-256 of the file alone, in hex. Raises as `examine` does."""
        with opened(path, self._limits.file_bytes) as descriptor:
            return digest(descriptor)[0]

    def specs(self) -> dict[str, tuple[Spec, ...]]:
        """What each finding would be answered with here and now: one of these (algorithm, version). What isn't installed is
        left out. Raises Unavailable `examiner_failed`.
        """
        if self._specs is None:
            deadline = time.monotonic() + self._limits.wall_seconds
            job = {"kind": "specs", "limits": self._limits.as_json()}
            try:
                with self._children.working(job, (), deadline) as running:
                    told = running.answer(deadline)["specs"]
                self._specs = {name: tuple((text(a), text(b)) for a, b in some) for name, some in told.items()}
                if self._model is not None:
                    self._specs |= self._model.specs()
            except (ChildFailedError, KeyError, TypeError, ValueError) as error:
                raise Unavailable(
                    "examiner_failed", "the examiner does not answer", "See `countersign fsck`."
                ) from error
        return self._specs

    def under_way(self, sha256: str) -> tuple[int, int] | None:
        """(looked at, in all) in ms of a file that some process of this home is examining; None for none."""
        return self._scratch.under_way(sha256)

    def trust(self) -> TrustSettings:
        """Whom one believes now. Raises Unavailable `trust_list_missing`."""
        return self._trust()

    def close(self) -> None:
        self._children.close()

    def _opened_beside(self, stack: ExitStack, beside: Beside) -> list[int]:
        if len(beside.fragments) > FRAGMENTS_MAX:
            what = f"more than {FRAGMENTS_MAX} segments were given"
            raise Misuse("fragments_too_many", what, "Ask for some of them at a time.")
        found = [stack.enter_context(opened(beside.sidecar, SIDECAR_BYTES_MAX))] if beside.sidecar else []
        return found + [stack.enter_context(opened(one, self._limits.file_bytes)) for one in beside.fragments]

    def _job(
        self, extractors: frozenset[str], trust: TrustSettings, options: dict[str, Any], at: datetime | None
    ) -> dict[str, Any]:
        return {
            "kind": "examine",
            "path": "@0",  # the very file we hash, whatever its name points to by now
            "extractors": sorted(extractors),
            "options": options,
            "trust": trust.as_json(),
            "now": (at or self._clock.now()).isoformat(),
            "limits": self._limits.as_json(),
        }


def _names(beside: Beside) -> dict[str, Any]:
    """Where a job finds the files that come after the first."""
    first = 2 if beside.sidecar else 1
    fragments = [f"@{n}" for n in range(first, first + len(beside.fragments))]
    return {"sidecar": "@1" if beside.sidecar else None, "fragments": fragments}


@contextmanager
def opened(path: Path, file_bytes_max: int) -> Iterator[int]:
    """A descriptor of a regular file that is neither empty nor over the bound. Raises as `Examiner.examine` says."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a named pipe must not hold us up
    except FileNotFoundError:
        raise NotFound("file_not_found", "There is no such file.", "Give the path of a file.") from None
    except OSError:
        raise Misuse("file_unreadable", "The file can't be opened.", "Check its permissions.") from None
    try:
        _check(os.fstat(descriptor), file_bytes_max)
        yield descriptor
    finally:
        os.close(descriptor)


def digest(descriptor: int) -> tuple[str, int]:
    """(SHA-256 in hex, size) of an open file, in blocks. Raises Unavailable `file_changed`."""
    before, total, offset = os.fstat(descriptor), hashlib.sha256(), 0
    while block := os.pread(descriptor, HASH_BLOCK_BYTES, offset):
        total.update(block)
        offset += len(block)
    _unchanged(before, os.fstat(descriptor), offset)
    return total.hexdigest(), offset


def _unchanged(before: os.stat_result, after: os.stat_result, read_bytes: int | None = None) -> None:
    size = after.st_size if read_bytes is None else read_bytes
    if (before.st_mtime_ns, before.st_size, size) != (after.st_mtime_ns, after.st_size, after.st_size):
        raise Unavailable("file_changed", "The file was written to while it was read.", "Try again when it is whole.")


def _check(status: os.stat_result, file_bytes_max: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise Misuse("file_unreadable", "That is not a regular file.", "Give the path of a file.")
    if status.st_size == 0:
        raise Misuse("file_empty", "The file has no bytes.", "Give a file with content.")
    if status.st_size > file_bytes_max:
        raise TooLarge("file_too_large", f"The file is over {file_bytes_max} bytes.", "Give a smaller file.")


def _check_names(extractors: frozenset[str]) -> None:
    if unknown := extractors - set(EXTRACTORS) - BY_NAME:
        raise Misuse("extractor_unknown", f"No such extractor: {', '.join(sorted(unknown))}.", "See EXTRACTORS.")


def _examination(document: dict[str, Any], sha256: str, size_bytes: int, extractors: frozenset[str]) -> Examination:
    """The child's answer, checked. Raises KeyError, TypeError or ValueError when it is not one."""
    extraction = document["extraction"]
    evidence_of(extraction["apart"])
    found = [Finding.from_json(item) for item in extraction["findings"]]
    by_name = {item.extractor: item for item in found if item.extractor in extractors}
    fences = {str(name): bool(stands) for name, stands in dict(document["fences"]).items()}
    findings = _complete(by_name, sha256, size_bytes, extractors, fences=fences)
    data = extraction | {"sha256": sha256, "size_bytes": size_bytes, "findings": [f.as_json() for f in findings]}
    return Examination.from_json(data)


def _failed(code: str, sha256: str, size_bytes: int, extractors: frozenset[str], trust: TrustSettings) -> Examination:
    """The examination when the child gave no usable answer: the digest is ours, everything else failed."""
    remark = (f"countersign.examination.{code}",)
    report = C2paReport("not_checked", "not_checked", validation=remark, trust_sha256=trust.sha256)
    asked = {name: finding(name, "failed", code=code) for name in extractors & set(EXTRACTORS)}
    findings = _complete(asked, sha256, size_bytes, extractors)
    return Examination(sha256, size_bytes, None, report, None, None, findings)


def _complete(
    found: dict[str, Finding],
    sha256: str,
    size_bytes: int,
    extractors: frozenset[str],
    *,
    fences: dict[str, bool] | None = None,
) -> tuple[Finding, ...]:
    """One finding for each name in `EXTRACTORS`, in that order. The digest's is ours, and says how the rest was fenced."""
    mine = Finding(*DIGEST_ALGORITHM, "found", {"sha256": sha256, "size_bytes": size_bytes, "fences": fences or {}})
    return tuple(mine if name == "digest" else found.get(name) or _silent(name, extractors) for name in EXTRACTORS)


def _silent(name: str, extractors: frozenset[str]) -> Finding:
    if name not in BUILT:
        return finding(name, "not_checked", reason="no_extractor")
    if name not in extractors:
        return finding(name, "not_checked", reason="not_asked_for")
    return finding(name, "failed", code="no_answer")
