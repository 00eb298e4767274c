"""Passkeys as browsers and this home know them: for which pages, and which were made but not yet said to be anybody's.

Which passkey is whose stands in the log. The book beside it holds what the log does not: credential IDs, by which a browser
finds the right one at once, and the highest counter seen at a sign-in. Losing it loses comfort and what was pending.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ledger.errors import Misuse, TooLarge, Unauthenticated
from schemas.base import format_instant

PENDING_MAX = 5  # of an actor, waiting to be added; the oldest goes
BOOK_PASSKEYS_MAX = 100_000  # about 60 MB of file; a house with more people keeps a database


@dataclass(frozen=True)
class RelyingParty:
    """WebAuthn's name for us: the domain that passkeys are for, and the origins of our pages on it."""

    rp_id: str
    origins: tuple[str, ...]


@dataclass(frozen=True)
class KnownPasskey:
    """One that was made on a page of ours. `body`: the `actor.passkey-added.v1` that makes it the actor's."""

    keyid: str
    actor: str
    credential_id: str
    body: dict[str, Any]
    made_at: str
    counter: int = 0


class PasskeyBook:
    """A small file {keyid: passkey}, read anew each time, written whole and renamed."""

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, threading.Lock()

    def add(self, made: KnownPasskey, added: Callable[[str], bool]) -> None:
        """Takes one in. `added`: whether the log says that a key is somebody's. Raises TooLarge `passkey_book_full`."""
        with self._lock:
            known = self._read()
            waiting = [one for one in known.values() if one.actor == made.actor and not added(one.keyid)]
            for stale in sorted(waiting, key=lambda one: one.made_at)[: max(0, len(waiting) - PENDING_MAX + 1)]:
                del known[stale.keyid]
            if len(known) >= BOOK_PASSKEYS_MAX:
                raise TooLarge("passkey_book_full", f"{BOOK_PASSKEYS_MAX} passkeys are known", "Tell the operator.")
            known[made.keyid] = made
            self._write(known)

    def of(self, actor: str) -> list[KnownPasskey]:
        return [one for one in self.all() if one.actor == actor]

    def all(self) -> list[KnownPasskey]:
        """Oldest first."""
        return sorted(self._read().values(), key=lambda one: one.made_at)

    def count(self, keyid: str, counter: int) -> None:
        """Notes the counter of a sign-in. Raises Unauthenticated `passkey_counter_back` when it is not above the last one:
        there may be a copy of the authenticator. 0 means that it does not count.
        """
        with self._lock:
            known = self._read()
            found = known.get(keyid)
            if found is None or counter == found.counter == 0:
                return
            if counter <= found.counter:
                what = "this passkey's counter went back: somebody may have a copy of it"
                raise Unauthenticated("passkey_counter_back", what, "Tell the operator, and have it revoked.")
            known[keyid] = KnownPasskey(**(asdict(found) | {"counter": counter}))
            self._write(known)

    def _read(self) -> dict[str, KnownPasskey]:
        try:
            known = json.loads(self._path.read_bytes())
            return {keyid: KnownPasskey(**found) for keyid, found in known.items()}
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError, AttributeError) as error:
            raise Misuse("passkeys_unreadable", "passkeys.json is damaged", "Remove it; the log knows them.") from error

    def _write(self, known: dict[str, KnownPasskey]) -> None:
        temporary = self._path.with_suffix(".new")
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({keyid: asdict(found) for keyid, found in known.items()}, file, indent=1, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)


def known_passkey(body: dict[str, Any], keyid: str, credential_id: str, at: datetime, counter: int) -> KnownPasskey:
    return KnownPasskey(keyid, body["actor"], credential_id, body, format_instant(at), counter)
