"""Pairs of matched frames as the reports show them: two pictures, or why not, and what the log says of the match."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass

from api.services.evidence_pairs import Frames
from ledger.media.soundprint import STEP_US
from schemas.evidence import PackFrame
from schemas.facts import PackFacts
from schemas.facts_disputes import SightingFact
from schemas.facts_matches import MatchFact

_NAMES = {"file": "The file", "reference": "The reference", "copy": "The copy"}
_DECISIONS = {
    "exact": "The very bytes of",
    "copy": "Copy of",
    "confirmed": "Confirmed copy of",
    "candidate": "Looks like",
}
_HEARD = {**_DECISIONS, "copy": "Holds the sound of", "candidate": "Sounds like"}
_KINDS = {
    "known-work": "a known work",
    "do-not-generate": "what may not be generated",
    "likeness": "a person's picture",
}
_VERDICTS = {"same": "the same, and should not be", "innocent": "the same, and may be", "different": "not the same"}


@dataclass(frozen=True)
class Side:
    """`jpeg` is None where `why` says so."""

    name: str
    media: str | None
    at_ms: int
    sha256: str | None
    jpeg: bytes | None
    why: str | None

    @property
    def seconds(self) -> str:
        return f"{self.at_ms / 1000:.2f}"

    @property
    def source(self) -> str | None:
        """The picture as a data: URI."""
        return f"data:image/jpeg;base64,{b64encode(self.jpeg).decode()}" if self.jpeg else None


@dataclass(frozen=True)
class Pair:
    """A match: its two sides and what is recorded of it."""

    title: str
    entry: int
    left: Side
    right: Side
    told: tuple[tuple[str, str], ...]


def pairs_of(facts: PackFacts, frames: Frames) -> Iterator[Pair]:
    """In the order of the frames, which come in twos."""
    matches = {one.entry: one for one in facts.matches}
    seen = {one.entry: one for dispute in facts.disputes for one in dispute.sightings}
    for first, second in zip(frames.told[::2], frames.told[1::2], strict=True):
        sides = _side(first, frames), _side(second, frames)
        if first.entry in matches:
            match = matches[first.entry]
            named = _HEARD if match.by_sound else _DECISIONS
            title = f"{named[match.decision]} {_KINDS.get(match.kind, match.kind)}"
            yield Pair(title, match.entry, *sides, _of_match(match))
        else:
            sighting = seen[first.entry]
            yield Pair(f"Copy seen on {sighting.platform}", sighting.entry, *sides, _of_sighting(sighting))


def _side(one: PackFrame, frames: Frames) -> Side:
    jpeg = frames.content.get(one.sha256) if one.sha256 else None
    return Side(_NAMES[one.side], one.media, one.at_ms, one.sha256, jpeg, one.why)


def _of_match(one: MatchFact) -> tuple[tuple[str, str], ...]:
    looked = (
        f"{_VERDICTS.get(one.verdict, one.verdict)}, says {one.reviewer} (entry {one.reviewed})"
        if one.verdict
        else None
    )
    return (*(_heard(one) if one.by_sound else _seen(one)), ("A person's look", looked or "nobody has looked"))


def _seen(one: MatchFact) -> tuple[tuple[str, str], ...]:
    chance = f"{one.false_per_billion:,} of 1,000,000,000 unrelated codes would be as near to one frame by chance"
    return (
        ("How near", f"{one.distance_median} of 256 bits apart (median of the matched frames)"),
        ("Frames", f"{one.frames_matched} of {one.frames_compared} compared frames match"),
        ("Turned", _turned(one.transform)),
        ("Local features", one.geometry.replace("_", " ")),
        ("By chance", f"at most {chance}, among {one.index_codes:,}"),
    )


def _heard(one: MatchFact) -> tuple[tuple[str, str], ...]:
    chance = f"{one.false_per_billion / 1e9:.2g} unrelated sounds would be as near"
    seconds = one.frames_matched * STEP_US / 1e6
    speed = "as it was" if one.transform == "plain" else one.transform.replace("speed-", "thousandths of the usual: ")
    return (
        ("How near", f"{one.distance_median} of 256 bits apart, over all that lines up"),
        ("Sound", f"{seconds:.0f} seconds line up, of {one.frames_compared * STEP_US / 1e6:.0f}"),
        ("Speed", speed),
        ("By chance", f"at most {chance}, among {one.index_codes:,}"),
    )


def _of_sighting(one: SightingFact) -> tuple[tuple[str, str], ...]:
    place = one.place
    score = (("Score", f"{place.score_permille / 1000:.3f}"), ("Turned", _turned(place.transform))) if place else ()
    return (("Found by", f"{one.matched_by}: {one.match}"), *score, ("Seen", f"{one.seen_at:%Y-%m-%d %H:%M:%S} UTC"))


def _turned(transform: str) -> str:
    return "not turned" if transform in ("plain", "upright") else transform.replace("-", " ")
