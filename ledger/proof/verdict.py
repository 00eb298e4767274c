"""Is this checkpoint witnessed? A policy and a note in, a report out; a checkpoint without its quorum is not witnessed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ledger.errors import Untrusted
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.note import NoteSignature, open_note
from ledger.proof.notekeys import NoteVerifier
from ledger.proof.policy import NO_QUORUM, TlogPolicy

Witnessing = Literal["witnessed", "not_witnessed", "not_asked"]


@dataclass(frozen=True)
class GroupVerdict:
    """How many of a group's members witnessed the checkpoint, and how many it takes."""

    name: str
    threshold: int
    witnessed: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def reached(self) -> bool:
        return len(self.witnessed) >= self.threshold

    def as_json(self) -> dict[str, Any]:
        return {**self.__dict__, "reached": self.reached}


@dataclass(frozen=True)
class WitnessReport:
    """What a policy says of one checkpoint, whose log is known to have signed it.

    `cosigned`: each witness's time in POSIX seconds. `state`: `not_asked` under `quorum none`, which witnesses nothing.
    """

    checkpoint: Checkpoint
    cosigned: dict[str, int]
    missing: tuple[str, ...]
    groups: tuple[GroupVerdict, ...]
    quorum: str
    state: Witnessing

    def required(self) -> WitnessReport:
        """This report, when the quorum is there. Raises Untrusted `quorum_missing` in every other case."""
        if self.state != "witnessed":
            lacking = ", ".join(self.missing) or "a quorum"
            raise Untrusted("quorum_missing", f"The checkpoint is not witnessed: {lacking} did not cosign it.")
        return self

    def as_json(self) -> dict[str, Any]:
        return {
            "origin": self.checkpoint.origin,
            "size": self.checkpoint.size,
            "root": self.checkpoint.root.hex(),
            "state": self.state,
            "quorum": self.quorum,
            "cosigned": self.cosigned,
            "missing": list(self.missing),
            "groups": [group.as_json() for group in self.groups],
        }


def judge(policy: TlogPolicy, note: bytes, log_keys: Sequence[NoteVerifier] = ()) -> WitnessReport:
    """Opens `note` under the policy's keys. `log_keys`: the log's, when the policy leaves the log to the context.

    Raises Untrusted `note_malformed`, `note_signature_invalid` (of any log or witness that the policy lists),
    `note_signature_missing` (no listed log signed, under its own name as origin), `checkpoint_malformed`.
    """
    logs = [log.verifier for log in policy.logs] or list(log_keys)
    own = {key.public_key for key in (*logs, *log_keys)}  # a log is no witness of itself, whoever left its lines out
    outsiders = [one for one in policy.witnesses.values() if one.verifier.public_key not in own]
    witnesses = {(one.verifier.name, one.verifier.key_id): one.name for one in outsiders}
    opened = open_note(note, [*logs, *(one.verifier for one in policy.witnesses.values())])
    checkpoint = Checkpoint.parse(opened.text)
    signed = {(signature.name, signature.key_id): signature for signature in opened.signatures}
    if not any(log.name == checkpoint.origin and (log.name, log.key_id) in signed for log in logs):
        raise Untrusted("note_signature_missing", "No log that the policy lists signed this checkpoint as its own.")
    cosigned = _times({witnesses[key]: one for key, one in signed.items() if key in witnesses})
    return WitnessReport(
        checkpoint,
        cosigned,
        tuple(name for name in policy.witnesses if name not in cosigned),
        _groups(policy, policy.holding(set(cosigned))),
        policy.quorum,
        _state(policy, set(cosigned)),
    )


def _times(by_name: dict[str, NoteSignature]) -> dict[str, int]:
    """Only those with a time: without one a signature does not say that the tree was the largest."""
    return {name: signature.time_s for name, signature in by_name.items() if signature.time_s}


def _state(policy: TlogPolicy, cosigned: set[str]) -> Witnessing:
    if policy.quorum == NO_QUORUM:
        return "not_asked"
    return "witnessed" if policy.holds(policy.quorum, cosigned) else "not_witnessed"


def _groups(policy: TlogPolicy, holding: set[str]) -> tuple[GroupVerdict, ...]:
    return tuple(
        GroupVerdict(
            group.name,
            group.threshold,
            tuple(member for member in group.members if member in holding),
            tuple(member for member in group.members if member not in holding),
        )
        for group in policy.groups.values()
    )
