"""Whose key and which roles stand behind a statement: read from the log, except for the entry that opens it."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from typing import TYPE_CHECKING

from ledger.errors import Forbidden, Untrusted
from ledger.history import History
from ledger.proof.passkey import Passkey
from ledger.rules.actors import actor_state
from schemas.statements.actor import LogOpened

if TYPE_CHECKING:
    from ledger.knock import Knock


def signing_keys(knock: Knock, history: History, service_actor: str) -> dict[str, bytes | Passkey]:
    """The keys that may have signed this, by keyid: every signature must be by one that speaks for the actor now.

    Raises Forbidden `actor_unknown`, Untrusted `signature_unknown_key`, `key_revoked`.
    """
    signer = service_actor if knock.statement.auth else knock.statement.actor
    if isinstance(knock.body, LogOpened) and not history.upto:
        return _opening_key(knock, knock.body, service_actor)
    state = actor_state(history, signer)
    if state.enrolled_by is None:
        raise Forbidden("actor_unknown", f"{signer} is not enrolled here", "An administrator enrols actors.")
    at = max(knock.at, state.changed_at or knock.at)  # a clock set back gives no old key its voice again
    keys = [state.key_at(signature.keyid, at) for signature in knock.envelope.signatures]
    return {key.keyid: key.verifier for key in keys}


def _opening_key(knock: Knock, body: LogOpened, service_actor: str) -> dict[str, bytes | Passkey]:
    """Only the ledger itself opens its log, naming the very key it signs with: nobody gets there first from outside."""
    spki = b64decode(body.service_spki)
    keyid = hashlib.sha256(spki).hexdigest()
    signers = {signature.keyid for signature in knock.envelope.signatures}
    if not knock.made_here or body.service != service_actor or signers != {keyid}:
        raise Untrusted("signature_unknown_key", "a log is opened by its own service", "See SPEC S3.1.")
    return {keyid: spki}


def roles_of(knock: Knock, history: History) -> frozenset[str]:
    """The actor's roles now. Raises Forbidden `actor_unknown` for somebody the service signs for but nobody enrolled."""
    if isinstance(knock.body, LogOpened) and not history.upto:
        return frozenset({"service"})
    state = actor_state(history, knock.statement.actor)
    if state.enrolled_by is None:
        raise Forbidden(
            "actor_unknown", f"{knock.statement.actor} is not enrolled here", "An administrator enrols actors."
        )
    if knock.statement.auth and knock.statement.auth.subject != knock.statement.actor:
        raise Forbidden("auth_subject_differs", "the authenticated subject is not the actor")
    return state.roles
