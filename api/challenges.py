"""What a browser is asked to sign when somebody registers a passkey or signs in: made here, good once, for a few minutes.

Nothing is kept for a challenge that was only given out, so nobody can fill a memory with them; what was used is remembered
until it is too old anyway. With 48 bytes it is never the digest of a statement, which has 32: no statement signs anybody in.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import threading
from datetime import timedelta
from typing import Literal

from ledger.clock import Clock
from ledger.errors import Unauthenticated, Unavailable

Purpose = Literal["register", "sign-in"]
CHALLENGE_LIFE = timedelta(minutes=5)  # to find the key in the bag; WebAuthn recommends 5 to 10 minutes
SPENT_MAX = 10_000  # used within that life; at 30 a second somebody is trying something
_NONCE_BYTES, _TIME_BYTES, _MAC_BYTES = 16, 8, 24


class Challenges:
    """Thread-safe. They end with this process, as sessions do."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._secret, self._lock = clock, os.urandom(32), threading.Lock()
        self._spent: dict[bytes, int] = {}

    def give(self, purpose: Purpose, actor: str = "") -> bytes:
        """A challenge for this purpose, and for this actor where one is known."""
        head = os.urandom(_NONCE_BYTES) + self._now_ms().to_bytes(_TIME_BYTES, "big")
        return head + self._mac(head, purpose, actor)

    def spend(self, challenge: bytes, purpose: Purpose, actor: str = "") -> None:
        """Once. Raises Unauthenticated `challenge_unknown` for one that is not ours, too old, used or for something else."""
        head, mac = challenge[: _NONCE_BYTES + _TIME_BYTES], challenge[_NONCE_BYTES + _TIME_BYTES :]
        age_ms = self._now_ms() - int.from_bytes(head[_NONCE_BYTES:], "big")
        fits = len(mac) == _MAC_BYTES and hmac.compare_digest(mac, self._mac(head, purpose, actor))
        if not fits or not 0 <= age_ms < CHALLENGE_LIFE / timedelta(milliseconds=1) or not self._first_use(head):
            what = "the challenge that was signed is not one that was given for this, or its time is over"
            raise Unauthenticated("challenge_unknown", what, "Begin again.")

    def _first_use(self, head: bytes) -> bool:
        oldest = self._now_ms() - CHALLENGE_LIFE // timedelta(milliseconds=1)
        with self._lock:
            self._spent = {spent: at for spent, at in self._spent.items() if at >= oldest}
            if head in self._spent:
                return False
            if len(self._spent) >= SPENT_MAX:
                raise Unavailable("busy", "too many sign-ins within minutes", "Try again in a few minutes.")
            self._spent[head] = self._now_ms()
        return True

    def _mac(self, head: bytes, purpose: str, actor: str) -> bytes:
        text = head + f"{purpose}\n{actor}".encode()
        return hmac.new(self._secret, text, hashlib.sha256).digest()[:_MAC_BYTES]

    def _now_ms(self) -> int:
        return int(self._clock.now().timestamp() * 1_000)
