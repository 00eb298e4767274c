"""How alike two files' pictures are, by the policy that finds copies; for pairs, where no index is needed."""

from __future__ import annotations

import numpy as np

from ledger.media.findings import Fingerprints, FrameCode
from ledger.media.survival import Likeness
from projections.alignment import Frames, distances, longest_chain
from projections.comparison import (
    CANDIDATE_DISTANCE_BITS_MAX,
    COPY_DISTANCE_BITS_MAX,
    FRAMES_MATCHED_MIN,
    FRAMES_SHARE_MIN,
    QUALITY_MIN,
)


def likeness(before: Fingerprints | None, after: Fingerprints | None) -> Likeness | None:
    """`copy`, `candidate` or `unlike`; None where either side has no frame that may vote."""
    mine, theirs = _voting(before), _voting(after)
    if mine is None or theirs is None:
        return None
    between = distances(theirs, mine)
    enough = min(FRAMES_MATCHED_MIN, len(mine), len(theirs))
    permille = 0
    for word, radius in (("copy", COPY_DISTANCE_BITS_MAX), ("candidate", CANDIDATE_DISTANCE_BITS_MAX)):
        matched = len(longest_chain(between, radius))
        permille = matched * 1000 // min(len(mine), len(theirs))
        if matched >= enough and permille >= FRAMES_SHARE_MIN * 1000:
            return Likeness(word, permille)
    return Likeness("unlike", permille)


def _voting(found: Fingerprints | None) -> Frames | None:
    voting: list[FrameCode] = [frame for frame in found.frames if frame.quality >= QUALITY_MIN] if found else []
    if not voting:
        return None
    codes = np.frombuffer(b"".join(bytes.fromhex(frame.pdq) for frame in voting), dtype=np.uint8).reshape(
        len(voting), -1
    )
    return Frames(np.array([frame.t_ms for frame in voting], dtype=np.int64), codes).thinned()
