"""Who may speak: the log's opening, actors, their roles and their keys. So the log proves who could say what when."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas.base import ActorId, Base64, Body, Digest, Instant, Line

VKEY_CHARS_MAX = 2_500  # an ML-DSA-44 vkey has about 1,800
Vkey = Annotated[
    str, Field(min_length=20, max_length=VKEY_CHARS_MAX, pattern=r"^[^+\s]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+=*$")
]
Role = Literal[
    "admin",  # enrols actors and turns keys
    "service",  # the ledger's own automation: expiry, examination, verdicts
    "producer",
    "ip-steward",
    "legal",
    "talent",
    "platform",
    "librarian",
    "measurement-lead",
    "finance",
    "reviewer",
]


def key_tag(spki: str) -> str:
    """The tag of a key: `key:` and its keyid, which is the SHA-256 of the DER SubjectPublicKeyInfo in hex (SPEC S3.2)."""
    return "key:" + hashlib.sha256(b64decode(spki)).hexdigest()


EXAMPLE_SPKI = "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="  # RFC 8032 7.1, test 1
OTHER_SPKI = "MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw="  # RFC 8032 7.1, test 2
EXAMPLE_KEYID = "06e3fd8fda29bb60ab59557de61edb0aecdb231134be30e75b455f8e1b792fa9"


class LogOpened(Body):
    """The first entry of a log, and only the first: its origin, its keys, the service and the first administrator."""

    TYPE: ClassVar[str] = "log.opened.v1"
    origin: Line
    log_vkeys: Annotated[tuple[Vkey, ...], Field(min_length=2, max_length=4)]
    """C2SP verifier keys of the log: Ed25519 first, then ML-DSA-44."""
    service: ActorId
    service_spki: Base64
    admin: ActorId
    admin_spki: Base64

    def tags(self) -> tuple[str, ...]:
        actors = (f"actor:{self.service}", f"actor:{self.admin}")
        return ("log:opened", *actors, key_tag(self.service_spki), key_tag(self.admin_spki))

    @classmethod
    def example(cls) -> LogOpened:
        return cls(
            origin="countersign.example/studio",
            log_vkeys=("countersign.example/studio+00000000+AQ==", "countersign.example/studio+00000001+Bg=="),
            service="countersign",
            service_spki=EXAMPLE_SPKI,
            admin="operator",
            admin_spki=OTHER_SPKI,
        )


class ActorEnrolled(Body):
    """A person or a system gets a name, roles and a key of its own."""

    TYPE: ClassVar[str] = "actor.enrolled.v1"
    actor: ActorId
    roles: Annotated[tuple[Role, ...], Field(min_length=1, max_length=8)]
    spki: Base64
    """Base64 of the DER SubjectPublicKeyInfo; its SHA-256 is the keyid."""

    def tags(self) -> tuple[str, ...]:
        return (f"actor:{self.actor}", key_tag(self.spki))

    @classmethod
    def example(cls) -> ActorEnrolled:
        return cls(actor="mara-producer", roles=("producer",), spki=EXAMPLE_SPKI)


class ActorKeyRotated(Body):
    """A new key takes over from the statement's place in the log; what the old one signed before stays signed."""

    TYPE: ClassVar[str] = "actor.key-rotated.v1"
    actor: ActorId
    old_keyid: Digest
    spki: Base64

    def tags(self) -> tuple[str, ...]:
        return (f"actor:{self.actor}", f"key:{self.old_keyid}", key_tag(self.spki))

    @classmethod
    def example(cls) -> ActorKeyRotated:
        return cls(actor="mara-producer", old_keyid=EXAMPLE_KEYID, spki=OTHER_SPKI)


class ActorKeyRevoked(Body):
    """A key is no longer its owner's word, from `effective_at` on."""

    TYPE: ClassVar[str] = "actor.key-revoked.v1"
    actor: ActorId
    keyid: Digest
    effective_at: Instant
    reason: Line

    def tags(self) -> tuple[str, ...]:
        return (f"actor:{self.actor}", f"key:{self.keyid}")

    @classmethod
    def example(cls) -> ActorKeyRevoked:
        return cls.model_validate(
            {
                "actor": "mara-producer",
                "keyid": EXAMPLE_KEYID,
                "effective_at": "2026-11-02T09:00:00Z",
                "reason": "laptop lost on a train",
            }
        )
