"""A software authenticator and the browser around it, for tests: it signs whatever it is told to, also what it should not."""

from __future__ import annotations

import hashlib
import json
import os
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ledger.proof.dsse import PAYLOAD_TYPE, Envelope, Signature, pae
from ledger.proof.passkey import Assertion, Passkey, passkey_challenge
from schemas.statements.passkey import ActorPasskeyAdded

RP_ID, ORIGIN = "ledger.example", "https://ledger.example"
PRESENT, VERIFIED, ELIGIBLE, BACKED_UP, ATTESTED, EXTENDED = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80


def b64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


@dataclass
class Authenticator:
    """One passkey. `counter` 0 stays 0, as with passkeys that are synced."""

    key: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    rp_id: str = RP_ID
    origin: str = ORIGIN
    counter: int = 0
    credential_id: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def spki(self) -> bytes:
        found: bytes = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return found

    @property
    def keyid(self) -> str:
        return hashlib.sha256(self.spki).hexdigest()

    @property
    def passkey(self) -> Passkey:
        return Passkey(self.spki, self.rp_id, (self.origin,))

    def added(self, actor: str, **changes: Any) -> ActorPasskeyAdded:
        """The statement that makes it the actor's."""
        body = {
            "actor": actor,
            "spki": b64encode(self.spki).decode(),
            "rp_id": self.rp_id,
            "origins": (self.origin,),
            "credential_sha256": hashlib.sha256(self.credential_id).hexdigest(),
        }
        return ActorPasskeyAdded.model_validate(body | changes)

    # -- what a browser does with it -----------------------------------------------------------------------------

    def client_data(self, challenge: bytes, /, kind: str = "webauthn.get", **changes: Any) -> bytes:
        """As browsers write it; a change of None takes the member out."""
        told = {"type": kind, "challenge": b64url(challenge), "origin": self.origin, "crossOrigin": False} | changes
        return json.dumps({k: v for k, v in told.items() if v is not None}, separators=(",", ":")).encode()

    def authenticator_data(self, flags: int = PRESENT | VERIFIED, rp_id: str | None = None, tail: bytes = b"") -> bytes:
        self.counter += bool(self.counter)
        return hashlib.sha256((rp_id or self.rp_id).encode()).digest() + bytes([flags]) + self._count() + tail

    def _count(self) -> bytes:
        return self.counter.to_bytes(4, "big")

    def assertion(
        self, challenge: bytes, /, *, told: bytes | None = None, client: bytes | None = None, **client_changes: Any
    ) -> Assertion:
        """`told`, `client`: authenticatorData and clientDataJSON other than the right ones, properly signed."""
        client = client if client is not None else self.client_data(challenge, **client_changes)
        told = told if told is not None else self.authenticator_data()
        return Assertion(told, client, self.sign(told + hashlib.sha256(client).digest()))

    def sign(self, message: bytes) -> bytes:
        if isinstance(self.key, Ed25519PrivateKey):
            return self.key.sign(message)
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(message, padding.PKCS1v15(), SHA256())
        found: bytes = self.key.sign(message, ec.ECDSA(SHA256()))
        return found

    def envelope(self, payload: bytes, **changes: Any) -> Envelope:
        """The payload under an assertion by this passkey."""
        assertion = self.assertion(passkey_challenge(pae(PAYLOAD_TYPE, payload)), **changes)
        return Envelope(PAYLOAD_TYPE, payload, (Signature(self.keyid, assertion.to_bytes()),))

    # -- the WebAuthn JSON that pages send -----------------------------------------------------------------------

    def registration(self, options: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """RegistrationResponseJSON with attestation `none`, for options from the server."""
        cose = cbor2.dumps(self._cose())
        attested = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + cose
        told = self.authenticator_data(PRESENT | VERIFIED | ATTESTED, tail=attested)
        told = changes.pop("told", told)
        client = json.dumps(
            {"type": "webauthn.create", "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
            | changes
        ).encode()
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": told})
        response = {
            "clientDataJSON": b64url(client),
            "attestationObject": b64url(attestation),
            "transports": ["internal"],
        }
        return self._credential(response)

    def _cose(self) -> dict[int, Any]:
        """The public key as COSE_Key (RFC 9053, RFC 8230)."""
        public = self.key.public_key()
        if isinstance(self.key, Ed25519PrivateKey):
            return {1: 1, 3: -8, -1: 6, -2: public.public_bytes_raw()}
        numbers = public.public_numbers()
        if isinstance(self.key, rsa.RSAPrivateKey):
            return {1: 3, 3: -257, -1: numbers.n.to_bytes(self.key.key_size // 8, "big"), -2: b"\x01\x00\x01"}
        return {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}

    def authentication(
        self, options: dict[str, Any], assertion: Assertion | None = None, **changes: Any
    ) -> dict[str, Any]:
        """AuthenticationResponseJSON for options from the server."""
        challenge = _unb64url(options["challenge"])
        found = assertion or self.assertion(challenge, **changes)
        response = {
            "clientDataJSON": b64url(found.client_data_json),
            "authenticatorData": b64url(found.authenticator_data),
            "signature": b64url(found.signature),
            "userHandle": None,
        }
        return self._credential(response)

    def _credential(self, response: dict[str, Any]) -> dict[str, Any]:
        name = b64url(self.credential_id)
        return {"id": name, "rawId": name, "type": "public-key", "response": response, "clientExtensionResults": {}}


def _unb64url(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
