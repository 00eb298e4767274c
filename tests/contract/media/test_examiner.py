"""The examiner as everyone calls it: a real child process on real files."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
from PIL import Image

from ledger.media.findings import ALL, CHEAP, EXTRACTORS, QUERY_VARIANTS, Examination
from ledger.media.fingerprints import hamming
from ledger.media.local_features import unpack
from ledger.media.sandbox import Examiner
from ledger.media.testca import CertificateAuthority
from ledger.media.trust import TrustList, TrustSettings
from ops.demo.media import make_unrelated_clip, reencode
from schemas.base import format_instant


@dataclass(frozen=True)
class Still:
    """A clock that stands: an examination says when it was."""

    at: datetime

    def now(self) -> datetime:
        return self.at


def remux(source: Path, target: Path) -> Path:
    """Copy the coded streams into the container that `target` is named after."""
    with av.open(str(source)) as container, av.open(str(target), "w") as output:
        streams = {s.index: output.add_stream_from_template(s) for s in container.streams}
        for packet in container.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream_index]
                output.mux(packet)
    return target


def nearest(query: Examination, reference: Examination) -> list[int]:
    assert query.fingerprints is not None
    assert reference.fingerprints is not None
    return [min(hamming(q.pdq, r.pdq) for r in reference.fingerprints.frames) for q in query.fingerprints.frames]


def test_full_examination_of_a_signed_clip(examiner: Examiner, signed: Path) -> None:
    found = examiner.examine(signed)
    assert found.sha256 == hashlib.sha256(signed.read_bytes()).hexdigest()
    assert found.size_bytes == signed.stat().st_size
    assert tuple(f.extractor for f in found.findings) == EXTRACTORS
    told = {"visible_mark", "text", "brand"}  # only where somebody says what to look for
    marked = {"invisible_watermark", "learnt_descriptor"}  # where an engine is installed, a model brought
    heard = {"audio_fingerprint"}  # where Chromaprint's library is installed
    assert {f.extractor for f in found.findings if f.state == "found"} | heard | told | marked == ALL
    assert {found.finding(name).state for name in told} == {"not_checked"}
    assert {f.state for f in found.findings if f.extractor not in ALL} == {"not_checked"}
    assert found.probe is not None
    assert [(s.kind, s.codec) for s in found.probe.streams] == [("video", "h264"), ("audio", "aac")]
    assert (found.probe.duration_ms, found.probe.media_type) == (4000, "video/mp4")
    assert found.fingerprints is not None
    assert [f.t_ms for f in found.fingerprints.frames][:4] == [0, 500, 1000, 1500]
    fences = found.finding("digest").detail["fences"]
    assert fences["limits"]
    assert fences["seccomp"] or fences["network_namespace"]


def test_every_examination_names_lists_engine_and_clock(authority: CertificateAuthority, signed: Path) -> None:
    now, listed = datetime.now(UTC), TrustList("signer", authority.root_pem)
    trust = TrustSettings(lists=(listed,))
    said = Examiner(trust, clock=Still(now)).examine(signed, extractors=CHEAP).finding("c2pa")
    assert said.version.startswith("c2pa-rs ")
    assert said.detail["state"] == "trusted"
    assert said.detail["trust_sha256"] == trust.sha256 != TrustSettings().sha256
    assert said.detail["trust_lists"] == [hashlib.sha256(authority.root_pem.encode()).hexdigest()]
    assert said.detail["checked_at"] == format_instant(now)


def test_a_list_past_its_sunset_vouches_for_nothing_and_nobody_knows_when_it_was_signed(
    authority: CertificateAuthority, signed: Path
) -> None:
    now = datetime.now(UTC)
    for until, state in ((now + timedelta(seconds=1), "trusted"), (now, "untrusted")):
        trust = TrustSettings(lists=(TrustList("signer", authority.root_pem, until),))
        report = Examiner(trust, clock=Still(now)).examine(signed, extractors=CHEAP).c2pa
        assert (report.state, report.signing_state, report.signed_at) == (state, "not_checked", None)


def test_a_list_for_time_stamps_never_vouches_for_a_signer(authority: CertificateAuthority, signed: Path) -> None:
    trust = TrustSettings(lists=(TrustList("tsa", authority.root_pem),))
    assert Examiner(trust).examine(signed, extractors=CHEAP).c2pa.state == "untrusted"


def test_examination_is_json_without_floats_and_reads_back(examiner: Examiner, signed: Path) -> None:
    found = examiner.examine(signed, extractors=ALL | {QUERY_VARIANTS})

    def no_float(text: str) -> float:
        raise AssertionError(text)

    assert Examination.from_json(json.loads(json.dumps(found.as_json(whole=True)), parse_float=no_float)) == found
    assert "raw_report" not in found.as_json()["c2pa"]


def test_the_cheap_set_decodes_nothing_and_says_so(examiner: Examiner, signed: Path) -> None:
    found = examiner.examine(signed, extractors=CHEAP)
    assert found.c2pa.state == "trusted"
    assert (found.probe, found.fingerprints, found.essence_sha256) == (None, None, None)
    assert found.finding("pdq").state == "not_checked"
    assert found.finding("pdq").detail == {"reason": "not_asked_for"}


def test_same_file_same_findings(authority: CertificateAuthority, signed: Path) -> None:
    examiner = Examiner(TrustSettings(authority.root_pem), clock=Still(datetime.now(UTC)))
    assert examiner.examine(signed).as_json() == examiner.examine(signed).as_json()


def test_reencoded_copy_loses_manifest_and_essence_but_keeps_its_fingerprints(
    examiner: Examiner, signed: Path, tmp_path: Path
) -> None:
    original, copy = examiner.examine(signed), examiner.examine(reencode(signed, tmp_path / "copy.mp4", height=180))
    assert copy.c2pa.state == "absent"
    assert copy.essence_sha256 not in (None, original.essence_sha256)
    assert max(nearest(copy, original)) <= 31


def test_unrelated_clip_is_near_no_frame(examiner: Examiner, signed: Path, tmp_path: Path) -> None:
    other = examiner.examine(make_unrelated_clip(tmp_path / "other.mp4", seconds=3, size=(640, 360)))
    assert min(nearest(other, examiner.examine(signed))) > 60


def test_matroska_is_unsupported_for_manifests_but_examined(examiner: Examiner, signed: Path, tmp_path: Path) -> None:
    found = examiner.examine(remux(signed, tmp_path / "clip.mkv"))
    assert found.c2pa.state == "unsupported"
    assert found.finding("c2pa").state == "unsupported"
    assert found.fingerprints is not None
    assert found.probe is not None
    assert found.probe.media_type == "video/x-matroska"


def test_a_remuxed_mp4_is_stripped_and_keeps_its_essence(examiner: Examiner, signed: Path, tmp_path: Path) -> None:
    found = examiner.examine(remux(signed, tmp_path / "remuxed.mp4"))
    assert found.c2pa.state == "absent"
    assert found.essence_sha256 == examiner.examine(signed).essence_sha256


def test_a_slowed_down_copy_has_another_essence(examiner: Examiner, clip: Path, tmp_path: Path) -> None:
    with av.open(str(clip)) as container, av.open(str(tmp_path / "slow.mp4"), "w") as output:
        stream = output.add_stream_from_template(container.streams.video[0])
        for packet in container.demux(container.streams.video[0]):
            if packet.dts is not None and packet.pts is not None:
                packet.pts, packet.dts, packet.stream = packet.pts * 2, packet.dts * 2, stream
                output.mux(packet)
    only_video = remux_video(clip, tmp_path / "video.mp4")
    slow, normal = examiner.examine(tmp_path / "slow.mp4"), examiner.examine(only_video)
    assert slow.essence_sha256 != normal.essence_sha256


def remux_video(source: Path, target: Path) -> Path:
    with av.open(str(source)) as container, av.open(str(target), "w") as output:
        stream = output.add_stream_from_template(container.streams.video[0])
        for packet in container.demux(container.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                output.mux(packet)
    return target


def test_rotation_by_metadata_is_undone_before_hashing(examiner: Examiner, clip: Path, tmp_path: Path) -> None:
    """A clip turned in its pixels and turned back by its container looks like the original."""
    turned = tmp_path / "turned.mp4"
    with av.open(str(clip)) as container, av.open(str(turned), "w") as output:
        stream = output.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 360, 640, "yuv420p"
        stream.set_display_rotation(90)
        for frame in container.decode(video=0):
            picture = Image.fromarray(frame.to_ndarray(format="rgb24")).transpose(Image.Transpose.ROTATE_270)
            sideways = av.VideoFrame.from_image(picture)
            sideways.pts, sideways.time_base = frame.pts, frame.time_base
            output.mux(stream.encode(sideways))
        output.mux(stream.encode(None))
    found = examiner.examine(turned)
    assert found.probe is not None
    assert found.probe.streams[0].rotation_deg == 90
    assert max(nearest(found, examiner.examine(clip))) <= 31


def test_letterboxed_and_mirrored_copies_are_near_through_variants(
    examiner: Examiner, clip: Path, tmp_path: Path
) -> None:
    picture = tmp_path / "frame.png"
    with av.open(str(clip)) as container:
        frame = next(container.decode(video=0)).to_image()
    boxed = Image.new("RGB", (640, 480), (3, 3, 3))
    boxed.paste(frame.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (0, 60))
    boxed.save(picture)
    reference = examiner.examine(clip).framed
    found = examiner.examine(picture, extractors=frozenset({"pdq", QUERY_VARIANTS}))
    assert reference is not None and found.fingerprints is not None
    first = [code for code in reference.frames if code.t_ms == 0]
    distance = {v.variant: min(hamming(v.code.pdq, known.pdq) for known in first) for v in found.variants}
    assert distance["upright/whole"] > 60
    assert distance["mirrored/unbarred"] <= 31


def test_local_features_are_apart_and_named_by_their_digest(examiner: Examiner, clip: Path) -> None:
    found = examiner.examine(clip)
    said = found.finding("local_features")
    assert (said.state, said.algorithm) == ("found", "sift256@384px/key2000ms-moved90")
    assert said.detail["sha256"] == hashlib.sha256(found.features).hexdigest()
    assert "apart" not in found.as_json()
    frames = unpack(found.features)
    assert [frame.t_ms for frame in frames][:2] == [0, 1000] and max(map(len, frames)) == 256
