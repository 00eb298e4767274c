"""A whole ledger in a temporary folder, with people in it who sign with their own keys: what `tests.house_of` is built on."""

from __future__ import annotations

import os
import threading
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from ledger.blobs import FolderBlobs
from ledger.clock import SteppedClock
from ledger.door import Ledger, Receipt
from ledger.errors import LedgerError
from ledger.keys import SigningKey, new_signing_key
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.dsse import PAYLOAD_TYPE, sign
from ledger.proof.note import sign_note
from ledger.proof.notekeys import Ed25519NoteKey, MlDsa44NoteKey, NoteVerifier
from ledger.statement import Draft, compose
from ledger.store.sqlite import SQLiteStore
from ledger.vault import Vault
from projections.tag_index import TagIndex
from schemas.base import Body, new_id
from schemas.statements.actor import ActorEnrolled, LogOpened
from tests.prepared_of import DATABASES, Cupboard, State, copy_files, overwrite

START = datetime(2026, 10, 1, 9, 0, tzinfo=UTC)
ORIGIN = "countersign.example/house"
SERVICE, ADMIN = "countersign", "operator"
ROLES: dict[str, tuple[str, ...]] = {
    "mara": ("producer",),
    "paul": ("producer",),
    "ivy": ("ip-steward",),
    "lena": ("legal",),
    "ines": ("talent",),
    "rob": ("reviewer",),
    "pia": ("platform",),
    "lib": ("librarian",),
    "mel": ("measurement-lead",),
    "finn": ("finance",),
}
"""One actor a role, and a second producer so that a brief has somebody to approve it."""


