"""Certificates' purposes and dates, the CBOR reader, and the anchors we accept."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import LedgerError
from ledger.media.cbor import CborError, loads
from ledger.media.signature import SignatureCertificates, signature_certificates
from ledger.media.testca import make_test_ca
from ledger.media.trust import ANCHORS_BYTES_MAX, TrustSettings, sdk_settings

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def certificate(*purposes: x509.ObjectIdentifier) -> x509.Certificate:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(NOW).not_valid_after(NOW + timedelta(days=1))
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    return builder.sign(key, hashes.SHA256())


@pytest.mark.parametrize(
    ("purposes", "may"),
    [
        ((ExtendedKeyUsageOID.EMAIL_PROTECTION,), True),
        ((x509.ObjectIdentifier("1.3.6.1.4.1.62558.2.1"),), True),
        ((ExtendedKeyUsageOID.TIME_STAMPING,), False),
        ((ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.TIME_STAMPING), False),
        ((ExtendedKeyUsageOID.SERVER_AUTH,), False),
        ((), False),
    ],
)
def test_only_claim_signing_purposes_may_sign_claims(purposes: tuple[x509.ObjectIdentifier, ...], may: bool) -> None:
    assert SignatureCertificates(certificate(*purposes), ()).may_sign_claims is may


@pytest.mark.parametrize(
    ("purposes", "may"),
    [
        ((), True),
        ((x509.ObjectIdentifier("1.2.840.113583.1.1.7"),), True),  # Adobe's own
        ((ExtendedKeyUsageOID.TIME_STAMPING,), False),
        ((ExtendedKeyUsageOID.OCSP_SIGNING, ExtendedKeyUsageOID.TIME_STAMPING), False),
    ],
)
def test_an_authority_for_time_stamps_alone_vouches_for_no_signer(
    purposes: tuple[x509.ObjectIdentifier, ...], may: bool
) -> None:
    leaf = certificate(ExtendedKeyUsageOID.EMAIL_PROTECTION)
    assert SignatureCertificates(leaf, (), (certificate(*purposes),)).may_sign_claims is may


def test_the_test_authoritys_leaf_may_sign_and_expires() -> None:
    leaf = x509.load_pem_x509_certificates(make_test_ca(NOW).chain_pem.encode())[0]
    certificates = SignatureCertificates(leaf, ())
    assert certificates.may_sign_claims
    assert "TEST ONLY" in leaf.subject.rfc4514_string()
    assert not certificates.expired(NOW - timedelta(days=59))
    assert certificates.expired(NOW - timedelta(days=61))
    assert certificates.expired(NOW + timedelta(days=306))


def test_a_token_with_a_borrowed_certificate_does_not_chain() -> None:
    """A real authority's certificate beside the one that signed must not vouch for it."""
    real, own = certificate(ExtendedKeyUsageOID.TIME_STAMPING), certificate(ExtendedKeyUsageOID.TIME_STAMPING)
    anchors = real.public_bytes(Encoding.PEM)
    assert SignatureCertificates(real, (real,)).stamp_chains_to(anchors.decode())
    assert not SignatureCertificates(real, (real, own)).stamp_chains_to(anchors.decode())
    assert not SignatureCertificates(real, (real,)).stamp_chains_to("")


def test_anchors_that_are_no_certificates_are_the_callers_mistake() -> None:
    for pem, code in (("words", "trust_anchors_malformed"), ("x" * (ANCHORS_BYTES_MAX + 1), "trust_anchors_too_large")):
        with pytest.raises(LedgerError) as caught:
            TrustSettings(pem)
        assert caught.value.code == code


def test_the_engine_is_never_allowed_on_the_network() -> None:
    for time_stamps in (True, False):
        settings = sdk_settings(TrustSettings(), time_stamps=time_stamps)
        assert settings["verify"]["remote_manifest_fetch"] is False
        assert settings["core"]["allowed_network_hosts"] == []


def test_signers_are_looked_for_under_signer_anchors_alone() -> None:
    ca = make_test_ca(NOW)
    trust = TrustSettings(signer_anchors_pem="", tsa_anchors_pem=ca.root_pem)
    assert "trust_anchors" not in sdk_settings(trust, time_stamps=False)["trust"]
    assert ca.root_pem in sdk_settings(trust, time_stamps=True)["trust"]["trust_anchors"]


@pytest.mark.parametrize(
    ("encoded", "value"),
    [
        ("1903e8", 1000),
        ("3903e7", -1000),
        ("a2616101616282f5f6", {"a": 1, "b": [True, None]}),
        ("d28443a10126a0f640", [bytes.fromhex("a10126"), {}, None, b""]),
    ],
)
def test_cbor_of_the_specification_reads(encoded: str, value: object) -> None:
    assert loads(bytes.fromhex(encoded)) == value


@pytest.mark.parametrize("encoded", ["", "5f", "9bffffffffffffffff", "81" * 40 + "00", "fb3ff199999999999a", "62c328"])
def test_cbor_out_of_bounds_is_refused(encoded: str) -> None:
    with pytest.raises(CborError):
        loads(bytes.fromhex(encoded))


@given(st.binary(max_size=200))
def test_no_bytes_make_the_readers_fail_otherwise(data: bytes) -> None:
    assert signature_certificates(data, "label") is None
    with contextlib.suppress(CborError):
        loads(data)
