"""A house with many consents, built quickly: honest statements, signed by their actors, put in through the writer.

The rules are not asked while it is built, and payloads are composed once and filled in: a million consents would take
hours. Everything that is measured afterwards goes through the door.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import islice
from pathlib import Path

from api.services.services import Services
from ledger.clock import SteppedClock
from ledger.keys import SigningKey, read_signing_key
from ledger.proof.dsse import PAYLOAD_TYPE, sign
from ledger.statement import compose, finish_entry, read_entry
from ledger.store.contract import EntryEvent, Pending
from ledger.writer import Committed, Writer
from ops.demo.cast import Cast
from ops.demo.story import CHANNEL, PERSON, TERRITORY, USE, Story
from ops.home import Home, init_home
from ops.wiring import open_services
from schemas.base import Body, format_instant, new_id
from schemas.statements.asset import AssetDerived, AssetImported
from schemas.statements.brief import BriefApproved
from schemas.statements.clearance import Question
from schemas.statements.notice import HolderRegistered

START = datetime(2026, 10, 1, 9, 0, tzinfo=UTC)
DUE_AT = START + timedelta(days=100)
BATCH, REMEMBERED = 1_000, 1_000
_NUMBER, _CONSENT, _GENERATION = (f"019a9b00-ffff-7000-8000-00000000f00{n}" for n in range(3))
_ASSET, _CHILD = "f0" * 32, "f1" * 32
_UNTIL = datetime(2999, 1, 1, 1, 1, 1, 1, tzinfo=UTC)


@dataclass
class World:
    """The opened house, one file under each consent, and the files of the families by their consent."""

    services: Services
    home: Home
    clock: SteppedClock
    story: Story
    keys: dict[str, SigningKey]
    due: list[tuple[str, str]] = field(default_factory=list)
    """(consent, file) of those that end at DUE_AT."""
    later: list[tuple[str, str]] = field(default_factory=list)
    """Some of the others, spread over all of them."""
    families: dict[str, list[str]] = field(default_factory=dict)

    def question(self, asset: str) -> Question:
        now = self.clock.now()
        where = {"use": USE, "channel": CHANNEL, "territory": TERRITORY}
        window = {"valid_from": now, "valid_until": now + timedelta(microseconds=1)}
        return Question.model_validate({"asset": asset, **where, **window})

    @cached_property
    def over(self) -> frozenset[str]:
        """Files whose consent ends at DUE_AT."""
        return frozenset(asset for _, asset in self.due)

    def close(self) -> None:
        self.services.close()


def build(folder: Path, consents: int, due: int, families: tuple[int, ...]) -> World:
    """`consents` with a file each, `due` of them over at DUE_AT; beside them one consent for each of `families`, with so
    many descendants of one file. What it remembers of them does not grow with `consents`."""
    world = _opened(folder)
    forms, writer = _Forms(world), Writer(world.services.ledger.store)

    def singles() -> Iterator[Pending]:
        for number in range(consents):
            is_due, one = number < due, (new_id(START), _digest(f"file {number}"))
            if is_due:
                world.due.append(one)
            elif number % max(consents // REMEMBERED, 1) == 0:
                world.later.append(one)
            yield from forms.one(*one, DUE_AT if is_due else DUE_AT + timedelta(days=300))

    _write(writer, singles())
    for number, size in enumerate(families):
        consent, root = new_id(START), _digest(f"root {number}")
        world.families[consent] = [_digest(f"family {number} {child}") for child in range(size)]
        _write(writer, forms.one(consent, root, DUE_AT + timedelta(days=200)))
        _write(writer, (forms.derived(root, child) for child in world.families[consent]))
    writer.close()
    return world


def _opened(folder: Path) -> World:
    clock = SteppedClock(START)
    home, _ = init_home(folder, clock, "countersign.example/bench")
    services = open_services(home.path, clock)
    cast, story = Cast(services, home, "operator"), Story.at(clock.now())
    cast.enrol_everybody()
    cast.say("ivy", story.person(), sealed={"/body/name": "Inês Example"}, subject=PERSON)
    drafted = read_entry(services.ledger.store.entry(cast.say("mara", story.draft()).index))
    cast.say("paul", BriefApproved(brief=story.brief, version=1, draft_sha256=drafted.payload_sha256))
    cast.say("operator", HolderRegistered(holder="pia", everything=True))
    keys = {name: read_signing_key(home.actor_key(name)) for name in ("mara", "ines")}
    return World(services, home, clock, story, keys)


def _write(writer: Writer, entries: Iterator[Pending]) -> None:
    """The next page is signed while the one before is written; no more than these two are held."""
    before: Future[Committed] | None = None
    while page := list(islice(entries, BATCH)):
        if before is not None:
            before.result()
        before = writer.submit(page)
    if before is not None:
        before.result()


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


class _Form:
    """A payload composed once, with blanks: what is filled in has the blank's length and alphabet, so it stays canonical."""

    def __init__(self, key: SigningKey, actor: str, body: Body, at: datetime) -> None:
        self._key, self._at, self._type, self._tags = key, format_instant(at), body.TYPE, list(body.tags())
        self._payload = compose(body, actor=actor, at=at, statement_id=_NUMBER).payload.decode()

    def filled(self, words: Mapping[str, str]) -> Pending:
        number = new_id(START)
        payload, tags = self._payload.replace(_NUMBER, number), self._tags
        for blank, word in words.items():
            payload = payload.replace(blank, word)
            tags = [tag.replace(blank, word) for tag in tags]
        envelope = sign(payload.encode(), PAYLOAD_TYPE, self._key.private)
        entry = finish_entry(envelope.to_bytes(), self._at)
        return Pending((EntryEvent(self._type, entry, tags, number),))


class _Forms:
    """What is said of one consent: it is asked for and given, a generation is under it, a file came of that; and children."""

    def __init__(self, world: World) -> None:
        story, keys, now = world.story, world.keys, world.clock.now()
        scope = {"consent": _CONSENT, "valid_until": _UNTIL}
        asked = story.generation_request("0" * 64)
        cameo = asked.cameos[0].model_copy(update={"consent": _CONSENT})
        named = {"generation": _GENERATION, "cameos": (cameo,), "references": ()}
        came = {"asset": _ASSET, "generation": _GENERATION}
        made = {"asset": _CHILD, "parents": (_ASSET,), "relation": "transcoded", "manifest_sha256": None}
        self._of_one = [
            _Form(keys["mara"], "mara", story.request().model_copy(update=scope), now),
            _Form(keys["ines"], "ines", story.grant().model_copy(update=scope), now),
            _Form(keys["mara"], "mara", asked.model_copy(update=named), now),
            _Form(keys["mara"], "mara", AssetImported.example().model_copy(update=came), now),
        ]
        self._child = _Form(keys["mara"], "mara", AssetDerived.example().model_copy(update=made), now)

    def one(self, consent: str, asset: str, until: datetime) -> Iterator[Pending]:
        words = {_CONSENT: consent, _ASSET: asset, _GENERATION: new_id(START)}
        words[format_instant(_UNTIL)] = format_instant(until)
        return (form.filled(words) for form in self._of_one)

    def derived(self, parent: str, child: str) -> Pending:
        return self._child.filled({_CHILD: child, _ASSET: parent})
