"""A dispute about files: who claims what, where copies were seen and what was captured, notices and their statutory clocks,
the decision, and the end of the legal hold that it is.

Parties stand here under pseudonyms. From opening to closing nothing about the people in its files is erased (SPEC S17).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from schemas.base import Body, Digest, Id, Instant, Line, NonNegativeInt, Shape, Slug
from schemas.statements.evidence import PACK_ASSETS_MAX
from schemas.statements.placement import PublicUrl
from schemas.statements.rulepack import PackVersion

CLOCKS_MAX = 10  # laws that one notice sets going at once
_DISPUTE = "019a9b00-0000-7000-8000-000000000050"
_NOTICE = "019a9b00-0000-7000-8000-000000000052"
MatchedBy = Literal["digest", "manifest", "ledger_assertion", "soft_binding", "fingerprint", "sound", "by-eye"]
"""How the copy was recognised; `by-eye` is somebody's word and no engine's."""
NoticeEvent = Literal["intimate-depiction", "order", "counter-notice", "complaint"]
"""What a notice says. The first two set clocks going where an adopted rule pack has a timer for them."""


class Party(Shape):
    """Somebody in a dispute, under a pseudonym."""

    name: Slug
    role: Literal["claimant", "respondent", "platform", "authority", "counsel"]


class DisputeStatement(Body):
    """The shared part."""

    dispute: Id

    def tags(self) -> tuple[str, ...]:
        return (f"dispute:{self.dispute}",)


class DisputeOfFiles(DisputeStatement):
    """Those statements that are about every file of the dispute."""

    assets: Annotated[tuple[Digest, ...], Field(min_length=1, max_length=PACK_ASSETS_MAX)]

    def tags(self) -> tuple[str, ...]:
        return (f"dispute:{self.dispute}", *(f"asset:{asset}" for asset in self.assets))


class DisputeOpened(DisputeOfFiles):
    """Legal: somebody disputes these files, or misuses them. They are held, and not cleared, while it is open."""

    TYPE: ClassVar[str] = "dispute.opened.v1"
    kind: Literal["misuse", "likeness", "rights", "accuracy"]
    matter: Slug
    """The number under which legal keeps it."""
    parties: Annotated[tuple[Party, ...], Field(min_length=1, max_length=20)]
    claim: Line

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.assets)) != len(self.assets) or len({one.name for one in self.parties}) != len(self.parties):
            raise ValueError("a file or a party is named twice")
        return self

    @classmethod
    def example(cls) -> Self:
        return cls.model_validate(
            {
                "dispute": _DISPUTE,
                "assets": ["55" * 32],
                "kind": "misuse",
                "matter": "m-2026-014",
                "parties": [{"name": "p-7f3a", "role": "claimant"}, {"name": "example-video", "role": "platform"}],
                "claim": "a re-encoded copy runs with another voice",
            }
        )


class MatchPlace(Shape):
    """Where copy and file are the same: the instants at which the match begins, how the copy was turned, how sure it is."""

    of: Literal["picture", "sound"]
    copy_ms: NonNegativeInt
    asset_ms: NonNegativeInt
    transform: Slug = "plain"
    score_permille: Annotated[int, Field(strict=True, ge=0, le=1000)]


class DisputeSighted(DisputeStatement):
    """A copy was seen somewhere; what was captured of it is a blob. Of which file it is a copy, how we know, and where."""

    TYPE: ClassVar[str] = "dispute.sighted.v2"
    sighting: Id
    asset: Digest
    platform: Slug
    url: PublicUrl | None = None
    url_sha256: Digest | None = None
    seen_at: Instant
    capture: Literal["file", "screenshot", "page"]
    captured_sha256: Digest
    matched_by: MatchedBy
    match: Line
    """In words and numbers: the share that is equal, and where."""
    place: MatchPlace | None = None
    """None where an engine named no place: the very bytes, a manifest, somebody's eye."""

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        if (self.url is None) == (self.url_sha256 is None):
            raise ValueError("an address stands here, or its digest where it is private: exactly one")
        return self

    def tags(self) -> tuple[str, ...]:
        return (f"dispute:{self.dispute}", f"sighting:{self.sighting}", f"asset:{self.asset}")

    @classmethod
    def example(cls) -> Self:
        return cls.model_validate(
            {
                "dispute": _DISPUTE,
                "sighting": "019a9b00-0000-7000-8000-000000000051",
                "asset": "55" * 32,
                "platform": "example-video",
                "url": "https://video.example/watch/4713",
                "seen_at": "2026-11-20T09:00:00Z",
                "capture": "file",
                "captured_sha256": "ab" * 32,
                "matched_by": "fingerprint",
                "match": "copy: 97 of 100 frames, 4.0 s into the file",
                "place": {"of": "picture", "copy_ms": 0, "asset_ms": 4000, "score_permille": 970},
            }
        )


