"""Whose key signs and where it lies, what a manifest tells of parents and parts, time stamps, and stores kept beside files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from PIL import Image

from ledger.errors import LedgerError
from ledger.media.beside import Beside
from ledger.media.claimkeys import ElsewhereKey, FileKey
from ledger.media.claimstamp import token_over
from ledger.media.findings import CHEAP
from ledger.media.sandbox import Examiner
from ledger.media.signing import Claim, ManifestSigner
from ledger.media.testca import CertificateAuthority, LeafKey, make_test_ca
from ledger.media.trust import TrustSettings
from ledger.signers import UriSigner
from tests.house_of import raises_code
from tests.tsa_of import Authority, needed_tools, serving_authority


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    needed_tools()
    with serving_authority(tmp_path_factory.mktemp("tsa")) as authority:
        yield authority


@pytest.fixture(params=["jpg", "png", "mp4"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "mp4":
        found: Path = request.getfixturevalue("clip")
        return found
    path = tmp_path / f"still.{request.param}"
    Image.effect_mandelbrot((320, 240), (-2.0, -1.2, 0.8, 1.2), 60).convert("RGB").save(path)
    return path


def still(path: Path) -> Path:
    Image.effect_mandelbrot((320, 240), (-2.0, -1.2, 0.8, 1.2), 60).convert("RGB").save(path)
    return path


def no_secret(name: str) -> str:
    raise AssertionError(f"nobody should have asked for {name}")


@pytest.mark.parametrize(
    ("key", "alg"),
    [
        (ec.generate_private_key(ec.SECP384R1()), "es384"),
        (ed25519.Ed25519PrivateKey.generate(), "ed25519"),
        (rsa.generate_private_key(65_537, 2048), "ps256"),
    ],
)
def test_every_algorithm_of_c2pa_that_we_name_reads_trusted(key: LeafKey, alg: str, tmp_path: Path) -> None:
    authority = make_test_ca(datetime.now(UTC), key)
    assert FileKey(authority.chain_pem, authority.leaf_key_pem).alg == alg
    ManifestSigner(authority.chain_pem, authority.leaf_key_pem).sign(
        still(tmp_path / "still.jpg"), tmp_path / "signed.jpg", Claim("A still", {"index": 1})
    )
    report = Examiner(TrustSettings(authority.root_pem)).examine(tmp_path / "signed.jpg", extractors=CHEAP).c2pa
    assert report.state == "trusted"


def test_a_key_elsewhere_signs_and_no_child_has_one(authority: CertificateAuthority, tmp_path: Path) -> None:
    leaf = x509.load_pem_x509_certificates(authority.chain_pem.encode())[0]
    spki = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "key.pem").write_text(authority.leaf_key_pem)
    elsewhere = ElsewhereKey(authority.chain_pem, UriSigner(f"file2:{tmp_path / 'key.pem'}", spki, no_secret))
    signer = ManifestSigner(authority.chain_pem, elsewhere)
    source = still(tmp_path / "still.jpg")
    signer.sign(source, tmp_path / "signed.jpg", Claim("A still", {"index": 1}))
    report = Examiner(TrustSettings(authority.root_pem)).examine(tmp_path / "signed.jpg", extractors=CHEAP).c2pa
    assert (report.state, report.certificate_sha256) == ("trusted", signer.certificate_sha256)
    with source.open("rb") as file:
        whole = ManifestSigner(authority.chain_pem, authority.leaf_key_pem)
        assert "PRIVATE" not in json.dumps(whole._job(file.fileno(), 2, None, [], Claim("A still", {"index": 1})))


def test_a_chain_that_verifiers_refuse_signs_nothing(authority: CertificateAuthority, tmp_path: Path) -> None:
    source, target = still(tmp_path / "still.jpg"), tmp_path / "signed.jpg"
    for chain, code in (
        (authority.root_pem, "signing_chain_unfit"),
        (
            authority.chain_pem.split("-----END CERTIFICATE-----")[1] + "-----END CERTIFICATE-----",
            "signing_chain_unfit",
        ),
        ("words", "signing_key_unusable"),
    ):
        signer = ManifestSigner(chain, authority.leaf_key_pem)
        raises_code(code, partial(signer.sign, source, target, Claim("A still", {"index": 1})))
    stranger = make_test_ca(datetime.now(UTC))
    signer = ManifestSigner(authority.chain_pem, stranger.leaf_key_pem)
    raises_code("signing_key_unusable", partial(signer.sign, source, target, Claim("A still", {"index": 1})))
    assert sorted(one.name for one in tmp_path.iterdir()) == ["still.jpg"]


def test_a_time_stamp_is_put_in_and_the_engine_believes_it(
    source: Path, authority: CertificateAuthority, tsa: Authority, tmp_path: Path
) -> None:
    tsa.mode = "good"
    signer = ManifestSigner(
        authority.chain_pem, authority.leaf_key_pem, stamping=lambda content: token_over(tsa.url, content)
    )
    target = tmp_path / f"signed{source.suffix}"
    made = signer.sign(source, target, Claim("Anything", {"index": 1}))
    stamped = Examiner(TrustSettings(authority.root_pem, tsa.root_pem)).examine(target, extractors=CHEAP).c2pa
    assert (stamped.state, stamped.signing_state) == ("trusted", "trusted")
    assert stamped.signed_at is not None
    assert stamped.manifest_sha256 == made.manifest_sha256
    unlisted = Examiner(TrustSettings(authority.root_pem)).examine(target, extractors=CHEAP).c2pa
    assert (unlisted.state, unlisted.signed_at) == ("trusted", None)
    if source.suffix == ".png":
        Image.open(target).verify()  # checks every chunk's checksum


@pytest.mark.parametrize("mode", ["error", "wrong_digest", "garbage"])
def test_without_the_time_stamp_that_was_asked_for_nothing_is_signed(
    mode: str, authority: CertificateAuthority, tsa: Authority, tmp_path: Path
) -> None:
    tsa.mode = mode
    signer = ManifestSigner(
        authority.chain_pem, authority.leaf_key_pem, stamping=lambda content: token_over(tsa.url, content)
    )
    source = still(tmp_path / "still.jpg")
    with pytest.raises(LedgerError):
        signer.sign(source, tmp_path / "signed.jpg", Claim("A still", {"index": 1}))
    assert sorted(one.name for one in tmp_path.iterdir()) == ["still.jpg"]


def test_parts_are_named_as_parts_beside_the_one_parent(
    signed: Path, signer: ManifestSigner, examiner: Examiner, tmp_path: Path
) -> None:
    source, part = still(tmp_path / "work.jpg"), still(tmp_path / "part.png")
    claim = Claim("A work", {"index": 2}, edits=(("c2pa.edited", "an editor"),))
    signer.sign(source, tmp_path / "signed.jpg", claim, parent=signed, components=(part, signed))
    report = examiner.examine(tmp_path / "signed.jpg", extractors=CHEAP).c2pa
    manifest = json.loads(report.raw_report)["manifests"][json.loads(report.raw_report)["active_manifest"]]
    assert [one["relationship"] for one in manifest["ingredients"]] == ["parentOf", "componentOf", "componentOf"]
    assert (report.state, report.beginning, report.broken_rules) == ("trusted", "opened", ())
    said = json.dumps(manifest)
    assert said.count("c2pa.placed") == 2 and "an editor" in said


def test_a_store_kept_beside_a_file_binds_to_it_alone(
    source: Path, signer: ManifestSigner, examiner: Examiner, tmp_path: Path
) -> None:
    made = signer.sign(source, tmp_path / "store.c2pa", Claim("Anything", {"index": 1}), embed=False)
    assert (tmp_path / "store.c2pa").read_bytes() == made.manifest_bytes
    beside = Beside(sidecar=tmp_path / "store.c2pa")
    report = examiner.examine(source, extractors=CHEAP, beside=beside).c2pa
    assert (report.state, report.detached, report.manifest_sha256) == ("trusted", False, made.manifest_sha256)
    other = tmp_path / f"other{source.suffix}"
    other.write_bytes(source.read_bytes()[:-4] + b"\0\0\0\0")
    assert examiner.examine(other, extractors=CHEAP, beside=beside).c2pa.state == "tampered"
    assert examiner.examine(source, extractors=CHEAP).c2pa.state == "absent"
