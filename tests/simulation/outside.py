"""What lies outside a log: a published folder, witnesses, a time-stamping authority, holders' endpoints and a clock, all
failing as one seed says.

Publisher, witness, stamper and their folders are the real ones; the network between them is drawn. (Keys are random; no choice
depends on them.) After every step what must always hold is asserted; when the failures end, everything catches up.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ledger.clock import SteppedClock
from ledger.errors import LedgerError, Unavailable, Untrusted
from ledger.log import witness as witness_client
from ledger.log.audit import audit_published
from ledger.log.published import CHECKPOINT, WITNESSED
from ledger.log.publisher import Publisher
from ledger.log.stamps import StampFolder
from ledger.log.timestamp import TimeStamp
from ledger.log.witnessed import publish_witnessed
from ledger.proof.checkpoint import Checkpoint
from ops import stamper as stamping
from ops.stamper import Stamper, StampPolicy
from ops.witness.judging import Witness
from ops.witness.state import WitnessFolder
from tests.house_of import House
from tests.log_of import ORIGIN, ManyEntries, policy_of
from tests.published_of import ConscientiousMemory
from tests.simulation.told import Told

START = datetime(2026, 11, 1, tzinfo=UTC)
WITNESSES, QUORUM = 3, 2
FAILS = 0.06  # of all writes and messages: a publication has dozens
STAMP_EVERY = timedelta(hours=1)
STEPS = (
    "grow",
    "grow",
    "publish",
    "publish",
    "cosign",
    "cosign",
    "stamp",
    "wait",
    "set back",
    "restart",
    "end",
    "tell",
    "tell",
)


@dataclass(frozen=True)
class Token:
    """What our authority signs instead of RFC 3161: tests/contract/timestamps has the real thing."""

    at: str
    checkpoint: str


class Outside:
    """`step` until satisfied, then `settle`. `trace` is what happened; the same seed gives the same."""

    def __init__(
        self, folder: Path, draw: random.Random, patch: pytest.MonkeyPatch, clips: tuple[House, list[str]]
    ) -> None:
        (folder / "told").mkdir()
        self.draw, self.clock = draw, SteppedClock(START)
        self.log, self.memory = ManyEntries(folder / "ledger.sqlite"), ConscientiousMemory()
        self.memory.before = self.memory.after = self._write
        self.stamps = StampFolder(folder / "stamps")
        self.states = [WitnessFolder.init(folder / f"w{n}", f"witness.example/w{n}") for n in range(WITNESSES)]
        vkeys = [state.key.verifier.vkey() for state in self.states]
        lines = [f"witness w{n} {vkey} http://w{n}.example" for n, vkey in enumerate(vkeys)]
        names = " ".join(f"w{n}" for n in range(WITNESSES))
        self.policy = policy_of((*lines, f"group g {QUORUM} {names}", "quorum g"))
        self.failing, self.trace = True, list[tuple[str, str]]()
        self.operations = 0  # writes, messages and entries
        self.sizes: dict[str, int] = {}
        patch.setattr(witness_client, "_post", self._post)
        # One at a time: who is asked first must be the seed's draw, not the scheduler's.
        patch.setattr(witness_client, "ThreadPoolExecutor", lambda *_: ThreadPoolExecutor(1))
        patch.setattr(stamping, "ask_authority", self._ask_authority)
        patch.setattr(stamping, "verify_stamp", self._verify_stamp)
        self.told = Told(folder / "told", clips, self.clock, draw, self._fails)
        self.told.patch(patch)
        self._restart()

    # -- the drawn world ---------------------------------------------------------------------------------------------

    def _fails(self) -> bool:
        self.operations += 1
        return self.failing and self.draw.random() < FAILS

    def _write(self, name: str) -> None:
        """Before a write and after it: the second is done and looks undone."""
        if self._fails():
            raise Unavailable("published_unavailable", f"{name} failed on purpose")

    def _post(self, url: str, body: bytes, seconds_max: float) -> Any:
        """A request that is lost, one that is answered by nobody we know, and an answer that is lost."""
        if self._fails():
            raise Unavailable("witness_unreachable", "the request was lost")
        if self._fails():
            return witness_client._Exchange(self.draw.choice((404, 429, 500)), "text/plain", b"")
        state = self.states[int(url.removeprefix("http://w").split(".")[0])]
        answer = Witness(state, self.log.verifiers, self.clock).add_checkpoint(body)
        if self._fails():
            raise Unavailable("witness_unreachable", "the answer was lost")
        return witness_client._Exchange(answer.status, answer.kind, answer.body)

    def _ask_authority(self, url: str, request: bytes, seconds_max: float) -> bytes:
        if self._fails():
            raise Unavailable("tsa_unreachable", "no answer")
        note = "" if self._fails() else self.log.store.head()[1].decode()
        return json.dumps({"at": self.clock._now.isoformat(), "checkpoint": note}).encode()

    def _verify_stamp(self, token: bytes, checkpoint: bytes, *_: object) -> TimeStamp:
        said = Token(**json.loads(token))
        if said.checkpoint.encode() != checkpoint:
            raise Untrusted("stamp_differs", "the token is over something else")
        head = _head(checkpoint)
        at = datetime.fromisoformat(said.at)
        return TimeStamp(ORIGIN, head.size, head.root, at, None, "CN=simulated", "1.2.3", 1)

    # -- steps -------------------------------------------------------------------------------------------------------

    def step(self) -> None:
        name = self.draw.choice(STEPS)
        try:
            told = str(getattr(self, f"_{name.replace(' ', '_')}")())
        except LedgerError as error:
            told = error.code
            allowed = {"log_empty", "stamp_differs", "published_unavailable", "tsa_unreachable"}
            assert told in allowed, f"{name}: {error}"
        self.trace.append((name, told))
        self._check()

    def _grow(self) -> int:
        more = self.draw.choice((1, 2, 40, 255, 300))
        self.operations += more
        return self.log.grow(more)

    def _publish(self) -> int:
        return self.publisher.publish().size

    def _cosign(self) -> str:
        done = publish_witnessed(self.memory, self.policy, self.log.verifiers)
        return "nothing" if done is None else done.report.state

    def _stamp(self) -> str:
        if not self.log.store.size():
            return "empty"
        return "stamped" if self.stamper.run_once(self.clock.now()) else "not due"

    def _wait(self) -> None:
        self._move(timedelta(minutes=self.draw.randint(1, 180)))

    def _move(self, how_long: timedelta) -> None:
        self.clock.move_to(self.clock._now + how_long)
        self.told.passed += how_long.total_seconds()

    def _end(self) -> str:
        return self.told.end()

    def _tell(self) -> str:
        return self.told.tell()

    def _set_back(self) -> None:
        self.clock._now -= timedelta(minutes=self.draw.randint(1, 600))

    def _restart(self) -> None:
        """Whatever a process knew is forgotten; what lies outside stays."""
        self.told.restarted()
        self.publisher = Publisher(self.log.store, self.memory, self.log.verifiers, with_entries=True)
        policy = StampPolicy("http://tsa.example", STAMP_EVERY, (), lambda: self.log.verifiers)
        self.stamper = Stamper(self.log.store.head, self.stamps, policy, self.clock)

    # -- what must hold ----------------------------------------------------------------------------------------------

    def _check(self) -> None:
        size = self.log.store.size()
        published, witnessed = (self._size_of(name) for name in (CHECKPOINT, WITNESSED))
        assert witnessed <= published <= size
        for name, now in (("published", published), ("witnessed", witnessed)):
            assert now >= self.sizes.get(name, 0), f"{name} went back"
            self.sizes[name] = now
        stamped = self.stamps.sizes()
        assert len(set(stamped)) == len(stamped) and all(one <= size for one in stamped)
        for number, state in enumerate(self.states):
            last = state.last(ORIGIN)
            now = _head(last).size if last else 0
            assert self.sizes.get(f"w{number}", 0) <= now <= published, (
                "a witness cosigned what was not published, or less"
            )
            self.sizes[f"w{number}"] = now
        self.told.check()

    def _size_of(self, name: str) -> int:
        note = self.memory.files.get(name)
        return _head(note).size if note else 0

    def settle(self) -> Counter[str]:
        """With nothing failing any more one round of each brings everything to the log's size."""
        self.failing = False
        self.log.grow(1)
        self._wait()
        self._publish()
        assert self._cosign() == "witnessed"
        self._move(timedelta(days=1))
        assert self._stamp() == "stamped"
        self.told.settle(self._move)
        self._check()
        report = audit_published(self.memory, self.log.verifiers, self.policy)
        size = self.log.store.size()
        assert report.checkpoint.size == report.witnessed_size == max(self.stamps.sizes()) == size
        return Counter(f"{name}: {'done' if told[:1].isdigit() else told}" for name, told in self.trace)

    @property
    def done(self) -> int:
        """Writes, messages, and statements of both logs."""
        return self.operations + self.told.statements

    def close(self) -> None:
        self.told.close()
        self.log.close()


def _head(note: bytes) -> Checkpoint:
    return Checkpoint.parse(note.partition(b"\n\n")[0].decode() + "\n")
