"""The service's current public keys as JSON Web Keys (RFC 7517, RFC 8037), read from the log."""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from api.services.services import Services
from ledger.proof.jws import base64url_text
from ledger.proof.keys import public_key
from ledger.rules.actors import ActorKey, actor_state


def service_keys(services: Services) -> dict[str, Any]:
    """Those that speak now; `kid` is the keyid of SPEC S3.2."""
    now = services.clock.now()
    state = actor_state(services.ledger.history(), services.ledger.service_actor)
    return {"keys": [_jwk(key) for key in state.keys.values() if key.until is None or now < key.until]}


def _jwk(key: ActorKey) -> dict[str, Any]:
    found = public_key(key.spki)
    named = {"kid": key.keyid, "use": "sig"}
    if isinstance(found, Ed25519PublicKey):
        return named | {"kty": "OKP", "crv": "Ed25519", "alg": "Ed25519", "x": base64url_text(found.public_bytes_raw())}
    if isinstance(found, ec.EllipticCurvePublicKey):
        point = found.public_numbers()
        return named | {
            "kty": "EC",
            "crv": "P-256",
            "alg": "ES256",
            "x": base64url_text(point.x.to_bytes(32, "big")),
            "y": base64url_text(point.y.to_bytes(32, "big")),
        }
    return named
