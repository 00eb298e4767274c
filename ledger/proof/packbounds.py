"""Steps 12 and 13 of a pack's check: what others saw of this log, and when (SPEC S8.10).

A checkpoint that witnesses cosigned, or an authority stamped, is of no larger tree than the pack's. A consistency proof shows
that the pack's tree begins with it: what stands in that part existed by then, and has not been exchanged since.
"""

from __future__ import annotations

from collections.abc import Mapping

from ledger.errors import Untrusted
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.consistency import Consistency
from ledger.proof.logkeys import LogKeys
from ledger.proof.packaccount import PackAccount
from ledger.proof.packclaims import WITNESSED_NAMES, PackClaims, stamp_names
from ledger.proof.packfile import PackFile
from ledger.proof.packreport import PACK_STAMPED_STEP, PACK_WITNESSED_STEP, StampBound, WitnessBound
from ledger.proof.policy import TlogPolicy
from ledger.proof.timetoken import TokenClaim, read_token, require_over
from ledger.proof.verdict import WitnessReport, judge


class PackBoundsCheck:
    """`head`, `keys`: the pack's checkpoint and the log's keys, None where step 5 failed. `policy`: the caller's, if any."""

    def __init__(
        self,
        file: PackFile,
        account: PackAccount,
        claims: PackClaims,
        head: Checkpoint | None,
        keys: LogKeys | None,
        policy: TlogPolicy | None,
    ) -> None:
        self._file, self._account, self._claims = file, account, claims
        self._head, self._keys, self._policy = head, keys, policy

    # -- 12: witnesses -------------------------------------------------------------------------------------------

    def witnessed(self) -> WitnessBound | None:
        """None where nothing was found to be witnessed; a fault says so where the caller asked, or the pack claims it."""
        step, (checkpoint, policy, consistency) = PACK_WITNESSED_STEP, WITNESSED_NAMES
        if not self._claims.witnessed:
            if self._policy is not None:
                what = "you gave a policy, and the pack holds no checkpoint that witnesses cosigned"
                self._account.fault(step, checkpoint, "pack_not_witnessed", what)
            return None
        ready = self._ready(step, WITNESSED_NAMES)
        if ready is None:
            return None
        own = self._account.attempt(step, policy, self._own_policy)
        held = self._policy or own
        report = self._account.attempt(step, checkpoint, self._judged, *ready, held) if held else None
        if report is None or not self._reaches(step, checkpoint, consistency, report.checkpoint, ready[0]):
            return None
        return WitnessBound(report.checkpoint.size, report.quorum, report.cosigned, self._policy is not None)

    def _own_policy(self) -> TlogPolicy:
        return TlogPolicy.parse(self._file.read(WITNESSED_NAMES[1]))

    def _judged(self, head: Checkpoint, keys: LogKeys, policy: TlogPolicy) -> WitnessReport:
        note = self._file.read(WITNESSED_NAMES[0])
        _not_ahead(keys.open(note, strict=False).checkpoint, head)  # lines by others are the policy's to judge
        return judge(policy, note, keys.all).required()

    # -- 13: time stamps -----------------------------------------------------------------------------------------

    def stamped(self) -> tuple[StampBound, ...]:
        """The sound ones. Whether an authority signed them is not looked at here."""
        found = (self._stamp(size) for size in self._claims.stamps)
        return tuple(one for one in found if one is not None)

    def _stamp(self, size: int) -> StampBound | None:
        step, names = PACK_STAMPED_STEP, stamp_names(size)
        checkpoint, token, consistency = names
        ready = self._ready(step, names)
        if ready is None:
            return None
        claim = self._account.attempt(step, token, read_token, self._file.read(token))
        seen = self._account.attempt(step, checkpoint, self._own_checkpoint, size, *ready)
        if claim is None or seen is None or not self._reaches(step, checkpoint, consistency, seen, ready[0]):
            return None
        over = self._account.attempt(step, token, self._over, claim, checkpoint)
        return StampBound(size, claim.stamped_at) if over else None

    def _own_checkpoint(self, size: int, head: Checkpoint, keys: LogKeys) -> Checkpoint:
        seen = keys.open(self._file.read(stamp_names(size)[0])).checkpoint
        if seen.size != size:
            raise Untrusted("stamp_size_differs", f"its folder says {size} entries, it is of {seen.size}")
        _not_ahead(seen, head)
        return seen

    def _over(self, claim: TokenClaim, checkpoint: str) -> bool:
        require_over(claim, self._file.read(checkpoint))
        return True

    # -- both ----------------------------------------------------------------------------------------------------

    def _ready(self, step: int, names: tuple[str, ...]) -> tuple[Checkpoint, LogKeys] | None:
        """What they are held against; None, and all of them skipped, if that or one of them fails already."""
        self._account.start(step)
        if self._head is not None and self._keys is not None and not self._account.spoiled(*names):
            return self._head, self._keys
        for name in names:
            self._account.skip(step, name)
        return None

    def _reaches(self, step: int, checkpoint: str, consistency: str, seen: Checkpoint, head: Checkpoint) -> bool:
        """A proof that does not hold is the checkpoint's fault: it is of another history than the pack's."""
        proof = self._account.attempt(step, consistency, self._proof, consistency)
        if proof is None:
            return False
        self._account.attempt(step, checkpoint, proof.require, seen, head)
        return not self._account.spoiled(checkpoint)

    def _proof(self, name: str) -> Consistency:
        return Consistency.parse(self._file.read(name))


def _not_ahead(seen: Checkpoint, head: Checkpoint) -> None:
    if seen.size > head.size:
        what = f"it is of {seen.size} entries, the pack's log has {head.size}: the pack is of an older copy of the log"
        raise Untrusted("checkpoint_ahead", what)


def bound_steps(claims: PackClaims, policy: TlogPolicy | None) -> tuple[int, ...]:
    """Which of the two the check has: those that the pack has members for, or the caller asked about."""
    asked: Mapping[int, bool] = {
        PACK_WITNESSED_STEP: claims.witnessed or policy is not None,
        PACK_STAMPED_STEP: bool(claims.stamps),
    }
    return tuple(step for step, there in asked.items() if there)
