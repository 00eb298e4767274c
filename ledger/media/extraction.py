"""The seam between an examination and its extractors: what they are told, where they put what they found.

A **frame extractor** looks at the canonical frames of the one decode that every one of them shares; a **file extractor**
reads the file otherwise (sound, container). Both stand in `ledger/media/extractors.py`. Runs in the child process.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

from ledger.media.findings import C2paReport, Finding, FindingState, Fingerprints, Probe, VariantCode
from ledger.media.media_type import MediaType
from ledger.media.soundprint import SoundPrint, SoundVariant

if TYPE_CHECKING:  # the cheap set loads no decoder
    from numpy.typing import NDArray

    from ledger.media.frames import Coverage, SampledFrame

MODEL_DIGITS: Final = 16  # of a digest in a version; the whole one of faces stands in the finding
Specs = dict[str, tuple[tuple[str, str], ...]]
"""By finding: the (algorithm, version) that it answers with, one for each kind of file that has another."""


@dataclass(frozen=True)
class Looking:
    """One file and what is asked of it. `options` holds what the caller gave each extractor, by its name: JSON."""

    path: Path
    kind: MediaType
    asked: frozenset[str]
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class Extraction:
    """What the extractors found so far; the parent adds the digest, which it computes itself.

    `apart` is handed to the caller by extractor name and is in no recorded examination: face templates, local features.
    """

    c2pa: C2paReport
    probe: Probe | None = None
    fingerprints: Fingerprints | None = None
    framed: Fingerprints | None = None
    essence_sha256: str | None = None
    variants: tuple[VariantCode, ...] = ()
    sound: SoundPrint | None = None
    sound_variants: tuple[SoundVariant, ...] = ()
    findings: dict[str, Finding] = field(default_factory=dict)
    apart: dict[str, Any] = field(default_factory=dict)

    def add(self, finding: Finding) -> None:
        self.findings[finding.extractor] = finding

    def as_json(self) -> dict[str, Any]:
        return {
            "c2pa": self.c2pa.as_json(raw_report=True),
            "probe": None if self.probe is None else self.probe.as_json(),
            "fingerprints": None if self.fingerprints is None else self.fingerprints.as_json(),
            "framed": None if self.framed is None else self.framed.as_json(),
            "essence_sha256": self.essence_sha256,
            "variants": [variant.as_json() for variant in self.variants],
            "sound": None if self.sound is None else self.sound.as_json(),
            "sound_variants": [variant.as_json() for variant in self.sound_variants],
            "findings": [finding.as_json() for finding in self.findings.values()],
            "apart": self.apart,
        }


class FrameConsumer(Protocol):
    """Made anew for each file. What it raises fails its own findings and nobody else's."""

    def see(self, frame: SampledFrame) -> None:
        """One frame, in time order; its pixels are shared, so they must not be changed."""

    def finish(self, found: Extraction, coverage: Coverage) -> None:
        """Adds the findings. Called once, also when the file broke off after the first frame."""


@runtime_checkable
class Resumable(Protocol):
    """A consumer that another one like it can go on from, in another process. A look with one that can't begins anew."""

    def state(self) -> dict[str, NDArray[Any]]:
        """Everything that `see` left in it, without objects."""

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Into a new one, before its first frame. Raises KeyError or ValueError for what `state` doesn't write."""


@dataclass(frozen=True, kw_only=True)
class Extractor:
    """Answers for the findings in `names`. `needs` are importable modules that the extra `extra` brings: without them the
    findings are `not_checked` and say what to install. `specs` names what it would answer with here and now.
    """

    names: tuple[str, ...]
    specs: Callable[[], Specs]
    needs: tuple[str, ...] = ()
    extra: str = ""


@dataclass(frozen=True, kw_only=True)
class FrameExtractor(Extractor):
    """`start` is called once a file, and imports what it needs then, not before."""

    start: Callable[[Looking], FrameConsumer]


@dataclass(frozen=True, kw_only=True)
class FileExtractor(Extractor):
    """`run` adds its findings, or raises: then they have failed."""

    run: Callable[[Looking, Extraction], None]


def finding(extractor: str, state: FindingState, **detail: Any) -> Finding:
    """A finding without an algorithm: nothing ran, or nothing finished."""
    return Finding(extractor, "none", "0", state, detail)


def model_digest(files: Sequence[Path]) -> str:
    """How a version names the weights in use: SHA-256 over the files' own digests, in their order; the first 64 bits of it."""
    total = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            total.update(hashlib.file_digest(stream, "sha256").digest())
    return f"model {total.hexdigest()[:MODEL_DIGITS]}"


def ended(coverage: Coverage) -> dict[str, Any]:
    """What every finding over frames says of how far the decode came."""
    early: dict[str, Any] = {"ended_early": coverage.ended_early} if coverage.ended_early else {}
    early |= {"resumed_ms": list(coverage.resumed_ms)} if coverage.resumed_ms else {}
    return {"frames": coverage.frames, "until_ms": coverage.until_ms, **early}
