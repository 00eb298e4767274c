"""Something that signs statements: a key file here, or a key that never leaves an HSM, a cloud key store or Vault (ADR 016).

All answer the same three questions: which public key, which keyid, and a signature over these bytes. Whatever signs elsewhere
goes through `securesystemslib`, by URIs of its own naming (`hsm:…`, `gcpkms:…`, `awskms:…`, `azurekms:…`, `hv:…`, `file2:…`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ledger.errors import LedgerError, Misuse, Unavailable, Untrusted
from ledger.proof.keys import keyid, public_key, verify_signature

URI_SCHEMES = ("hsm", "gcpkms", "awskms", "azurekms", "hv", "file2")
_EXTRA = {"hsm": "countersign[hsm]"}  # the others need a client of their vendor besides; see the runbook

Secret = Callable[[str], str]
"""The name of a secret (`pin`) -> the secret. Asked for each signature, kept nowhere."""


class StatementSigner(Protocol):
    """A private key somewhere, and its public half."""

    @property
    def spki(self) -> bytes:
        """DER SubjectPublicKeyInfo."""

    @property
    def keyid(self) -> str:
        """SPEC S3.2."""

    def sign(self, message: bytes) -> bytes:
        """A signature as SPEC S3.2 has it for this kind of key. Raises Unavailable `signer_unavailable`."""


class UriSigner:
    """A key behind a URI. Every signature is verified before it is used: what signs elsewhere is not believed."""

    def __init__(self, uri: str, spki: bytes, secret: Secret) -> None:
        """Opens nothing yet. Raises Misuse `signer_uri`, `key_unsupported`; Unavailable `extra_missing`."""
        self.uri, self.spki, self.keyid = uri, spki, keyid(spki)
        self._signer = _remote(uri, spki, secret)

    def sign(self, message: bytes) -> bytes:
        """Raises Untrusted `signer_key_differs` besides: another key lies behind the URI than the log knows."""
        try:
            signature = bytes.fromhex(self._signer.sign(message).signature)
        except LedgerError:
            raise
        except Exception as error:  # each vendor's client raises its own; none of their texts may hold a secret of ours
            raise Unavailable(
                "signer_unavailable", _told(self.uri, error), "Check the device, its PIN and URI."
            ) from None
        try:
            verify_signature(self.spki, signature, message)
        except Untrusted as error:
            what = f"what {scheme_of(self.uri)} signed does not fit the key {self.keyid}"
            raise Untrusted("signer_key_differs", what, "Name the URI of that key in the settings.") from error
        return signature

    def __repr__(self) -> str:
        return f"UriSigner({scheme_of(self.uri)}, {self.keyid})"


def scheme_of(uri: str) -> str:
    """Raises Misuse `signer_uri` for one that is not among URI_SCHEMES."""
    scheme, colon, _ = uri.partition(":")
    if not colon or scheme not in URI_SCHEMES:
        raise Misuse(
            "signer_uri", "a key's URI begins with " + ", ".join(f"{one}:" for one in URI_SCHEMES), "See keys.md."
        )
    return scheme


def public_key_behind(uri: str, secret: Secret) -> bytes:
    """The SubjectPublicKeyInfo of an HSM's key, asked of the HSM. Raises Misuse `public_key_needed` for other URIs."""
    if scheme_of(uri) != "hsm":
        raise Misuse("public_key_needed", "only an HSM is asked for its public key", "Give its PEM: --public-key FILE.")
    from urllib.parse import parse_qs

    path, _, query = uri.removeprefix("hsm:").partition("?")
    label = parse_qs(query).get("label", [None])[0]
    try:
        from securesystemslib.signer import HSMSigner

        _, key = HSMSigner.import_(int(path) if path else None, label, secret)
        found: bytes = key._crypto_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except ImportError as error:
        raise _extra_missing("hsm") from error
    except LedgerError:
        raise
    except Exception as error:
        raise Unavailable("signer_unavailable", _told(uri, error), "Check the device, its PIN and URI.") from None
    return found


def _remote(uri: str, spki: bytes, secret: Secret) -> Any:
    scheme = scheme_of(uri)
    try:
        from securesystemslib.signer import Signer, SSlibKey
    except ImportError as error:
        raise _extra_missing(scheme) from error
    key = public_key(spki)
    name = "ecdsa-sha2-nistp256" if isinstance(key, ec.EllipticCurvePublicKey) else None
    try:
        return Signer.from_priv_key_uri(uri, SSlibKey.from_crypto(key, scheme=name), secret)
    except LedgerError:
        raise
    except Exception as error:
        if "UnsupportedLibrary" in type(error).__name__:
            raise _extra_missing(scheme) from error
        raise Misuse("signer_uri", _told(uri, error), "Correct the URI; see keys.md.") from None


def _told(uri: str, error: Exception) -> str:
    """Never the error's own text: it may quote what it was given."""
    return f"the key behind {scheme_of(uri)}: gave no signature ({type(error).__name__})"


def _extra_missing(scheme: str) -> Unavailable:
    extra = _EXTRA.get(scheme, "countersign[signers]")
    what = f"keys behind {scheme}: need a package that is not installed"
    return Unavailable("extra_missing", what, f"Install the extra: pip install '{extra}'; for key stores see keys.md.")
