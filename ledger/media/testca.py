"""A certificate authority of our own, for the demo and the tests. Nobody else should trust it, and its names say so.

Three certificates, because a C2PA leaf must not be self-signed and verifiers expect the intermediate in the signature.
The leaf follows the C2PA 2.x certificate profile: critical KeyUsage digitalSignature, critical BasicConstraints
CA:false, AuthorityKeyIdentifier, and the purposes emailProtection and C2PA claim signing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

# Signatures made in a demo's past must validate too, and a forgotten test CA must not outlive its year.
VALID_BEFORE_NOW_DAYS: Final = 60
VALID_DAYS: Final = 365
LeafKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
C2PA_CLAIM_SIGNING: Final = ObjectIdentifier("1.3.6.1.4.1.62558.2.1")
_ORGANISATION: Final = "Countersign TEST ONLY"


class CertificateAuthority(NamedTuple):
    """PEM text: the root to list as an anchor, leaf + intermediate to send along, the leaf's private key (PKCS 8)."""

    root_pem: str
    chain_pem: str
    leaf_key_pem: str


def make_test_ca(now: datetime, leaf_key: LeafKey | None = None) -> CertificateAuthority:
    """A fresh root, intermediate and claim-signing leaf (ES256 unless a key is given), valid from 60 days before `now` for one
    year."""
    begin = now - timedelta(days=VALID_BEFORE_NOW_DAYS)
    root_key, middle_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    leaf_key = leaf_key or ec.generate_private_key(ec.SECP256R1())
    root_name, middle_name = _name("TEST ONLY root"), _name("TEST ONLY intermediate")
    root = _authority(root_name, root_name, root_key, root_key, begin, path_length=1)
    middle = _authority(middle_name, root_name, middle_key, root_key, begin, path_length=0)
    leaf = _leaf(_name("TEST ONLY claim signer"), middle_name, leaf_key, middle_key, begin)
    key_pem = leaf_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return CertificateAuthority(_pem(root), _pem(leaf) + _pem(middle), key_pem.decode())


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: LeafKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    begin: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )


def _authority(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    begin: datetime,
    *,
    path_length: int,
) -> x509.Certificate:
    builder = _builder(subject, issuer, key, issuer_key, begin)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    return builder.sign(issuer_key, hashes.SHA256())


def _leaf(
    subject: x509.Name,
    issuer: x509.Name,
    key: LeafKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    begin: datetime,
) -> x509.Certificate:
    builder = _builder(subject, issuer, key, issuer_key, begin)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
    purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION, C2PA_CLAIM_SIGNING])
    return builder.add_extension(purposes, critical=False).sign(issuer_key, hashes.SHA256())


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
