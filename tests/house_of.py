"""A whole ledger in a temporary folder, with people in it who sign with their own keys, and the story's usual steps."""

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
from ledger.rules.decision import RULES_VERSION, Decision, decide
from ledger.statement import Draft, compose
from ledger.store.sqlite import SQLiteStore
from ledger.vault import Vault
from projections.tag_index import TagIndex
from schemas.base import Body, new_id
from schemas.statements.actor import ActorEnrolled, LogOpened
from schemas.statements.asset import AssetDerived, AssetExamined, AssetImported, FindingRecord
from schemas.statements.brief import BriefApproved, BriefDrafted
from schemas.statements.clearance import ClearanceDecided, ClearanceIssued, ClearanceRefused, Question
from schemas.statements.consent import ConsentGranted, ConsentRequested
from schemas.statements.generation import Cameo, GenerationRequested
from schemas.statements.person import PersonRegistered
from schemas.statements.placement import PlacementRecorded
from schemas.statements.review import ReviewApproved
from tests.prepared_of import DATABASES, Cupboard, State, copy_files, overwrite, prepared

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
GATES = {"brand": "rob", "rights": "ivy", "legal": "lena"}
CONSENT: dict[str, Any] = {
    "specific_description": "Inês walks through a café and lifts a cup; no speech, no product claims.",
    "uses": ["advertising"],
    "channels": ["social"],
    "territories": ["DE", "FR"],
    "media": ["video"],
    "valid_from": "2026-10-01T00:00:00Z",
    "valid_until": "2026-12-01T00:00:00Z",
}
QUESTION: dict[str, Any] = {
    "use": "advertising",
    "channel": "social",
    "territory": "DE",
    "valid_from": "2026-10-05T00:00:00Z",
    "valid_until": "2026-11-01T00:00:00Z",
}


