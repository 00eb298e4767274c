"""The service's voice: the key in hand, and the one that the log names once another process has turned it (ADR 016)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ledger.errors import Misuse
from ledger.history import History
from ledger.proof.dsse import PAYLOAD_TYPE, Envelope, signed_by
from ledger.proof.jws import sign_jws
from ledger.rules.actors import actor_state
from ledger.signers import StatementSigner


class ServiceVoice:
    """`signer` is what is in hand; `current` looks whether the log has ended it."""

    def __init__(self, actor: str, signer: StatementSigner, renew: Callable[[], StatementSigner] | None) -> None:
        self.actor, self.signer, self._renew = actor, signer, renew

    def current(self, history: History) -> StatementSigner:
        held = actor_state(history, self.actor).keys.get(self.signer.keyid)
        if self._renew is not None and held is not None and held.until is not None:
            self.signer = self._renew()
        return self.signer

    def attest(self, history: History, payload: bytes, payload_type: str, payload_bytes_max: int) -> Envelope:
        """What is no statement. Raises Misuse `attest_statement` for one; TooLarge."""
        if payload_type == PAYLOAD_TYPE:
            raise Misuse("attest_statement", "a statement is said through the door", "Use say or append.")
        signer = self.current(history)
        return signed_by(payload, payload_type, signer.keyid, signer.sign, payload_bytes_max)

    def attest_token(self, history: History, claims: dict[str, Any], typ: str) -> str:
        signer = self.current(history)
        return sign_jws(claims, typ, signer.spki, signer.keyid, signer.sign)
