"""Saying a statement as an actor whose private key lies in this home: what an operator does by hand."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import ValidationError

from ledger.door import Ledger, Receipt
from ledger.errors import Misuse
from ledger.keys import SigningKey, new_signing_key, read_signing_key, write_private_key
from ledger.proof.dsse import PAYLOAD_TYPE, sign
from ledger.statement import compose
from ops.home import Home
from schemas.base import Body
from schemas.catalogue import TYPES, parse_body
from schemas.statements.actor import Role

BODY_MEMBERS = frozenset({"type", "body", "sealed", "subject"})


def speak(
    ledger: Ledger,
    key: SigningKey,
    actor: str,
    body: Body,
    *,
    sealed: Mapping[str, Any] | None = None,
    subject: str | None = None,
) -> Receipt:
    """Composed, signed with the actor's key, and handed to the door as a stranger's bytes. Raises what the door raises."""
    draft = compose(body, actor=actor, at=ledger.clock.now(), sealed=sealed, subject=subject)
    return ledger.append(sign(draft.payload, PAYLOAD_TYPE, key.private).to_bytes(), draft.openings)


def enrol(ledger: Ledger, home: Home, operator: str, actor: str, roles: Sequence[str]) -> tuple[Receipt, SigningKey]:
    """A key for the actor in the home's keys folder, and the operator's signed word that it is theirs.

    A crash between the two leaves a key file that nobody enrolled; the next call takes it up. Raises Misuse
    `body_invalid` for a name or role that does not exist, Refused `actor_known`.
    """
    if unknown := set(roles) - set(get_args(Role)):
        what = f"no such role: {', '.join(sorted(unknown))}"
        raise Misuse("role_unknown", what, f"Roles: {', '.join(get_args(Role))}.")
    key, path = new_signing_key(), home.actor_key(actor)
    body = parsed("actor.enrolled.v1", {"actor": actor, "roles": roles, "spki": b64encode(key.spki).decode()})
    if path.exists():  # looked at only now: until the body is parsed, `actor` may be any path
        key = read_signing_key(path)
        body = body.model_copy(update={"spki": b64encode(key.spki).decode()})
    else:
        write_private_key(path, key.private)
    return speak(ledger, read_signing_key(home.actor_key(operator)), operator, body), key


def parsed(wire_type: str, body: dict[str, Any]) -> Any:
    """A body in its class. Raises Misuse `type_unknown`, `body_invalid` naming the members, never their values."""
    if wire_type not in TYPES:
        raise Misuse("type_unknown", f"{wire_type} is not in the catalogue", "See `countersign say --types`.")
    try:
        return parse_body(wire_type, body)
    except ValidationError as error:
        items = error.errors(include_input=False)[:8]
        what = "; ".join(f"/{'/'.join(map(str, item['loc']))}: {item['msg']}" for item in items)
        raise Misuse("body_invalid", what, f"See `countersign say --example {wire_type}`.") from None
