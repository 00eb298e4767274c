"""Consents, briefs and notices as they stand; and whether this process is fit to answer."""

from __future__ import annotations

from typing import Any

from schemas.api.consents import AgreedShape, EffectShape, ProofLink, StopShape, TermShape
from schemas.api.problems import example
from schemas.base import Shape

_CONSENT, _BRIEF = "019a9b00-0000-7000-8000-000000000001", "019a9b00-0000-7000-8000-000000000002"
_SCOPE: dict[str, Any] = {
    "specific_description": "Inês walks through a café and lifts a cup; no speech, no product claims.",
    "uses": ["advertising"],
    "channels": ["social"],
    "territories": ["DE", "FR"],
    "media": ["video"],
    "valid_from": "2026-10-01T00:00:00.000000Z",
    "valid_until": "2026-12-01T00:00:00.000000Z",
    "entry_index": 12,
}
_STATE: dict[str, Any] = {
    "consent": _CONSENT,
    "person": "p-7f3a",
    "at": "2026-10-05T00:00:00.000000Z",
    "known_at": "2026-10-05T00:00:00.000000Z",
    "state": "given",
    "effect": {"dpv": "ConsentGiven", "past": "stands", "present": "allowed", "future": "allowed"},
    "evidence": "own_key",
    "requested": _SCOPE,
    "granted": _SCOPE | {"entry_index": 13},
    "agreed": {
        "uses": ["advertising"],
        "channels": ["social"],
        "territories": ["DE", "FR"],
        "not_in": [],
        "media": ["video"],
        "training": False,
        "final_approval": False,
        "exclusivity": "none",
        "narrowed_by": [],
    },
    "terms": [
        {
            "valid_from": "2026-10-01T00:00:00.000000Z",
            "valid_until": "2026-12-01T00:00:00.000000Z",
            "renewal": False,
            "entry_index": 13,
        }
    ],
    "suspensions": [],
    "ended_by": None,
    "entries": [12, 13],
    "proofs": [{"entry_index": 12, "receipt": "/v1/receipts/12"}, {"entry_index": 13, "receipt": "/v1/receipts/13"}],
}


class ScopeShape(Shape):
    """What for, where, in what media, when; `valid_until` is exclusive."""

    specific_description: str
    uses: tuple[str, ...]
    channels: tuple[str, ...]
    territories: tuple[str, ...]
    media: tuple[str, ...]
    valid_from: str
    valid_until: str
    entry_index: int


class ConsentAnswer(Shape):
    """A consent as it stood at `at`, from what was recorded by `known_at`. Only `given` and `renewed` are in force."""

    model_config = example(_STATE)

    consent: str
    person: str
    at: str
    known_at: str
    state: str
    effect: EffectShape
    evidence: str | None
    """How we know that the person agreed: `own_key`, or the weaker `document`."""
    requested: ScopeShape | None
    granted: ScopeShape | None
    agreed: AgreedShape | None
    terms: tuple[TermShape, ...]
    suspensions: tuple[StopShape, ...]
    ended_by: int | None
    entries: tuple[int, ...]
    proofs: tuple[ProofLink, ...]


class PersonConsents(Shape):
    """Every consent asked of a person by then, in the order of asking."""

    model_config = example({"person": "p-7f3a", "at": "2026-10-05T00:00:00.000000Z", "consents": [_STATE]})

    person: str
    at: str
    consents: tuple[ConsentAnswer, ...]


class RightsAnswer(Shape):
    """The consents that a file and its ancestors rest on. None at all is not a yes: nobody is named in it."""

    model_config = example(
        {"asset_sha256": "11" * 32, "at": "2026-10-05T00:00:00.000000Z", "all_given": True, "consents": [_STATE]}
    )

    asset_sha256: str
    at: str
    all_given: bool
    consents: tuple[ConsentAnswer, ...]


class ApprovalShape(Shape):
    """Who approved a version, and where that is recorded."""

    entry_index: int
    at: str
    actor: str


class BriefVersion(Shape):
    """One version: its words, its author, the digest that an approval names, and the approval if there is one."""

    version: int
    entry_index: int
    at: str
    author: str
    draft_sha256: str
    body: dict[str, Any]
    approved: ApprovalShape | None


class BriefAnswer(Shape):
    """Every version of a brief, oldest first."""

    model_config = example(
        {
            "brief": _BRIEF,
            "versions": [
                {
                    "version": 1,
                    "entry_index": 15,
                    "at": "2026-10-01T10:00:00.000001Z",
                    "author": "mara",
                    "draft_sha256": "ab" * 32,
                    "body": {"title": "Morning in the café"},
                    "approved": {"entry_index": 16, "at": "2026-10-01T11:00:00.000001Z", "actor": "paul"},
                }
            ],
        }
    )

    brief: str
    versions: tuple[BriefVersion, ...]


class NoticeShape(Shape):
    """Something a role has to be told: a CloudEvents 1.0 object."""

    entry_index: int
    recipient: str
    status: str
    payload: dict[str, Any]


class NoticesAnswer(Shape):
    """What waits to be told, oldest first; `next_after` asks for the next page."""

    model_config = example({"notices": [], "next_after": None})

    notices: tuple[NoticeShape, ...]
    next_after: int | None


class HealthAnswer(Shape):
    """The process answers. It says nothing about whether it can work: see `/ready`."""

    model_config = example({"status": "alive"})

    status: str


class ReadyCheck(Shape):
    """One thing that has to be in order, and what is wrong if it is not."""

    name: str
    ready: bool
    detail: str


class ReadyAnswer(Shape):
    """Ready means that every check is: the store answers, and every view follows it closely."""

    model_config = example(
        {"ready": True, "checks": [{"name": "store", "ready": True, "detail": "41 entries"}]},
    )

    ready: bool
    checks: tuple[ReadyCheck, ...]
