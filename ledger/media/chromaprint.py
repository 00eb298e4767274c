"""Chromaprint by ctypes: 32-bit sub-fingerprints of sound, one each eighth of a second (Lalinsky, acoustid.org/chromaprint).

The library is Debian's libchromaprint1. It is loaded by its ABI name, because looking for it runs programs, which the
fenced child may not. Nothing here reads a file.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

RATE_HZ: Final = 11_025  # what Chromaprint works on; other rates it resamples itself
STEP_SAMPLES: Final = 1_365  # of 11,025 Hz between two sub-fingerprints: frames of 4,096 that overlap by two thirds
ALGORITHM_NUMBER: Final = 1  # CHROMAPRINT_ALGORITHM_TEST2, the library's default
_LIBRARIES: Final = ("libchromaprint.so.1", "libchromaprint.1.dylib", "chromaprint.dll")
INSTALL: Final = "apt-get install libchromaprint1"

Items = NDArray[np.uint32]


class SoundEngineMissingError(Exception):
    """The library is not installed; `code` says so."""

    code = "engine_missing"


@functools.cache
def _library() -> Any:
    for name in _LIBRARIES:
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        library.chromaprint_get_version.restype = ctypes.c_char_p
        library.chromaprint_new.restype = ctypes.c_void_p
        return library
    raise SoundEngineMissingError(INSTALL)


def sound_engine_here() -> bool:
    try:
        _library()
    except SoundEngineMissingError:
        return False
    return True


def engine_version() -> str:
    """Raises SoundEngineMissingError."""
    return f"chromaprint {_library().chromaprint_get_version().decode('ascii')}"


class Printer:
    """One running fingerprint. `declared_hz` is the rate that the samples are taken to have: declaring another one than
    theirs changes speed and pitch together, as a faster turntable does."""

    def __init__(self, context: ctypes.c_void_p) -> None:
        self._context = context

    def feed(self, samples: NDArray[np.int16]) -> None:
        """Mono samples, in order. Raises MemoryError when the library can't take them."""
        block = np.ascontiguousarray(samples, dtype=np.int16)
        pointer = block.ctypes.data_as(ctypes.c_void_p)
        if not _library().chromaprint_feed(self._context, pointer, ctypes.c_int(block.size)):
            raise MemoryError("chromaprint_feed")

    def items(self) -> Items:
        """Every sub-fingerprint; after it nothing can be fed."""
        library, data, size = _library(), ctypes.POINTER(ctypes.c_uint32)(), ctypes.c_int()
        library.chromaprint_finish(self._context)
        if not library.chromaprint_get_raw_fingerprint(self._context, ctypes.byref(data), ctypes.byref(size)):
            return np.zeros(0, dtype=np.uint32)
        try:
            return np.array(data[: size.value], dtype=np.uint32)
        finally:
            library.chromaprint_dealloc(data)


@contextmanager
def printer(declared_hz: int = RATE_HZ) -> Iterator[Printer]:
    """Raises SoundEngineMissingError."""
    library = _library()
    context = ctypes.c_void_p(library.chromaprint_new(ctypes.c_int(ALGORITHM_NUMBER)))
    try:
        if not library.chromaprint_start(context, ctypes.c_int(declared_hz), ctypes.c_int(1)):
            raise MemoryError("chromaprint_start")
        yield Printer(context)
    finally:
        library.chromaprint_free(context)
