"""Transcoders behind one port: what makes a rendition of a file by a preset, and in which version."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Protocol

import av

from ledger.errors import Misuse, Unavailable
from ledger.media.child import ChildFailedError, Limits, answer, started
from ledger.media.recipes import Recipe
from ledger.media.sandbox import opened

RENDITION_BYTES_MAX: Final = 1 * 2**30  # a rendition is measured and thrown away; a larger one is no test clip


class Transcoder(Protocol):
    """One tool. `version` changes when what it does to a file may change."""

    name: str
    version: str
    fenced: bool
    """Whether strangers' files may go through it: it decodes in the fenced child."""

    def transcode(self, source: Path, target: Path, recipe: Recipe) -> None:
        """Writes `target` anew. Raises Misuse for what is no video, Unavailable `transcode_…` when the tool gives none."""


class LibavTranscoder:
    """The libraries that ffmpeg is made of, in the fenced child; so also for files of strangers."""

    name: str = "libav"
    fenced: bool = True

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self.version = "libavcodec " + ".".join(map(str, av.library_versions["libavcodec"]))

    def transcode(self, source: Path, target: Path, recipe: Recipe) -> None:
        deadline = time.monotonic() + self._limits.wall_seconds
        with ExitStack() as stack:
            reading = stack.enter_context(opened(source, self._limits.file_bytes))
            writing = os.open(target, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            stack.callback(os.close, writing)
            job = {
                "kind": "transcode",
                "source": f"/dev/fd/{reading}",
                "target": f"/dev/fd/{writing}",
                "recipe": recipe.as_json(),
                "limits": self._limits.as_json(written_bytes=RENDITION_BYTES_MAX),
            }
            child = stack.enter_context(started(job, (reading, writing)))
            try:
                found = answer(child, deadline)
            except ChildFailedError as error:
                raise Unavailable(f"transcode_{error.code}", "The transcoder gave no rendition.", "") from None
        if told := found.get("error"):
            kind = Misuse if told.get("class") == "Misuse" else Unavailable
            raise kind(str(told.get("code")), str(told.get("what")), str(told.get("do")))


class FfmpegTranscoder:
    """The program itself, as it is installed. It runs beside us and not in the fenced child: for the lab's own clip only."""

    name: str = "ffmpeg"
    fenced: bool = False

    def __init__(self, program: Path, limits: Limits | None = None) -> None:
        """Raises Unavailable `transcode_failed` when the program does not say its version."""
        self._program, self._limits = program, limits or Limits()
        self.version = self._run("-version").split(" Copyright")[0].splitlines()[0][:300] or "ffmpeg"

    def transcode(self, source: Path, target: Path, recipe: Recipe) -> None:
        reading = ("-hide_banner", "-loglevel", "error", "-nostdin", "-protocol_whitelist", "file", "-i", str(source))
        writing = ("-fs", str(RENDITION_BYTES_MAX), "-f", recipe.container, "-y", str(target))
        self._run(*reading, *shlex.split(recipe.line), *writing)

    def _run(self, *arguments: str) -> str:
        try:
            done = subprocess.run(
                [self._program, *arguments], capture_output=True, timeout=self._limits.wall_seconds, check=True, env={}
            )
        except subprocess.TimeoutExpired:
            raise Unavailable("transcode_timeout", "ffmpeg gave no rendition in time.", "") from None
        except (OSError, subprocess.CalledProcessError) as error:
            what = f"ffmpeg gave no rendition ({type(error).__name__})."
            raise Unavailable("transcode_failed", what, "Run it by hand.") from None
        return done.stdout.decode("utf-8", "replace")


def transcoders_here() -> tuple[Transcoder, ...]:
    """What this machine has."""
    program = shutil.which("ffmpeg")
    return (LibavTranscoder(), *((FfmpegTranscoder(Path(program)),) if program else ()))
