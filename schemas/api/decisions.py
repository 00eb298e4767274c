"""Verdicts: may this file be used, for this, here, now? The clearances behind them, and files that are near."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import model_validator

from schemas.api.opinions import OpinionAnswer
from schemas.api.problems import ReasonShape, example
from schemas.base import Digest, Shape
from schemas.statements.asset import EvidenceGrade
from schemas.statements.clearance import Question, Weighed

_DIGEST, _CLEARANCE = "55" * 32, "019a9b00-0000-7000-8000-000000000004"
_MATCH = {"asset_sha256": "11" * 32, "decision": "copy", "score": 0.97, "query_ms": 0, "reference_ms": 0}
WEIGHED: dict[str, Any] = {
    "rule": "consent",
    "outcome": "pass",
    "code": "consent_given",
    "detail": "consent 019a9b00-0000-7000-8000-000000000001 is given",
    "entries": [12, 13],
}
QUESTION: dict[str, Any] = {
    "asset": _DIGEST,
    "use": "advertising",
    "channel": "social",
    "territory": "DE",
    "valid_from": "2026-10-05T00:00:00.000000Z",
    "valid_until": "2026-11-01T00:00:00.000000Z",
}


C2paState = Literal[
    "trusted", "untrusted", "expired", "tampered", "absent", "unsupported", "remote_only", "not_checked"
]


class DigestQuestion(Shape):
    """A file that stays with the caller: its digest, or that of the manifest store that is with it."""

    model_config = example({"sha256": _DIGEST})

    sha256: Digest | None = None
    manifest_sha256: Digest | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> DigestQuestion:
        if (self.sha256 is None) == (self.manifest_sha256 is None):
            raise ValueError("give sha256 or manifest_sha256, and not both")
        return self


class AssertedIdentity(Shape):
    """`untrusted`: the signature fits, and nobody vouches for its signer. `not_checked`: the engine said nothing of it."""

    sig_type: str
    signer: str | None
    state: Literal["validated", "untrusted", "invalid", "not_checked"]


class C2paShape(Shape):
    """What the file's C2PA manifest says and how far it holds."""

    state: C2paState
    ingredients_state: str
    issuer: str | None
    claim_generator: str | None
    digital_source_type: str | None
    signed_at: str | None
    """By a time stamp of an authority that was believed at that time; null where there is none."""
    signing_state: C2paState
    """The verdict under the trust lists that counted when it was signed; `state` is the verdict now."""
    trust_sha256: Digest | None
    engine: str
    checked_at: str | None
    stands_until: str | None
    """From then on time alone may change the verdict: a certificate ends, or a list's sunset comes."""
    detached: bool
    """Only a manifest store was there (or an init segment without its segments): nothing is known of any file's bytes."""
    holds: bool
    """Trusted now, nothing below contradicts it, no rule of the specification broken."""
    broken_rules: tuple[str, ...]
    """What the specification forbids: an unlisted term, several parents, a permission that a part keeps back."""
    additional_exclusions: bool
    """Boxes of an MP4 lie outside what its hash covers."""
    training_mining: dict[str, str]
    """For each use, the strictest answer of the file and its parts: notAllowed, constrained or allowed."""
    identities: tuple[AssertedIdentity, ...]
    """Who says to stand behind assertions of the manifest (CAWG). A kind of its own: no identity makes a manifest trusted."""
    revocation: Literal["not_revoked", "revoked", "not_checked"]
    """Of the signer's certificate, by the OCSP answer stapled into the signature. Nobody is asked."""
    validation: tuple[str, ...]


class Asked(Shape):
    """What was asked; null where the caller did not say."""

    use: str | None
    territory: str | None
    channel: str | None
    valid_from: str | None
    valid_until: str | None
    """Exclusive. Without a window the question is about the instant `at`."""


class LikenessShape(Shape):
    """A face that is taken for somebody enrolled. `person` and `consent` are null where the caller may not read them."""

    person: str | None
    consent: str | None
    distance_permille: int
    first_ms: int
    last_ms: int
    finding: Literal["consented", "unconsented"]


class FacesShape(Shape):
    """The last step of identification: known bytes by their recorded scan, others looked at now; `reason` says why not, or
    why not all of it. Faces of nobody enrolled are counted, never named."""

    state: Literal["found", "absent", "not_checked"]
    reason: str | None
    enrolled: tuple[LikenessShape, ...]
    strangers: int


