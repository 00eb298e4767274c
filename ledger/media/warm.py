"""A warm child: `python -m ledger.media.warm`. It loads what examinations need, fences itself in, then forks one child for each
job that comes on its control socket (descriptor 3): no file meets a process that another file was in.

A job is one message with descriptors: the job in JSON, where the answer goes, and the files. Each forked child has fresh
limits; the fences are inherited and can't be undone. It never parses anything itself. When the other end closes, or the
forked child's parent dies, nothing is left running.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import select
import signal
import socket
import sys
from contextlib import suppress
from typing import Any, Final

from ledger.media.confinement import CPU_SECONDS_MAX, Fences, confine
from ledger.media.examiner import run

CONTROL_DESCRIPTOR: Final = 3
DESCRIPTORS_MAX: Final = 10
MESSAGE_BYTES_MAX: Final = 16
# Loaded before the fences: importing them is most of what a cold child does. No model and no thread pool among them.
_LOADED: Final = (
    "c2pa",
    "ledger.media.c2pa",
    "ledger.media.examine",
    "ledger.media.frames",
    "ledger.media.fingerprints",
    "ledger.media.local_features",
    "ledger.media.sound",
    "ledger.media.watching",
    "ledger.media.essence",
    "scipy.fftpack",  # imagehash imports it inside its function: .2 s for each file
    "cv2",
)


def main() -> int:
    control = socket.socket(fileno=CONTROL_DESCRIPTOR)
    for name in _LOADED:
        with suppress(ImportError):  # a decoder that isn't installed is met, and told, by the job that needs it
            importlib.import_module(name)
    fences = confine(cpu_seconds=CPU_SECONDS_MAX)
    control.send(b"ready")
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, MESSAGE_BYTES_MAX, DESCRIPTORS_MAX)
        if not message:
            return 0
        child = os.fork()
        if child == 0:
            _work(control, descriptors, fences)
        for descriptor in descriptors:
            os.close(descriptor)
        control.send(str(_outcome(control, child)).encode())


def _work(control: socket.socket, descriptors: list[int], fences: Fences) -> None:
    """In the forked child: one job, one answer, and out. Whatever is raised is an exit code."""
    code = 1
    try:
        control.close()
        os.dup2(descriptors[1], 1)
        with os.fdopen(descriptors[0], "rb") as stream:
            job = json.load(stream)
        _limit_processor(job["limits"]["cpu_seconds"])
        answer = run(with_paths(job, descriptors[2:]), fences)
        with os.fdopen(1, "w", encoding="utf-8") as out:
            json.dump(answer, out, allow_nan=False)
        code = 0
    finally:
        os._exit(code)


def with_paths(job: dict[str, Any], files: list[int]) -> dict[str, Any]:
    """The job with each `@n` in its paths as the n-th file that came with it."""

    def found(value: Any) -> Any:
        if isinstance(value, list):
            return [found(one) for one in value]
        return f"/dev/fd/{files[int(value[1:])]}" if isinstance(value, str) and value[:1] == "@" else value

    return job | {name: found(job[name]) for name in ("path", "sidecar", "fragments", "sheet", "model") if name in job}


def _limit_processor(seconds: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    seconds = seconds if hard == resource.RLIM_INFINITY else min(seconds, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))


def _outcome(control: socket.socket, child: int) -> int:
    """The child's exit code, a signal's negated. Whoever asked went away: the child dies, and so do we."""
    watch = os.pidfd_open(child)
    try:
        poller = select.poll()
        poller.register(watch, select.POLLIN)
        poller.register(control, select.POLLRDHUP | select.POLLHUP)
        if watch not in {descriptor for descriptor, _ in poller.poll()}:
            signal.pidfd_send_signal(watch, signal.SIGKILL)
            os.waitpid(child, 0)
            sys.exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        os.close(watch)


if __name__ == "__main__":
    sys.exit(main())
