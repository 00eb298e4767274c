"""Passkeys over HTTP: making one, having it added, signing statements with it, and signing in (SPEC S3.6, ADR 014)."""

from __future__ import annotations

import json
import sys
from base64 import b64decode, b64encode
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.challenges import CHALLENGE_LIFE
from api.passkeys import PENDING_MAX
from ledger.errors import LedgerError
from ledger.proof.dsse import PAYLOAD_TYPE, pae
from ledger.proof.passkey import passkey_challenge
from ledger.statement import read_entry
from projections.summaries import summary
from schemas.statements.actor import ActorKeyRevoked
from schemas.statements.passkey import ActorPasskeyAdded
from tests.authenticator_of import PRESENT, VERIFIED, Authenticator, b64url
from tests.office_of import PLACE, Office, refused

HERE = {"Origin": PLACE, "Accept": "application/json"}


def authenticator(**options: Any) -> Authenticator:
    return Authenticator(rp_id="localhost", origin="http://localhost:8400", **options)


def made(office: Office, key: Authenticator, name: str = "ines", **changes: Any) -> Any:
    options = office.post("/v1/passkeys/options", name).json()["options"]
    return office.post("/v1/passkeys", name, json={"credential": key.registration(options, **changes)})


def added(office: Office, name: str = "ines", key: Authenticator | None = None) -> Authenticator:
    """Made on a page, and added by the operator."""
    key = key or authenticator()
    answer = made(office, key, name)
    assert answer.status_code == 201, answer.text
    body = ActorPasskeyAdded.model_validate(answer.json()["body"])
    office.services.ledger.append(office.signed("operator", body))
    return key


def brief(office: Office) -> dict[str, Any]:
    from schemas.base import new_id
    from schemas.statements.brief import BriefDrafted

    body = BriefDrafted.example().model_copy(update={"brief": new_id(office.clock.now())})
    return {"type": body.TYPE, "body": body.as_json()}


def signed_by(key: Authenticator, prepared: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """As the page's script puts it together."""
    challenge = prepared["options"]["challenge"]
    assertion = key.assertion(b64decode(challenge.replace("-", "+").replace("_", "/") + "="), **changes)
    signature = {"keyid": key.keyid, "sig": b64encode(assertion.to_bytes()).decode()}
    envelope = {"payload": prepared["payload"], "payloadType": prepared["payload_type"], "signatures": [signature]}
    return {"envelope": envelope, "openings": prepared["openings"]}


def sign_in(office: Office, key: Authenticator, actor: str = "ines", **changes: Any) -> Any:
    options = office.client.post("/sign-in/passkey/options", headers=HERE).json()["options"]
    credential = key.authentication(options, **changes)
    credential["response"]["userHandle"] = b64url(actor.encode())
    return office.client.post("/sign-in/passkey", headers=HERE, json={"credential": credential})


# -- making and adding ------------------------------------------------------------------------------------------------


def test_a_passkey_waits_until_an_administrator_says_whose_it_is(office: Office) -> None:
    key, size = authenticator(), office.size
    answer = made(office, key)
    assert answer.status_code == 201 and answer.json()["keyid"] == key.keyid and office.size == size
    refused(office.post("/v1/statements/prepare", "ines", json=brief(office)), 403, "role_not_permitted")
    refused(office.post("/v1/statements/prepare", "mara", json=brief(office)), 404, "passkey_missing")


def test_options_ask_for_a_discoverable_passkey_that_verifies_its_user(office: Office) -> None:
    options = office.post("/v1/passkeys/options", "ines").json()["options"]
    wanted = options["authenticatorSelection"]
    assert (wanted["residentKey"], wanted["userVerification"]) == ("required", "required")
    assert [one["alg"] for one in options["pubKeyCredParams"]] == [-7, -8, -257]
    assert options["rp"]["id"] == "localhost" and options["attestation"] == "none"
    assert options["excludeCredentials"] == []
    key = added(office)
    again = office.post("/v1/passkeys/options", "ines").json()["options"]
    assert [one["id"] for one in again["excludeCredentials"]] == [b64url(key.credential_id)]


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "http://evil.example"},
        {"type": "webauthn.get"},
        {"told": b""},
        {"told": b"\x00" * 37},
        {"told": b"\x00" * 60},
    ],
)
def test_a_registration_that_is_not_of_these_pages(office: Office, changes: dict[str, Any]) -> None:
    refused(made(office, authenticator(), **changes), 422, "passkey_registration_invalid")
    refused(
        made(office, Authenticator(rp_id="evil.example", origin="http://localhost:8400")),
        422,
        "passkey_registration_invalid",
    )


