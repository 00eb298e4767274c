"""What a child process takes from itself before it touches a stranger's bytes. It can't be undone by that process.

Three fences, each of which holds alone: resource limits (a decoder that runs wild dies), an empty network namespace
(where the kernel lets us), and a seccomp filter that answers EPERM to making sockets, running programs, tracing and
mounting. Linux only; elsewhere the limits hold and the answer says which fences stand.
"""

from __future__ import annotations

import ctypes
import platform
import resource
import sys
from dataclasses import dataclass
from typing import Any, Final

# Measured peaks of address space: 0.6 GB for real clips up to 4K, 1.3 GB for a still of 64 million pixels; the C2PA
# engine alone reached 513 MB over 36,971 mutated manifests.
ADDRESS_SPACE_BYTES_MAX: Final = 3 * 2**30
CPU_SECONDS_MAX: Final = 240  # fifteen minutes of 1080p, the most that is looked at, cost about 100 s
OPEN_FILES_MAX: Final = 64

_CLONE_NEWNET: Final = 0x40000000
_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_SET_SECCOMP: Final = 22
_SECCOMP_MODE_FILTER: Final = 2
_RET_ALLOW: Final = 0x7FFF0000
_RET_EPERM: Final = 0x00050000 | 1
_RET_KILL_PROCESS: Final = 0x80000000

# Architecture -> (audit number, the calls refused: socket, socketpair, connect, bind, execve, execveat, ptrace, mount,
# process_vm_writev, bpf, keyctl, io_uring_setup). From the kernel's syscall tables.
_REFUSED: Final = {
    "x86_64": (0xC000003E, (41, 53, 42, 49, 59, 322, 101, 165, 311, 321, 250, 425)),
    "aarch64": (0xC00000B7, (198, 199, 203, 200, 221, 281, 117, 40, 271, 280, 219, 425)),
}
_X32_BIT: Final = 0x40000000  # the second call table of x86_64, a classic way round such filters


@dataclass(frozen=True)
class Fences:
    """Which fences stand. `network` is true when at least one of the two keeps the process off the network."""

    limits: bool
    namespace: bool
    seccomp: bool

    @property
    def network(self) -> bool:
        return self.namespace or self.seccomp

    def as_json(self) -> dict[str, bool]:
        return {"limits": self.limits, "network_namespace": self.namespace, "seccomp": self.seccomp}


def confine(*, cpu_seconds: int = CPU_SECONDS_MAX, written_bytes: int = 0) -> Fences:
    """Fence this process in, for good. `written_bytes` is the largest file it may write; 0 for readers."""
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, written_bytes)
    _limit(resource.RLIMIT_CPU, cpu_seconds)
    _limit(resource.RLIMIT_NOFILE, OPEN_FILES_MAX)
    _limit(resource.RLIMIT_AS, ADDRESS_SPACE_BYTES_MAX)
    if sys.platform != "linux":
        return Fences(limits=True, namespace=False, seccomp=False)
    libc = ctypes.CDLL(None, use_errno=True)
    namespace = libc.unshare(_CLONE_NEWNET) == 0  # needs a privilege; the filter below does not
    return Fences(limits=True, namespace=namespace, seccomp=_filter_calls(libc))


def _limit(what: int, value: int) -> None:
    """Lower a limit; one that is already lower stays."""
    _, hard = resource.getrlimit(what)
    ceiling = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(what, (ceiling, ceiling))


class _Instruction(ctypes.Structure):
    _fields_ = [("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint)]


class _Program(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.POINTER(_Instruction))]


def _filter_calls(libc: Any) -> bool:
    """Install the filter. False on an architecture without a table and where the kernel refuses."""
    known = _REFUSED.get(platform.machine())
    if known is None:
        return False
    instructions = _instructions(*known)
    program = _Program(len(instructions), (_Instruction * len(instructions))(*instructions))
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) == 0)


def _instructions(architecture: int, refused: tuple[int, ...]) -> list[_Instruction]:
    """Classic BPF over struct seccomp_data {int nr; u32 arch; …}: kill other architectures, refuse the listed calls."""
    load, equal, at_least, answer = 0x20, 0x15, 0x35, 0x06
    code = [
        _Instruction(load, 0, 0, 4),
        _Instruction(equal, 1, 0, architecture),
        _Instruction(answer, 0, 0, _RET_KILL_PROCESS),
        _Instruction(load, 0, 0, 0),
        _Instruction(at_least, 0, 1, _X32_BIT),
        _Instruction(answer, 0, 0, _RET_KILL_PROCESS),
    ]
    for number in refused:
        code += [_Instruction(equal, 0, 1, number), _Instruction(answer, 0, 0, _RET_EPERM)]
    return [*code, _Instruction(answer, 0, 0, _RET_ALLOW)]
