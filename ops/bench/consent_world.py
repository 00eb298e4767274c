"""A house with many consents, built quickly: honest statements, signed by their actors, put in through the writer.

The rules are not asked while it is built: a million consents would take hours. Everything that is measured afterwards goes
through the door.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from api.services.services import Services
from ledger.clock import SteppedClock
from ledger.keys import SigningKey, read_signing_key
from ledger.proof.dsse import PAYLOAD_TYPE, sign
from ledger.statement import compose, finish_entry, read_entry
from ledger.store.contract import EntryEvent, Pending
from ledger.writer import Writer
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
BATCH = 1_000


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
    families: dict[str, list[str]] = field(default_factory=dict)

    def question(self, asset: str) -> Question:
        now = self.clock.now()
        where = {"use": USE, "channel": CHANNEL, "territory": TERRITORY}
        window = {"valid_from": now, "valid_until": now + timedelta(microseconds=1)}
        return Question.model_validate({"asset": asset, **where, **window})

    def close(self) -> None:
        self.services.close()


def build(folder: Path, consents: int, due: int, families: tuple[int, ...]) -> World:
    """`consents` with a file each, `due` of them over at DUE_AT; beside them one consent for each of `families`, with so
    many descendants of one file."""
    world = _opened(folder)
    writer = Writer(world.services.ledger.store)

    def singles() -> Iterator[Pending]:
        for number in range(consents):
            is_due = number < due
            one = _Made(world, number, DUE_AT if is_due else DUE_AT + timedelta(days=300))
            (world.due if is_due else world.later).append((one.consent, one.asset))
            yield from one.entries()

    _write(writer, singles())
    for number, size in enumerate(families):
        root = _Made(world, consents + number, DUE_AT + timedelta(days=200))
        world.families[root.consent] = [_digest(f"family {number} {child}") for child in range(size)]
        _write(writer, root.entries())
        _write(writer, (root.derived(child) for child in world.families[root.consent]))
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
    page: list[Pending] = []
    for entry in entries:
        page.append(entry)
        if len(page) == BATCH:
            writer.write(page)
            page = []
    if page:
        writer.write(page)


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


class _Made:
    """One consent asked for and given, a generation under it, and the file that came of that."""

    def __init__(self, world: World, number: int, until: datetime) -> None:
        self._world, self._until = world, until
        self.consent, self._generation = new_id(START), new_id(START)
        self.asset = _digest(f"file {number}")

    def entries(self) -> Iterator[Pending]:
        story = self._world.story
        scope = {"consent": self.consent, "valid_until": self._until}
        yield self._entry("mara", story.request().model_copy(update=scope))
        yield self._entry("ines", story.grant().model_copy(update=scope))
        asked = story.generation_request("0" * 64)
        cameo = asked.cameos[0].model_copy(update={"consent": self.consent})
        named = {"generation": self._generation, "cameos": (cameo,), "references": ()}
        yield self._entry("mara", asked.model_copy(update=named))
        came = {"asset": self.asset, "generation": self._generation}
        yield self._entry("mara", AssetImported.example().model_copy(update=came))

    def derived(self, child: str) -> Pending:
        body = AssetDerived.example().model_copy(
            update={"asset": child, "parents": (self.asset,), "relation": "transcoded", "manifest_sha256": None}
        )
        return self._entry("mara", body)

    def _entry(self, actor: str, body: Body) -> Pending:
        now = self._world.clock.now()
        number = new_id(now)
        payload = compose(body, actor=actor, at=now, statement_id=number).payload
        envelope = sign(payload, PAYLOAD_TYPE, self._world.keys[actor].private)
        entry = finish_entry(envelope.to_bytes(), format_instant(now))
        return Pending((EntryEvent(body.TYPE, entry, list(body.tags()), number),))
