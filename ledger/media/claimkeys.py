"""The key behind a C2PA certificate: a file, or one that never leaves an HSM or key store (ADR 016). No child process has it.

Signatures are as COSE has them (RFC 9053): ECDSA as r ‖ s, PS256 with the digest's length of salt, Ed25519 as it is.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID

from ledger.errors import Misuse
from ledger.media.trust import SIGNER_EKUS
from ledger.signers import StatementSigner

_CURVES: Final[dict[str, tuple[str, hashes.HashAlgorithm, int]]] = {
    "secp256r1": ("es256", hashes.SHA256(), 32),
    "secp384r1": ("es384", hashes.SHA384(), 48),
}


class ClaimKey(Protocol):
    """Which algorithm of C2PA it is, and signatures over these bytes."""

    @property
    def alg(self) -> str: ...

    def sign(self, message: bytes) -> bytes: ...


class FileKey:
    """A private key in PEM (PKCS 8). Raises Misuse `signing_key_unusable`."""

    def __init__(self, chain_pem: str, key_pem: str) -> None:
        leaf = leaf_of(chain_pem)
        try:
            self._key: Any = load_pem_private_key(key_pem.encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise _unusable("the private key can't be read") from None
        if _spki(self._key.public_key()) != _spki(leaf.public_key()):
            raise _unusable("the private key is not the certificate's")
        self.alg = alg_of(leaf)

    def sign(self, message: bytes) -> bytes:
        if isinstance(self._key, ed25519.Ed25519PrivateKey):
            return self._key.sign(message)
        if isinstance(self._key, rsa.RSAPrivateKey):
            salted = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
            return self._key.sign(message, salted, hashes.SHA256())
        _, digest, _ = _CURVES[self._key.curve.name]
        return fixed(self._key.sign(message, ec.ECDSA(digest)), self._key.public_key())


class ElsewhereKey:
    """A key behind one of the URIs of ADR 016, which signs as statements are signed. Raises Misuse `signing_key_unusable`."""

    def __init__(self, chain_pem: str, signer: StatementSigner) -> None:
        leaf = leaf_of(chain_pem)
        if _spki(leaf.public_key()) != signer.spki:
            raise _unusable("the key elsewhere is not the certificate's")
        self._signer, self._public, self.alg = signer, leaf.public_key(), alg_of(leaf)
        if self.alg not in ("es256", "ed25519"):
            raise _unusable("keys elsewhere are of P-256 or Ed25519")

    def sign(self, message: bytes) -> bytes:
        """Raises Unavailable `signer_unavailable`, Untrusted `signer_key_differs`."""
        return fixed(self._signer.sign(message), self._public)


def leaf_of(chain_pem: str) -> x509.Certificate:
    """The certificate that signs, checked against the C2PA profile: verifiers refuse others, so we don't sign with them.

    Raises Misuse `signing_key_unusable`, `signing_chain_unfit`.
    """
    try:
        chain = x509.load_pem_x509_certificates(chain_pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise _unusable("the certificate chain can't be read") from None
    if (unfit := _unfit(chain)) is not None:
        raise Misuse("signing_chain_unfit", f"The certificate may not sign claims: {unfit}.", "Get one that may.")
    return chain[0]


def _unfit(chain: list[x509.Certificate]) -> str | None:
    """C2PA 2.2, 14.5.1: what a signer's certificate is like."""
    leaf, known = chain[0], chain[0].extensions
    if leaf.issuer == leaf.subject:
        return "it vouches for itself"
    try:
        usage = known.get_extension_for_class(x509.KeyUsage).value
        purposes = {one.dotted_string for one in known.get_extension_for_class(x509.ExtendedKeyUsage).value}
        known.get_extension_for_class(x509.AuthorityKeyIdentifier)
        constraints = known.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound as error:
        return f"it lacks {error.oid._name}"
    if constraints.ca or not usage.digital_signature:
        return "it is an authority's, or not for signatures"
    if not purposes & set(SIGNER_EKUS) or ExtendedKeyUsageOID.TIME_STAMPING.dotted_string in purposes:
        return "its purposes are others"
    return None


def alg_of(leaf: x509.Certificate) -> str:
    """The name that C2PA has for it. Raises Misuse `signing_key_unusable`."""
    public = leaf.public_key()
    if isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name in _CURVES:
        return _CURVES[public.curve.name][0]
    if isinstance(public, ed25519.Ed25519PublicKey):
        return "ed25519"
    if isinstance(public, rsa.RSAPublicKey) and public.key_size >= 2048:
        return "ps256"
    raise _unusable("its algorithm is none of ES256, ES384, PS256, Ed25519")


def fixed(signature: bytes, public: Any) -> bytes:
    """An ECDSA signature in DER as r ‖ s; others as they are."""
    if not isinstance(public, ec.EllipticCurvePublicKey):
        return signature
    size = _CURVES[public.curve.name][2]
    r, s = decode_dss_signature(signature)
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def _spki(public: Any) -> bytes:
    found: bytes = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return found


def _unusable(why: str) -> Misuse:
    return Misuse("signing_key_unusable", f"The certificate chain and private key can't sign: {why}.", "Check them.")