class House:
    """A real Ledger on SQLite under `folder`. Every statement goes through the door; nothing here writes past it."""

    _index: TagIndex | None
    light_seal = False
    """Checkpoints under the first key only: a third of an append's work, where nobody opens a checkpoint."""

    def __init__(
        self, folder: Path, start: datetime = START, *, like: House | None = None, cupboard: Cupboard | None = None
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

    def _move_in(self, like: House) -> None:
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

    # -- the story -----------------------------------------------------------------------------------------------

    @prepared
    def person(self, speaks_as: str = "ines", name: str | None = None) -> str:
        """Registers somebody under a fresh pseudonym; their name is sealed."""
        pseudonym = name or f"p-{os.urandom(4).hex()}"
        body = PersonRegistered.model_validate(
            {"person": pseudonym, "person_class": "performer", "speaks_as": speaks_as}
        )
        self.say_as("ivy", body, sealed={"/body/name": "Inês Example"}, subject=pseudonym)
        return pseudonym

    @prepared
    def consent(self, *, person: str | None = None, granted: bool = True, **overrides: Any) -> str:
        """Asked for by mara, given by ines in the same words; the consent's id."""
        scope = {
            **CONSENT,
            "consent": self.new_id(),
            "person": person or self.person(),
            **overrides,
        }
        self.say_as("mara", ConsentRequested.model_validate(scope))
        if granted:
            self.say_as("ines", ConsentGranted.model_validate(scope))
        return str(scope["consent"])

    def granted(self, consent: str) -> ConsentGranted:
        """The body of the grant."""
        said = self.ledger.history().last(f"consent:{consent}", ConsentGranted)
        assert said is not None and isinstance(said.body, ConsentGranted)
        return said.body

    def requested(self, consent: str) -> ConsentRequested:
        said = self.ledger.history().last(f"consent:{consent}", ConsentRequested)
        assert said is not None and isinstance(said.body, ConsentRequested)
        return said.body

    @prepared
    def brief(self, *, approved: bool = True) -> str:
        """Drafted by mara, approved by paul; the brief's id."""
        body = BriefDrafted.example().model_copy(update={"brief": self.new_id()})
        receipt = self.say_as("mara", body)
        if approved:
            self.say_as("paul", self.approval(receipt))
        return body.brief

    def approval(self, drafted: Receipt) -> BriefApproved:
        """An approval of exactly that draft."""
        said = next(self.ledger.read(after=drafted.index, limit=1))
        assert isinstance(said.body, BriefDrafted)
        return BriefApproved(brief=said.body.brief, version=said.body.version, draft_sha256=said.payload_sha256)

    @prepared
    def generation(self, brief: str | None = None, consents: tuple[str, ...] | list[str] = ()) -> str:
        """Requested by mara under the brief (a fresh one when None) and granted consents."""
        cameos = tuple(Cameo(person=self.granted(consent).person, consent=consent) for consent in consents)
        body = GenerationRequested.example().model_copy(
            update={"generation": self.new_id(), "brief": brief or self.brief(), "cameos": cameos, "references": ()}
        )
        self.say_as("mara", body)
        return body.generation

    @prepared
    def asset(self, generation: str | None = None, *, actor: str = "mara") -> str:
        """A file that nobody sees, by a random digest."""
        body = AssetImported.example().model_copy(update={"asset": digest(), "generation": generation})
        self.say_as(actor, body)
        return body.asset

    @prepared
    def derived(self, *parents: str, relation: str = "transcoded", actor: str = "mara") -> str:
        body = AssetDerived.model_validate(
            {
                "asset": digest(),
                "parents": parents,
                "relation": relation,
                "size_bytes": 1_000,
                "media_type": "video/mp4",
                "tool": "a test",
            }
        )
        self.say_as(actor, body)
        return body.asset

    @prepared
    def examined(
        self,
        asset: str,
        essence: str | None = None,
        *,
        c2pa: str = "absent",
        ingredients: str = "none",
        faces: str = "not_checked",
        medium: str = "video",
    ) -> str:
        """What the service found in it; `essence` is the digest of picture and sound without the container."""
        probed = {"media_type": "video/mp4", "medium": medium}
        findings = (
            FindingRecord(extractor="probe", algorithm="libav", version="av 18", state="found", detail=probed),
            FindingRecord(extractor="pdq", algorithm="pdq256@512px", version="0.2.8", state="found"),
            FindingRecord.model_validate(
                {"extractor": "faces", "algorithm": "none", "version": "0", "state": faces},
            ),
        )
        body = AssetExamined(
            asset=asset,
            examination_sha256=digest(),
            essence_sha256=essence or digest(),
            c2pa_state=c2pa,
            c2pa_ingredients_state=ingredients,
            frames=20,
            findings=findings,
        )
        self.ledger.say(body)
        return asset

    @prepared
    def approved(self, asset: str, gates: tuple[str, ...] = ("brand", "rights", "legal")) -> str:
        """Three gates, three people: rob, ivy and lena."""
        for gate in gates:
            body = ReviewApproved.model_validate({"asset": asset, "gate": gate, "comment": "looked at, frame by frame"})
            self.say_as(GATES[gate], body)
        return asset

    def question(self, asset: str, **overrides: Any) -> Question:
        return Question.model_validate({**QUESTION, "asset": asset, **overrides})

    def decision(self, asset: str, **overrides: Any) -> Decision:
        """What the rules say now, written nowhere."""
        return decide(self.ledger.history(), self.question(asset, **overrides), self.clock.now())

    def verdict(self, decision: Decision, *, kind: type[ClearanceDecided] | None = None) -> ClearanceDecided:
        """The decision as a statement's body: issued or refused, as it says."""
        answer = kind or (ClearanceIssued if decision.allowed else ClearanceRefused)
        return answer(
            clearance=self.new_id(),
            question=decision.question,
            decided_at=decision.decided_at,
            rules=RULES_VERSION,
            weighed=decision.weighed,
            consents=decision.consents,
        )

    @prepared
    def cleared(self, asset: str, **overrides: Any) -> str:
        """Issued by the service; the clearance's id. Raises Refused when the rules do not allow it."""
        body = self.verdict(self.decision(asset, **overrides), kind=ClearanceIssued)
        self.ledger.say(body)
        return body.clearance

    def placement(self, asset: str, clearance: str, **overrides: Any) -> PlacementRecorded:
        """A placement under a clearance, from its window's first instant on; not said."""
        cleared = self.ledger.history().last(f"clearance:{clearance}", ClearanceIssued)
        assert cleared is not None and isinstance(cleared.body, ClearanceIssued)
        asked = cleared.body.question
        return PlacementRecorded.model_validate(
            {
                "placement": self.new_id(),
                "asset": asset,
                "clearance": clearance,
                "consents": cleared.body.consents,
                "platform": "example-video",
                "channel": asked.channel,
                "territory": asked.territory,
                "url": "https://video.example/watch/4711",
                "starts_at": asked.valid_from,
                **overrides,
            }
        )

    def placed(self, asset: str, clearance: str, **overrides: Any) -> PlacementRecorded:
        """Recorded by the platform."""
        body = self.placement(asset, clearance, **overrides)
        self.say_as("pia", body)
        return body

    @prepared
    def clip(self, consents: tuple[str, ...] | list[str] | None = None, *, medium: str = "video") -> tuple[str, str]:
        """(asset, consent) of a file that is ready to be cleared: generated, examined, approved at three gates."""
        named = [self.consent()] if consents is None else list(consents)
        asset = self.asset(self.generation(consents=named))
        self.approved(self.examined(asset, medium=medium))
        return asset, named[0] if named else ""


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
