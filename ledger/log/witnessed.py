"""Publishes the witnessed checkpoint beside the log's own, once the policy's quorum has cosigned it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ledger.log.published import CHECKPOINT, WITNESSED, Published
from ledger.log.publisher import PublishedTiles
from ledger.log.witness import WitnessAnswer, ask_all
from ledger.proof.cosignature import only_signed_by
from ledger.proof.logkeys import LogKeys, log_keys_of
from ledger.proof.merkle import consistency_proof, verify_consistency
from ledger.proof.note import Checkpoint, NoteVerifier
from ledger.proof.policy import TlogPolicy
from ledger.proof.verdict import WitnessReport, judge


@dataclass(frozen=True)
class Witnessed:
    """What the witnesses said of the published checkpoint, whether it is witnessed, and whether that was published."""

    report: WitnessReport
    answers: tuple[WitnessAnswer, ...]
    published: bool

    def as_json(self) -> dict[str, Any]:
        answers = [answer.as_json() for answer in self.answers]
        return {**self.report.as_json(), "answers": answers, "published": self.published}


def publish_witnessed(
    published: Published, policy: TlogPolicy, log_keys: LogKeys | Sequence[NoteVerifier]
) -> Witnessed | None:
    """Has the published checkpoint cosigned; None while nothing is published.

    The proofs that witnesses get are made from the published tiles. Fewer cosignatures than the quorum change nothing:
    the checkpoint that was witnessed before stays. Cosignatures already published for this tree are kept. Raises
    Untrusted when what is published does not verify, Conflict `published_moved` when another publisher was quicker.
    """
    own = published.read(CHECKPOINT)
    if own is None:
        return None
    keys = log_keys_of(log_keys)
    head = keys.open(own).checkpoint
    before, old = published.read(WITNESSED), None
    if before is not None:
        old = keys.open(only_signed_by(before, keys.all)).checkpoint
        _check_grown(published, old, head)
    note = before if before is not None and old == head else own
    tiles = PublishedTiles(published, head.size)
    note, answers = ask_all(
        policy,
        note,
        lambda low, high: consistency_proof(low, high, tiles),
        guess=old.size if old else 0,
    )
    report = judge(policy, note, keys.all)
    if report.state == "witnessed" and note != before:
        published.replace(WITNESSED, before, note)
    return Witnessed(report, answers, report.state == "witnessed")


def _check_grown(published: Published, old: Checkpoint, head: Checkpoint) -> None:
    """The witnessed checkpoint is never ahead of the published one, nor of another tree."""
    proof = [] if old.size > head.size else consistency_proof(old.size, head.size, PublishedTiles(published, head.size))
    verify_consistency(old.size, head.size, proof, old.root, head.root)
