"""Which entries of the log an evidence pack about one file has to hold, each with the reason (SPEC S8.2).

The file's family, the generation, brief, consents and persons behind it, everything that a recorded decision weighed,
and the entries that bring and end the keys of all who signed any of it. Read from the log itself, never from a view;
the cost follows the file's history.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from api.services.evidence_reading import Reading
from ledger.errors import TooLarge
from ledger.history import History, bodies
from ledger.proof.logentry import LogEntry
from ledger.proof.packclaims import Topics
from ledger.proof.packcomplete import in_topics, merge_topics, required_tags
from ledger.rules.clearances import standing
from ledger.rules.consent_states import CONSENT_KINDS, PERSON_KINDS
from ledger.rules.decision import RULES_KNOWN, RULES_VERSION, decide
from ledger.rules.lineage import ancestors, descendants
from ledger.statement import Said
from ledger.store.contract import Query, Stored
from schemas.base import Id
from schemas.catalogue import TYPES
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
    complete: dict[str, Topics] = field(default_factory=dict)
    """Of which tags it holds everything, and within which topics."""
    asked: dict[str, Topics] = field(default_factory=dict)
    """What the rules asked about to decide."""
    weighed: set[int] = field(default_factory=set)
    """Entries whose decision was weighed again."""
    read: dict[int, LogEntry] = field(default_factory=dict)

    def add(self, found: Iterable[Said], why: str) -> None:
        for one in found:
            self.said.setdefault(one.index, one)
            self.why.setdefault(one.index, why)
        if len(self.said) > PACK_ENTRIES_MAX:
            what = f"the file's history has more than {PACK_ENTRIES_MAX} entries"
            raise TooLarge("pack_too_large", what, "Export the log instead.")

    def ordered(self) -> list[Said]:
        return [self.said[index] for index in sorted(self.said)]

    def entries(self) -> list[LogEntry]:
        """The same as a verifier reads them."""
        for said in self.said.values():
            if said.index not in self.read:
                self.read[said.index] = LogEntry.parse(said.index, said.entry)
        return [self.read[index] for index in sorted(self.said)]


class PackEntries:
    """The entries of a pack as the rules read them: the same questions, answered from the pack alone."""

    def __init__(self, found: Sequence[Said]) -> None:
        self._stored = [Stored(one.index, one.type, one.statement.tags, one.entry, one.statement.id) for one in found]
        self._by_tag: dict[str, list[Stored]] = {}
        for one in self._stored:
            for tag in one.tags:
                self._by_tag.setdefault(tag, []).append(one)

    def read_entries(
        self, queries: Sequence[Query] = (), *, after: int = 0, upto: int | None = None, limit: int | None = None
    ) -> list[Stored]:
        """As Store.read_entries: positions in (after, upto], a position being the index plus one."""
        found = [
            one
            for one in self._candidates(queries)
            if after <= one.index and (upto is None or one.index < upto) and _answers(one, queries)
        ]
        return found[:limit]

    def _candidates(self, queries: Sequence[Query]) -> list[Stored]:
        """Those with the tag, where one is asked for: a history asks about one tag at a time."""
        tag = queries[0].tags[0] if len(queries) == 1 and queries[0].tags else None
        return self._stored if tag is None else self._by_tag.get(tag, [])


def _answers(one: Stored, queries: Sequence[Query]) -> bool:
    return not queries or any(
        set(query.tags) <= set(one.tags) and (not query.types or one.type in query.types) for query in queries
    )


def contents_of(
    reading: Reading, assets: Sequence[str], told: History, now: Sequence[Question], named: Said
) -> Contents:
    """Everything a pack about `assets` holds, at the size that is read. `told`: what the pack's claims and facts were read
    from, a beginning of it; `now`: the questions asked as of its end. `named`: the entry that names the index's root.

    Raises TooLarge `pack_too_large`.
    """
    history = reading.history()
    contents = Contents()
    contents.add(history.about("log:opened"), "opens the log; brings its keys, the service's and the administrator's")
    contents.add(history.about("log:keys"), "turns the log to new keys")
    contents.add([named], "names the root of the index that shows what was not said")
    for asset in assets:
        _add_family(contents, history, asset)
    _take_weighed(contents, told, "behind the facts of this pack")
    _ask_now(contents, reading.history(told.upto), now)
    while True:  # until nothing that was added asks for more
        before = (len(contents.said), dict(contents.complete))
        _add_origins(contents, history)
        _add_decisions(contents, reading)
        _add_keys(contents, history)
        _complete(contents, reading, assets)
        if (len(contents.said), contents.complete) == before:
            return contents


def _complete(contents: Contents, reading: Reading, assets: Sequence[str]) -> None:
    """Everything about what a verdict hangs on, whether or not a rule looked: that it is all is then proved (SPEC S8.9)."""
    wanted = required_tags(assets, contents.entries())
    for tag, topics in contents.asked.items():
        merge_topics(wanted, tag, topics)
    for tag, topics in sorted(wanted.items()):
        if contents.complete.get(tag) != topics:
            types = tuple(sorted(name for name in TYPES if in_topics(name, topics))) if topics else ()
            contents.add(
                reading.about(tag, types, reading.size).said, f"about {tag}, of which the pack holds everything"
            )
    contents.complete = wanted


def asked_topics(history: History) -> Iterator[tuple[str, Topics]]:
    """What was asked of a history: tags, each with the topics of the types that were asked for."""
    for query in history.boundary:
        for tag in query.tags:
            yield tag, frozenset(name.partition(".")[0] for name in query.types)


def _add_family(contents: Contents, history: History, asset: str) -> None:
    contents.add(history.about(f"asset:{asset}"), "about the file")
    for name in ancestors(history, asset)[1:]:
        contents.add(history.about(f"asset:{name}"), "about a file that it was made from")
    for name in descendants(history, asset):
        contents.add(history.about(f"asset:{name}"), "about a file that was made from it")


def _add_decisions(contents: Contents, reading: Reading) -> None:
    """Whatever the rules read to decide, so that anybody can weigh again with the pack alone."""
    for said, body in decisions(contents.ordered()):
        if said.index not in contents.weighed:
            history = reading.history(said.index)
            decide(history, body.question, body.decided_at, body.rules if body.rules in RULES_KNOWN else RULES_VERSION)
            _take_weighed(contents, history, f"weighed in the decision of entry {said.index}")
            contents.weighed.add(said.index)


def _ask_now(contents: Contents, history: History, now: Sequence[Question]) -> None:
    for question in now:
        decide(history, question, question.valid_from)
        standing(history, question, question.valid_from)
    _take_weighed(contents, history, "weighed for the state at the time of this pack")


def _take_weighed(contents: Contents, history: History, why: str) -> None:
    contents.add(history.entries_read.values(), why)
    for tag, topics in asked_topics(history):
        merge_topics(contents.asked, tag, topics)


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