class Clock(Shape):
    """A period that a rule of an adopted pack sets from the receipt of a notice. It is over at `due_at`."""

    pack: Slug
    version: PackVersion
    entry: Slug
    due_at: Instant


class DisputeNotified(DisputeStatement):
    """A notice, an order or a counter-notice reached somebody; the clocks that law sets going are fixed here."""

    TYPE: ClassVar[str] = "dispute.notified.v1"
    notice: Id
    event: NoticeEvent
    from_party: Slug
    to_party: Slug
    received_at: Instant
    document_sha256: Digest | None = None
    clocks: Annotated[tuple[Clock, ...], Field(max_length=CLOCKS_MAX)] = ()
    detail: Line

    @model_validator(mode="after")
    def _each_clock_once(self) -> Self:
        if len({(one.pack, one.entry) for one in self.clocks}) != len(self.clocks):
            raise ValueError("a rule sets one clock going")
        return self

    @classmethod
    def example(cls) -> Self:
        clock = {"pack": "law", "version": "2026.11", "entry": "us-take-it-down", "due_at": "2026-11-22T09:00:00Z"}
        return cls.model_validate(
            {
                "dispute": _DISPUTE,
                "notice": _NOTICE,
                "event": "intimate-depiction",
                "from_party": "p-7f3a",
                "to_party": "example-video",
                "received_at": "2026-11-20T09:00:00Z",
                "clocks": [clock],
                "detail": "takedown request by the person shown",
            }
        )


class DisputeAnswered(DisputeStatement):
    """What was done on a notice, and when. It meets every clock of the notice that is not over at `done_at`."""

    TYPE: ClassVar[str] = "dispute.answered.v1"
    notice: Id
    done: Literal["removed", "restored", "refused"]
    done_at: Instant
    detail: Line

    @classmethod
    def example(cls) -> Self:
        told = {"done": "removed", "done_at": "2026-11-21T07:30:00Z", "detail": "taken down, known copies too"}
        return cls.model_validate({"dispute": _DISPUTE, "notice": _NOTICE, **told})


class DisputeMissed(DisputeStatement):
    """Records, once, that a clock ran out unmet. It ran out at `due_at` whether or not this was written."""

    TYPE: ClassVar[str] = "dispute.missed.v1"
    notice: Id
    pack: Slug
    entry: Slug
    due_at: Instant

    @classmethod
    def example(cls) -> Self:
        clock = {"pack": "law", "entry": "us-take-it-down", "due_at": "2026-11-22T09:00:00Z"}
        return cls.model_validate({"dispute": _DISPUTE, "notice": _NOTICE, **clock})


class DisputeDecided(DisputeOfFiles):
    """How it came out. `upheld`: the files stay out of use."""

    TYPE: ClassVar[str] = "dispute.decided.v1"
    outcome: Literal["upheld", "rejected", "settled", "withdrawn"]
    decided_by: Slug
    """A party, a court or an authority, under its name here."""
    reason: Line

    @classmethod
    def example(cls) -> Self:
        told = {"outcome": "upheld", "decided_by": "studio-counsel", "reason": "the copy was taken down and stays down"}
        return cls.model_validate({"dispute": _DISPUTE, "assets": ["55" * 32], **told})


class DisputeClosed(DisputeOfFiles):
    """Legal: nothing is left to do, and the hold that the dispute was stands no longer."""

    TYPE: ClassVar[str] = "dispute.closed.v1"
    reason: Line

    @classmethod
    def example(cls) -> Self:
        return cls.model_validate({"dispute": _DISPUTE, "assets": ["55" * 32], "reason": "every clock is over"})