class VerificationAnswer(Shape):
    """`allow` needs the very bytes that were cleared. A file that is only recognised is `review` at best."""

    model_config = example(
        {
            "verdict": "deny",
            "at": "2026-12-01T00:00:00.000000Z",
            "reasons": [{"code": "consent_expired", "detail": "consent … is expired", "entry_index": 13}],
            "asset_sha256": _DIGEST,
            "file_sha256": _DIGEST,
            "identified_by": "digest",
            "matches": [],
            "weighed": [WEIGHED],
            "c2pa": {
                "state": "trusted",
                "ingredients_state": "none",
                "issuer": "Countersign test signer",
                "claim_generator": "countersign/0.1.0",
                "digital_source_type": None,
                "signed_at": None,
                "signing_state": "not_checked",
                "trust_sha256": "77" * 32,
                "engine": "c2pa-rs 0.91.1",
                "checked_at": "2026-12-01T00:00:00.000000Z",
                "stands_until": "2027-03-01T00:00:00.000000Z",
                "detached": False,
                "holds": True,
                "broken_rules": [],
                "additional_exclusions": False,
                "training_mining": {"ai_training": "notAllowed"},
                "identities": [{"sig_type": "cawg.x509.cose", "signer": "A Newsroom", "state": "untrusted"}],
                "revocation": "not_checked",
                "validation": [],
            },
            "not_checked": ["faces"],
            "asked": {
                "use": "advertising",
                "territory": "DE",
                "channel": "social",
                "valid_from": None,
                "valid_until": None,
            },
            "log_size": 41,
            "opinions": [],
            "evidence_grade": "provider_record",
            "faces": {"state": "not_checked", "reason": "not_scanned", "enrolled": [], "strangers": 0},
        }
    )

    verdict: Literal["allow", "deny", "review", "unknown"]
    at: str
    reasons: tuple[ReasonShape, ...]
    asset_sha256: Digest | None
    file_sha256: Digest
    identified_by: Literal[
        "digest", "manifest", "ledger_assertion", "soft_binding", "fingerprint", "sound", "face", "none"
    ]
    matches: tuple[dict[str, Any], ...]
    weighed: tuple[Weighed, ...]
    c2pa: C2paShape
    not_checked: tuple[str, ...]
    asked: Asked
    log_size: int
    opinions: tuple[OpinionAnswer, ...]
    """What others say of the known file. None of it decides anything here."""
    evidence_grade: EvidenceGrade | None
    """How the known file's origin is known; null for one that nobody here knows."""
    faces: FacesShape


class ClearanceQuestion(Question):
    """One file, one use, one channel, one territory, one window: `valid_from` inclusive, `valid_until` exclusive."""

    model_config = example(QUESTION)


class ClearanceAnswer(Shape):
    """Issued: the clearance's number, every rule that was weighed, and the entry that records it."""

    model_config = example(
        {"clearance": _CLEARANCE, "issued": True, "entry_index": 31, "reasons": [], "weighed": [WEIGHED]}
    )

    clearance: str
    issued: bool
    entry_index: int
    reasons: tuple[ReasonShape, ...]
    weighed: tuple[Weighed, ...]


class RevokedShape(Shape):
    """Why a clearance no longer stands, and where that is recorded."""

    entry_index: int
    at: str
    cause: str
    detail: str
    consent: str | None


class ClearanceRecord(Shape):
    """A verdict as it was recorded. It stands only if it was issued and `revoked` is null."""

    model_config = example(
        {
            "clearance": _CLEARANCE,
            "outcome": "issued",
            "entry_index": 31,
            "decided_at": "2026-10-02T12:00:00.000000Z",
            "asked_by": "pia",
            "question": QUESTION,
            "weighed": [WEIGHED],
            "consents": ["019a9b00-0000-7000-8000-000000000001"],
            "revoked": None,
        }
    )

    clearance: str
    outcome: Literal["issued", "refused"]
    entry_index: int
    decided_at: str
    asked_by: str | None
    question: Question
    weighed: tuple[Weighed, ...]
    consents: tuple[str, ...]
    revoked: RevokedShape | None