@pytest.mark.parametrize("credential", [{}, {"response": {}}, {"response": {"clientDataJSON": 7}}, {"response": None}])
def test_a_registration_that_is_none(office: Office, credential: Any) -> None:
    refused(office.post("/v1/passkeys", "ines", json={"credential": credential}), 422, "passkey_malformed")


def test_a_challenge_is_good_once_for_one_actor_and_for_minutes(office: Office) -> None:
    options = office.post("/v1/passkeys/options", "ines").json()["options"]
    key = authenticator()
    credential = {"credential": key.registration(options)}
    refused(office.post("/v1/passkeys", "mara", json=credential), 401, "challenge_unknown")
    assert office.post("/v1/passkeys", "ines", json=credential).status_code == 201
    refused(office.post("/v1/passkeys", "ines", json=credential), 401, "challenge_unknown")
    late = {"credential": authenticator().registration(office.post("/v1/passkeys/options", "ines").json()["options"])}
    office.clock.move_to(office.clock.now() + CHALLENGE_LIFE + timedelta(seconds=1))
    refused(office.post("/v1/passkeys", "ines", json=late), 401, "challenge_unknown")
    own = {"challenge": b64url(bytes(48))}
    refused(office.post("/v1/passkeys", "ines", json={"credential": key.registration(own)}), 401, "challenge_unknown")


def test_few_passkeys_wait_and_those_that_speak_stay(office: Office) -> None:
    spoken = added(office)
    for _ in range(PENDING_MAX + 2):
        office.clock.move_to(office.clock.now() + timedelta(seconds=1))
        made(office, authenticator())
    known = [one.keyid for one in office.services.passkeys.of("ines")]
    assert len(known) == PENDING_MAX + 1 and spoken.keyid in known


def test_without_the_package_it_says_what_to_install(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "webauthn", None)
    document = refused(office.post("/v1/passkeys/options", "ines"), 503, "extra_missing")
    assert "countersign[passkeys]" in document["do"]


def test_a_damaged_book_is_told_and_a_lost_one_costs_comfort_only(office: Office) -> None:
    key = added(office, "mara")
    office.home.passkeys.write_text("[")
    refused(office.post("/v1/statements/prepare", "mara", json=brief(office)), 400, "passkeys_unreadable")
    office.home.passkeys.unlink()
    prepared = office.post("/v1/statements/prepare", "mara", json=brief(office)).json()
    assert prepared["options"]["allowCredentials"] == []
    assert office.client.post("/v1/statements", json=signed_by(key, prepared)).status_code == 201
    assert sign_in(office, key, "mara").status_code == 200


@pytest.mark.parametrize("private", [Ed25519PrivateKey.generate(), rsa.generate_private_key(65537, 2048)])
def test_other_kinds_of_passkeys_are_made_signed_with_and_signed_in_with(office: Office, private: Any) -> None:
    key = added(office, "mara", authenticator(key=private))
    prepared = office.post("/v1/statements/prepare", "mara", json=brief(office)).json()
    assert office.client.post("/v1/statements", json=signed_by(key, prepared)).status_code == 201
    assert sign_in(office, key, "mara").status_code == 200


# -- signing ------------------------------------------------------------------------------------------------------------


def test_a_prepared_statement_is_shown_in_words_and_bytes_and_said_by_passkey(office: Office) -> None:
    key, said = added(office, "mara"), brief(office)
    prepared = office.post("/v1/statements/prepare", "mara", json=said).json()
    payload = b64decode(prepared["payload"])
    assert json.loads(payload)["body"] == said["body"]
    assert prepared["words"].startswith("mara drafted version 1 of brief")
    assert prepared["options"]["challenge"] == b64url(passkey_challenge(pae(PAYLOAD_TYPE, payload)))
    assert prepared["options"]["userVerification"] == "required"
    assert list(prepared["keyids"].values()) == [key.keyid]
    size = office.size
    answer = office.client.post("/v1/statements", json=signed_by(key, prepared))
    assert answer.status_code == 201 and office.size == size + 1
    told = office.get(f"/v1/statements/{answer.json()['index']}").json()
    assert told["signed_with"] == "passkey" and "auth" not in told["statement"]
    stored = read_entry(office.services.ledger.store.entry(answer.json()["index"]))
    assert summary(stored).startswith("mara (by passkey) drafted")


