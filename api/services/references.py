"""Taking reference media in, and taking them out again. A work is a file among the blobs; a person's picture is only codes.

A work is examined like any file, with the codes to search with, because later it is compared by its codes alone: by its
picture, by its sound, or by both. A picture of a person leaves nothing but codes, sealed under their pseudonym: no file, no
digest, no title.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.services.intake import keep_file, require_media
from api.services.services import Services
from ledger.door import Receipt
from ledger.errors import LedgerError, Misuse, Unavailable
from ledger.media.chromaprint import INSTALL
from ledger.media.findings import ALL, QUERY_VARIANTS, Examination, Fingerprints, VariantCode
from ledger.rules.coverage import SOUND
from projections.comparison import runs_of, voting_frames
from projections.matchpolicy import current
from projections.matchrows import PLAIN
from schemas.base import Body, new_id
from schemas.statements.reference import (
    FRAMES_MAX,
    ReferenceKind,
    ReferenceRegistered,
    SealedCodes,
    SealedFrame,
    Way,
)

Say = Callable[[Body, dict[str, Any] | None, str | None], Receipt]
"""body, sealed values by pointer, whose they are -> receipt: said by the actor's own key, or by the service for them."""


@dataclass(frozen=True)
class Registration:
    """What is said of a reference when it is brought."""

    kind: ReferenceKind
    basis: str
    title: str | None = None
    owner: str | None = None
    guardrail: str | None = None
    person: str | None = None


def register_reference(services: Services, path: Path, said: Registration, say: Say) -> tuple[str, Receipt]:
    """Examines the file and registers it as whoever `say` speaks for; returns the reference's number and the receipt. Compares
    nothing yet.

    Raises Misuse (`no_picture`, `nothing_to_compare`, `media_…`, `reference_invalid`, `reference_too_long`), Refused,
    Forbidden, Unavailable (`sound_not_checked`, …).
    """
    found = services.examiner.examine(path, extractors=ALL | {QUERY_VARIANTS})
    require_media(found)
    number = new_id(services.clock.now())
    likeness = said.kind == "likeness"
    ways = _ways(found)[:1] if likeness else _ways(found)
    if not ways or (likeness and ways != ("picture",)):
        raise _nothing_to_compare(found, likeness=likeness)
    if not likeness:
        keep_file(services, path, found.sha256)
        if found.features:
            services.blobs.put(found.features)
    examination = None if likeness else services.blobs.put(_as_blob(found))
    try:
        body = ReferenceRegistered.model_validate(
            {
                "reference": number,
                **vars(said),
                "ways": ways,
                "media": None if likeness else found.sha256,
                "examination_sha256": examination,
            }
        )
    except ValueError as error:
        what = "these don't go together: " + str(error).split("\n")[2].strip().partition(" [")[0]
        raise Misuse("reference_invalid", what, "See SPEC S16.1.") from None
    sealed = None
    if likeness and found.fingerprints is not None:
        sealed = {"/body/codes": _sealed(found.fingerprints, found.variants).model_dump(mode="json")}
    return number, say(body, sealed, said.person)


def _ways(found: Examination) -> tuple[Way, ...]:
    """What it has that tells it from others."""
    pictures = found.fingerprints is not None and len(voting_frames(found.fingerprints.frames, current()))
    sound = found.sound is not None and found.finding(SOUND).state == "found"
    by: tuple[tuple[Way, bool], ...] = (("picture", bool(pictures)), ("sound", sound))
    return tuple(way for way, has in by if has)


def _nothing_to_compare(found: Examination, *, likeness: bool) -> LedgerError:
    if likeness:
        what = "there is no picture in this file that could be told from others"
        return Misuse("no_picture", what, "Send a still or a clip of the person that is not one plain colour.")
    if found.finding(SOUND).state == "not_checked":
        what = "there is no picture in this file, and its sound can't be compared here"
        return Unavailable("sound_not_checked", what, f"Install the engine ({INSTALL}).")
    what = "there is no picture and no sound in this file that could be told from others"
    return Misuse(
        "nothing_to_compare", what, "Send a still or a clip that is not one plain colour, or three seconds of sound."
    )


def _as_blob(found: Examination) -> bytes:
    """The examination, and the codes to search with: what is compared later is codes, not pixels and samples."""
    whole = {
        **found.as_json(),
        "variants": [variant.as_json() for variant in found.variants],
        "sound_variants": [variant.as_json() for variant in found.sound_variants],
    }
    return json.dumps(whole, sort_keys=True, separators=(",", ":")).encode()


def _sealed(found: Fingerprints, variants: Sequence[VariantCode]) -> SealedCodes:
    frames = [(PLAIN, frame) for frame in found.frames]
    frames += [(turned, frame) for turned, run in runs_of(variants).items() for frame in run]
    if len(frames) > FRAMES_MAX:
        what = "a picture of a person is a still or a clip of seconds"
        raise Misuse("reference_too_long", what, "Send a part of it.")
    codes = tuple(SealedFrame(variant=name, t_ms=one.t_ms, pdq=one.pdq, quality=one.quality) for name, one in frames)
    return SealedCodes(algorithm=found.algorithm, version=found.version, frames=codes)
