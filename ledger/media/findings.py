"""What a file says of itself, frozen: the shapes that every extractor answers with. No I/O and no rule in here.

Every value is str, int, bool, None, list or dict: a statement is canonical JSON without floats, so a ratio is in
thousandths (`_permille`) and a time in milliseconds (`_ms`).
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from ledger.media.c2pa_report import C2paReport, C2paState, IngredientsState
from ledger.media.decoding import hex256, one_of, text, text_or_none, whole
from ledger.media.soundprint import SoundPrint, SoundVariant

FindingState = Literal["found", "absent", "not_checked", "unsupported", "failed"]

__all__ = [
    "ALL", "BY_NAME", "CHEAP", "EXTRACTORS", "FRAMED_ALGORITHM", "LEARNT_DESCRIPTOR", "LOCAL_FEATURES",
    "QUERY_VARIANTS", "C2paReport", "C2paState", "Examination", "Finding", "FindingState", "Fingerprints",
    "FrameCode", "IngredientsState", "Probe", "Stream", "VariantCode",
]  # fmt: skip

# Each of these has a finding in every examination, looked at or not: silence is never an answer.
EXTRACTORS: Final = (
    "digest", "probe", "c2pa", "pdq", "phash256", "essence", "local_features",
    "faces", "audio_fingerprint", "visible_mark", "invisible_watermark", "text", "brand", "learnt_descriptor",
)  # fmt: skip
LOCAL_FEATURES: Final = "local_features"  # of key frames, for the geometric comparison
LEARNT_DESCRIPTOR: Final = "learnt_descriptor"  # by a model that the house brings
FRAMED_SIDE_PX: Final = 128
FRAMED_ALGORITHM: Final = f"pdq256@{FRAMED_SIDE_PX}px/framed1/nonref-2fps"  # parts of frames, see ledger.media.framings
FRAME_CODES_MAX: Final = 14  # parts of a frame that is known
QUERY_CODES_MAX: Final = 60  # of one that is looked for, each in its orientations
QUERY_VARIANTS: Final = "query_variants"  # codes to search with
BY_NAME: Final = frozenset({QUERY_VARIANTS})  # asked for by name; they add something and have no finding of their own
_MEDIA_OF_STREAMS: Final = {"video": "video", "animation": "video", "picture": "still", "audio": "audio"}
CHEAP: Final = frozenset({"digest", "c2pa"})  # decodes nothing
ALL: Final = frozenset(
    {
        "digest",
        "probe",
        "c2pa",
        "pdq",
        "phash256",
        "essence",
        "audio_fingerprint",
        "visible_mark",
        "invisible_watermark",
        "text",
        "brand",
        LOCAL_FEATURES,
        LEARNT_DESCRIPTOR,
    }
)  # what is built today


@dataclass(frozen=True)
class Finding:
    """One extractor's answer: which algorithm, in which version, came to which state, and the details."""

    extractor: str
    algorithm: str
    version: str
    state: FindingState
    detail: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "extractor": self.extractor,
            "algorithm": self.algorithm,
            "version": self.version,
            "state": self.state,
            "detail": self.detail,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Finding:
        """Raises KeyError, TypeError or ValueError when `data` is not what `as_json` writes."""
        return cls(
            text(data["extractor"]),
            text(data["algorithm"]),
            text(data["version"]),
            one_of(data["state"], FindingState),
            dict(data["detail"]),
        )


@dataclass(frozen=True)
class FrameCode:
    """The codes of one frame: `pdq` and `phash256` are 256 bits in 64 hex digits, `quality` is PDQ's 0-100. `phash256` is ""
    for a part of a frame."""

    t_ms: int
    pdq: str
    quality: int
    phash256: str

    def as_json(self) -> list[Any]:
        return [self.t_ms, self.pdq, self.quality, self.phash256]

    @classmethod
    def from_json(cls, data: list[Any]) -> FrameCode:
        """Raises TypeError or ValueError when `data` is not what `as_json` writes."""
        t_ms, pdq, quality, phash256 = data
        return cls(whole(t_ms), hex256(pdq), whole(quality), phash256 and hex256(phash256))


