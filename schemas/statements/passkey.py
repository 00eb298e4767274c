"""Actors admitted by name alone, and passkeys (WebAuthn) that give them, or anybody, a voice of their own (SPEC S3.6)."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Self

from pydantic import Field, StringConstraints, model_validator

from schemas.base import ActorId, Base64, Body, Digest
from schemas.statements.actor import Role, key_tag

ORIGINS_MAX = 8  # a page, its other names and ports; a passkey's RP ID covers no more sites than that in practice
RpId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$")]
"""A WebAuthn relying party ID: the domain that the passkey is for."""
ORIGIN_PATTERN = r"^https?://[a-z0-9.-]{1,253}(:[1-9][0-9]{0,4})?$"
Origin = Annotated[str, StringConstraints(pattern=ORIGIN_PATTERN)]
"""An origin as browsers write it: lower case, no path, no port that is the scheme's own."""

EXAMPLE_P256_SPKI = (  # RFC 6979 A.2.5
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Z5A/4Q"
    "CLi8maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ=="
)


def fits_rp_id(origin: str, rp_id: str) -> bool:
    """Whether a browser lets a page of this origin use the RP ID: the same domain or one below it, over TLS or on localhost."""
    scheme, _, place = origin.partition("://")
    host = re.sub(r":[0-9]+$", "", place)
    return (host == rp_id or host.endswith("." + rp_id)) and (scheme == "https" or host == "localhost")


class ActorAdmitted(Body):
    """Somebody gets a name and roles but no key: the service signs for them until a passkey is added."""

    TYPE: ClassVar[str] = "actor.admitted.v1"
    actor: ActorId
    roles: Annotated[tuple[Role, ...], Field(min_length=1, max_length=8)]

    def tags(self) -> tuple[str, ...]:
        return (f"actor:{self.actor}",)

    @classmethod
    def example(cls) -> ActorAdmitted:
        return cls(actor="noor", roles=("talent",))


class ActorPasskeyAdded(Body):
    """A passkey is an actor's, besides their other keys. It speaks through assertions for `rp_id` made at `origins` only."""

    TYPE: ClassVar[str] = "actor.passkey-added.v1"
    actor: ActorId
    spki: Base64
    rp_id: RpId
    origins: Annotated[tuple[Origin, ...], Field(min_length=1, max_length=ORIGINS_MAX)]
    credential_sha256: Digest
    """Of the credential ID, by which an authenticator finds the key."""

    @model_validator(mode="after")
    def _origins_fit(self) -> Self:
        if len(set(self.origins)) != len(self.origins):
            raise ValueError("an origin is named twice")
        if not all(fits_rp_id(origin, self.rp_id) for origin in self.origins):
            raise ValueError("an origin is not of rp_id's domain over https, or localhost")
        return self

    def tags(self) -> tuple[str, ...]:
        return (f"actor:{self.actor}", key_tag(self.spki))

    @classmethod
    def example(cls) -> ActorPasskeyAdded:
        return cls(
            actor="noor",
            spki=EXAMPLE_P256_SPKI,
            rp_id="ledger.example",
            origins=("https://ledger.example",),
            credential_sha256="5c" * 32,
        )
