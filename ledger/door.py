"""The one door (DESIGN 1.1). Every fact enters through `Ledger`, by the same seven steps, whoever knocks.

    (1) parse and bound            Misuse: malformed, too large, unknown type, wrong tags, future-dated
    (2) verify or make the signature   Untrusted: signature_invalid, signature_unknown_key, key_revoked
    (3) may this actor say this?   Forbidden: actor_unknown, role_not_permitted
    (4) open the history, as it stands at this size of the log
    (5) the topic's rule accepts   Refused, with every reason; what the rule read is the boundary
    (6) store entry, tags, leaf and checkpoint in one transaction, if the boundary has not moved   Conflict
    (7) answer with a receipt

A crash before (6) commits leaves at most sealed values that no entry names; after it, everything. Saying the same
statement again is always safe: its id makes it the same entry.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from ledger.clock import Clock
from ledger.entering import Judged, Ready, concluded, enter_soon
from ledger.errors import Conflict, LedgerError, Misuse, Untrusted
from ledger.history import History
from ledger.intake import BATCH_STATEMENTS_MAX, Answer, Intake, Unparsed, bound_batch
from ledger.knock import Knock, parse_envelope, sign_for
from ledger.proof.dsse import Envelope, verify
from ledger.proof.merkle import consistency_proof
from ledger.recall import Recall
from ledger.receipt import Receipt
from ledger.repeats import says_the_same
from ledger.rules import book
from ledger.rules.permissions import permit
from ledger.rules.proposal import Here, Proposal
from ledger.rules.signers import roles_of, signing_keys
from ledger.signers import StatementSigner
from ledger.statement import Draft, Opening, Said, compose, finish_entry, read_entry
from ledger.store.contract import BoundaryMoved, EntryEvent, Pending, Query, Store
from ledger.vault import Vault
from ledger.voice import ServiceVoice
from ledger.writer import NOTHING, Committed, Writer
from schemas.base import Auth, Body, format_instant

__all__ = ["BATCH_STATEMENTS_MAX", "Ledger", "Receipt"]

PART_STATEMENTS = 10  # the fewest that one thread judges at a time: with fewer the hand-over shows
PREPARERS = min(4, os.cpu_count() or 1)  # threads that judge parts of a large call


class Ledger:
    """The only writer, and the way to read. Thread-safe."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        clock: Clock,
        service: StatementSigner,
        service_actor: str,
        renew_service: Callable[[], StatementSigner] | None = None,
    ) -> None:
        """`renew_service`: the service's key as it is now, asked when the log has ended the one in hand."""
        self.store, self.vault, self.clock = store, vault, clock
        self.service_actor, self._voice = service_actor, ServiceVoice(service_actor, service, renew_service)
        self.log_vkeys_ready: tuple[str, ...] = ()
        """The log's next keys, while this process is about to turn to them."""
        self._writer = Writer(store)
        self._recall = Recall(store)
        self._preparing = ThreadPoolExecutor(PREPARERS, "countersign-door")
        self._intake = Intake(self._enter_soon)

    @property
    def service_spki(self) -> bytes:
        """The public key that the service speaks with."""
        return self._voice.signer.spki

    # -- saying --------------------------------------------------------------------------------------------------

    def append(self, envelope: bytes | Envelope, openings: Mapping[str, Opening] | None = None) -> Receipt:
        """A statement signed by its actor. Raises every branch of ledger.errors; nothing is written unless it returns."""
        return self._enter([(envelope, openings or {})])[0]

    def append_many(self, statements: Sequence[Unparsed]) -> list[Receipt | LedgerError]:
        """Several at once, each with its own outcome, in order. A statement sees none of its neighbours in the call."""
        bound_batch(statements)
        return self._enter_each(statements)

    def submit(self, statements: Sequence[Unparsed], answer: Answer) -> None:
        """As `append_many`, without waiting: `answer` gets the outcomes in a thread of ours, and must not block.

        Whatever waits is judged and committed together. Raises Misuse `batch_too_large`; Unavailable `busy`.
        """
        bound_batch(statements)
        self._intake.submit(statements, answer)

    def say(
        self,
        body: Body,
        *,
        actor: str | None = None,
        method: str = "process",
        sealed: Mapping[str, Any] | None = None,
        subject: str | None = None,
        statement_id: str | None = None,
    ) -> Receipt:
        """A statement that the service signs: its own, or for an `actor` whom it authenticated by `method`.

        The same words again under one `statement_id` get the receipt of the first time, though time has passed.
        """
        speaker = actor or self.service_actor
        auth = None if speaker == self.service_actor else Auth(by="service", subject=speaker, method=method)
        now = self.clock.now()
        draft = compose(
            body, actor=speaker, at=now, sealed=sealed, subject=subject, auth=auth, statement_id=statement_id
        )
        signer = self._voice.signer
        try:
            return self._enter([sign_for(draft, signer, now)])[0]
        except Untrusted as error:
            if error.code != "key_revoked" or (renewed := self._voice.current(self.history())) is signer:
                raise
            return self._enter([sign_for(draft, renewed, now)])[0]
        except Misuse as error:
            if error.code == "statement_id_reused" and (receipt := self._repeated(draft)) is not None:
                return receipt
            raise

    def say_many(self, bodies: Sequence[Body]) -> list[Receipt | LedgerError]:
        """Several of the service's own at once, each with its own outcome, in order; they see none of their neighbours."""
        bound_batch(bodies)
        now = self.clock.now()
        drafts = [compose(body, actor=self.service_actor, at=now) for body in bodies]
        signer = self._voice.current(self.history())
        return self._enter_each([sign_for(draft, signer, now) for draft in drafts])

    def attest(self, payload: bytes, payload_type: str, payload_bytes_max: int) -> Envelope:
        """The service's signature over what is no statement and enters no log: an evidence pack's claims (SPEC S8.3).

        Raises Misuse `attest_statement` for a statement, which has to come through the door; TooLarge.
        """
        return self._voice.attest(self.history(), payload, payload_type, payload_bytes_max)

    def attest_token(self, claims: dict[str, Any], typ: str) -> str:
        """The service's signature over what lives for minutes and enters no log: a compact JWS of this type."""
        return self._voice.attest_token(self.history(), claims, typ)

    # -- the seven steps -----------------------------------------------------------------------------------------

    def _enter(self, knocks: Sequence[Unparsed | Knock]) -> list[Receipt]:
        receipts = []
        for outcome in self._enter_each(knocks):
            if isinstance(outcome, LedgerError):
                raise outcome
            receipts.append(outcome)
        return receipts

    def _enter_each(self, knocks: Sequence[Unparsed | Knock]) -> list[Receipt | LedgerError]:
        outcomes = self._prepared(knocks)
        ready = [outcome.pending for outcome in outcomes if isinstance(outcome, Ready)]
        return concluded(outcomes, self._writer.write(ready) if ready else NOTHING, self._answer)  # (6)

    def _enter_soon(self, statements: Sequence[Unparsed], answer: Answer) -> None:
        enter_soon(statements, self._prepared, self._writer, self._answer, answer)

    def _prepared(self, knocks: Sequence[Unparsed | Knock]) -> list[Judged]:
        """Steps 1 to 5 of each, many of them in several threads: checking a signature needs no interpreter. One part a thread,
        because of many small ones each begins while another holds the interpreter."""
        if len(knocks) < 2 * PART_STATEMENTS:
            return self._part(knocks)
        size = max(PART_STATEMENTS, -(-len(knocks) // PREPARERS))
        parts = [knocks[start : start + size] for start in range(0, len(knocks), size)]
        return [outcome for part in self._preparing.map(self._part, parts) for outcome in part]

    def _part(self, knocks: Sequence[Unparsed | Knock]) -> list[Judged]:
        parsed = [self._parsed(knock) for knock in knocks]
        size = self.store.size()  # (4) it comes first: whatever is newer is a conflict
        if len(knocks) > 1:
            told = (knock.statement.tags for knock in parsed if isinstance(knock, Knock))
            self._recall.foresee((tag for tags in told for tag in tags), size)
        return [knock if isinstance(knock, LedgerError) else self._prepare(knock, size) for knock in parsed]

    def _parsed(self, unparsed: Unparsed | Knock) -> Knock | LedgerError:
        try:
            return unparsed if isinstance(unparsed, Knock) else parse_envelope(*unparsed, self.clock.now())  # (1)
        except LedgerError as error:
            return error

    def _prepare(self, knock: Knock, size: int) -> Judged:
        try:
            # What is sealed goes to the vault before the commit: never over what an entry already names.
            return (self._said_before(knock) if knock.openings else None) or self._judge(knock, size)
        except LedgerError as error:
            return self._said_meanwhile(knock, error)

    def _said_meanwhile(self, knock: Knock, error: LedgerError) -> Receipt | LedgerError:
        """The same statement may be in the log: then its rule says no to a second one, and it gets its receipt."""
        try:
            return self._said_before(knock) or error
        except LedgerError as reused:
            return reused

    def _judge(self, knock: Knock, size: int) -> Ready:
        statement, at = knock.statement, knock.at
        history = History(self.store, size, recall=self._recall)
        own_key = self._verify(knock, history)  # (2)
        roles = roles_of(knock, history)
        permit(statement.type, statement.actor, roles, getattr(knock.body, "actor", None))  # (3)
        here = Here(self.store, self.log_vkeys_ready)
        book.accept(Proposal(statement, knock.body, roles, own_key, here), history, at)  # (5)
        entry = finish_entry(knock.wire, format_instant(at))
        if knock.openings:
            self.vault.keep(statement.id, next(iter(statement.sealed.values())).subject, knock.openings)
        event = EntryEvent(statement.type, entry, list(statement.tags), statement.id)
        return Ready(knock, entry, Pending((event,), history.boundary, history.upto))

    def _verify(self, knock: Knock, history: History) -> bool:
        """(2) True if the actor signed; False if the service did on their behalf, as `auth` then says."""
        keys = signing_keys(knock, history, self.service_actor)
        if not knock.made_here:
            verify(knock.envelope, keys)
        return knock.statement.auth is None

    def _said_before(self, knock: Knock) -> Receipt | None:
        stored = self.store.by_statement(knock.statement.id)
        if stored is None:
            return None
        if read_entry(stored).payload_sha256 != knock.payload_sha256:
            what = f"statement {knock.statement.id} was said before, in other words"
            raise Misuse("statement_id_reused", what, "Give every statement an id of its own.")
        return self.receipt(stored.index)

    def _repeated(self, draft: Draft) -> Receipt | None:
        stored = self.store.by_statement(draft.statement_id)
        if stored is None or not says_the_same(draft, read_entry(stored), self.vault):
            return None
        return self.receipt(stored.index)

    def _answer(self, item: Ready, committed: Committed, n: int) -> Receipt | LedgerError:
        """(7)"""
        outcome = committed.outcomes[n]
        if isinstance(outcome, BoundaryMoved):
            what = f"entry {outcome.by_index} came first and matters to this statement; nothing was written"
            return Conflict("boundary_moved", what, "Say the same statement again.")
        if outcome.existing:
            try:
                return self._said_before(item.knock) or self.receipt(outcome.index)
            except LedgerError as error:
                return error
        said, at = item.knock.statement, (committed.size, committed.checkpoint)
        return Receipt(outcome.index, said.type, said.id, item.entry, *at, False, self.store, committed.growth)

    # -- reading -------------------------------------------------------------------------------------------------

    def receipt(self, index: int) -> Receipt:
        """A receipt for any entry, at the latest checkpoint. Raises NotFound `entry_unknown`."""
        stored = self.store.entry(index)
        size, checkpoint = self.head()
        return Receipt(index, stored.type, stored.statement_id or "", stored.entry, size, checkpoint, True, self.store)

    def head(self) -> tuple[int, bytes]:
        """(size, signed checkpoint) of one and the same transaction."""
        return self.store.head()

    def history(self, as_of: datetime | None = None) -> History:
        """What a decision may read now; `as_of` leaves out everything recorded later."""
        return History(self.store, self.store.size(), as_of, self._recall)

    def read(
        self, tag: str | None = None, types: Sequence[str] = (), *, after: int = 0, limit: int | None = None
    ) -> Iterator[Said]:
        """Statements in order, by tag and type. `after` is a size: entries with index >= after."""
        queries = [Query(types=list(types), tags=[tag] if tag else [])] if tag or types else []
        return map(read_entry, self.store.read_entries(queries, after=after, limit=limit))

    def consistency(self, old_size: int, new_size: int) -> list[bytes]:
        """RFC 6962 consistency proof between two sizes of this log."""
        return consistency_proof(old_size, new_size, self.store)

    def close(self) -> None:
        """Waits for the writer, then gives back the files."""
        self._intake.close()
        self._preparing.shutdown()
        self._writer.close()
        self.store.close()
        self.vault.close()
