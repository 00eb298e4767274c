"""Which entries of the log an evidence pack about one file has to hold, each with the reason (SPEC S8.2).

The file's family, the generation, brief, consents and persons behind it, everything that a recorded decision weighed,
and the entries that bring and end the keys of all who signed any of it. Read from the log itself, never from a view;
the cost follows the file's history.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ledger.errors import NotFound, TooLarge
from ledger.history import Entries, History, bodies
from ledger.rules.clearances import standing
from ledger.rules.consent_states import CONSENT_KINDS, PERSON_KINDS
from ledger.rules.decision import decide
from ledger.rules.lineage import ancestors, arrival, descendants
from ledger.statement import Said
from ledger.store.contract import Query, Stored
from schemas.base import Id
from schemas.evidence import PACK_ENTRIES_MAX
from schemas.statements.asset import AssetFlagged, AssetImported
from schemas.statements.brief import BriefApproved, BriefDrafted
from schemas.statements.clearance import ClearanceDecided, ClearanceIssued, ClearanceRefused, Question
from schemas.statements.consent import ConsentGranted, ConsentRequested
from schemas.statements.generation import GenerationRequested


@dataclass
class Contents:
    """Statements by index, and why each is here (the first reason that was found)."""

    said: dict[int, Said] = field(default_factory=dict)
    why: dict[int, str] = field(default_factory=dict)

    def add(self, found: Iterable[Said], why: str) -> None:
        for one in found:
            self.said.setdefault(one.index, one)
            self.why.setdefault(one.index, why)
        if len(self.said) > PACK_ENTRIES_MAX:
            what = f"the file's history has more than {PACK_ENTRIES_MAX} entries"
            raise TooLarge("pack_too_large", what, "Export the log instead.")

    def ordered(self) -> list[Said]:
        return [self.said[index] for index in sorted(self.said)]


class PackEntries:
    """The entries of a pack as the rules read them: the same questions, answered from the pack alone."""

    def __init__(self, found: Sequence[Said]) -> None:
        self._stored = [Stored(one.index, one.type, one.statement.tags, one.entry, one.statement.id) for one in found]

    def read_entries(
        self, queries: Sequence[Query] = (), *, after: int = 0, upto: int | None = None, limit: int | None = None
    ) -> list[Stored]:
        """As Store.read_entries: positions in (after, upto], a position being the index plus one."""
        found = [
            one
            for one in self._stored
            if after <= one.index and (upto is None or one.index < upto) and _answers(one, queries)
        ]
        return found[:limit]


def _answers(one: Stored, queries: Sequence[Query]) -> bool:
    return not queries or any(
        set(query.tags) <= set(one.tags) and (not query.types or one.type in query.types) for query in queries
    )


def contents_of(entries: Entries, size: int, asset: str, now: Sequence[Question]) -> Contents:
    """Everything a pack about `asset` holds, at this size of the log. `now`: the questions asked as of the pack's time.

    Raises NotFound `asset_unknown`, TooLarge `pack_too_large`.
    """
    history = History(entries, size)
    if arrival(history, asset) is None:
        raise NotFound("asset_unknown", "no file with this digest is in the ledger", "Import it first.")
    contents = Contents()
    contents.add(history.about("log:opened"), "opens the log; brings its keys, the service's and the administrator's")
    contents.add(history.about("log:keys"), "turns the log to new keys")
    _add_family(contents, history, asset)
    _add_origins(contents, history)
    _add_decisions(contents, entries, size, now)
    _add_origins(contents, history)  # of files outside the family that a decision about a composite weighed
    _add_keys(contents, history)
    return contents


def _add_family(contents: Contents, history: History, asset: str) -> None:
    contents.add(history.about(f"asset:{asset}"), "about the file")
    for name in ancestors(history, asset)[1:]:
        contents.add(history.about(f"asset:{name}"), "about a file that it was made from")
    for name in descendants(history, asset):
        contents.add(history.about(f"asset:{name}"), "about a file that was made from it")


def _add_decisions(contents: Contents, entries: Entries, size: int, now: Sequence[Question]) -> None:
    """Whatever the rules read to decide, so that anybody can weigh again with the pack alone."""
    for said, body in decisions(contents.ordered()):
        history = History(entries, said.index)
        decide(history, body.question, body.decided_at)
        contents.add(history.entries_read.values(), f"weighed in the decision of entry {said.index}")
    history = History(entries, size)
    for question in now:
        decide(history, question, question.valid_from)
        standing(history, question, question.valid_from)
    contents.add(history.entries_read.values(), "weighed for the state at the time of this pack")


def _add_origins(contents: Contents, history: History) -> None:
    for _, imported in bodies(contents.ordered(), AssetImported):
        if imported.generation:
            contents.add(history.about(f"generation:{imported.generation}"), "its generation")
    for _, request in bodies(contents.ordered(), GenerationRequested):
        found = history.about(f"brief:{request.brief}", BriefDrafted, BriefApproved)
        contents.add(found, "the brief of its generation")
    for consent in sorted(_consents(contents)):
        contents.add(history.about(f"consent:{consent}", *CONSENT_KINDS), "a consent that it rests on")
    people = {
        body.person for kind in (ConsentRequested, ConsentGranted) for _, body in bodies(contents.ordered(), kind)
    }
    for person in sorted(people):
        contents.add(history.about(f"person:{person}", *PERSON_KINDS), "the person whose likeness it shows")


def _consents(contents: Contents) -> set[Id]:
    ordered = contents.ordered()
    named = {cameo.consent for _, request in bodies(ordered, GenerationRequested) for cameo in request.cameos}
    named |= {consent for _, body in decisions(ordered) for consent in body.consents}
    return named | {body.consent for _, body in bodies(ordered, AssetFlagged) if body.consent}


def _add_keys(contents: Contents, history: History) -> None:
    """Whoever signed or spoke, their keys; then whoever brought those; until nobody new comes up."""
    seen: set[str] = set()
    while fresh := {tag for said in contents.said.values() for tag in _speakers(said)} - seen:
        for tag in sorted(fresh):
            contents.add(history.about(tag), "brings or ends a key of somebody who signed")
        seen |= fresh


def _speakers(said: Said) -> set[str]:
    return {f"actor:{said.actor}", *(f"key:{keyid}" for keyid in said.keyids)}


def decisions(found: Sequence[Said]) -> list[tuple[Said, ClearanceDecided]]:
    """Every recorded yes and no, oldest first."""
    return [(said, said.body) for said in found if isinstance(said.body, ClearanceIssued | ClearanceRefused)]
