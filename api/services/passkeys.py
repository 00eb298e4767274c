"""Making a passkey, signing a statement with one, and signing in with one. What is believed is checked by `ledger.proof`;
the `webauthn` package writes the options that browsers want and reads registrations.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode, urlsafe_b64decode
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from api.passkeys import KnownPasskey, known_passkey
from api.services.services import Services
from api.services.statements import Words
from ledger.errors import LedgerError, NotFound, Unauthenticated, Unavailable, Untrusted
from ledger.history import bodies
from ledger.proof.dsse import PAYLOAD_TYPE, pae
from ledger.proof.keys import keyid
from ledger.proof.passkey import (
    AUTHENTICATOR_DATA_BYTES,
    CLIENT_DATA_BYTES_MAX,
    Assertion,
    passkey_challenge,
    passkey_public_key,
    verify_assertion,
)
from ledger.rules.actors import ActorKey, actor_state
from ledger.rules.permissions import permit
from ledger.statement import Draft, compose
from schemas.statements.passkey import ActorPasskeyAdded

TIMEOUT_MS = 300_000  # as long as a challenge lives
SIGNATURE_BYTES_MAX = 512  # RSA with 4,096 bits
CREDENTIAL_ID_BYTES_MAX = 1_023  # WebAuthn L3 4


@dataclass(frozen=True)
class Prepared:
    """A statement to be signed by passkey: its payload, the openings that travel beside it, and what the browser is asked."""

    draft: Draft
    challenge: bytes
    options: dict[str, Any]
    keyids: dict[str, str]
    """keyid by the SHA-256 of the credential ID that answers."""


def registration_options(services: Services, actor: str) -> dict[str, Any]:
    """PublicKeyCredentialCreationOptionsJSON: a discoverable passkey with user verification. Raises Unavailable."""
    webauthn, party = _webauthn(), services.relying_party
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    options = webauthn.generate_registration_options(
        rp_id=party.rp_id,
        rp_name=services.origin,
        user_name=actor,
        user_id=actor.encode(),
        challenge=services.challenges.give("register", actor),
        timeout=TIMEOUT_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            require_resident_key=True,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        supported_pub_key_algs=_algorithms(),
        exclude_credentials=_descriptors(services.passkeys.of(actor)),
    )
    return dict(json.loads(webauthn.options_to_json(options)))


def register(services: Services, actor: str, credential: dict[str, Any]) -> KnownPasskey:
    """Reads a RegistrationResponseJSON and remembers the passkey until the log says that it is the actor's.

    Raises Untrusted `passkey_registration_invalid`, Unauthenticated `challenge_unknown`, Unavailable `extra_missing`.
    """
    webauthn, party = _webauthn(), services.relying_party
    from webauthn.helpers import decode_credential_public_key, decoded_public_key_to_cryptography

    challenge = _signed_challenge(credential)
    try:
        found = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.rp_id,
            expected_origin=list(party.origins),
            require_user_verification=True,
            supported_pub_key_algs=_algorithms(),
        )
        key = decoded_public_key_to_cryptography(decode_credential_public_key(found.credential_public_key))
        spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        passkey_public_key(spki)
    except Exception as error:  # whatever a library finds in strangers' CBOR: it is no registration
        what = f"the browser's answer is no registration of a passkey for these pages ({type(error).__name__})"
        raise Untrusted("passkey_registration_invalid", what, "Begin again, in a window of its own.") from error
    services.challenges.spend(challenge, "register", actor)
    body = ActorPasskeyAdded(
        actor=actor,
        spki=b64encode(spki).decode(),
        rp_id=party.rp_id,
        origins=party.origins,
        credential_sha256=hashlib.sha256(found.credential_id).hexdigest(),
    )
    credential_id = b64encode(found.credential_id).decode()
    made = known_passkey(body.as_json(), keyid(spki), credential_id, services.clock.now(), found.sign_count)
    current = {key.keyid for key in passkeys_of(services, actor)}
    services.passkeys.add(made, lambda name: name in current)
    return made


def prepare(services: Services, words: Words, actor: str) -> Prepared:
    """What the actor is about to sign. Raises Forbidden `role_not_permitted`, NotFound `passkey_missing`, Unavailable.

    Nothing is kept: whoever signs it sends it to the door, which judges it then.
    """
    webauthn, party = _webauthn(), services.relying_party
    from webauthn.helpers.structs import UserVerificationRequirement

    state = actor_state(services.ledger.history(), actor)
    permit(words.body.TYPE, actor, state.roles, getattr(words.body, "actor", None))
    current = {key.keyid for key in passkeys_of(services, actor)}
    if not current:
        raise NotFound(
            "passkey_missing", f"{actor} has no passkey that speaks for them now", "Make one, and have it added."
        )
    at = services.clock.now()
    draft = compose(words.body, actor=actor, at=at, sealed=words.sealed or None, subject=words.subject)
    challenge = passkey_challenge(pae(PAYLOAD_TYPE, draft.payload))
    options = webauthn.generate_authentication_options(
        rp_id=party.rp_id,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        allow_credentials=_descriptors([one for one in services.passkeys.of(actor) if one.keyid in current]),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return Prepared(draft, challenge, json.loads(webauthn.options_to_json(options)), _keyids(services, actor, current))


def sign_in_options(services: Services) -> dict[str, Any]:
    """PublicKeyCredentialRequestOptionsJSON for whoever has a passkey here: nobody is named."""
    webauthn = _webauthn()
    from webauthn.helpers.structs import UserVerificationRequirement

    options = webauthn.generate_authentication_options(
        rp_id=services.relying_party.rp_id,
        challenge=services.challenges.give("sign-in"),
        timeout=TIMEOUT_MS,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return dict(json.loads(webauthn.options_to_json(options)))


def sign_in(services: Services, credential: dict[str, Any]) -> tuple[str, str]:
    """(actor, keyid) of an AuthenticationResponseJSON. Every no but the counter's is Unauthenticated `passkey_unknown` or
    `challenge_unknown`: strangers learn nothing of who is enrolled.
    """
    try:
        actor = _bytes(credential, "userHandle", 64).decode()
        assertion = Assertion(
            _bytes(credential, "authenticatorData", AUTHENTICATOR_DATA_BYTES),
            _bytes(credential, "clientDataJSON", CLIENT_DATA_BYTES_MAX),
            _bytes(credential, "signature", SIGNATURE_BYTES_MAX),
        )
        if len(assertion.authenticator_data) != AUTHENTICATOR_DATA_BYTES:
            raise ValueError("authenticatorData")
        named = hashlib.sha256(_unpadded(credential["rawId"], CREDENTIAL_ID_BYTES_MAX)).hexdigest()
        current = {key.keyid: key for key in passkeys_of(services, actor)}
        key = current[_keyids(services, actor, set(current))[named]]
        challenge = _signed_challenge(credential)
        assert key.passkey is not None  # noqa: S101  passkeys_of gives no others
        verify_assertion(key.passkey, assertion, challenge)
    except (LedgerError, KeyError, TypeError, ValueError, AttributeError) as error:
        what = "this is no passkey that speaks for somebody here"
        raise Unauthenticated("passkey_unknown", what, "Use another one, or sign in with your token.") from error
    services.challenges.spend(challenge, "sign-in")
    services.passkeys.count(key.keyid, assertion.counter)
    return actor, key.keyid


def passkeys_of(services: Services, actor: str) -> list[ActorKey]:
    """The actor's passkeys that speak now, oldest first."""
    at = services.clock.now()
    keys = actor_state(services.ledger.history(), actor).keys.values()
    return [key for key in keys if key.passkey and (key.until is None or at < key.until)]


