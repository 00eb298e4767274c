"""The people of the demo: each enrolled by the operator, each signing with their own key."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from api.services.services import Services
from ledger.door import Receipt
from ledger.keys import new_signing_key, read_signing_key, write_private_key
from ledger.proof.dsse import PAYLOAD_TYPE, sign
from ledger.statement import compose
from ops.home import Home
from schemas.base import Body
from schemas.statements.actor import ActorEnrolled, Role

PEOPLE: dict[str, Role] = {
    "mara": "producer",
    "paul": "producer",
    "ivy": "ip-steward",
    "lena": "legal",
    "ines": "talent",
    "rob": "reviewer",
    "pia": "platform",
    "lior": "librarian",
    "mel": "measurement-lead",
    "finn": "finance",
}


class Cast:
    """Says statements as somebody, signed with that person's key, through the same door as everybody."""

    def __init__(self, services: Services, home: Home, operator: str) -> None:
        self._services, self._home = services, home
        self._keys = {operator: read_signing_key(home.actor_key(operator))}
        self._operator = operator

    def enrol_everybody(self) -> list[Receipt]:
        return [self.enrol(name, role) for name, role in PEOPLE.items()]

    def enrol(self, name: str, role: Role) -> Receipt:
        """A new key in the home's keys folder, and the operator's word that it is this person's."""
        key = new_signing_key()
        write_private_key(self._home.actor_key(name), key.private)
        self._keys[name] = key
        spki = b64encode(key.spki).decode()
        return self.say(self._operator, ActorEnrolled(actor=name, roles=(role,), spki=spki))

    def say(
        self, name: str, body: Body, *, sealed: Mapping[str, Any] | None = None, subject: str | None = None
    ) -> Receipt:
        """Composed, signed here, and handed to the door as bytes, as a stranger's client would."""
        draft = compose(body, actor=name, at=self._services.clock.now(), sealed=sealed, subject=subject)
        envelope = sign(draft.payload, PAYLOAD_TYPE, self._keys[name].private)
        return self._services.ledger.append(envelope.to_bytes(), draft.openings)
