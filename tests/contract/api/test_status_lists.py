"""Signed status lists: what stands, for anybody, never for longer than it is true."""

from __future__ import annotations

import zlib
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import KeySet

from api.services.status_lists import INVALID, SUSPENDED, TTL, VALID, status_reference
from ledger.errors import Untrusted
from ledger.proof.jws import base64url_bytes, verify_jws
from ops.demo.story import PERSON
from schemas.base import new_id
from schemas.statements.consent import ConsentWithdrawn
from schemas.statements.consent_changes import ConsentNarrowed, ConsentResumed, ConsentSuspended
from tests.office_of import Made, Office, refused

KINDS = ("consents", "clearances")


def read(office: Office, listed: str, number: int = 0) -> dict[str, Any]:
    """As a platform does: fetched without an account, verified under keys that it holds from the log."""
    answer = office.client.get(f"/v1/status/{listed}/{number}")
    assert answer.headers["content-type"].startswith("application/statuslist+jwt"), answer.text
    keys = {office.key_of_service.keyid: office.key_of_service.spki}
    return verify_jws(answer.text, keys, "statuslist+jwt")


def value(office: Office, listed: str, name: str) -> int:
    reference = status_reference(office.services, listed, name)["status_list"]
    claims = read(office, listed, int(reference["uri"].rpartition("/")[2]))
    assert claims["sub"] == reference["uri"]
    octets = zlib.decompress(base64url_bytes(claims["status_list"]["lst"]))
    place, bits = reference["idx"], claims["status_list"]["bits"]
    return octets[place * bits // 8] >> (place * bits % 8) & (1 << bits) - 1


def both(office: Office, made: Made) -> tuple[int, int]:
    clearance = office.get(f"/v1/assets/{made.signed}").json()["clearances"][0]["clearance"]
    return value(office, "consents", made.story.consent), value(office, "clearances", clearance)


def test_what_is_given_and_cleared_stands(office: Office, made: Made) -> None:
    assert both(office, made) == (VALID, VALID)


def test_it_ends_at_the_instant_with_no_job_having_run(office: Office, made: Made) -> None:
    office.clock.move_to(made.story.ends_at - timedelta(seconds=30))
    assert both(office, made) == (VALID, VALID)
    office.clock.move_to(made.story.ends_at)
    assert both(office, made) == (INVALID, INVALID)


def test_a_list_never_lives_past_an_end_in_it(office: Office, made: Made) -> None:
    claims = read(office, "consents")
    assert claims["exp"] - claims["iat"] == claims["ttl"] == TTL.total_seconds()
    office.clock.move_to(made.story.ends_at - timedelta(seconds=30))
    for listed in KINDS:
        assert read(office, listed)["exp"] <= made.story.ends_at.timestamp()


def test_a_withdrawal_counts_at_once(office: Office, made: Made) -> None:
    body = ConsentWithdrawn(consent=made.story.consent, person=PERSON, reason="changed my mind")
    assert office.client.post("/v1/statements", content=office.signed("ines", body), headers=DSSE).status_code == 201
    assert both(office, made) == (INVALID, INVALID)


def test_a_suspension_is_told_apart_and_lifted(office: Office, made: Made) -> None:
    suspension = new_id(office.clock.now())
    about = {"consent": made.story.consent, "person": PERSON, "suspension": suspension, "reason": "a claim is pending"}
    assert said(office, "lena", ConsentSuspended.model_validate(about | {"cause": "dispute"})) == 201
    assert both(office, made) == (SUSPENDED, SUSPENDED)
    assert said(office, "lena", ConsentResumed.model_validate(about)) == 201
    assert both(office, made) == (VALID, VALID)


def test_a_clearance_outside_what_is_left_of_the_consent_no_longer_stands(office: Office, made: Made) -> None:
    body = ConsentNarrowed(consent=made.story.consent, person=PERSON, territories=("DE",), reason="not there")
    assert said(office, "ines", body) == 201
    assert both(office, made) == (VALID, INVALID)


def test_it_holds_no_name_and_no_number(office: Office, made: Made) -> None:
    for listed in KINDS:
        claims = read(office, listed)
        assert set(claims) == {"sub", "iss", "iat", "exp", "ttl", "status_list"}
        assert made.story.consent not in str(claims) and PERSON not in str(claims)


def test_another_library_verifies_it_with_the_published_keys(office: Office) -> None:
    keys = KeySet.import_key_set(office.client.get("/.well-known/jwks.json").json())
    token = office.client.get("/v1/status/consents/0").text
    assert jws.deserialize_compact(token, keys, algorithms=["Ed25519", "ES256"]).headers()["typ"] == "statuslist+jwt"


def test_a_changed_list_is_refused(office: Office) -> None:
    token = office.client.get("/v1/status/consents/0").text
    head, claims, signature = token.split(".")
    with pytest.raises(Untrusted):
        verify_jws(
            f"{head}.{claims[:-2]}AA.{signature}",
            {office.key_of_service.keyid: office.key_of_service.spki},
            "statuslist+jwt",
        )


def test_what_is_not_listed_is_not_found(office: Office) -> None:
    refused(office.client.get("/v1/status/consents/7"), 404, "status_list_unknown")
    refused(office.client.get("/v1/status/people/0"), 400, "request_invalid")
    refused(office.client.get("/v1/status/consents/-1"), 400, "request_invalid")


DSSE = {"Content-Type": "application/vnd.dsse+json"}


def said(office: Office, name: str, body: Any) -> int:
    return int(office.client.post("/v1/statements", content=office.signed(name, body), headers=DSSE).status_code)
