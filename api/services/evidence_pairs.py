"""Matched frames side by side: for each match that the pack tells of, the frame of the file and of what it is near.

Pictures show people. Like media they go in only where they are asked for; those of a file that shows somebody who was erased,
or of bytes that counsel claims privilege over, never do. Whatever is not shown is listed with the reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ledger.blobs import Blobs
from ledger.errors import LedgerError
from ledger.history import History, bodies
from ledger.media.stills import STILLS_MAX, Still, take_stills
from ledger.proof.packframes import frame_name
from ledger.rules.generations import generation
from ledger.rules.lineage import ancestors, arrival
from ledger.statement import Said
from schemas.evidence import PACK_FRAMES_MAX, PackFrame
from schemas.facts import PackFacts
from schemas.statements.asset import AssetImported
from schemas.statements.erasure import SubjectErased, SubjectErasureBegun
from schemas.statements.guardrail import GuardrailAdded
from schemas.statements.reference import ReferenceRegistered

SHOWN_MAX = (
    48  # frames in one pack: some 20 kB each, 1 MB in report.html; reading more is a job for the media themselves
)

LEFT_OUT = "pictures are left out by default, because they may show people: ask for a pack with frames"
ERASED = "it shows somebody who was erased"
NOT_HELD = "these bytes are not held by the ledger that wrote the pack"
PRIVILEGED = "counsel claims privilege over these bytes"
ENROLLED = "a picture of a person: the vault holds codes of it, and nobody the picture"
WITHDRAWN = "the reference was withdrawn"
BY_SOUND = "they were compared by their sound, which has no picture"
NO_FRAME = "no frame could be taken out of these bytes"
TOO_MANY = f"a pack shows at most {SHOWN_MAX} frames; these bytes show this one"


@dataclass(frozen=True)
class Frames:
    """What is said of each side of each match, and the JPEGs by SHA-256."""

    told: tuple[PackFrame, ...] = ()
    content: dict[str, bytes] = field(default_factory=dict)

    @property
    def members(self) -> dict[str, bytes]:
        return {frame_name(sha256): jpeg for sha256, jpeg in self.content.items()}


def frames_of(history: History, facts: PackFacts, blobs: Blobs, withheld: frozenset[str], *, shown: bool) -> Frames:
    """`history`: of now, whatever instant the facts are of, because what was erased since is erased. `withheld`: digests under
    privilege. `shown`: whether pictures were asked for. Costs a decoding of each matched file up to its last match.
    """
    sides = list(_sides(facts))[:PACK_FRAMES_MAX]
    gone = _Gone(history)
    refused = {
        number: why for number, side in enumerate(sides) if (why := _why_not(side, gone, blobs, withheld, shown))
    }
    open_ = [number for number in range(len(sides)) if number not in refused]
    refused |= dict.fromkeys(open_[SHOWN_MAX:], TOO_MANY)
    found = _taken(blobs, [sides[number].frame for number in open_[:SHOWN_MAX]])
    told, content = [], {}
    for number, side in enumerate(sides):
        still = found.get((side.frame.media or "", side.frame.at_ms)) if number not in refused else None
        if still is None:
            told.append(side.frame.model_copy(update={"why": refused.get(number, NO_FRAME)}))
            continue
        sha256 = hashlib.sha256(still.jpeg).hexdigest()
        content[sha256] = still.jpeg
        told.append(side.frame.model_copy(update={"sha256": sha256, "at_ms": still.t_ms}))
    return Frames(tuple(told), content)


@dataclass(frozen=True)
class _Side:
    """`asset`: the file of the log that it shows (a captured copy shows whoever that shows); else `reference`: that."""

    frame: PackFrame
    asset: str | None = None
    reference: str | None = None
    why: str | None = None


def _sides(facts: PackFacts) -> Iterator[_Side]:
    for one in facts.matches:
        if one.decision == "none":
            continue
        file = PackFrame(entry=one.entry, side="file", media=one.asset, at_ms=one.asset_ms)
        other = PackFrame(entry=one.entry, side="reference", media=one.media, at_ms=one.reference_ms)
        heard = BY_SOUND if one.by_sound else None
        why = WITHDRAWN if one.withdrawn else ENROLLED if one.media is None else heard
        yield _Side(file, asset=one.asset, why=heard)
        yield _Side(other, reference=one.reference, why=why)
    for dispute in facts.disputes:
        for seen in dispute.sightings:
            if seen.place is not None and seen.place.of == "picture":
                copy = {"media": seen.captured_sha256, "at_ms": seen.place.copy_ms}
                yield _Side(
                    PackFrame(entry=seen.entry, side="file", media=seen.asset, at_ms=seen.place.asset_ms), seen.asset
                )
                yield _Side(PackFrame(entry=seen.entry, side="copy", **copy), seen.asset)


def _why_not(side: _Side, gone: _Gone, blobs: Blobs, withheld: frozenset[str], shown: bool) -> str | None:
    media = side.frame.media
    if side.why is not None:
        return side.why
    if gone.of_file(side.asset) if side.asset else gone.of_reference(side.reference):
        return ERASED
    if media in withheld:
        return PRIVILEGED
    if not shown:
        return LEFT_OUT
    return None if media is not None and blobs.has(media) else NOT_HELD


class _Gone:
    """Whether somebody whom a file or a reference shows was erased, or is being erased."""

    def __init__(self, history: History) -> None:
        self._history, self._erased = history, dict[str, bool]()

    def of_file(self, asset: str) -> bool:
        """By the consents of the generations behind it and by whoever else its entries name."""
        people: set[str] = set()
        for name in ancestors(self._history, asset):
            said = self._history.about(f"asset:{name}")
            came = arrival(self._history, name)
            if came is not None and isinstance(came.body, AssetImported) and came.body.generation:
                asked = generation(self._history, came.body.generation)
                people |= {cameo.person for cameo in asked[1].cameos} if asked else set()
            people |= _named(said)
        return any(map(self._is_erased, people))

    def of_reference(self, reference: str | None) -> bool:
        """By the entry of the do-not-generate list that it illustrates."""
        found = bodies(self._history.about(f"reference:{reference}", ReferenceRegistered), ReferenceRegistered)
        listed = [one.guardrail for _, one in found if one.guardrail]
        return any(
            map(
                self._is_erased,
                {name for one in listed for name in _named(self._history.about(f"guardrail:{one}", GuardrailAdded))},
            )
        )

    def _is_erased(self, person: str) -> bool:
        if person not in self._erased:
            about = self._history.about(f"person:{person}", SubjectErasureBegun, SubjectErased)
            self._erased[person] = bool(about)
        return self._erased[person]


def _named(said: Sequence[Said]) -> set[str]:
    """Pseudonyms that entries carry as tags, or under which something in them is sealed."""
    tags = {tag.partition(":")[2] for one in said for tag in one.statement.tags if tag.startswith("person:")}
    return tags | {ref.subject for one in said for ref in one.statement.sealed.values()}


def _taken(blobs: Blobs, frames: Sequence[PackFrame]) -> dict[tuple[str, int], Still]:
    """By media and the time asked for; each file is decoded once."""
    wanted: dict[str, list[int]] = {}
    for one in frames:
        wanted.setdefault(one.media or "", []).append(one.at_ms)
    found: dict[tuple[str, int], Still] = {}
    for media, times in wanted.items():
        try:
            taken = take_stills(blobs.path(media), times[:STILLS_MAX])
        except LedgerError:  # damaged, of a kind that has no pictures, or the child died of it: said as no frame
            continue
        found |= {(media, asked): still for asked, still in taken.items()}
    return found
