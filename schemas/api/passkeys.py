"""Passkeys over HTTP: what a browser is given, what it sends back, and a statement made ready to be signed by one."""

from __future__ import annotations

from typing import Any

from schemas.api.log import OpeningShape
from schemas.api.problems import example
from schemas.base import Digest, Shape
from schemas.statements.passkey import ActorPasskeyAdded

_OPTIONS = {"challenge": "3q2-7w", "rpId": "ledger.example", "userVerification": "required", "timeout": 300_000}


class PasskeyOptions(Shape):
    """WebAuthn options in their JSON form (PublicKeyCredentialCreationOptionsJSON), for `navigator.credentials.create`."""

    model_config = example({"options": _OPTIONS})

    options: dict[str, Any]


class PasskeyMade(Shape):
    """What `navigator.credentials.create` answered (RegistrationResponseJSON)."""

    model_config = example({"credential": {"id": "q83v", "rawId": "q83v", "type": "public-key", "response": {}}})

    credential: dict[str, Any]


class PasskeyAnswer(Shape):
    """A passkey that waits to be added. It speaks once an administrator, or its actor with another key, said `body`."""

    model_config = example(
        {"keyid": "06" * 32, "type": "actor.passkey-added.v1", "body": ActorPasskeyAdded.example().as_json()}
    )

    keyid: Digest
    type: str
    body: dict[str, Any]


class PreparedStatement(Shape):
    """A statement to be signed by passkey. `payload` (base64) are the exact bytes; `words` say them for people.

    `options` are for `navigator.credentials.get`; their challenge is the statement (SPEC S3.6). `keyids` tells by the SHA-256
    of the credential ID that answered which `keyid` the envelope's signature has. `openings` travel beside the envelope.
    """

    model_config = example(
        {
            "payload": "eyJ0eXBlIjoi4oCmIn0=",
            "payload_type": "application/vnd.countersign.statement+json",
            "payload_sha256": "ab" * 32,
            "words": "ines gave consent 019a9b00-0000-7000-8000-000000000001 of p-7f3a for advertising …",
            "options": _OPTIONS,
            "keyids": {"5c" * 32: "06" * 32},
            "openings": {},
        }
    )

    payload: str
    payload_type: str
    payload_sha256: Digest
    words: str
    options: dict[str, Any]
    keyids: dict[str, str]
    openings: dict[str, OpeningShape]