def test_sealed_values_travel_beside_what_is_signed(office: Office) -> None:
    key = added(office, "ivy")
    body = {"person": "p-new1", "person_class": "performer", "speaks_as": "ines"}
    said = {"type": "person.registered.v1", "body": body, "sealed": {"/body/name": "Noor Example"}, "subject": "p-new1"}
    prepared = office.post("/v1/statements/prepare", "ivy", json=said).json()
    assert "Noor" not in b64decode(prepared["payload"]).decode()
    assert office.client.post("/v1/statements", json=signed_by(key, prepared)).status_code == 201


def test_what_may_not_be_said_is_refused_before_anybody_signs_it(office: Office) -> None:
    added(office, "mara")
    said = {"type": "hold.placed.v1", "body": {}}
    refused(office.post("/v1/statements/prepare", "mara", json=said), 400, "body_invalid")
    refused(office.post("/v1/statements/prepare", "mara", json={"type": "x.y.v1", "body": {}}), 400, "type_unknown")
    revoked = {"actor": "paul", "keyid": "0" * 64, "effective_at": "2026-10-01T00:00:00Z", "reason": "no"}
    said = {"type": "actor.key-revoked.v1", "body": revoked}
    refused(office.post("/v1/statements/prepare", "mara", json=said), 403, "role_not_permitted")


def test_an_assertion_for_other_bytes_is_refused(office: Office) -> None:
    key = added(office, "mara")
    one = office.post("/v1/statements/prepare", "mara", json=brief(office)).json()
    other = office.post("/v1/statements/prepare", "mara", json=brief(office)).json()
    mixed = signed_by(key, one | {"payload": other["payload"]})
    refused(office.client.post("/v1/statements", json=mixed), 422, "passkey_challenge")


# -- signing in -----------------------------------------------------------------------------------------------------------


def test_signing_in_by_passkey_opens_the_pages(office: Office) -> None:
    key = added(office, "lena")
    answer = sign_in(office, key, "lena")
    assert answer.status_code == 200 and answer.json() == {"actor": "lena"}
    assert "HttpOnly" in answer.headers["set-cookie"] and "SameSite=strict" in answer.headers["set-cookie"]
    assert office.page("/log/3").status_code == 200
    assert key.keyid[:4] in office.page("/passkeys").text


def test_what_the_service_signs_for_a_session_says_how_it_knew_them(office: Office) -> None:
    """Token, session by token, session by passkey and the ledger's own process are four methods."""
    methods = {}
    posts: dict[str, Any] = {"bearer": lambda: office.post("/v1/statements", "mara", json=brief(office))}
    key = added(office, "mara")
    posts["passkey"] = lambda: (sign_in(office, key, "mara"), _by_page(office))[1]
    posts["token-session"] = lambda: (office.form("/sign-in", data={"token": office.tokens["mara"]}), _by_page(office))[
        1
    ]
    for method, post in posts.items():
        stored = read_entry(office.services.ledger.store.entry(post().json()["index"]))
        assert stored.statement.auth is not None and stored.statement.auth.method == method
        methods[method] = summary(stored).partition(" drafted")[0]
    assert methods == {
        "bearer": "mara (signed by the service for them, known by a token)",
        "passkey": "mara (signed by the service for them, known by a passkey session)",
        "token-session": "mara (signed by the service for them, known by a token session)",
    }


def _by_page(office: Office) -> Any:
    answer = office.client.post("/v1/statements", headers=HERE, json=brief(office))
    assert answer.status_code == 201, answer.text
    return answer


def test_a_session_is_no_authority_for_another_site(office: Office) -> None:
    office.form("/sign-in", data={"token": office.tokens["mara"]})
    for headers in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
        refused(office.client.post("/v1/statements", headers=headers, json=brief(office)), 401, "token_missing")
        for path in ("/v1/passkeys/options", "/v1/passkeys", "/v1/statements/prepare"):
            refused(office.client.post(path, headers=headers, json={}), 403, "origin_foreign")
        for path in ("/sign-in/passkey/options", "/sign-in/passkey"):
            refused(office.client.post(path, headers=headers, json={}), 403, "origin_foreign")


def test_nothing_is_said_for_the_operator_without_a_token_on_ones_own_machine(local: Office) -> None:
    refused(local.client.post("/v1/statements", headers=HERE, json=brief(local)), 401, "token_missing")
    assert local.client.post("/v1/passkeys/options", headers=HERE).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "http://evil.example"},
        {"kind": "webauthn.create"},
        {"crossOrigin": True},
        {"told": b""},
        {"told": bytes(37)},
    ],
)
def test_an_assertion_that_signs_nobody_in(office: Office, changes: dict[str, Any]) -> None:
    key = added(office)
    refused(sign_in(office, key, **changes), 401, "passkey_unknown")


