"""Manifests written by us, read back by the examiner, and everything that must not read as trusted."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path

import c2pa as sdk
import pytest
from PIL import Image

from ledger.errors import LedgerError
from ledger.media.c2pa_claims import TRAINED_ALGORITHMIC_MEDIA
from ledger.media.findings import ALL, CHEAP
from ledger.media.sandbox import Examiner
from ledger.media.signing import Claim, ManifestSigner, SoftBinding, pdq_soft_binding
from ledger.media.testca import CertificateAuthority, make_test_ca
from ledger.media.trust import TrustSettings


def tampered(source: Path, target: Path) -> Path:
    """Flip one bit in the last fifth of the file: inside the coded pictures or sound."""
    data = bytearray(source.read_bytes())
    data[len(data) * 4 // 5] ^= 1
    target.write_bytes(data)
    return target


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    path = tmp_path / "photograph.jpg"
    Image.effect_mandelbrot((640, 480), (-2.0, -1.2, 0.8, 1.2), 60).convert("RGB").save(path, quality=90)
    return path


def test_signed_original_reads_trusted_and_names_its_entry(
    clip: Path, signer: ManifestSigner, examiner: Examiner, assertion: dict[str, object], tmp_path: Path
) -> None:
    fingerprints = examiner.examine(clip).fingerprints
    assert fingerprints is not None
    binding = pdq_soft_binding(fingerprints)
    assert binding is not None
    assert len(base64.b64decode(binding.value)) == 32 * len(fingerprints.frames)
    signed = signer.sign(clip, tmp_path / "signed.mp4", Claim("A clip", assertion, soft_bindings=(binding,)))
    found = examiner.examine(tmp_path / "signed.mp4")
    assert found.sha256 == signed.sha256
    assert (found.c2pa.state, found.c2pa.ingredients_state) == ("trusted", "none")
    assert found.c2pa.ledger_assertion == assertion
    assert found.c2pa.digital_source_type == TRAINED_ALGORITHMIC_MEDIA
    assert found.c2pa.manifest_sha256 == signed.manifest_sha256
    assert found.c2pa.holds


@pytest.mark.parametrize("kind", ["clip", "photograph"])
def test_signing_keeps_the_essence(
    kind: str, signer: ManifestSigner, examiner: Examiner, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    source: Path = request.getfixturevalue(kind)
    target = tmp_path / f"signed{source.suffix}"
    signer.sign(source, target, Claim("Anything", {"index": 1}))
    before, after = examiner.examine(source), examiner.examine(target)
    assert after.c2pa.state == "trusted"
    assert after.sha256 != before.sha256
    assert after.essence_sha256 == before.essence_sha256 is not None


def test_reencoded_photograph_has_another_essence(examiner: Examiner, photograph: Path, tmp_path: Path) -> None:
    with Image.open(photograph) as image:
        image.save(tmp_path / "again.jpg", quality=70)
    assert examiner.examine(tmp_path / "again.jpg").essence_sha256 != examiner.examine(photograph).essence_sha256


def test_signing_a_signed_file_keeps_its_history(
    signed: Path, signer: ManifestSigner, examiner: Examiner, tmp_path: Path
) -> None:
    signer.sign(signed, tmp_path / "again.mp4", Claim("Again", {"index": 8}, edits=("c2pa.edited",)))
    report = examiner.examine(tmp_path / "again.mp4", extractors=CHEAP).c2pa
    assert (report.state, report.ingredients_state) == ("trusted", "trusted")
    assert report.digital_source_type == TRAINED_ALGORITHMIC_MEDIA  # told by the parent
    assert b'"c2pa.opened"' in report.raw_report


def test_the_child_of_a_tampered_parent_does_not_hold(
    signed: Path, signer: ManifestSigner, examiner: Examiner, tmp_path: Path
) -> None:
    parent = tampered(signed, tmp_path / "parent.mp4")
    signer.sign(parent, tmp_path / "child.mp4", Claim("Child", {"index": 9}))
    report = examiner.examine(tmp_path / "child.mp4", extractors=CHEAP).c2pa
    assert b'"validation_state": "Trusted"' in report.raw_report or report.state == "trusted"
    assert report.ingredients_state == "tampered"
    assert not report.holds


def test_the_child_of_a_strangers_parent_does_not_hold(signed: Path, examiner: Examiner, tmp_path: Path) -> None:
    """Signed by an authority that trusts nobody else; read where only that authority is trusted."""
    other = make_test_ca(datetime.now(UTC))
    ManifestSigner(other.chain_pem, other.leaf_key_pem).sign(signed, tmp_path / "child.mp4", Claim("C", {"index": 1}))
    report = Examiner(TrustSettings(other.root_pem)).examine(tmp_path / "child.mp4", extractors=CHEAP).c2pa
    assert (report.state, report.ingredients_state) == ("trusted", "untrusted")
    assert not report.holds


def test_one_flipped_bit_reads_tampered(signed: Path, examiner: Examiner, tmp_path: Path) -> None:
    report = examiner.examine(tampered(signed, tmp_path / "flipped.mp4")).c2pa
    assert report.state == "tampered"
    assert "assertion.bmffHash.mismatch" in report.validation


def test_a_flipped_bit_in_the_manifest_reads_tampered(signed: Path, examiner: Examiner, tmp_path: Path) -> None:
    data = bytearray(signed.read_bytes())
    data[data.index(b"org.countersign.ledger") + 60] ^= 1
    (tmp_path / "flipped.mp4").write_bytes(data)
    assert examiner.examine(tmp_path / "flipped.mp4", extractors=CHEAP).c2pa.state == "tampered"


def test_a_signed_file_cut_short_reads_tampered(signed: Path, examiner: Examiner, tmp_path: Path) -> None:
    (tmp_path / "cut.mp4").write_bytes(signed.read_bytes()[:-2000])
    assert examiner.examine(tmp_path / "cut.mp4", extractors=CHEAP).c2pa.state == "tampered"


def test_a_stranger_is_not_trusted_and_neither_is_a_time_stamp_anchor(
    signed: Path, authority: CertificateAuthority
) -> None:
    def state(trust: TrustSettings) -> str:
        return Examiner(trust).examine(signed, extractors=CHEAP).c2pa.state

    assert state(TrustSettings()) == "untrusted"
    assert state(TrustSettings(make_test_ca(datetime.now(UTC)).root_pem)) == "untrusted"
    assert state(TrustSettings(tsa_anchors_pem=authority.root_pem)) == "untrusted"


def test_engine_alone_would_trust_the_time_stamp_anchor(signed: Path, authority: CertificateAuthority) -> None:
    """Why the file is read twice: the day this fails, the engine keeps the purposes of anchors apart."""
    anchor = {"name": "stamps", "trust_kind": "tsa", "trust_anchors": authority.root_pem}
    context = sdk.Context(sdk.Settings.from_dict({"trust": {"anchors": [anchor]}}))
    with signed.open("rb") as stream, sdk.Reader("video/mp4", stream, None, context=context) as reader:
        assert reader.get_validation_state() == "Trusted"


def test_no_key_no_signature_and_no_file(clip: Path, authority: CertificateAuthority, tmp_path: Path) -> None:
    other = make_test_ca(datetime.now(UTC))
    with pytest.raises(LedgerError) as caught:
        ManifestSigner(authority.chain_pem, "not a key").sign(clip, tmp_path / "out.mp4", Claim("C", {"index": 1}))
    assert caught.value.code in ("signing_key_unusable", "signing_failed")
    with pytest.raises(LedgerError):
        ManifestSigner(authority.chain_pem, other.leaf_key_pem).sign(clip, tmp_path / "out.mp4", Claim("C", {}))
    assert list(tmp_path.iterdir()) == []


def test_an_unsupported_file_is_the_callers_mistake(signer: ManifestSigner, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("words")
    with pytest.raises(LedgerError) as caught:
        signer.sign(tmp_path / "notes.txt", tmp_path / "out.txt", Claim("C", {"index": 1}))
    assert caught.value.code == "signing_unsupported"
    assert not (tmp_path / "out.txt").exists()


def test_signing_in_place_is_refused(signed: Path, signer: ManifestSigner) -> None:
    with pytest.raises(LedgerError) as caught:
        signer.sign(signed, signed, Claim("C", {"index": 1}))
    assert caught.value.code == "signing_in_place"


@pytest.mark.parametrize(
    "wrong",
    [
        {"digital_source_type": "http://example.org/made-up"},
        {"soft_bindings": (SoftBinding("org.example.unlisted", "x"),)},
        {"training_mining": {"data_mining": "perhaps"}},
    ],
)
def test_a_claim_outside_the_vocabulary_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(LedgerError) as caught:
        Claim("C", {"index": 1}, **wrong)  # type: ignore[arg-type]
    assert caught.value.code == "claim_vocabulary"


def test_the_real_sora_clip_signed_again_keeps_its_expired_past(
    corpus: Path, signer: ManifestSigner, examiner: Examiner, tmp_path: Path
) -> None:
    source = corpus / "c2pa" / "yogesh1290__videotest2.mp4"
    signer.sign(source, tmp_path / "sora.mp4", Claim("Sora clip", {"index": 2}))
    found = examiner.examine(tmp_path / "sora.mp4", extractors=ALL)
    assert (found.c2pa.state, found.c2pa.ingredients_state) == ("trusted", "expired")
    assert found.c2pa.digital_source_type == TRAINED_ALGORITHMIC_MEDIA
    assert found.essence_sha256 == examiner.examine(source).essence_sha256


def test_a_store_without_its_file_is_judged_by_its_signature_alone(
    clip: Path, signer: ManifestSigner, examiner: Examiner, tmp_path: Path
) -> None:
    made = signer.sign(clip, tmp_path / "signed.mp4", Claim("A clip", {"index": 3}))
    (tmp_path / "store.c2pa").write_bytes(made.manifest_bytes)
    report = examiner.examine(tmp_path / "store.c2pa", extractors=CHEAP).c2pa
    assert (report.state, report.detached, report.manifest_sha256) == ("trusted", True, made.manifest_sha256)
    assert report.ledger_assertion == {"index": 3}
    assert not report.holds
