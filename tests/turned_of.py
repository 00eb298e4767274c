"""Turning the log of a House to new keys, as `log rotate-keys` does it in a home, or wrongly on purpose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from ledger.door import Receipt
from ledger.proof.encoding import base64_text
from ledger.proof.logkeys import endorsement_message
from ledger.proof.merkle import tree_root
from ledger.proof.notekeys import Ed25519NoteKey, MlDsa44NoteKey
from schemas.statements.logkeys import LogKeysRotated
from tests.house_of import ADMIN, ORIGIN, House

Pair = tuple[Ed25519NoteKey, MlDsa44NoteKey]


def new_pair(origin: str = ORIGIN) -> Pair:
    return Ed25519NoteKey(origin, Ed25519PrivateKey.generate()), MlDsa44NoteKey(origin, MLDSA44PrivateKey.generate())


def vkeys_of(keys: Sequence[Any]) -> tuple[str, ...]:
    return tuple(key.verifier.vkey() for key in keys)


def rotation(house: House, old: Pair, new: Pair, *, endorsed_by: Pair | None = None, **changes: Any) -> LogKeysRotated:
    """For the next entry of the house. `endorsed_by`: other keys than the old; `changes` are endorsed too."""
    size = house.size
    said = {
        "origin": ORIGIN,
        "size": size,
        "root": base64_text(tree_root(size, house.ledger.store)),
        "reason": "scheduled",
        "old_vkeys": vkeys_of(old),
        "new_vkeys": vkeys_of(new),
        **changes,
    }
    message = endorsement_message(said)
    endorsements = tuple(base64_text(key.sign_message(message)) for key in endorsed_by or old)
    return LogKeysRotated.model_validate({**said, "endorsements": endorsements})


def turn(house: House, *, actor: str = ADMIN, new: Pair | None = None, **options: Any) -> Receipt:
    """Says the rotation; the house then signs with the new keys. Raises what the door raises, and then nothing changed."""
    old, new = house.log_keys, new or new_pair()
    body = options.pop("body", None) or rotation(house, old, new, **options)
    house.ledger.log_vkeys_ready = body.new_vkeys
    house.log_keys = (*new, *old)  # type: ignore[assignment]  # the checkpoint over it is signed by all four
    try:
        receipt = house.say_as(actor, body)
    except BaseException:
        house.log_keys = old
        raise
    finally:
        house.ledger.log_vkeys_ready = ()
    house.log_keys = new
    return receipt


def with_keys(house: House, keys: Sequence[Any], call: Callable[[], Any]) -> Any:
    """What `call` gives while the house signs with these keys."""
    mine, house.log_keys = house.log_keys, keys  # type: ignore[assignment]
    try:
        return call()
    finally:
        house.log_keys = mine