@dataclass(frozen=True)
class Fingerprints:
    """The codes of every sampled frame, or several of each (`FRAMED_ALGORITHM`), in time order. `algorithm` names hash, size
    and sampling: codes of two names don't compare."""

    algorithm: str
    version: str
    frames: tuple[FrameCode, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "algorithm": self.algorithm,
            "version": self.version,
            "frames": [frame.as_json() for frame in self.frames],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Fingerprints:
        """Raises KeyError, TypeError or ValueError when `data` is not what `as_json` writes."""
        frames = tuple(FrameCode.from_json(frame) for frame in data["frames"])
        return cls(text(data["algorithm"]), text(data["version"]), frames)


@dataclass(frozen=True)
class VariantCode:
    """A code to search with, in FRAMED_ALGORITHM: `variant` is `orientation/framing` (`ledger.media.framings`)."""

    variant: str
    code: FrameCode

    def as_json(self) -> list[Any]:
        return [self.variant, self.code.as_json()]

    @classmethod
    def from_json(cls, data: list[Any]) -> VariantCode:
        """Raises TypeError or ValueError when `data` is not what `as_json` writes."""
        variant, code = data
        return cls(text(variant), FrameCode.from_json(code))


@dataclass(frozen=True)
class Stream:
    """One stream as the container declares it; zero stands for what does not apply or was not said."""

    index: int
    kind: str
    codec: str
    width_px: int = 0
    height_px: int = 0
    rotation_deg: int = 0
    rate_mhz: int = 0  # frames per second x 1000 for video, samples per second x 1000 for audio
    channels: int = 0
    duration_ms: int = 0

    def as_json(self) -> dict[str, Any]:
        return dict(self.__dict__)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Stream:
        """Raises KeyError, TypeError or ValueError when `data` is not what `as_json` writes."""
        numbers = {k: whole(v) for k, v in data.items() if k not in ("kind", "codec")}
        return cls(kind=text(data["kind"]), codec=text(data["codec"]), **numbers)


@dataclass(frozen=True)
class Probe:
    """Container and streams. `media_type` comes from the leading bytes, never from the file's name."""

    container: str
    media_type: str
    duration_ms: int
    streams: tuple[Stream, ...]
    size_bytes: int

    @property
    def medium(self) -> str:
        """What a viewer gets: `video`, `still` or `audio`, or "" where nothing of these is in the container."""
        kinds = {stream.kind for stream in self.streams}
        return next((name for kind, name in _MEDIA_OF_STREAMS.items() if kind in kinds), "")

    def as_json(self) -> dict[str, Any]:
        return {
            "container": self.container,
            "media_type": self.media_type,
            "duration_ms": self.duration_ms,
            "streams": [stream.as_json() for stream in self.streams],
            "size_bytes": self.size_bytes,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Probe:
        """Raises KeyError, TypeError or ValueError when `data` is not what `as_json` writes."""
        streams = tuple(Stream.from_json(stream) for stream in data["streams"])
        return cls(
            text(data["container"]),
            text(data["media_type"]),
            whole(data["duration_ms"]),
            streams,
            whole(data["size_bytes"]),
        )


@dataclass(frozen=True)
class Examination:
    """Everything found about one file, named by its own digest. `probe` is None when it is no media that we read.

    `variants` are codes to search with; they are there only when asked for and say nothing new about the file. `apart` holds
    by extractor name what may not be recorded with the rest: face templates, local features.
    """

    sha256: str
    size_bytes: int
    probe: Probe | None
    c2pa: C2paReport
    fingerprints: Fingerprints | None
    essence_sha256: str | None
    findings: tuple[Finding, ...]
    variants: tuple[VariantCode, ...] = ()
    apart: dict[str, Any] = field(default_factory=dict)
    sound: SoundPrint | None = None
    sound_variants: tuple[SoundVariant, ...] = ()
    framed: Fingerprints | None = None

    @property
    def features(self) -> bytes:
        """Packed local features (`ledger.media.local_features`); b"" where there are none."""
        return base64.b64decode(self.apart.get(LOCAL_FEATURES, ""))

    @property
    def described(self) -> bytes:
        """Packed learnt descriptors (`ledger.media.descriptor`); b"" where there are none."""
        return base64.b64decode(self.apart.get(LEARNT_DESCRIPTOR, ""))

    def finding(self, extractor: str) -> Finding:
        """The finding of `extractor`; raises KeyError for a name outside `EXTRACTORS`."""
        for finding in self.findings:
            if finding.extractor == extractor:
                return finding
        raise KeyError(extractor)

    def as_json(self, *, whole: bool = False) -> dict[str, Any]:
        """What a statement records. `whole` adds the raw C2PA report, the query variants and what is apart."""
        data: dict[str, Any] = {
            "sha256": self.sha256,
            "size_bytes": self.size_bytes,
            "probe": None if self.probe is None else self.probe.as_json(),
            "c2pa": self.c2pa.as_json(raw_report=whole),
            "fingerprints": None if self.fingerprints is None else self.fingerprints.as_json(),
            "essence_sha256": self.essence_sha256,
            "findings": [finding.as_json() for finding in self.findings],
        }
        if self.framed is not None:
            data["framed"] = self.framed.as_json()
        if self.sound is not None:
            data["sound"] = self.sound.as_json()
        if whole:
            data |= {"variants": [variant.as_json() for variant in self.variants], "apart": self.apart}
            data["sound_variants"] = [variant.as_json() for variant in self.sound_variants]
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Examination:
        """Raises KeyError, TypeError or ValueError when `data` is not what `as_json` writes."""
        probe, fingerprints, sound = data["probe"], data["fingerprints"], data.get("sound")
        framed = data.get("framed")
        return cls(
            hex256(data["sha256"]),
            whole(data["size_bytes"]),
            None if probe is None else Probe.from_json(probe),
            C2paReport.from_json(data["c2pa"]),
            None if fingerprints is None else Fingerprints.from_json(fingerprints),
            text_or_none(data["essence_sha256"]),
            tuple(Finding.from_json(finding) for finding in data["findings"]),
            tuple(VariantCode.from_json(variant) for variant in data.get("variants", ())),
            dict(data.get("apart", {})),
            None if sound is None else SoundPrint.from_json(sound),
            tuple(SoundVariant.from_json(variant) for variant in data.get("sound_variants", ())),
            None if framed is None else Fingerprints.from_json(framed),
        )
