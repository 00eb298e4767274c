"""The certificates behind a C2PA signature, read by ourselves: what the signer's certificate is for, until when it
holds, and whether the time stamp's authority chains to an anchor for time stamps.

The engine lists neither. It also trusts every time stamp of an old (version 1) claim without looking at its chain,
which lets whoever holds an expired key sign today with a date of his own making.
"""

from __future__ import annotations

import hashlib
import struct
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID

from ledger.media.cbor import CborError, loads
from ledger.media.trust import SIGNER_EKUS

CHAIN_LENGTH_MAX: Final = 8  # certificates in one chain; public ones have at most four
_ALONE: Final = {ExtendedKeyUsageOID.TIME_STAMPING.dotted_string, ExtendedKeyUsageOID.OCSP_SIGNING.dotted_string}
_X5CHAIN: Final = 33  # COSE header label, RFC 9360
_BAD: Final = (ValueError, TypeError, KeyError, IndexError, CborError, UnsupportedAlgorithm, struct.error)


@dataclass(frozen=True)
class SignatureCertificates:
    """The leaf that signed the claim, the authorities sent along, and the certificates inside its time stamps (any order;
    both may be empty)."""

    leaf: x509.Certificate
    stamp_certificates: tuple[x509.Certificate, ...]
    authorities: tuple[x509.Certificate, ...] = ()

    @property
    def may_sign_claims(self) -> bool:
        """Whether the leaf's purposes include one of `SIGNER_EKUS`; a time-stamp or OCSP certificate's don't. Nor may
        an authority above it that is there for nothing else. (One that names other purposes may: Adobe's own names none
        of `SIGNER_EKUS`.)"""
        mine = _purposes(self.leaf)
        above = [purposes for c in self.authorities if (purposes := _purposes(c)) is not None]
        if mine is None or mine & _ALONE or not mine & set(SIGNER_EKUS):
            return False
        return not any(purposes <= _ALONE for purposes in above)

    @property
    def turns(self) -> tuple[datetime, datetime]:
        """When the leaf begins and ends to be valid: by then an older verdict has to be asked for anew."""
        return self.leaf.not_valid_before_utc, self.leaf.not_valid_after_utc

    def expired(self, now: datetime) -> bool:
        return not self.leaf.not_valid_before_utc <= now <= self.leaf.not_valid_after_utc

    def stamp_chains_to(self, anchors_pem: str) -> bool:
        """Whether every certificate in the time stamps chains to an anchor. All of them: a token may carry a real
        authority's certificates beside the one that really signed it."""
        if not anchors_pem.strip() or not self.stamp_certificates:
            return False
        try:
            anchors = x509.load_pem_x509_certificates(anchors_pem.encode())
        except ValueError:
            return False
        if not any(_stamps_time(c) for c in self.stamp_certificates):
            return False
        return all(_chains(c, self.stamp_certificates, anchors) for c in self.stamp_certificates)


def signature_certificates(manifest_store: bytes, label: str) -> SignatureCertificates | None:
    """The certificates of the manifest named `label` in a JUMBF manifest store; None when they can't be read."""
    try:
        box = signature_box(manifest_store, label)
        return None if box is None else _certificates(loads(box))
    except _BAD:
        return None


def _purposes(certificate: x509.Certificate) -> set[str] | None:
    """The extended key usages, None when it names none; unreadable ones are no purpose at all."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return None
    except ValueError:
        return set()
    return {purpose.dotted_string for purpose in usage}


def _certificates(cose: Any) -> SignatureCertificates:
    protected, unprotected = loads(cose[0]) if cose[0] else {}, cose[1]
    chain = protected.get(_X5CHAIN) or protected.get("x5chain") or unprotected.get(_X5CHAIN) or unprotected["x5chain"]
    first, *above = chain[: CHAIN_LENGTH_MAX + 1] if isinstance(chain, list) else [chain]
    stamps: list[x509.Certificate] = []
    for header in ("sigTst", "sigTst2"):
        for token in (unprotected.get(header) or {}).get("tstTokens", [])[:CHAIN_LENGTH_MAX]:
            stamps += _token_certificates(token["val"])
    authorities = tuple(x509.load_der_x509_certificate(one) for one in above)
    return SignatureCertificates(x509.load_der_x509_certificate(first), tuple(stamps), authorities)


def _token_certificates(token: bytes) -> list[x509.Certificate]:
    """Version 2 claims hold the bare token, version 1 claims the whole TimeStampResp: {status, token}."""
    for candidate in (token, _second_member(token)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # public authorities order their certificate sets against DER
                return pkcs7.load_der_pkcs7_certificates(candidate)[:CHAIN_LENGTH_MAX]
        except (ValueError, UnsupportedAlgorithm):
            continue
    return []


def _second_member(der: bytes) -> bytes:
    """The bytes after the first member of a DER SEQUENCE."""
    body = der[_der_header(der, 0)[0] :]
    start, size = _der_header(body, 0)
    return body[start + size :]


def _der_header(der: bytes, at: int) -> tuple[int, int]:
    """Where the content at `at` starts and how long it is."""
    first = der[at + 1]
    if first < 0x80:
        return at + 2, first
    count = first & 0x7F
    return at + 2 + count, int.from_bytes(der[at + 2 : at + 2 + count], "big")


def _stamps_time(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    return ExtendedKeyUsageOID.TIME_STAMPING in usage


def _chains(leaf: x509.Certificate, between: tuple[x509.Certificate, ...], anchors: list[x509.Certificate]) -> bool:
    """Follow issuers from `leaf`; dates are the time stamp's business and the engine has checked them."""
    current = leaf
    for _ in range(CHAIN_LENGTH_MAX):
        if any(current.public_key() == a.public_key() or _issued(a, current) for a in anchors):
            return True
        above = next((c for c in between if c != current and _issued(c, current)), None)
        if above is None:
            return False
        current = above
    return False


def _issued(issuer: x509.Certificate, subject: x509.Certificate) -> bool:
    try:
        subject.verify_directly_issued_by(issuer)
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, x509.ExtensionNotFound):
        return False
    return constraints.ca


def manifest_boxes(store: bytes) -> dict[str, str]:
    """SHA-256 of each manifest's bytes in a store, by its label, in the store's order; of two with one label the last."""
    try:
        return {_label(one): hashlib.sha256(one).hexdigest() for one in _manifests(store)}
    except _BAD:
        return {}


def signature_box(store: bytes, label: str) -> bytes | None:
    """The CBOR inside store / manifest `label` / c2pa.signature (JUMBF, ISO 19566-5)."""
    for manifest in _manifests(store):
        if _label(manifest) != label:
            continue
        for part in _children(manifest):
            if _label(part) == "c2pa.signature":
                return next(content for kind, content in _boxes(part) if kind == b"cbor")
    return None


def _manifests(store: bytes) -> Iterator[bytes]:
    return (manifest for kind, body in _boxes(store) if kind == b"jumb" for manifest in _children(body))


def _children(superbox: bytes) -> Iterator[bytes]:
    return (body for kind, body in _boxes(superbox) if kind == b"jumb")


def _label(superbox: bytes) -> str:
    """The label in the description box that begins every superbox: 16 bytes of type, one of toggles, text, NUL."""
    kind, body = next(_boxes(superbox))
    return body[17:].split(b"\0", 1)[0].decode(errors="replace") if kind == b"jumd" else ""


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if size < 8 or at + size > len(data):
            return  # 64-bit and open-ended boxes don't occur inside a manifest store
        yield kind, data[at + 8 : at + size]
        at += size
