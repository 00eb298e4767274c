"""The certificate of an erasure: the entries that say it, and all that a stranger needs to believe them (SPEC S6.10)."""

from __future__ import annotations

from api.services.services import Services
from ledger.errors import LedgerError, NotFound, Refused
from ledger.history import History
from ledger.log.published import WITNESSED
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.erasureproof import format_erasure
from ledger.proof.logged import logged_json
from ledger.proof.merkle import inclusion_proof
from ledger.proof.tlogproof import format_proof
from ledger.rules.erasure import erasure_state
from ledger.rules.people import first_known
from ledger.statement import Said
from schemas.statements.person import PersonSpeakerChanged


def erasure_certificate(services: Services, person: str) -> bytes:
    """Under the witnessed checkpoint if one covers the erasure already, else under the log's own.

    Raises NotFound `person_unknown`, Refused `erasure_unfinished` for somebody who is kept, or not gone yet.
    """
    history = services.ledger.history()
    known, state = first_known(history, person), erasure_state(history, person)
    if known is None:
        raise NotFound("person_unknown", f"nobody is registered or listed as {person}", "Check the pseudonym.")
    if state.request is None or state.begun is None or state.erased is None:
        what = f"the log does not say that {person} was erased; it says {state.stage}"
        raise Refused("erasure_unfinished", what, "Erase first.")
    size, checkpoint = covering_checkpoint(services, state.erased.index)
    changes = [
        said for said in history.about(f"person:{person}", PersonSpeakerChanged) if said.index < state.request.index
    ]
    steps = [known, *changes, state.request, state.begun, state.erased]
    entries = with_keys(History(services.ledger.store, size), steps)
    return format_erasure(
        person, state.erased.body.as_json(), [proven(services, said, size, checkpoint) for said in entries]
    )


def covering_checkpoint(services: Services, index: int) -> tuple[int, bytes]:
    """(size, signed checkpoint) of a tree that holds entry `index`: the witnessed one if it does, else the newest."""
    note = services.published.read(WITNESSED)
    if note is not None:
        try:
            size = Checkpoint.parse(note.partition(b"\n\n")[0].decode("utf-8") + "\n").size
        except (LedgerError, UnicodeDecodeError):
            size = 0  # what is published and damaged is for fsck to tell; the log's own serves here
        if index < size <= services.ledger.store.size():
            return size, note
    return services.ledger.head()


def proven(services: Services, said: Said, size: int, checkpoint: bytes) -> dict[str, object]:
    """The entry with its proof in the tree of `checkpoint`. O(log size)."""
    hashes = inclusion_proof(said.index, size, services.ledger.store)
    return logged_json(said.index, said.entry, format_proof(said.index, hashes, checkpoint))


def with_keys(history: History, said: list[Said]) -> list[Said]:
    """These, the log's first, and whatever brings or ends a key of somebody who signed any of them."""
    found = {one.index: one for one in [*history.about("log:opened"), *history.about("log:keys"), *said]}
    seen: set[str] = set()
    while fresh := {tag for one in found.values() for tag in _speakers(one)} - seen:
        for tag in sorted(fresh):
            found |= {one.index: one for one in history.about(tag)}
        seen |= fresh
    return [found[index] for index in sorted(found)]


def _speakers(said: Said) -> set[str]:
    return {f"actor:{said.actor}", *(f"key:{keyid}" for keyid in said.keyids)}
