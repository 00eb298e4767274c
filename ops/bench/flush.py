"""A disk whose flushes take 5 ms longer: a shim before fsync and fdatasync, compiled when it is asked for."""

from __future__ import annotations

import subprocess
from pathlib import Path

FLUSH_MS = 5
_SOURCE = """
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
static void rest(void) { struct timespec t = {0, %d}; nanosleep(&t, 0); }
int fsync(int fd) { rest(); return (int)syscall(SYS_fsync, fd); }
int fdatasync(int fd) { rest(); return (int)syscall(SYS_fdatasync, fd); }
"""


def slow_flush_shim(folder: Path) -> Path | None:
    """The shared object, or None where there is no C compiler."""
    source, shim = folder / "flush.c", folder / "flush.so"
    source.write_text(_SOURCE % (FLUSH_MS * 1_000_000), encoding="ascii")
    try:
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(shim), str(source)], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return shim
