"""Whose key and which roles stand behind a statement: read from the log, except for the entry that opens it."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from typing import TYPE_CHECKING

from ledger.errors import Forbidden, Untrusted
from ledger.history import History
from ledger.rules.actors import actor_state
from schemas.statements.actor import LogOpened

if TYPE_CHECKING:
    from ledger.knock import Knock


def signing_keys(knock: Knock, history: History, service_actor: str) -> dict[str, bytes]:
    """The keys that may have signed this, by keyid: every signature must be by one that speaks for the actor now.

    Raises Forbidden `actor_unknown`, Untrusted `signature_unknown_key`, `key_revoked`.
    """
    signer = service_actor if knock.statement.auth else knock.statement.actor
    if isinstance(knock.body, LogOpened) and not history.upto:
        return _opening_key(knock.body, signer)
    state = actor_state(history, signer)
    if state.enrolled_by is None:
        raise Forbidden("actor_unknown", f"{signer} is not enrolled here", "An administrator enrols actors.")
    keys = [state.key_at(signature.keyid, knock.at) for signature in knock.envelope.signatures]
    return {key.keyid: key.spki for key in keys}


def _opening_key(body: LogOpened, signer: str) -> dict[str, bytes]:
    if signer != body.service:
        raise Untrusted("signature_unknown_key", "a log is opened by its own service", "See SPEC S3.1.")
    spki = b64decode(body.service_spki)
    return {hashlib.sha256(spki).hexdigest(): spki}


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
