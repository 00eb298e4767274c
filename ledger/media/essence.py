"""The digest of what a file shows and sounds, without its wrapping: a copy with a manifest added or metadata removed has
the same essence as the original, a re-encoded one has another.

Audio and video: every stream's coded packets with their times, as the demuxer hands them out; nothing is decoded, so the
digest does not depend on a decoder. Stills: the decoded pixels, so it names the decoder in its version.
"""

from __future__ import annotations

import hashlib
import struct
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from PIL import Image, features

from ledger.media.frames import ANIMATION_FRAMES_MAX
from ledger.media.media_type import MediaType
from ledger.media.probe import OverBoundError, open_container, open_still, pictures

PACKETS_ALGORITHM: Final = "sha256/packets-1"
PIXELS_ALGORITHM: Final = "sha256/pixels-1"
_NO_TIME: Final = -(2**63)  # a packet without a presentation time


def essence(path: Path, kind: MediaType) -> tuple[str, str, str]:
    """(digest in hex, algorithm, version). Raises UnsupportedMediaError, OverBoundError, av.FFmpegError or OSError."""
    of_pixels, of_packets = specs()
    return (_pixels(path), *of_pixels) if kind.kind == "still" else (_packets(path, kind), *of_packets)


def specs() -> tuple[tuple[str, str], tuple[str, str]]:
    """(algorithm, version) for stills, and for all else."""
    pillow = f"pillow {version('pillow')}, jpeg {features.version('jpg')}"
    return (PIXELS_ALGORITHM, pillow), (PACKETS_ALGORITHM, f"av {version('av')}")


def _packets(path: Path, kind: MediaType) -> str:
    """SHA-256 over each stream's line: index, kind, codec, shape, configuration and the digest of its packets.

    A packet is its time in milliseconds since the stream's first, its size and its bytes, in decoding order. The times
    are in: a slowed-down clip is not the same clip.
    """
    with open_container(path, kind) as container:
        digests = {stream.index: hashlib.sha256() for stream in container.streams}
        starts: dict[int, int] = {}
        for packet in container.demux():
            if packet.size:
                digests[packet.stream_index].update(_packet_header(packet, starts))
                digests[packet.stream_index].update(packet)
        total = hashlib.sha256(PACKETS_ALGORITHM.encode())
        for stream in container.streams:
            total.update(_stream_line(stream, digests[stream.index].hexdigest()))
        return total.hexdigest()


def _packet_header(packet: Any, starts: dict[int, int]) -> bytes:
    if packet.pts is None:
        return struct.pack(">qQ", _NO_TIME, packet.size)
    start = starts.setdefault(packet.stream_index, packet.pts)
    return struct.pack(">qQ", round((packet.pts - start) * packet.time_base * 1000), packet.size)


def _stream_line(stream: Any, packets_sha256: str) -> bytes:
    context = stream.codec_context
    configuration = hashlib.sha256(bytes(context.extradata or b"")).hexdigest() if context else ""
    shape = [getattr(context, name, None) or 0 for name in ("width", "height", "sample_rate", "channels")]
    codec = context.name if context else ""
    line = [stream.index, stream.type, codec, *shape, configuration, packets_sha256]
    return ("\n" + " ".join(str(part) for part in line)).encode()


def _pixels(path: Path) -> str:
    """SHA-256 over every picture's size and RGBA bytes as stored, with the orientation that the file asks for."""
    total = hashlib.sha256(PIXELS_ALGORITHM.encode())
    with open_still(path) as image:
        count = pictures(image)
        if count > ANIMATION_FRAMES_MAX:
            raise OverBoundError("too_many_frames")
        orientation = image.getexif().get(0x0112, 1)  # EXIF Orientation
        for index in range(count):
            image.seek(index)
            total.update(f"\n{image.width} {image.height} {orientation}\n".encode())
            total.update(_samples(image))
    return total.hexdigest()


def _samples(image: Image.Image) -> bytes:
    """RGBA, or the samples themselves where eight bits can't hold them: clipped, two pictures could have one digest."""
    deep = image.mode in ("I", "F") or image.mode.startswith("I;")
    return image.tobytes() if deep else image.convert("RGBA").tobytes()
