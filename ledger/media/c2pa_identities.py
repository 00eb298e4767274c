"""What the engine says beside the claim's own signature: identities that somebody asserted (CAWG), and whether the
certificate was revoked (OCSP). Each is a kind of its own: none of it makes a manifest trusted, silence is `not_checked`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from ledger.media.c2pa_claims import assertions, cut
from ledger.media.c2pa_validation import active_codes

IdentityState = Literal["validated", "untrusted", "invalid", "not_checked"]
Revocation = Literal["not_revoked", "revoked", "not_checked"]
IDENTITY_ASSERTION: Final = "cawg.identity"
IDENTITIES_MAX: Final = 16  # a film's credits are no identity assertions
_VALIDATED: Final = frozenset({"cawg.x509.signature.validated", "cawg.ica.credential_valid"})
_REVOKED: Final = frozenset({"signingCredential.revoked", "signingCredential.ocsp.revoked"})
_NOT_REVOKED: Final = "signingCredential.ocsp.notRevoked"


@dataclass(frozen=True)
class Identity:
    """Who says to stand behind some assertions: `sig_type` is how, `signer` the name in their certificate, if it is one.

    `validated`: the engine checked the signature and its certificate chains to an anchor; `untrusted`: the signature fits and
    nobody vouches for the signer; `invalid`: it does not fit; `not_checked`: the engine said nothing of it.
    """

    sig_type: str
    signer: str | None
    state: IdentityState

    def as_json(self) -> dict[str, str | None]:
        return {"sig_type": self.sig_type, "signer": self.signer, "state": self.state}


def identities(manifest: dict[str, Any], report: dict[str, Any]) -> tuple[Identity, ...]:
    """Of the active manifest. `report`: the engine's, with its codes."""
    return tuple(_identities(manifest, report))[:IDENTITIES_MAX]


def _identities(manifest: dict[str, Any], report: dict[str, Any]) -> Iterator[Identity]:
    for one in assertions(manifest, IDENTITY_ASSERTION):
        data = _object(one.get("data"))
        payload, info = _object(data.get("signer_payload")), _object(data.get("signature_info"))
        name = cut(info.get("common_name")) or cut(info.get("issuer"))
        yield Identity(cut(payload.get("sig_type")) or "unknown", name, _state(str(one.get("label")), report))


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _state(label: str, report: dict[str, Any]) -> IdentityState:
    good = {code for code, url in active_codes(report, "success") if url.endswith(f"/{label}")}
    bad = {
        code for code, url in active_codes(report, "failure") if url.endswith(f"/{label}") and code.startswith("cawg.")
    }
    if any(not code.endswith(".untrusted") for code in bad):
        return "invalid"
    if not good & _VALIDATED:
        return "not_checked"
    return "untrusted" if bad else "validated"


def revocation(report: dict[str, Any]) -> Revocation:
    """By the answer that was stapled into the signature: nobody is asked."""
    if any(code in _REVOKED for code, _ in active_codes(report, "failure")):
        return "revoked"
    return "not_revoked" if any(code == _NOT_REVOKED for code, _ in active_codes(report, "success")) else "not_checked"
