"""Bearer tokens: shown once, stored as SHA-256, each speaking for one enrolled actor."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from ledger.errors import Misuse, Unauthenticated, Unavailable
from ledger.keys import sync_folder
from schemas.base import format_instant

TOKEN_BYTES = 32  # 256 random bits: nothing to guess, so a plain hash is enough


class Tokens:
    """A small file {sha256: {actor, made_at}}, read anew when it changes, written whole and renamed."""

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, threading.Lock()

    def issue(self, actor: str, at: datetime) -> str:
        """A new token for the actor. Only its hash stays here."""
        token = f"cs_{secrets.token_urlsafe(TOKEN_BYTES)}"
        with self._alone():
            known = self._read()
            known[_hash(token)] = {"actor": actor, "made_at": format_instant(at)}
            self._write(known)
        return token

    def revoke(self, actor: str) -> int:
        """Forgets every token of an actor; returns how many there were."""
        with self._alone():
            known = self._read()
            kept = {digest: entry for digest, entry in known.items() if entry["actor"] != actor}
            self._write(kept)
        return len(known) - len(kept)

    def actor(self, token: str) -> str:
        """Whose token this is. Raises Unauthenticated `token_unknown`, the same for absent, wrong and revoked ones."""
        entry = self._read().get(_hash(token))
        if entry is None:
            raise Unauthenticated("token_unknown", "this token is not known here", "Ask the operator for a token.")
        return entry["actor"]

    def _read(self) -> dict[str, dict[str, str]]:
        try:
            known: dict[str, dict[str, str]] = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise Misuse("tokens_unreadable", "tokens.json is damaged", "Remove it and issue tokens again.") from error
        return known

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other thread or process reads, changes and writes meanwhile: one of two tokens would be forgotten."""
        try:
            with self._lock, self._path.with_suffix(".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            what = f"tokens.json could not be changed: {error.strerror}"
            raise Unavailable("tokens_unavailable", what, "Free space or put rights and disk in order.") from error

    def _write(self, known: dict[str, dict[str, str]]) -> None:
        temporary = self._path.with_suffix(".new")
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(known, file, indent=1, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)
        sync_folder(self._path.parent)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
