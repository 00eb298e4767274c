"""Start the examiner's child process, give it one job, take one bounded answer, and leave no process behind."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any, Final

# 2,400 frames with 12 framings and 40 codes to search with are 12 MB, features 3 MB, a 4 MB raw report in base64 5 MB.
ANSWER_BYTES_MAX: Final = 32 * 2**20
_BLOCK_BYTES: Final = 64 * 2**10
TICK_SECONDS: Final = 0.25  # how often whoever waits is told how far it is
# Libraries would start a thread per core and reserve memory for each, which the limit counts. Nothing of our own
# environment: it may hold secrets.
ENVIRONMENT: Final = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    "PYTHONUTF8": "1",
}


@dataclass(frozen=True)
class Limits:
    """Bounds of one child. `wall_seconds` covers start to answer, so it leaves a slow disk its time."""

    wall_seconds: int = 300
    cpu_seconds: int = 240
    file_bytes: int = 4 * 2**30  # a two-minute mezzanine at 200 Mbit/s is 3 GB

    def as_json(self, *, written_bytes: int = 0) -> dict[str, int]:
        return {"cpu_seconds": self.cpu_seconds, "written_bytes": written_bytes}


class ChildFailedError(Exception):
    """The child gave no answer. `code` is timeout, crashed, garbage or answer_too_large."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@contextlib.contextmanager
def started(
    job: dict[str, Any], descriptors: tuple[int, ...], *, talks: bool = False
) -> Iterator[subprocess.Popen[bytes]]:
    """A running child that has its job; one that `talks` may ask questions (`conversed`). Whatever happens, its whole process
    group is dead on the way out."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-m", "ledger.media.examiner"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # decoders print what strangers wrote; it is no one's log
        pass_fds=descriptors,
        env=ENVIRONMENT,
        start_new_session=True,
    )
    try:
        _hand_over(process, job, close=not talks)
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def _hand_over(process: subprocess.Popen[bytes], job: dict[str, Any], *, close: bool) -> None:
    stdin: Any = process.stdin
    with contextlib.suppress(BrokenPipeError):  # a child that died at once is met again when its answer is read
        stdin.write(json.dumps(job).encode() + b"\n")
        stdin.close() if close else stdin.flush()


def conversed(
    process: subprocess.Popen[bytes],
    deadline: float,
    reply: Callable[[dict[str, Any]], dict[str, Any]],
    questions_max: int,
) -> dict[str, Any]:
    """As `answer`, for a child that asks before it answers: each line but the last is a question. Raises as `reply`."""
    stdin: Any = process.stdin
    blocks, last = _blocks(process, deadline), b""
    for _ in range(questions_max + 1):
        line, last = _line(blocks, last)
        if line is None:
            return document(last, _code(process, deadline))
        with contextlib.suppress(BrokenPipeError):
            stdin.write(json.dumps(reply(_object(line))).encode() + b"\n")
            stdin.flush()
    raise ChildFailedError("garbage")


def _line(blocks: Iterator[bytes], kept: bytes) -> tuple[bytes | None, bytes]:
    """(the next line, what came after it), or (None, the rest) at the end of file."""
    while b"\n" not in kept:
        block = next(blocks, b"")
        if not block:
            return None, kept
        kept += block
    line, _, rest = kept.partition(b"\n")
    return line, rest


def answer(process: subprocess.Popen[bytes], deadline: float, tick: Callable[[], None] | None = None) -> dict[str, Any]:
    """The child's answer. `deadline` is on the monotonic clock. Raises ChildFailedError."""
    stdout: Any = process.stdout
    raw = read_answer(stdout, deadline, tick)
    return document(raw, _code(process, deadline))


def _code(process: subprocess.Popen[bytes], deadline: float) -> int:
    try:
        return process.wait(timeout=max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise ChildFailedError("timeout") from None


def document(raw: bytes, code: int) -> dict[str, Any]:
    """What a child that ended with this exit code wrote. Raises ChildFailedError."""
    if code != 0:
        raise ChildFailedError("crashed")
    return _object(raw)


def _object(raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw)
    except ValueError:
        raise ChildFailedError("garbage") from None
    if not isinstance(found, dict):
        raise ChildFailedError("garbage")
    return found


def read_answer(stdout: IO[bytes], deadline: float, tick: Callable[[], None] | None = None) -> bytes:
    """Everything up to the end of file, within the bound and the deadline. `tick` is called while it waits."""
    return b"".join(_blocks_of(stdout, deadline, tick))


def _blocks(process: subprocess.Popen[bytes], deadline: float) -> Iterator[bytes]:
    stdout: Any = process.stdout
    return _blocks_of(stdout, deadline)


def _blocks_of(stdout: IO[bytes], deadline: float, tick: Callable[[], None] | None = None) -> Iterator[bytes]:
    size = 0
    with selectors.DefaultSelector() as selector:
        selector.register(stdout, selectors.EVENT_READ)
        while size <= ANSWER_BYTES_MAX:
            while not selector.select(_wait(deadline, tick)):
                if tick is None or time.monotonic() >= deadline:
                    raise ChildFailedError("timeout")
                tick()
            block = os.read(stdout.fileno(), _BLOCK_BYTES)
            if not block:
                return
            size += len(block)
            yield block
    raise ChildFailedError("answer_too_large")


def _wait(deadline: float, tick: Callable[[], None] | None) -> float:
    left = max(0.0, deadline - time.monotonic())
    return left if tick is None else min(left, TICK_SECONDS)
