"""Actors, their roles and their keys, folded from the log; and the rules by which they change (SPEC S3)."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ledger.errors import LedgerError, Misuse, Untrusted
from ledger.history import History
from ledger.proof.keys import public_key
from ledger.proof.passkey import Passkey, passkey_public_key
from ledger.rules.proposal import Proposal, refuse
from ledger.statement import Said
from schemas.statements.actor import ActorEnrolled, ActorKeyRevoked, ActorKeyRotated, LogOpened
from schemas.statements.passkey import ActorAdmitted, ActorPasskeyAdded

_KINDS = (LogOpened, ActorEnrolled, ActorAdmitted, ActorPasskeyAdded, ActorKeyRotated, ActorKeyRevoked)
_BRING_KEYS = (LogOpened, ActorEnrolled, ActorPasskeyAdded, ActorKeyRotated)
PASSKEYS_MAX = 20  # current ones of an actor: each device of a person, with room; more is a mistake or a flood


@dataclass
class ActorKey:
    """`from_index`: the entry that brought the key; `until`: when it stopped being its owner's word (exclusive).

    `passkey`: set for one that speaks through WebAuthn assertions, and then in no other way.
    """

    spki: bytes
    from_index: int
    passkey: Passkey | None = None
    until: datetime | None = None
    ended_by: int | None = None

    @property
    def keyid(self) -> str:
        return hashlib.sha256(self.spki).hexdigest()

    @property
    def verifier(self) -> bytes | Passkey:
        """What its signatures are verified with."""
        return self.passkey or self.spki


@dataclass
class ActorState:
    """What the log says of one actor so far; `roles` is empty for somebody who was never enrolled."""

    actor: str
    roles: frozenset[str] = frozenset()
    keys: dict[str, ActorKey] = field(default_factory=dict)
    enrolled_by: int | None = None
    changed_at: datetime | None = None
    """The latest time that one of these statements was recorded at."""

    def key_at(self, keyid: str, at: datetime) -> ActorKey:
        """The key if it speaks for the actor at this instant. Raises Untrusted `key_revoked`, `signature_unknown_key`."""
        key = self.keys.get(keyid)
        if key is None:
            raise Untrusted("signature_unknown_key", f"{keyid} is not a key of {self.actor}", "Enrol the key first.")
        if key.until is not None and at >= key.until:
            what = f"{keyid} stopped being a key of {self.actor} by entry {key.ended_by}"
            raise Untrusted("key_revoked", what, "Sign with the current key.")
        return key


def actor_state(history: History, actor: str) -> ActorState:
    """The actor's statements, folded; shared, so only read. O(changes of this actor), never of the log."""
    return history.folded(f"actor:{actor}", _KINDS, _folded_for(actor))


@lru_cache(maxsize=1_000)  # one function an actor, so that what it folded can be found again
def _folded_for(actor: str) -> Callable[[list[Said]], ActorState]:
    def fold(found: list[Said]) -> ActorState:
        state = ActorState(actor)
        for said in found:
            _apply(state, said)
        return state

    return fold


def _apply(state: ActorState, said: Said) -> None:
    body = said.body
    state.changed_at = max(state.changed_at or said.recorded_at, said.recorded_at)
    if isinstance(body, LogOpened):
        service = state.actor == body.service
        _add_key(state, body.service_spki if service else body.admin_spki, said.index)
        state.roles, state.enrolled_by = frozenset({"service" if service else "admin"}), said.index
    elif isinstance(body, ActorEnrolled):
        _add_key(state, body.spki, said.index)
        state.roles, state.enrolled_by = frozenset(body.roles), said.index
    elif isinstance(body, ActorAdmitted):
        state.roles, state.enrolled_by = frozenset(body.roles), said.index
    elif isinstance(body, ActorPasskeyAdded):
        _add_key(state, body.spki, said.index, Passkey(b64decode(body.spki), body.rp_id, body.origins))
    elif isinstance(body, ActorKeyRotated):
        _end_key(state, body.old_keyid, said.recorded_at, said.index)
        _add_key(state, body.spki, said.index)
    elif isinstance(body, ActorKeyRevoked):
        _end_key(state, body.keyid, body.effective_at, said.index)


def _add_key(state: ActorState, spki: str, index: int, passkey: Passkey | None = None) -> None:
    key = ActorKey(b64decode(spki), index, passkey)
    state.keys[key.keyid] = key


def _end_key(state: ActorState, keyid: str, until: datetime, index: int) -> None:
    key = state.keys[keyid]
    if key.until is None or until < key.until:
        key.until, key.ended_by = until, index


