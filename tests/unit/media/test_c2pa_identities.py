"""Identities and revocation, each a kind of its own: said by the engine, or not checked."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.media.c2pa_identities import IDENTITIES_MAX, identities, revocation
from ledger.media.c2pa_report import C2paReport

URL = "self#jumbf=/c2pa/urn:c2pa:1/c2pa.assertions/cawg.identity"
SIGNED = "cawg.x509.signature.validated"


def report(**codes: list[str]) -> dict[str, Any]:
    listed = {outcome: [{"code": code, "url": URL} for code in found] for outcome, found in codes.items()}
    return {"validation_results": {"activeManifest": listed}}


def asserted(data: Any, times: int = 1) -> dict[str, Any]:
    return {"assertions": [{"label": "cawg.identity", "data": data}] * times}


@pytest.mark.parametrize(
    ("codes", "state"),
    [
        ({"success": [SIGNED]}, "validated"),
        ({"success": [SIGNED], "failure": ["cawg.x509.credential.untrusted"]}, "untrusted"),
        ({"success": [SIGNED], "failure": ["cawg.identity.assertion.mismatch"]}, "invalid"),
        ({"success": ["cawg.identity.well-formed"]}, "not_checked"),
        ({"failure": ["signingCredential.untrusted"]}, "not_checked"),
        ({}, "not_checked"),
    ],
)
def test_an_identity_is_what_the_engine_says_of_it_and_silence_is_not_checked(codes: Any, state: str) -> None:
    data = {"signer_payload": {"sig_type": "cawg.x509.cose"}, "signature_info": {"common_name": "A Newsroom"}}
    (found,) = identities(asserted(data), report(**codes))
    assert found.as_json() == {"sig_type": "cawg.x509.cose", "signer": "A Newsroom", "state": state}


@pytest.mark.parametrize("data", [None, {}, [], {"signer_payload": 7, "signature_info": "x"}])
def test_nonsense_is_an_identity_of_nobody(data: Any) -> None:
    (found,) = identities(asserted(data), report())
    assert (found.sig_type, found.signer, found.state) == ("unknown", None, "not_checked")
    assert identities({}, {}) == ()
    assert len(identities(asserted(data, 99), report())) == IDENTITIES_MAX


def test_revocation_is_what_was_stapled_and_else_nobody_looked() -> None:
    assert revocation(report(success=["signingCredential.ocsp.notRevoked"])) == "not_revoked"
    assert revocation(report(failure=["signingCredential.ocsp.revoked"])) == "revoked"
    assert revocation(report(informational=["signingCredential.ocsp.skipped"])) == "not_checked"
    assert revocation({}) == "not_checked"


def test_a_report_keeps_both_and_an_older_one_checked_neither() -> None:
    said = {"sig_type": "cawg.x509.cose", "signer": None, "state": "untrusted"}
    kept = C2paReport("untrusted", identities=(said,), revocation="revoked").as_json()
    again = C2paReport.from_json(kept)
    assert (again.identities, again.revocation) == ((said,), "revoked")
    older = C2paReport.from_json({name: one for name, one in kept.items() if name not in ("identities", "revocation")})
    assert (older.identities, older.revocation) == ((), "not_checked")
