"""Whose C2PA signatures we believe: our own settings model, validated, because the SDK accepts any typo silently.

The SDK's JSON is built here and nowhere else, so that no path through the code can forget to forbid the network
(remote manifests are a server-side request forgery otherwise) or can list an anchor under a name the SDK ignores.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any, Final, Literal

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from ledger.errors import Misuse, TooLarge
from schemas.base import format_instant, parse_instant

# The official C2PA list is 38 kB and the union of all bundles we know 130 kB; a megabyte leaves room and stays a bound.
ANCHORS_BYTES_MAX: Final = 1 * 2**20
# Purposes that make a certificate a claim signer: emailProtection, documentSigning, C2PA claim signing and the one
# Microsoft issued before it. timeStamping and OCSPSigning are deliberately not here: their holders sign no claims.
SIGNER_EKUS: Final = (
    "1.3.6.1.5.5.7.3.4",
    "1.3.6.1.5.5.7.3.36",
    "1.3.6.1.4.1.62558.2.1",
    "1.3.6.1.4.1.311.76.59.1.9",
)
_BEGIN: Final = "-----BEGIN CERTIFICATE-----"


@dataclass(frozen=True)
class TrustList:
    """An imported list: its PEM, for whom it vouches, and until when (exclusive; None for no sunset)."""

    kind: Literal["signer", "tsa"]
    pem: str
    until: datetime | None = None

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.pem.encode()).hexdigest()

    def counts_at(self, at: datetime) -> bool:
        return self.until is None or at < self.until

    def as_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "pem": self.pem, "until": self.until and format_instant(self.until)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> TrustList:
        return cls(data["kind"], data["pem"], parse_instant(data["until"]) if data["until"] else None)


@dataclass(frozen=True)
class TrustSettings:
    """PEM bundles of certificate authorities: those that may vouch for signers, and those for time stamps. Beside what
    always counts here stand imported lists, which may have a sunset.

    Empty means that nobody is trusted, which is a valid and safe answer. Raises Misuse `trust_anchors_malformed` when a
    bundle holds text but no certificate, and TooLarge `trust_anchors_too_large`.
    """

    signer_anchors_pem: str = ""
    tsa_anchors_pem: str = ""
    lists: tuple[TrustList, ...] = ()

    def __post_init__(self) -> None:
        for name in ("signer_anchors_pem", "tsa_anchors_pem"):
            _check_bundle(name, getattr(self, name))

    @cached_property
    def sha256(self) -> str:
        """The digest of anchors, accepted purposes and lists: the same report can be reached again only with the same ones."""
        listed = [[one.kind, one.sha256, one.until and format_instant(one.until)] for one in self.lists]
        parts = [self.signer_anchors_pem, self.tsa_anchors_pem, SIGNER_EKUS, *([listed] if listed else [])]
        return hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode()).hexdigest()

    def at(self, at: datetime) -> TrustSettings:
        """What counts at that instant, as bundles alone."""
        return self._of(one for one in self.lists if one.counts_at(at))

    @property
    def whole(self) -> TrustSettings:
        """With every list, whatever its sunset: good for finding out when something was signed, and for nothing else."""
        return self._of(self.lists)

    def next_sunset(self, at: datetime) -> datetime | None:
        """When the next list stops to count, if any does."""
        return min((one.until for one in self.lists if one.until is not None and at < one.until), default=None)

    def past_sunset(self, at: datetime) -> bool:
        return not all(one.counts_at(at) for one in self.lists)

    def _of(self, lists: Iterable[TrustList]) -> TrustSettings:
        taken = tuple(lists)
        return TrustSettings(
            "\n".join([self.signer_anchors_pem, *(one.pem for one in taken if one.kind == "signer")]),
            "\n".join([self.tsa_anchors_pem, *(one.pem for one in taken if one.kind == "tsa")]),
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "signer_anchors_pem": self.signer_anchors_pem,
            "tsa_anchors_pem": self.tsa_anchors_pem,
            "lists": [one.as_json() for one in self.lists],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> TrustSettings:
        lists = tuple(TrustList.from_json(one) for one in data["lists"])
        return cls(data["signer_anchors_pem"], data["tsa_anchors_pem"], lists)


@lru_cache(maxsize=16)
def _check_bundle(name: str, pem: str) -> None:
    """The SDK drops what it can't read among others without a word: a list would silently be a shorter one."""
    if len(pem) > ANCHORS_BYTES_MAX:
        raise TooLarge("trust_anchors_too_large", f"{name} is over {ANCHORS_BYTES_MAX} bytes.", "Give fewer anchors.")
    if not pem.strip():
        return
    try:
        found = len(x509.load_pem_x509_certificates(pem.encode())) if _BEGIN in pem else 0
    except (ValueError, UnsupportedAlgorithm):
        found = 0
    if found == 0 or found != pem.count(_BEGIN):
        what = f"{name} holds something that is no PEM certificate."
        raise Misuse("trust_anchors_malformed", what, "Give PEM certificates.")


def sdk_settings(trust: TrustSettings, *, time_stamps: bool) -> dict[str, Any]:
    """The SDK's settings. `time_stamps=False` leaves the time-stamp anchors out, so that only signers can be trusted.

    The SDK does not enforce what an anchor is for: a signer that chains to a time-stamp anchor reads as trusted. So
    every trusted answer is asked for again with the signer anchors alone.
    """
    anchors = trust.signer_anchors_pem + ("\n" + trust.tsa_anchors_pem if time_stamps else "")
    settings: dict[str, Any] = {
        "verify": {
            "verify_trust": True,
            "verify_timestamp_trust": time_stamps,
            "remote_manifest_fetch": False,
            "ocsp_fetch": False,
        },
        "core": {"allowed_network_hosts": []},
        "builder": {"thumbnail": {"enabled": False}},  # costs 54 ms a file and shows what a reader should not need
        "trust": {"trust_config": "\n".join(SIGNER_EKUS + (("1.3.6.1.5.5.7.3.8",) if time_stamps else ()))},
    }
    if anchors.strip():
        settings["trust"]["trust_anchors"] = anchors
    return settings
