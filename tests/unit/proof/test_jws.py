"""Compact JWS: what is signed is what comes back, under the key's own algorithm and its type, in one spelling."""

from __future__ import annotations

import hashlib
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey

from ledger.errors import Untrusted
from ledger.keys import new_signing_key
from ledger.proof.jws import base64url_bytes, base64url_text, sign_jws, verify_jws

TYP = "statuslist+jwt"
CLAIMS = {
    "sub": "https://ledger.example/v1/status/consents/0",
    "iat": 1_790_000_000,
    "status_list": {"bits": 2, "lst": "eNoDAA"},
}


def _ed25519() -> tuple[bytes, str, object]:
    key = new_signing_key()
    return key.spki, key.keyid, key.private.sign


def _p256() -> tuple[bytes, str, object]:
    private = ec.generate_private_key(ec.SECP256R1())
    spki = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return spki, hashlib.sha256(spki).hexdigest(), lambda message: private.sign(message, ec.ECDSA(hashes.SHA256()))


@pytest.fixture(params=[_ed25519, _p256], ids=["Ed25519", "P-256"])
def signer(request: pytest.FixtureRequest) -> tuple[bytes, str, object]:
    return request.param()


def _token(signer) -> str:
    spki, keyid, sign = signer
    return sign_jws(CLAIMS, TYP, spki, keyid, sign)


def _code(token: str, keys: dict[str, bytes], typ: str = TYP) -> str:
    with pytest.raises(Untrusted) as refused:
        verify_jws(token, keys, typ)
    return refused.value.code


def test_the_claims_come_back(signer) -> None:
    assert verify_jws(_token(signer), {signer[1]: signer[0]}, TYP) == CLAIMS


def test_another_library_verifies_it(signer) -> None:
    key = (
        OKPKey if json.loads(base64url_bytes(_token(signer).split(".")[0]))["alg"] == "Ed25519" else ECKey
    ).import_key(
        b"-----BEGIN PUBLIC KEY-----\n" + __import__("base64").encodebytes(signer[0]) + b"-----END PUBLIC KEY-----\n"
    )
    found = jws.deserialize_compact(_token(signer), key, algorithms=["Ed25519", "ES256"])
    assert json.loads(found.payload) == CLAIMS


def test_any_changed_character_is_noticed(signer) -> None:
    token, keys = _token(signer), {signer[1]: signer[0]}
    for at in range(0, len(token), 7):
        changed = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
        with pytest.raises(Untrusted):
            verify_jws(changed, keys, TYP)


def test_a_token_of_another_type_or_an_unknown_key_is_refused(signer) -> None:
    token = _token(signer)
    assert _code(token, {signer[1]: signer[0]}, "other+jwt") == "jws_other_type"
    assert _code(token, {}) == "signature_unknown_key"


@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "HS256"}, {"crit": ["b64"], "b64": False}, {"jku": "x"}])
def test_the_header_chooses_nothing(signer, header: dict[str, object]) -> None:
    first, *rest = _token(signer).split(".")
    forged = json.loads(base64url_bytes(first)) | header
    assert (
        _code(".".join([base64url_text(json.dumps(forged).encode()), *rest]), {signer[1]: signer[0]}) == "jws_malformed"
    )


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c.d", "é.e.e", "e30.W10.AA", "e30.e30.A", "=.=.="])
def test_what_is_no_token_is_called_that(token: str) -> None:
    assert _code(token, {}) in {"jws_malformed", "jws_other_type"}