def accept_opening(proposal: Proposal, body: LogOpened, history: History, at: datetime) -> None:
    """Only ever the first entry."""
    if history.upto or history.about("log:opened", LogOpened):
        refuse("log_already_open", "a log is opened once, by its first entry", 0)
    if body.service == body.admin or body.service_spki == body.admin_spki:
        refuse("keys_not_separate", "the service and the administrator are two actors with two keys")
    for spki in (body.service_spki, body.admin_spki):
        _accept_new_key(spki, history)


def accept_enrolment(proposal: Proposal, body: ActorEnrolled, history: History, at: datetime) -> None:
    """A name is enrolled once and a key belongs to one name. The service's role is given by the opening only."""
    _refuse_unless_own_key(proposal)
    _accept_new_name(body, history)
    _accept_new_key(body.spki, history)


def accept_admission(proposal: Proposal, body: ActorAdmitted, history: History, at: datetime) -> None:
    """As an enrolment, without a key."""
    _accept_new_name(body, history)


def _accept_new_name(body: ActorEnrolled | ActorAdmitted, history: History) -> None:
    if (known := actor_state(history, body.actor).enrolled_by) is not None:
        refuse("actor_known", f"{body.actor} is enrolled already", known)
    if "service" in body.roles:
        refuse("role_reserved", "the service role is given when the log is opened, and never again")


def accept_passkey(proposal: Proposal, body: ActorPasskeyAdded, history: History, at: datetime) -> None:
    """For somebody who is here, not the service, in a bounded number; each key once."""
    _refuse_unless_own_key(proposal)
    state = actor_state(history, body.actor)
    if state.enrolled_by is None:
        refuse("actor_unknown", f"{body.actor} is not enrolled here")
    if "service" in state.roles:
        refuse("role_reserved", "the service speaks with its own key; a passkey is a person's", state.enrolled_by)
    if sum(1 for key in state.keys.values() if key.passkey and (key.until is None or at < key.until)) >= PASSKEYS_MAX:
        refuse("passkeys_too_many", f"{body.actor} has {PASSKEYS_MAX} passkeys; revoke one first")
    try:
        passkey_public_key(b64decode(body.spki))
    except LedgerError as error:
        refuse("key_unsupported", f"{error.what} {error.do}")
    _refuse_known_key(b64decode(body.spki), history)


def accept_rotation(proposal: Proposal, body: ActorKeyRotated, history: History, at: datetime) -> None:
    """The old key must be current; the statement is signed with it, or by an administrator."""
    _refuse_unless_own_key(proposal)
    actor_state(history, body.actor).key_at(body.old_keyid, at)
    _accept_new_key(body.spki, history)


def accept_revocation(proposal: Proposal, body: ActorKeyRevoked, history: History, at: datetime) -> None:
    """Ends a key from `effective_at`, which may lie in the past: later statements by it were then not its owner's. A key that
    has ended can still be ended earlier; the service's last one only by a rotation, or nothing could be recorded any more.
    """
    state = actor_state(history, body.actor)
    key = state.keys.get(body.keyid)
    if key is None or key.until is None or body.effective_at >= key.until:
        key = state.key_at(body.keyid, at)
    others = [one for one in state.keys.values() if one.until is None and one.keyid != key.keyid]
    if "service" in state.roles and key.until is None and not others:
        refuse(
            "service_key_last", "it is the service's only key: turn it first, then revoke the old one", key.from_index
        )


def _refuse_unless_own_key(proposal: Proposal) -> None:
    """Whoever steals a token, or runs the service, must not give themselves a voice that can't be denied (ADR 014)."""
    if not proposal.own_key:
        refuse("own_key_required", "a key is brought with a key of somebody's own, by nobody on their behalf")


def _accept_new_key(spki: str, history: History) -> None:
    der = b64decode(spki)
    try:
        key = public_key(der)
        if not isinstance(key, Ed25519PublicKey | EllipticCurvePublicKey):
            raise Misuse("key_unsupported", "another algorithm")
        if key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != der:
            raise Misuse("key_unsupported", "another spelling")  # one key, one keyid: not a second one, compressed
    except LedgerError:  # low-order points too: under them one signature fits any message
        refuse("key_unsupported", "a statement key is an Ed25519 or P-256 SubjectPublicKeyInfo in plain DER")
    _refuse_known_key(der, history)


def _refuse_known_key(der: bytes, history: History) -> None:
    tag = "key:" + hashlib.sha256(der).hexdigest()
    for said in history.about(tag, *_BRING_KEYS):
        refuse("key_in_use", "this key already speaks, or spoke, for somebody", said.index)
