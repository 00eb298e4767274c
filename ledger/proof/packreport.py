"""What the check of an evidence pack found: step by step, item by item (SPEC S8.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ledger.errors import Reason, Untrusted

PACK_STEPS = {
    1: "The archive is bounded and every member has a name that a pack may have",
    2: "pack.json is one strict, canonical document of this format",
    3: "Every member is there, no other is, and each has its SHA-256",
    4: "pack.json is signed by the log's service",
    5: "One checkpoint, signed by all of the log's keys",
    6: "Every entry stands in the log, at its place",
    7: "Every entry is signed by its actor's key, and the log says whose key it is",
    8: "Every entry is a well-formed statement, said once",
    9: "What the entries name by digest is here, or said to be left out",
    10: "The verdicts follow from the entries",
    11: "Nothing is left out: these are all entries that the log's index counts",
    12: "Witnesses cosigned a beginning of this log, as many as the policy asks for",
    13: "The time stamps are over beginnings of this log",
    14: "What was known then is a beginning of this log, up to that instant",
    15: "The fields that are shown fit what the log committed to, and were disclosed to this reader",
}
"""Step 10 weighs the rules again and needs the whole package, the others this file only. Step 11 is of packs of format 2, steps
12 to 15 of those that hold what they check."""

PACK_WITNESSED_STEP, PACK_STAMPED_STEP, PACK_KNOWN_STEP, PACK_DISCLOSED_STEP = 12, 13, 14, 15
OWN_POLICY_REMARK = "the witnesses are those of the pack's own policy: compare it with one that you got elsewhere"
UNVERIFIED_STAMPS_REMARK = (
    "time stamps are present, not verified here: `countersign check --tsa-anchors FILE` and `openssl ts -verify` do that, "
    "under the authorities that you believe"
)

StepOutcome = Literal["pass", "fail", "not_checked"]
PackState = Literal["verified", "consistent", "untrusted"]


@dataclass(frozen=True)
class PackFault:
    """One item that fails: the member's name, a stable code, and why."""

    step: int
    item: str
    code: str
    detail: str

    def as_json(self) -> dict[str, Any]:
        return {"step": self.step, "item": self.item, "code": self.code, "detail": self.detail}


@dataclass(frozen=True)
class PackStep:
    """`checked`: how many items were looked at, None when the step did not run; `skipped`: items that hang on a faulty one."""

    number: int
    checked: int | None
    faults: tuple[PackFault, ...]
    skipped: tuple[str, ...]

    @property
    def title(self) -> str:
        return PACK_STEPS[self.number]

    @property
    def outcome(self) -> StepOutcome:
        if self.faults:
            return "fail"
        return "not_checked" if self.skipped or self.checked is None else "pass"

    def as_json(self) -> dict[str, Any]:
        faults = [fault.as_json() for fault in self.faults]
        shown = {"step": self.number, "title": self.title, "outcome": self.outcome, "checked": self.checked}
        return {**shown, "faults": faults, "skipped": list(self.skipped)}


@dataclass(frozen=True)
class WitnessBound:
    """These witnesses cosigned the log's first `size` entries; `cosigned`: each one's time in POSIX seconds."""

    size: int
    quorum: str
    cosigned: dict[str, int]
    policy_given: bool

    def as_json(self) -> dict[str, Any]:
        policy = "given" if self.policy_given else "the pack's own"
        return {"size": self.size, "quorum": self.quorum, "cosigned": self.cosigned, "policy": policy}


@dataclass(frozen=True)
class StampBound:
    """A token over the checkpoint of the log's first `size` entries. `authority`: who signed it; None: that was not checked."""

    size: int
    stamped_at: str
    authority: str | None = None

    def as_json(self) -> dict[str, Any]:
        outcome = "not_checked" if self.authority is None else "verified"
        return {"size": self.size, "stamped_at": self.stamped_at, "authority": self.authority, "signature": outcome}


@dataclass(frozen=True)
class PackReport:
    """The whole answer.

    verified    nothing fails, and the log's keys are those that the caller holds
    consistent  nothing fails, but the log's keys are the pack's own: compare them with a copy you got elsewhere
    untrusted   something fails; `faults` lists every item, and the first names what to look at
    """

    steps: tuple[PackStep, ...]
    keys_given: bool
    origin: str | None = None
    size: int | None = None
    root: str | None = None
    assets: tuple[str, ...] = ()
    dispute: str | None = None
    known_at: str | None = None
    """It tells what was known then; None: what was known when it was made."""
    made_at: str | None = None
    complete_to: int | None = None
    """The pack holds all that the log's first so many entries say on its subject; None in format 1."""
    witnessed: WitnessBound | None = None
    stamps: tuple[StampBound, ...] = ()
    log_vkeys: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    """What was not done and why, where nothing failed by it."""
    statements: tuple[dict[str, Any], ...] = ()
    """One a good entry: index, type, actor, recorded_at."""

    @property
    def faults(self) -> tuple[PackFault, ...]:
        return tuple(fault for step in self.steps for fault in step.faults)

    @property
    def state(self) -> PackState:
        if any(step.outcome != "pass" for step in self.steps):
            return "untrusted"
        return "verified" if self.keys_given else "consistent"

    @property
    def headline(self) -> str:
        """One sentence; names the first failing item exactly."""
        if self.faults:
            first = self.faults[0]
            return f"{first.item}: {first.detail}"
        if self.state == "verified":
            return "Everything in this pack verifies under the log keys that you gave"
        return "Nothing in this pack fails. Its log keys are its own: compare them with a copy you got elsewhere"

    def require(self) -> PackReport:
        """This report, if nothing fails. Raises Untrusted `pack_untrusted` with every failing item otherwise."""
        if self.state == "untrusted":
            reasons = tuple(Reason(fault.code, f"{fault.item}: {fault.detail}") for fault in self.faults)
            raise Untrusted("pack_untrusted", self.headline, "Ask for the pack again.", reasons)
        return self

    def as_json(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "headline": self.headline,
            "keys": "given" if self.keys_given else "the pack's own",
            "origin": self.origin,
            "size": self.size,
            "root": self.root,
            "assets": list(self.assets),
            "dispute": self.dispute,
            "known_at": self.known_at,
            "made_at": self.made_at,
            "complete_to": self.complete_to,
            "witnessed": self.witnessed.as_json() if self.witnessed else None,
            "stamps": [stamp.as_json() for stamp in self.stamps],
            "log_vkeys": list(self.log_vkeys),
            "entries": len(self.statements),
            "faults": [fault.as_json() for fault in self.faults],
            "steps": [step.as_json() for step in self.steps],
            "remarks": list(self.remarks),
            "statements": list(self.statements),
        }
