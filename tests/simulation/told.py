"""Holders who are told of what ended, by the real courier over a network and through deaths of its process that a seed draws.

The log, its views, the cascade and the courier are real; the holders' endpoints are drawn: a request that is lost, an answer
that is lost, an error, a process that dies with the claim in the log and nothing sent, or sent and nothing recorded.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ledger.clock import SteppedClock
from ops.notifying import courier as couriers
from ops.notifying.courier import Courier
from ops.notifying.post import Answer
from ops.notifying.webhook import Secrets
from projections.cascade import run_expiry
from projections.views import Views
from schemas.statements.consent import ConsentWithdrawn
from schemas.statements.notice import HolderRegistered
from tests.house_of import ORIGIN, House
from tests.unit.projections.material import ready_clip

HOLDERS = ("pia", "lib")
ENDS = 6  # consents that can be withdrawn in one story; each is told to both
KINDS = {"issued": "notice.issued.v3", **{name: f"notice.{name}.v1" for name in ("attempted", "delivered", "failed")}}


class Died(BaseException):
    """The process ended here."""


def house_with_clips(folder: Path) -> tuple[House, list[str]]:
    """A closed house with cleared clips of as many consents, and two holders who are told of every end."""
    house = House(folder)
    for holder in HOLDERS:
        body = {"holder": holder, "endpoint": f"https://{holder}.example/in", "everything": True}
        house.say_as("lena", HolderRegistered.model_validate(body))
    consents = []
    for _ in range(ENDS):
        asset, consent = ready_clip(house)
        house.cleared(asset)
        consents.append(consent)
    house.close()
    return house, consents


class Told:
    """The part of a story in which consents end and holders hear of it."""

    def __init__(
        self,
        folder: Path,
        made: tuple[House, list[str]],
        clock: SteppedClock,
        draw: random.Random,
        fails: Callable[[], bool],
    ) -> None:
        like, consents = made
        self.house, self.left = House(folder, like=like), list(consents)
        self.house.clock, self.house.blobs, self.draw, self._fails = clock, like.blobs, draw, fails
        self.views = Views(folder / "views.sqlite", self.house.ledger, self.house.blobs)
        self.secrets = Secrets(folder / "webhooks")
        for holder in HOLDERS:
            self.secrets.renew(holder)
        self.began, self.sent, self.taken = self.house.size, Counter[str](), Counter[str]()
        self.passed = 0.0  # seconds on the clock that nobody can set
        self.courier = self.restarted()

    def patch(self, patch: pytest.MonkeyPatch) -> None:
        """One holder at a time, and no other clock than the story's."""
        real = couriers.ThreadPoolExecutor
        patch.setattr(couriers, "ThreadPoolExecutor", lambda *_: real(1))
        patch.setattr(couriers, "time", SimpleNamespace(monotonic=lambda: self.passed))

    def restarted(self) -> Courier:
        self.courier = Courier(self.house.ledger, self.views, ORIGIN, self.secrets, self._send)
        return self.courier

    def _send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        notice = headers["webhook-id"]
        if self._fails():
            raise Died  # the claim is in the log
        self.sent[notice] += 1
        if self._fails():
            return Answer(None, "timed-out")
        if self._fails():
            return Answer(503, "answered-503")
        self.taken[notice] += 1
        if self._fails():
            raise Died  # the holder has it, the log does not say so
        return Answer(None, "timed-out") if self._fails() else Answer(204, "answered-204")

    # -- steps -------------------------------------------------------------------------------------------------------

    def end(self) -> str:
        """A consent is withdrawn, and its end taken along."""
        if not self.left:
            return "none left"
        consent = self.left.pop()
        person = self.house.granted(consent).person
        self.house.say_as("ines", ConsentWithdrawn(consent=consent, person=person, reason="no more"))
        return str(run_expiry(self.house.ledger, self.views, self.house.clock.now()).counts["notice.issued.v3"])

    def tell(self) -> str:
        try:
            report = self.courier.run_once()
        except Died:
            self.restarted()
            return "died"
        return f"{report.delivered} delivered, {report.failed_attempts} failed"

    # -- what must hold ----------------------------------------------------------------------------------------------

    def check(self) -> None:
        counts = self._counts()
        for number, count in (counts["delivered"] + counts["failed"]).items():
            assert count == 1, f"what became of {number} stands there {count} times"
        for number in counts["delivered"]:
            assert self.taken[number], f"{number} is recorded as delivered and never arrived"
        for number, count in self.sent.items():
            assert count <= counts["attempted"][number], f"{number} was sent without a claim"

    def settle(self, move: Callable[[timedelta], None]) -> None:
        """With nothing failing any more every notice was delivered once, or given up once after its last attempt."""
        while self.left:
            self.end()
        for _ in range(4):
            move(timedelta(days=2))
            self.passed += timedelta(days=2).total_seconds()
            assert self.tell() != "died"
        self.check()
        counts = self._counts()
        told = Counter((one["holder"], one["kind"], one["consent"], one.get("days")) for one in self._said("issued"))
        assert set(told.values()) == {1} and sum(kind == "ended" for _, kind, *_ in told) == ENDS * len(HOLDERS)
        assert set(counts["delivered"] | counts["failed"]) == set(counts["issued"])

    @property
    def statements(self) -> int:
        return self.house.size - self.began

    def _counts(self) -> dict[str, Counter[str]]:
        return {name: Counter(one["notice"] for one in self._said(name)) for name in KINDS}

    def _said(self, name: str) -> list[dict[str, Any]]:
        return [one.body.as_json() for one in self.house.ledger.read(types=[KINDS[name]])]

    def close(self) -> None:
        self.views.close()
        self.house.close()
