"""What others saw of the log, for an evidence pack: a checkpoint that witnesses cosigned, and time stamps (SPEC S8.10)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ledger.errors import LedgerError
from ledger.log.published import WITNESSED, Published
from ledger.log.stamps import KeptStamp, StampFolder
from ledger.proof.consistency import consistency_file
from ledger.proof.logkeys import LogKeys
from ledger.proof.merkle import TileReader, consistency_proof
from ledger.proof.packclaims import WITNESSED_NAMES, stamp_names
from ledger.proof.policy import TlogPolicy
from ledger.proof.timetoken import read_token, require_over
from ledger.proof.verdict import WitnessReport, judge


@dataclass(frozen=True)
class Outside:
    """Where a home keeps it. `policy`: the file that says which witnesses count; there may be none."""

    published: Published
    policy: Path
    stamps: StampFolder


@dataclass(frozen=True)
class Bounds:
    """Members of the pack, without the consistency proofs, and what they say for readers."""

    members: dict[str, bytes] = field(default_factory=dict)
    witnessed: WitnessReport | None = None
    stamps: tuple[tuple[int, str], ...] = ()
    """(size, the time that the authority states) of each."""

    @property
    def any(self) -> bool:
        return bool(self.members)

    def reaching(self, size: int, tiles: TileReader) -> dict[str, bytes]:
        """All members: each checkpoint with the proof that the log of `size` begins with it. Raises Untrusted
        `tile_incomplete`. A history that others saw differently gives a proof that fails, and the check names it.
        """
        found = dict(self.members)
        if self.witnessed:
            found[WITNESSED_NAMES[2]] = _consistency(self.witnessed.checkpoint.size, size, tiles)
        return found | {stamp_names(old)[2]: _consistency(old, size, tiles) for old, _ in self.stamps}


def bounds_of(outside: Outside | None, keys: LogKeys, size: int, decisive: int) -> Bounds:
    """The newest witnessed checkpoint, the newest stamp, and the oldest one over entry `decisive`: the nearest bound in time
    for what the pack is about. Of trees up to `size`. What is damaged is for `fsck` to tell, and stays out.
    """
    if outside is None:
        return Bounds()
    members: dict[str, bytes] = {}
    witnessed = _witnessed(outside, keys, size, members)
    sizes = [one for one in outside.stamps.sizes() if one <= size]
    stamps = set()
    for order in (sizes[::-1], [one for one in sizes if one > decisive]):
        if (first := next(_usable(outside.stamps, keys, order), None)) is not None:
            kept, stamped_at = first
            checkpoint, token, _ = stamp_names(kept.size)
            members |= {checkpoint: kept.checkpoint, token: kept.token}
            stamps.add((kept.size, stamped_at))
    return Bounds(members, witnessed, tuple(sorted(stamps)))


def _witnessed(outside: Outside, keys: LogKeys, size: int, members: dict[str, bytes]) -> WitnessReport | None:
    note = outside.published.read(WITNESSED)
    if note is None or not outside.policy.is_file():
        return None
    policy = outside.policy.read_bytes()
    try:
        report = judge(TlogPolicy.parse(policy), note, keys.all).required()
    except LedgerError:
        return None  # no quorum under the policy of today, or damaged
    if report.checkpoint.size > size:
        return None  # it came while this pack was being made
    members |= {WITNESSED_NAMES[0]: note, WITNESSED_NAMES[1]: policy}
    return report


def _usable(stamps: StampFolder, keys: LogKeys, sizes: Iterable[int]) -> Iterator[tuple[KeptStamp, str]]:
    for size in sizes:
        try:
            kept = stamps.read(size)
            claim = read_token(kept.token)
            require_over(claim, kept.checkpoint)
            if keys.open(kept.checkpoint).checkpoint.size == size:
                yield kept, claim.stamped_at
        except LedgerError:
            continue


def _consistency(old: int, new: int, tiles: TileReader) -> bytes:
    return consistency_file(old, new, consistency_proof(old, new, tiles))
