"""What a file is, from its leading bytes. A name proves nothing, and letting the library guess would hand a stranger the
choice of decoder: a playlist in disguise makes some of them open other files.
"""

from __future__ import annotations

from typing import Final, NamedTuple

LEADING_BYTES: Final = 512  # every signature below lies within


class MediaType(NamedTuple):
    """`name` is the IANA media type; `demuxer` the one libav demuxer allowed to open it, "" when none is."""

    name: str
    kind: str  # "av", "still" or "other"
    demuxer: str = ""


UNKNOWN: Final = MediaType("application/octet-stream", "other")
_JPEG, _PNG = MediaType("image/jpeg", "still"), MediaType("image/png", "still")
_MP3, _AAC = MediaType("audio/mpeg", "av", "mp3"), MediaType("audio/aac", "av", "aac")
_SIGNATURES: Final = (
    (0, b"\xff\xd8\xff", _JPEG),
    (0, b"\x89PNG\r\n\x1a\n", _PNG),
    (0, b"GIF87a", MediaType("image/gif", "still")),
    (0, b"GIF89a", MediaType("image/gif", "still")),
    (0, b"II*\x00", MediaType("image/tiff", "still")),
    (0, b"MM\x00*", MediaType("image/tiff", "still")),
    (0, b"BM", MediaType("image/bmp", "still")),
    (0, b"\x1a\x45\xdf\xa3", MediaType("video/x-matroska", "av", "matroska")),
    (0, b"OggS", MediaType("application/ogg", "av", "ogg")),
    (0, b"fLaC", MediaType("audio/flac", "av", "flac")),
    (0, b"ID3", _MP3),
    # Eleven set bits, then layer III of MPEG-1, -2 and -2.5, each with and without a checksum: speech is 24 kHz, MPEG-2.
    *((0, bytes((0xFF, second)), _MP3) for second in (0xFB, 0xFA, 0xF3, 0xF2, 0xE3, 0xE2)),
    *((0, bytes((0xFF, second)), _AAC) for second in (0xF1, 0xF9)),  # ADTS
    (0, b"FLV\x01", MediaType("video/x-flv", "av", "flv")),
    (0, b"\x00\x00\x00\x0cJXL \r\n\x87\n", MediaType("image/jxl", "other")),
    (0, b"%PDF-", MediaType("application/pdf", "other")),
    (4, b"jumb", MediaType("application/c2pa", "other")),
)
_RIFF: Final = {
    b"WEBP": MediaType("image/webp", "still"),
    b"WAVE": MediaType("audio/wav", "av", "wav"),
    b"AVI ": MediaType("video/x-msvideo", "av", "avi"),
}
_BRANDS: Final = {
    b"avif": MediaType("image/avif", "still"),
    b"avis": MediaType("image/avif", "still"),
    b"heic": MediaType("image/heic", "other"),
    b"heix": MediaType("image/heic", "other"),
    b"heim": MediaType("image/heic", "other"),
    b"heis": MediaType("image/heic", "other"),
    b"hevc": MediaType("image/heic-sequence", "other"),
    b"mif1": MediaType("image/heif", "other"),
    b"qt  ": MediaType("video/quicktime", "av", "mov"),
    b"M4A ": MediaType("audio/mp4", "av", "mov"),
}
_MP4: Final = MediaType("video/mp4", "av", "mov")
_TRANSPORT_STREAM: Final = MediaType("video/mp2t", "av", "mpegts")
_TRANSPORT_PACKET_BYTES: Final = 188  # each begins with "G"; three in a row lie within the leading bytes
# Boxes that may begin a file of the MP4 family besides `ftyp` (old QuickTime files, fragments).
_LEADING_BOXES: Final = (b"ftyp", b"styp", b"moov", b"mdat", b"free", b"skip", b"wide", b"moof", b"sidx")


def media_type(head: bytes) -> MediaType:
    """The type of a file that begins with `head` (its first `LEADING_BYTES`); `UNKNOWN` when no signature fits."""
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], UNKNOWN)
    if head[4:8] in _LEADING_BOXES:
        return _BRANDS.get(head[8:12], _MP4) if head[4:8] == b"ftyp" else _MP4
    for offset, signature, found in _SIGNATURES:
        if head[offset : offset + len(signature)] == signature:
            return _webm(head, found)
    return _TRANSPORT_STREAM if head[: 3 * _TRANSPORT_PACKET_BYTES : _TRANSPORT_PACKET_BYTES] == b"GGG" else UNKNOWN


def _webm(head: bytes, found: MediaType) -> MediaType:
    """WebM is Matroska with another document type, named within the first bytes."""
    if found.demuxer == "matroska" and b"webm" in head[:64]:
        return MediaType("video/webm", "av", "matroska")
    return found
