"""Turning and revoking the keys of actors whose key files lie in this home; a crash between log and file is finished later."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from ledger.door import Ledger, Receipt
from ledger.errors import Misuse, NotFound
from ledger.keys import SigningKey, new_signing_key, read_signing_key, sync_folder, write_private_key
from ledger.rules.actors import ActorState, actor_state
from ops.home import Home
from ops.servicekey import ServiceKey
from ops.settings import Settings
from ops.speaking import parsed, speak
from schemas.statements.actor import ActorKeyRevoked, ActorKeyRotated

Say = Callable[[ActorKeyRotated], Receipt]


def rotate_key(
    ledger: Ledger,
    home: Home,
    settings: Settings,
    actor: str,
    *,
    admin: str | None = None,
    uri: str = "",
    spki: bytes | None = None,
) -> tuple[Receipt | None, str]:
    """(what was said, keyid of the new key); None when a call that broke off had said it, and only the file was to be placed.

    The actor says it with the old key, or `admin` with theirs. `uri`, `spki`: for the service, whose key may lie elsewhere.
    Raises NotFound `key_missing`, `actor_unknown`; Misuse `usage`, and what the door and the signer raise.
    """
    say = _as(ledger, home, admin) if admin else None
    if actor == settings.service_actor:
        return ServiceKey(home.path, home.keys).rotate(ledger, settings, uri=uri, spki=spki, say=say)
    if uri:
        raise Misuse("usage", "only the service's key may lie elsewhere", "Leave --key out.")
    return _rotate_file(ledger, home, _known(ledger, actor), say)


def revoke_key(
    ledger: Ledger, home: Home, actor: str, effective_at: datetime, reason: str, *, keyid: str | None, by: str
) -> Receipt:
    """`by`, the actor or an administrator, ends a key; the only current one if `keyid` is None.

    Raises NotFound `actor_unknown`; Misuse `keyid_needed`, `body_invalid`; and what the door raises.
    """
    state = _known(ledger, actor)
    now = ledger.clock.now()
    current = [key.keyid for key in state.keys.values() if key.until is None or key.until > now]
    if keyid is None and len(current) != 1:
        raise Misuse("keyid_needed", f"{actor} has {len(current)} current keys", "Name one with --key.")
    said = {"actor": actor, "keyid": keyid or current[0], "effective_at": effective_at, "reason": reason}
    body: ActorKeyRevoked = parsed("actor.key-revoked.v1", said)
    return speak(ledger, read_signing_key(home.actor_key(by)), by, body)


def _rotate_file(ledger: Ledger, home: Home, state: ActorState, say: Say | None) -> tuple[Receipt | None, str]:
    path = home.actor_key(state.actor)
    beside = path.with_name(f"next-{path.name}")
    new = _beside(beside)
    if new.keyid in state.keys:
        return None, _placed(beside, path, new)
    ends = _ending(state, path)
    body = ActorKeyRotated(actor=state.actor, old_keyid=ends, spki=b64encode(new.spki).decode())
    receipt = say(body) if say else speak(ledger, read_signing_key(path), state.actor, body)
    return receipt, _placed(beside, path, new)


def _beside(path: Path) -> SigningKey:
    """The key that a broken-off call left, or a new one; half a file is no key, and is written anew."""
    try:
        return read_signing_key(path)
    except (NotFound, Misuse):
        path.unlink(missing_ok=True)
    key = new_signing_key()
    write_private_key(path, key.private)
    return key


def _ending(state: ActorState, path: Path) -> str:
    """The key in the file, else the actor's only current one: an administrator may turn a key whose file is lost."""
    current = [key.keyid for key in state.keys.values() if key.until is None and key.passkey is None]
    if path.exists() and (held := read_signing_key(path).keyid) in current:
        return held
    if len(current) != 1:
        raise Misuse("keyid_needed", f"{state.actor} has {len(current)} keys that could be meant", "Revoke one first.")
    return current[0]


def _placed(beside: Path, path: Path, key: SigningKey) -> str:
    beside.replace(path)
    sync_folder(path.parent)
    return key.keyid


def _known(ledger: Ledger, actor: str) -> ActorState:
    state = actor_state(ledger.history(), actor)
    if state.enrolled_by is None:
        raise NotFound("actor_unknown", "nobody of this name is enrolled here", "See `countersign actor list`.")
    return state


def _as(ledger: Ledger, home: Home, admin: str) -> Say:
    key = read_signing_key(home.actor_key(admin))
    return lambda body: speak(ledger, key, admin, body)
