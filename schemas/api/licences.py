"""What a licence let happen, and what its end or a change of its contract took along: as a report."""

from __future__ import annotations

from typing import Any

from schemas.api.endings import RECORD, EndCounts, EndRecord, NoticeRecord, Propagation, UntoldRecord
from schemas.api.problems import example
from schemas.base import Shape

_LICENCE = "019a9b00-0000-7000-8000-000000000012"
_TOLD: dict[str, Any] = {**RECORD, "consent": None, "licence": _LICENCE}


class CapRecord(Shape):
    """How much of a cap is used up, counted from placements and what was seen of them; `cap` None: not limited."""

    what: str
    used: int
    cap: int | None


class ContractRecord(Shape):
    """The contract behind the licence, in the newest revision that was read; without an entry none was read yet."""

    system: str
    ref: str
    revision: str
    entry_index: int | None
    terminated: bool


class ChangeRecord(Shape):
    """Terms of the contract that were recorded: what they ask for what they left uncovered, and how many were told."""

    how: str
    entry_index: int
    since: str
    outcome: str
    due_at: str
    notices: int


class HeldRecord(Shape):
    """A party and how many clearances of the licence's files they asked for, or how many placements of them they show."""

    party: str
    kind: str
    count: int


class LicensedFile(Shape):
    """A file that uses the right under the licence, or was made from one."""

    asset: str
    flagged: bool


class LicenceReport(Shape):
    """Who had what under a licence, who answered when, and what is still open."""

    model_config = example(
        {
            "licence": _LICENCE,
            "right": "019a9b00-0000-7000-8000-000000000011",
            "title": "Rain on the Awning (recording)",
            "licensor": "label-north",
            "licensee": "studio-1",
            "at": "2026-12-02T00:00:00.000000Z",
            "state": "expired",
            "valid_from": "2026-10-01T00:00:00.000000Z",
            "valid_until": "2026-12-01T00:00:00.000000Z",
            "granted_by": 31,
            "contract": {
                "system": "contracts",
                "ref": "C-2026-17",
                "revision": "4",
                "entry_index": 40,
                "terminated": False,
            },
            "changes": [],
            "end": {
                "how": "expired",
                "ended_at": "2026-12-01T00:00:00.000000Z",
                "entry_index": 60,
                "recorded_at": "2026-12-01T00:00:03.000001Z",
                "outcome": "wind-down",
                "due_at": "2026-12-15T00:00:00.000000Z",
            },
            "complete": True,
            "counts": {
                "files": 1,
                "files_flagged": 1,
                "clearances": 1,
                "clearances_revoked": 1,
                "placements": 0,
                "placements_ended": 0,
                "notices": 1,
                "notices_delivered": 1,
                "notices_answered": 1,
                "notices_open": 0,
                "told_to_nobody": 0,
            },
            "caps": [{"what": "placements", "used": 0, "cap": 10}],
            "propagation_seconds": {
                "block": 0.0,
                "notice_issued": 4.0,
                "notice_delivered": 5.0,
                "answered": 30660.0,
            },
            "files": [{"asset": "55" * 32, "flagged": True}],
            "held": [{"party": "actor:pia", "kind": "clearance", "count": 1}],
            "notices": [_TOLD],
            "next_after": None,
            "told_to_nobody": [],
        }
    )

    licence: str
    right: str
    title: str
    licensor: str
    licensee: str
    at: str
    state: str
    valid_from: str
    valid_until: str
    granted_by: int
    contract: ContractRecord | None
    changes: tuple[ChangeRecord, ...]
    """Revisions of the contract since the licence was granted."""
    end: EndRecord | None
    """None: it has not ended. That its contract is terminated stands under `contract`."""
    complete: bool
    """It is over; what hangs on it was taken along or is covered by something else; everybody who was asked has answered."""
    counts: EndCounts
    caps: tuple[CapRecord, ...]
    propagation_seconds: Propagation | None
    files: tuple[LicensedFile, ...]
    """The first of them; `counts` has all."""
    held: tuple[HeldRecord, ...]
    notices: tuple[NoticeRecord, ...]
    next_after: int | None
    told_to_nobody: tuple[UntoldRecord, ...]