def test_who_is_not_who_they_say_is_not_signed_in(office: Office) -> None:
    key = added(office)
    for actor in ("lena", "nobody", "", "x" * 64, office.services.ledger.service_actor):
        refused(sign_in(office, key, actor), 401, "passkey_unknown")
    refused(sign_in(office, authenticator()), 401, "passkey_unknown")
    told = key.authenticator_data(PRESENT)
    refused(sign_in(office, key, told=told), 401, "passkey_unknown")
    for document in ({}, [], {"credential": 7}):
        refused(office.client.post("/sign-in/passkey", headers=HERE, json=document), 400, "request_invalid")
    for credential in ({}, {"response": {}}, {"rawId": 7, "response": {"userHandle": "é"}}):
        answer = office.client.post("/sign-in/passkey", headers=HERE, json={"credential": credential})
        refused(answer, 401, "passkey_unknown")


def test_an_assertion_signs_in_once_and_a_statements_signs_nobody_in(office: Office) -> None:
    key = added(office, "mara")
    options = office.client.post("/sign-in/passkey/options", headers=HERE).json()["options"]
    credential = key.authentication(options)
    credential["response"]["userHandle"] = b64url(b"mara")
    send = lambda: office.client.post("/sign-in/passkey", headers=HERE, json={"credential": credential})  # noqa: E731
    assert send().status_code == 200
    refused(send(), 401, "challenge_unknown")
    prepared = office.post("/v1/statements/prepare", "mara", json=brief(office)).json()
    statement = key.authentication(prepared["options"])
    statement["response"]["userHandle"] = b64url(b"mara")
    answer = office.client.post("/sign-in/passkey", headers=HERE, json={"credential": statement})
    refused(answer, 401, "challenge_unknown")


def test_a_counter_that_goes_back_signs_nobody_in(office: Office) -> None:
    key = added(office, key=authenticator(counter=5))
    assert sign_in(office, key).status_code == 200
    key.counter = 2
    refused(sign_in(office, key, told=key.authenticator_data(PRESENT | VERIFIED)), 401, "passkey_counter_back")


def test_a_session_ends_with_its_passkey(office: Office) -> None:
    key = added(office, "lena")
    sign_in(office, key, "lena")
    assert office.page("/log/3").status_code == 200
    body = {"actor": "lena", "keyid": key.keyid, "effective_at": office.clock.now(), "reason": "lost"}
    office.services.ledger.append(office.signed("operator", ActorKeyRevoked.model_validate(body)))
    assert office.page("/log/3").status_code == 303
    refused(sign_in(office, key, "lena"), 401, "passkey_unknown")


# -- pages ------------------------------------------------------------------------------------------------------------------


def test_only_the_pages_that_need_it_may_run_our_script(office: Office) -> None:
    office.form("/sign-in", data={"token": office.tokens["ines"]})
    for path, scripted in (("/sign-in", True), ("/passkeys", True), ("/consents", True), ("/", False), ("/log", False)):
        policy = office.page(path).headers["content-security-policy"]
        assert ("script-src 'self'" in policy) == scripted and "unsafe" not in policy, path
        assert policy.startswith("default-src 'none'")


def test_a_persons_consents_are_shown_whole_and_only_to_them(office: Office) -> None:
    office.form("/sign-in", data={"token": office.tokens["ines"]})
    page = office.page("/consents").text
    grant = office.made.story.grant()
    assert grant.specific_description.partition("’")[0][:20] in page
    for name in grant.as_json():
        assert (
            name in ("consent", "person", "specific_description", "valid_from", "valid_until")
            or name.replace("_", " ").capitalize() in page
        )
    assert "Take it all back" in page and "Give this consent" not in page
    office.form("/sign-in", data={"token": office.tokens["lena"]})
    assert office.page("/consents").status_code == 403


def test_a_passkey_that_waits_tells_its_fingerprint_and_what_an_administrator_does(office: Office) -> None:
    key = authenticator()
    made(office, key)
    office.form("/sign-in", data={"token": office.tokens["ines"]})
    page = office.page("/passkeys").text
    assert f"countersign actor add-passkey ines {key.keyid[:16]}" in page
    assert key.keyid[:4] + " " + key.keyid[4:8] in page


def test_the_challenges_memory_is_bounded(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.challenges.SPENT_MAX", 2)
    challenges = office.services.challenges
    for _ in range(2):
        challenges.spend(challenges.give("sign-in"), "sign-in")
    with pytest.raises(LedgerError, match="busy"):
        challenges.spend(challenges.give("sign-in"), "sign-in")
