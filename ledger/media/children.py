"""Who does the fenced work: a fresh process for each job, or one forked from a warm process that waits with everything loaded.

Either way a file meets a process that no other file was in, under limits of its own, and whatever happens to it no process is
left behind. Warm ones save the 0.2 s that starting and loading take.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any, Final, Protocol

from ledger.errors import Unavailable
from ledger.media import child
from ledger.media.child import ENVIRONMENT, ChildFailedError

WARM: Final = sys.platform == "linux" and hasattr(os, "pidfd_open")
JOBS_MAX: Final = 500  # then a warm process is replaced: what leaks into it, if anything, ends
START_SECONDS_MAX: Final = 30.0  # loading takes 0.3 s; a machine under load, many times that
CHILDREN_MAX: Final = 8  # at a time, 3 GB of address space each at most; the rest wait


Tick = Callable[[], None] | None


class Running(Protocol):
    """One job under way."""

    def answer(self, deadline: float, tick: Tick = None) -> dict[str, Any]:
        """Raises ChildFailedError. `deadline` is on the monotonic clock; `tick` is called now and then meanwhile."""
        ...


class Children(Protocol):
    def working(
        self, job: dict[str, Any], files: tuple[int, ...], deadline: float
    ) -> contextlib.AbstractContextManager[Running]:
        """A job begun; `@0` in its paths is the first of `files`. Raises Unavailable `examiner_busy`."""
        ...

    def close(self) -> None: ...


class ColdChildren:
    """A new process for each job: everywhere, and where nothing is kept open between jobs."""

    @contextmanager
    def working(self, job: dict[str, Any], files: tuple[int, ...], deadline: float) -> Iterator[Running]:
        with child.started(_located(job, files), files) as process:
            yield _Cold(process)

    def close(self) -> None:
        """Nothing is kept."""


class _Cold:
    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def answer(self, deadline: float, tick: Tick = None) -> dict[str, Any]:
        return child.answer(self._process, deadline, tick)


def _located(job: dict[str, Any], files: tuple[int, ...]) -> dict[str, Any]:
    from ledger.media.warm import with_paths

    return with_paths(job, list(files))


class WarmChildren:
    """Warm processes, started when first needed, each with one job at a time. Thread-safe."""

    def __init__(self, children_max: int = CHILDREN_MAX, jobs_max: int = JOBS_MAX) -> None:
        self._slots, self._jobs_max = threading.BoundedSemaphore(children_max), jobs_max
        self._idle: list[_Warm] = []
        self._lock = threading.Lock()
        self._closed = False

    @contextmanager
    def working(self, job: dict[str, Any], files: tuple[int, ...], deadline: float) -> Iterator[Running]:
        if not self._slots.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise Unavailable("examiner_busy", "too many files are being examined", "Try again later.")
        try:
            warm = self._taken()
            try:
                with warm.begun(job, files) as running:
                    yield running
            finally:
                self._given_back(warm)
        finally:
            self._slots.release()

    def close(self) -> None:
        with self._lock:
            self._closed, idle = True, self._idle
            self._idle = []
        for warm in idle:
            warm.end()

    def _taken(self) -> _Warm:
        with self._lock:
            while self._idle:
                warm = self._idle.pop()
                if warm.alive:
                    return warm
                warm.end()
        return _Warm()

    def _given_back(self, warm: _Warm) -> None:
        """A process whose job did not end by itself is never used again."""
        with self._lock:
            if warm.clean and warm.jobs < self._jobs_max and not self._closed:
                self._idle.append(warm)
                return
        warm.end()


class SharedChildren:
    """The warm processes of this process: whoever opens homes one after another loads once. They end when it does."""

    def working(
        self, job: dict[str, Any], files: tuple[int, ...], deadline: float
    ) -> contextlib.AbstractContextManager[Running]:
        return _pool().working(job, files, deadline)

    def close(self) -> None:
        """Others may be using them."""


@cache
def _pool() -> WarmChildren:
    """A forked copy of this process starts its own, and ends none of ours: two can't talk to one child."""
    pool = WarmChildren()

    def forget() -> None:
        _pool.cache_clear()
        atexit.unregister(pool.close)

    atexit.register(pool.close)
    os.register_at_fork(after_in_child=forget)
    return pool


class _Warm:
    """One warm process and the socket to it."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.jobs, self.clean = 0, True
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", _START, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # decoders print what strangers wrote; it is no one's log
                pass_fds=(theirs.fileno(),),
                env=ENVIRONMENT,
                start_new_session=True,
            )
        self._ready = False

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @contextmanager
    def begun(self, job: dict[str, Any], files: tuple[int, ...]) -> Iterator[Running]:
        self.clean = False
        self.jobs += 1
        with ExitStack() as stack:
            told = stack.enter_context(os.fdopen(os.memfd_create("job", os.MFD_CLOEXEC), "wb"))
            told.write(json.dumps(job).encode())
            told.flush()
            os.lseek(told.fileno(), 0, os.SEEK_SET)
            reading, writing = os.pipe2(os.O_CLOEXEC)
            answers = stack.enter_context(os.fdopen(reading, "rb", buffering=0))
            try:
                self._await_start()
                socket.send_fds(self._control, [b"job"], [told.fileno(), writing, *files])
                broken = False
            except OSError:
                broken = True  # it died; the answer says so
            finally:
                os.close(writing)
            yield _Answer(self, answers, broken)

    def _await_start(self) -> None:
        if not self._ready:
            self._control.settimeout(START_SECONDS_MAX)
            self._ready = self._control.recv(16) == b"ready"
        if not self._ready:
            raise ConnectionError

    def outcome(self, deadline: float) -> int:
        """The job's exit code. Raises ChildFailedError timeout or crashed."""
        self._control.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            code = self._control.recv(16)
        except TimeoutError:
            raise ChildFailedError("timeout") from None
        except OSError:
            code = b""
        if not code:
            raise ChildFailedError("crashed")
        self.clean = True
        return int(code)

    def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._control.close()


class _Answer:
    def __init__(self, warm: _Warm, answers: Any, broken: bool) -> None:
        self._warm, self._answers, self._broken = warm, answers, broken

    def answer(self, deadline: float, tick: Tick = None) -> dict[str, Any]:
        if self._broken:
            raise ChildFailedError("crashed")
        raw = child.read_answer(self._answers, deadline, tick)
        return child.document(raw, self._warm.outcome(deadline))


_START: Final = """
import os, runpy, sys
os.dup2(int(sys.argv[1]), 3)
if int(sys.argv[1]) != 3:
    os.close(int(sys.argv[1]))
runpy.run_module("ledger.media.warm", run_name="__main__")
"""