class Ground:
    """A real Ledger on SQLite under `folder`. Every statement goes through the door; nothing here writes past it."""

    _index: TagIndex | None
    light_seal = False
    """Checkpoints under the first key only: a third of an append's work, where nobody opens a checkpoint."""

    def __init__(
        self, folder: Path, start: datetime = START, *, like: Ground | None = None, cupboard: Cupboard | None = None
    ) -> None:
        """A fresh house, or one that moves into copies of a closed house's files (what tests do: it is quicker)."""
        self.folder, self._index, self.cupboard = folder, None, cupboard
        self.state, self._ledger, self._opening = cupboard and cupboard.first, None, threading.Lock()
        if like is not None:
            self._move_in(like)
            return
        self.clock = SteppedClock(start)
        self.log_keys = (
            Ed25519NoteKey(ORIGIN, Ed25519PrivateKey.generate()),
            MlDsa44NoteKey(ORIGIN, MLDSA44PrivateKey.generate()),
        )
        self.kek = os.urandom(32)
        self.keys: dict[str, SigningKey] = {SERVICE: new_signing_key(), ADMIN: new_signing_key()}
        self.blobs = FolderBlobs(folder / "blobs")
        self._open_log()
        for actor, roles in ROLES.items():
            self.enrol(actor, *roles)

    def _move_in(self, like: Ground) -> None:
        self.clock, self.log_keys, self.kek = SteppedClock(like.instant), like.log_keys, like.kek
        self.keys, self.blobs = {**like.keys}, FolderBlobs(self.folder / "blobs")
        if self.cupboard is None:
            copy_files(like.folder, self.folder)

    def move_to_state(self, state: State) -> None:
        """Everything said so far gives way to what was said in that state, which began with the same."""
        if self._moved_in:
            overwrite(state, self.folder)
        self.state = state
        self.clock.move_to(max(state.instant, self.instant))

    # -- the house itself ----------------------------------------------------------------------------------------

    @property
    def ledger(self) -> Ledger:
        """Opened by whoever asks first; a house that came out of a cupboard copies the files of its state before."""
        with self._opening:  # several threads may be the first
            if self._ledger is None:
                self._ledger = self.open()
        return self._ledger

    @ledger.setter
    def ledger(self, ledger: Ledger) -> None:
        self._ledger = ledger

    @property
    def _moved_in(self) -> bool:
        return (self.folder / DATABASES[0]).exists()

    def known_state(self) -> State | None:
        """The state that the house still is in: nothing was said since."""
        if self.state is not None and self._moved_in and self.size != self.state.size:
            self.state = None
        return self.state

    def open(self) -> Ledger:
        """A Ledger on this house's files; a second one stands for a second process."""
        if self.state is not None and not self._moved_in:
            copy_files(self.state.folder, self.folder)
        store = SQLiteStore(self.folder / "ledger.sqlite", self.seal)
        vault = Vault(self.folder / "vault.sqlite", self.kek)
        return Ledger(store, vault, self.clock, self.keys[SERVICE], SERVICE)

    def seal(self, size: int, root: bytes, before: bytes = b"") -> bytes:
        keys = self.log_keys[:1] if self.light_seal else self.log_keys
        return sign_note(Checkpoint(ORIGIN, size, root).text(), keys, int(self.clock.now().timestamp()))

    def reopen(self) -> Ledger:
        """Closes the ledger and opens its files again, as after a restart."""
        self.close()
        self.ledger = self.open()
        return self.ledger

    def close(self) -> None:
        if self._index is not None:
            self._index.close()
            self._index = None
        if self._ledger is not None:
            self._ledger.close()

    @property
    def index(self) -> TagIndex:
        """The tag index of this house's log, in a file beside it."""
        if self._index is None:
            self._index = TagIndex(self.folder / "tagindex.sqlite", self.ledger.store)
        return self._index

    @property
    def verifiers(self) -> tuple[NoteVerifier, ...]:
        return tuple(key.verifier for key in self.log_keys)

    @property
    def size(self) -> int:
        return self.ledger.store.size()

    def now(self) -> datetime:
        return self.clock.now()

    @property
    def instant(self) -> datetime:
        """What the clock stands at, without a tick."""
        return self.clock._now

    def move_to(self, instant: datetime | str) -> None:
        """Sets the clock; the next `now()` is a microsecond later."""
        self.clock.move_to(datetime.fromisoformat(instant) if isinstance(instant, str) else instant)

    def new_id(self) -> str:
        return new_id(self.clock.now())

    # -- saying --------------------------------------------------------------------------------------------------

    def draft(self, actor: str, body: Body, **options: Any) -> Draft:
        return compose(body, actor=actor, at=options.pop("at", None) or self.clock.now(), **options)

    def signed(self, actor: str, body: Body, **options: Any) -> tuple[bytes, Draft]:
        """The envelope under the actor's own key, not yet said, and its draft with the openings."""
        draft = self.draft(actor, body, **options)
        return sign(draft.payload, PAYLOAD_TYPE, self.keys[actor].private).to_bytes(), draft

    def say_as(
        self, actor: str, body: Body, sealed: Mapping[str, Any] | None = None, subject: str | None = None
    ) -> Receipt:
        """Said by the actor, signed with the actor's own key."""
        envelope, draft = self.signed(actor, body, sealed=sealed, subject=subject)
        return self.ledger.append(envelope, draft.openings)

    def enrol(self, actor: str, *roles: str, key: SigningKey | None = None) -> SigningKey:
        key = key or new_signing_key()
        body = ActorEnrolled.model_validate({"actor": actor, "roles": roles, "spki": spki(key)})
        self.say_as(ADMIN, body)
        self.keys[actor] = key
        return key

    def _open_log(self) -> None:
        vkeys = tuple(verifier.vkey() for verifier in self.verifiers)
        service_spki, admin_spki = spki(self.keys[SERVICE]), spki(self.keys[ADMIN])
        body = LogOpened(
            origin=ORIGIN,
            log_vkeys=vkeys,
            service=SERVICE,
            service_spki=service_spki,
            admin=ADMIN,
            admin_spki=admin_spki,
        )
        self.ledger.say(body)


def spki(key: SigningKey) -> str:
    """Base64 of the DER SubjectPublicKeyInfo, as statements carry it."""
    return b64encode(key.spki).decode()


def digest() -> str:
    """A SHA-256 of nothing in particular."""
    return os.urandom(32).hex()


def raises_code(code: str, call: Callable[[], object]) -> Any:
    """Runs `call`, which must fail with this stable code; returns the error."""
    try:
        call()
    except LedgerError as error:
        assert error.code == code, f"expected {code}, got {error}"
        return error
    raise AssertionError(f"nothing was raised; expected {code}")
