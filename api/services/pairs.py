"""How alike two files' pictures are, by the policy that finds copies; for pairs, where no index is needed."""

from __future__ import annotations

from ledger.media.findings import Fingerprints
from ledger.media.survival import Likeness
from projections.alignment import Frames, distances, longest_chain
from projections.comparison import voting_frames
from projections.matchpolicy import MatchPolicy, current


def likeness(before: Fingerprints | None, after: Fingerprints | None) -> Likeness | None:
    """`copy`, `candidate` or `unlike`; None where either side has no frame that may vote."""
    policy = current()
    mine, theirs = _voting(before, policy), _voting(after, policy)
    if mine is None or theirs is None:
        return None
    between = distances(theirs, mine)
    enough = min(policy.frames_matched_min, len(mine), len(theirs))
    permille = 0
    for word, radius in (("copy", policy.copy_bits_max), ("candidate", policy.candidate_bits_max)):
        matched = len(longest_chain(between, radius))
        permille = matched * 1000 // min(len(mine), len(theirs))
        if matched >= enough and permille >= policy.frames_share_permille:
            return Likeness(word, permille)
    return Likeness("unlike", permille)


def _voting(found: Fingerprints | None, policy: MatchPolicy) -> Frames | None:
    frames = voting_frames(found.frames, policy) if found else None
    return frames.thinned() if frames is not None and len(frames) else None
