"""Evidence packs of short and long histories, in small and large logs: the cost follows the history, not the log.

A history is a family: a file that is examined again and again and asked about, and files that are made from it. What else the
logs hold are small entries that nobody verifies, put in through the store, so that a million of them take minutes.
"""

from __future__ import annotations

import hashlib
import sys
import tracemalloc
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path

from api.services.clearing import ask
from api.services.evidence import write_pack
from api.services.evidence_replay import replay
from api.services.services import Services
from ledger.door import Receipt
from ledger.keys import SigningKey, read_signing_key
from ledger.proof.dsse import PAYLOAD_TYPE, sign
from ledger.proof.pack import check_pack
from ledger.statement import compose
from ledger.store.contract import EntryEvent, Pending
from ledger.writer import Writer
from ops.bench.figures import Figure, in_turns
from ops.bench.speakers import Speaker, make_home
from ops.wiring import services_of
from schemas.base import Body
from schemas.statements.asset import AssetDerived, AssetExamined, AssetImported
from schemas.statements.clearance import Question

HISTORIES = (10, 1_000, 10_000)
SHARED = 1_000  # the history whose memory is compared between the logs: counting it slows work down by several times
ROOM = 100  # one entry in so many is left for what packs say of themselves, each time one is written
SMALL = 10_000  # entries of the small log, without those of the histories
CALL, FILL = 500, 1_000
RUNS = {10: 9, 1_000: 3, 10_000: 1}
DERIVED_EVERY, ASKED_EVERY = 4, 100
"""Of a history: one entry in four makes a file, one in a hundred is a verdict, and the others are examinations."""
FILLER_TAGS = 10  # entries that share a tag


@dataclass(frozen=True)
class _World:
    """A log with a file for each length of history."""

    services: Services
    folder: Path

    def write(self, count: int) -> Path:
        """Ends with a check, as every pack's writing does."""
        out, parts = self.folder / f"{count}.zip", self.services
        write_pack(parts.ledger, parts.index, parts.blobs, _name(count), out, at=parts.clock.now(), overwrite=True)
        return out

    def memory(self, count: int) -> float:
        """The most bytes that Python held while it wrote one."""
        tracemalloc.start()
        self.write(count)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return float(most)


def pack_figures(folder: Path, large: int) -> list[Figure]:
    """`large`: entries of the large log, without those of the histories."""
    with _world(folder / "small", SMALL) as small, _world(folder / "large", large) as wide:
        written = {
            count: in_turns([partial(one.write, count) for one in (small, wide)], RUNS[count]) for count in HISTORIES
        }
        packs = {count: wide.folder / f"{count}.zip" for count in HISTORIES}
        checked = {count: in_turns([partial(check_pack, packs[count])], RUNS[count])[0] for count in HISTORIES}
        weighed = {count: in_turns([partial(replay, packs[count])], RUNS[count])[0] for count in HISTORIES}
        memory = {count: wide.memory(count) for count in HISTORIES}
        of_small = small.memory(SHARED)
    return [
        *_by_history("write a pack", {count: times[1] for count, times in written.items()}),
        *_by_history("check a pack", checked),
        *_by_history("check a pack and weigh again", weighed),
        *(
            Figure(f"write {count:,} entries in a log of {large:,}", times[1], f"of {SMALL:,}", times[0], reach=1.5)
            for count, times in written.items()
        ),
        Figure(f"memory for {SHARED:,} in {large:,}", memory[SHARED], f"in {SMALL:,}", of_small, reach=1.1, unit="B"),
        *_by_history("memory for a pack", memory, "B"),
    ]


def _by_history(name: str, values: dict[int, float], unit: str = "s") -> Iterator[Figure]:
    """Each length against the one before it: the ratio to reach is that of the lengths."""
    for short, long in pairwise(HISTORIES):
        reach = long / short
        yield Figure(
            f"{name} of {long:,} entries", values[long], f"of {short:,}", values[short], reach=reach, unit=unit
        )


@contextmanager
def _world(path: Path, fillers: int) -> Iterator[_World]:
    speaker = make_home(path)
    with services_of(path) as services:
        for count in HISTORIES:
            _history(services, speaker, count)
        _fill(services, fillers)
        print(f"{path.name}: the tag index follows {services.ledger.head()[0]:,} entries", file=sys.stderr)
        services.index.catch_up()
        yield _World(services, path)


def _name(number: int, child: int = 0) -> str:
    return hashlib.sha256(f"{number}/{child}".encode()).hexdigest()


def _history(services: Services, speaker: Speaker, count: int) -> None:
    """Brought in by the administrator; then the service derives, examines and answers. Its pack has about `count` entries."""
    asset, made = _name(count), [_name(count, child) for child in range(1, count // DERIVED_EVERY)]
    operator = read_signing_key(speaker.home.actor_key("operator"))
    _say_as(services, operator, AssetImported.example().model_copy(update={"asset": asset, "generation": None}))
    _say(services, [_derived(asset, one) for one in made])
    verdicts = count // ASKED_EVERY
    looked = count - count // ROOM - 3 - len(made) - verdicts  # the arrival, and the two entries that every pack has
    bodies = [_examined([asset, *made][number % (len(made) + 1)]) for number in range(looked)]
    for number in range(verdicts + 1):
        _say(services, bodies[number * looked // (verdicts + 1) : (number + 1) * looked // (verdicts + 1)])
        if number < verdicts:
            ask(services, _question(services, asset), asked_by="operator")


def _derived(asset: str, child: str) -> Body:
    words = {"asset": child, "parents": (asset,), "relation": "transcoded", "manifest_sha256": None}
    return AssetDerived.example().model_copy(update=words)


def _examined(asset: str) -> Body:
    return AssetExamined.example().model_copy(update={"asset": asset, "manifest_sha256": None})


def _question(services: Services, asset: str) -> Question:
    now = services.clock.now()
    window = {"valid_from": now, "valid_until": now + timedelta(days=30)}
    return Question(asset=asset, use="advertising", channel="social", territory="DE", **window)


def _say(services: Services, bodies: list[Body]) -> None:
    for start in range(0, len(bodies), CALL):
        for outcome in services.ledger.say_many(bodies[start : start + CALL]):
            if not isinstance(outcome, Receipt):
                raise outcome


def _say_as(services: Services, operator: SigningKey, body: Body) -> None:
    draft = compose(body, actor="operator", at=services.clock.now())
    services.ledger.append(sign(draft.payload, PAYLOAD_TYPE, operator.private))


def _fill(services: Services, count: int) -> None:
    """Through the store, past the door, and unsigned: a pack reads none of them, and the index only type and tags."""
    writer = Writer(services.ledger.store)
    for start in range(0, count, FILL):
        writer.write([_filler(number) for number in range(start, min(count, start + FILL))])
    writer.close()


def _filler(number: int) -> Pending:
    tag = f"brief:filler-{number // FILLER_TAGS}"
    payload = b64encode(b'{"type":"brief.drafted.v1","tags":["%b"],"body":{}}' % tag.encode()).decode()
    entry = f'{{"envelope":{{"payload":"{payload}"}},"recorded_at":"2026-11-01T00:00:00.000000Z"}}'.encode()
    return Pending((EntryEvent("brief.drafted.v1", entry, [tag], f"filler-{number}"),))