def _keyids(services: Services, actor: str, current: set[str]) -> dict[str, str]:
    said = services.ledger.history().about(f"actor:{actor}", ActorPasskeyAdded)
    found = {body.credential_sha256: keyid(b64decode(body.spki)) for _, body in bodies(said, ActorPasskeyAdded)}
    return {credential: name for credential, name in found.items() if name in current}


def _signed_challenge(credential: dict[str, Any]) -> bytes:
    """The challenge that an answer says it signs; whether it was ours is for `Challenges` to say."""
    try:
        client = json.loads(_bytes(credential, "clientDataJSON", CLIENT_DATA_BYTES_MAX))
        return _unpadded(client["challenge"], 64)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        what = "the browser's answer has no challenge that can be read"
        raise Untrusted("passkey_malformed", what, "Begin again.") from error


def _bytes(credential: dict[str, Any], name: str, bytes_max: int) -> bytes:
    return _unpadded(credential["response"][name], bytes_max)


def _unpadded(text: str, bytes_max: int) -> bytes:
    if not isinstance(text, str) or len(text) > 4 * (bytes_max + 2) // 3:
        raise ValueError("no base64url within its bound")
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _descriptors(known: list[KnownPasskey]) -> list[Any]:
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

    return [PublicKeyCredentialDescriptor(id=b64decode(one.credential_id)) for one in known]


def _algorithms() -> list[Any]:
    from webauthn.helpers.cose import COSEAlgorithmIdentifier

    return [
        COSEAlgorithmIdentifier.ECDSA_SHA_256,
        COSEAlgorithmIdentifier.EDDSA,
        COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
    ]


def _webauthn() -> ModuleType:
    try:
        import webauthn
    except ModuleNotFoundError as error:
        what = "passkeys need the package webauthn, which is not installed"
        raise Unavailable("extra_missing", what, "Install countersign[passkeys].") from error
    return webauthn
