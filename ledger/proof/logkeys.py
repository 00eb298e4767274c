"""The keys of a log, link by link: those of its first entry, and each rotation that all keys before it endorsed (SPEC S7.20).

    (1) a rotation stands where it says, for the log that it says, after the one before it
    (2) it hands over from exactly the keys that are in force there
    (3) the new keys are one Ed25519 and one ML-DSA-44 under the log's name, neither of them used before
    (4) every old key endorsed it: origin, place, root, reason, old and new keys

So whoever holds the keys of any link walks to all later ones offline. Endorsements say that the old keys' holder handed
over; whether that was the log or a thief, they can't say: a rotation for suspected theft ends what its old keys prove.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ledger.errors import LedgerError, Untrusted
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.encoding import base64_bytes, base64_text
from ledger.proof.logentry import LogEntry
from ledger.proof.merkle import root_before
from ledger.proof.note import OpenedCheckpoint, open_checkpoint, signature_lines
from ledger.proof.notekeys import ED25519_TYPE, MLDSA44_TYPE, NoteVerifier

LOG_OPENED, LOG_KEYS_ROTATED = "log.opened.v1", "log.keys-rotated.v1"
SUSPECTED_THEFT = "suspected-theft"
STOLEN_REMARK = (
    "The keys that you gave were given up for suspected theft. A thief could have endorsed the keys after them as well: "
    "get today's keys of the log from somewhere else"
)
KeyTrust = Literal["yes", "stolen", "no"]


@dataclass(frozen=True)
class LogKeyLink:
    """The keys that sign for every tree with more than `since` entries, until the next link; entry `since` names them."""

    number: int
    since: int
    keys: tuple[NoteVerifier, ...]
    reason: str = ""

    @property
    def vkeys(self) -> tuple[str, ...]:
        return tuple(key.vkey() for key in self.keys)


@dataclass(frozen=True)
class LogKeys:
    """The chain. The first link's `since` is 0; every other's is the place of its rotation."""

    origin: str
    links: tuple[LogKeyLink, ...]

    @classmethod
    def single(cls, keys: Sequence[NoteVerifier]) -> LogKeys:
        """Of somebody who holds keys and knows of no rotation."""
        return cls(keys[0].name if keys else "", (LogKeyLink(0, 0, tuple(keys)),))

    @classmethod
    def of(cls, entries: Iterable[LogEntry]) -> LogKeys:
        """From a log's entries, in its order; others than the first and the rotations are passed over.

        Raises Untrusted `log_not_opened`, `log_keys_malformed` and what `extended` raises.
        """
        chain: LogKeys | None = None
        for entry in entries:
            if entry.type == LOG_OPENED and entry.index == 0:
                chain = cls(str(entry.body.get("origin")), (LogKeyLink(0, 0, _named(entry.body.get("log_vkeys"))),))
            elif entry.type == LOG_KEYS_ROTATED and chain is not None:
                chain = chain.extended(entry.index, entry.body)
        if chain is None:
            raise Untrusted("log_not_opened", "the log's first entry, which names its keys, is not there")
        return chain

    def extended(self, index: int, body: Mapping[str, Any]) -> LogKeys:
        """With the rotation at `index`. Raises Untrusted `log_rotation_malformed`, `log_rotation_misplaced`,
        `log_rotation_wrong_log`, `log_rotation_unlinked`, `log_rotation_keys`, `log_rotation_not_endorsed`.
        """
        try:
            return self._extended(index, body)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Untrusted("log_rotation_malformed", f"the rotation at {index} does not have its shape") from error

    def link_at(self, size: int) -> LogKeyLink:
        """Whose keys sign the checkpoint of a tree of this size."""
        return next(link for link in reversed(self.links) if link.since < size or not link.number)

    @property
    def current(self) -> LogKeyLink:
        return self.links[-1]

    @property
    def all(self) -> tuple[NoteVerifier, ...]:
        """Every key that the log ever had."""
        return tuple(key for link in self.links for key in link.keys)

    def trusted_by(self, vkeys: Iterable[str]) -> KeyTrust:
        """Whether somebody who holds these, and nothing else, can rely on the chain: they are the keys of one link.

        `stolen`: a later rotation says that keys from there on may have been in a thief's hands, who endorses as well.
        """
        held = set(vkeys)
        for link in reversed(self.links):
            if held == set(link.vkeys):
                after = self.links[link.number + 1 :]
                return "stolen" if any(one.reason == SUSPECTED_THEFT for one in after) else "yes"
        return "no"

    def open(self, note: bytes, cosigners: Sequence[NoteVerifier] = (), *, strict: bool = True) -> OpenedCheckpoint:
        """A checkpoint by all keys of the link at its size; the checkpoint that brings a link may carry all of the link
        before too. `strict`: and by nobody else but `cosigners`.

        Raises Untrusted `log_keys_retired` where only keys of an earlier link signed, and what `open_checkpoint` raises.
        """
        signed = {(name, key_id) for name, key_id, _ in signature_lines(note)}
        link = self.link_at(_stated_size(note))
        before = self.links[link.number - 1].keys if link.number else ()
        if not any(_has_signed(key, signed) for key in link.keys):
            for older in self.links[: link.number]:
                if any(_has_signed(key, signed) for key in older.keys):
                    what = f"only keys that were retired by entry {self.links[older.number + 1].since} signed it"
                    raise Untrusted("log_keys_retired", what, "Ask for a checkpoint of today's keys.")
        keys = (*link.keys, *(before if any(_has_signed(key, signed) for key in before) else ()))
        return open_checkpoint(note, (*keys, *cosigners), require=keys, origin=self.origin, strict=strict)

    def _extended(self, index: int, body: Mapping[str, Any]) -> LogKeys:
        if body["size"] != index or index <= self.current.since:  # (1)
            raise Untrusted("log_rotation_misplaced", f"a rotation for entry {body['size']} stands at {index}")
        if body["origin"] != self.origin:
            raise Untrusted("log_rotation_wrong_log", f"the rotation at {index} is of another log")
        if tuple(body["old_vkeys"]) != self.current.vkeys:  # (2)
            what = f"the rotation at {index} hands over from other keys than those in force: one is missing before it"
            raise Untrusted("log_rotation_unlinked", what)
        keys = _named(body["new_vkeys"])  # (3)
        if not is_log_key_pair(keys, self.origin) or {key.public_key for key in keys} & {
            key.public_key for key in self.all
        }:
            what = f"the new keys at {index} are not one Ed25519 and one ML-DSA-44 key of the log, both unused before"
            raise Untrusted("log_rotation_keys", what)
        self._check_endorsed(index, body)
        return LogKeys(self.origin, (*self.links, LogKeyLink(len(self.links), index, keys, str(body["reason"]))))

    def _check_endorsed(self, index: int, body: Mapping[str, Any]) -> None:
        """(4)"""
        message, endorsements = endorsement_message(body), body["endorsements"]
        try:
            for key, endorsement in zip(self.current.keys, endorsements, strict=True):
                key.verify_message(message, base64_bytes(endorsement))
        except (LedgerError, ValueError) as error:
            what = f"the rotation at {index} is not endorsed by every key before it"
            raise Untrusted("log_rotation_not_endorsed", what) from error


def log_keys_of(keys: LogKeys | Sequence[NoteVerifier]) -> LogKeys:
    return keys if isinstance(keys, LogKeys) else LogKeys.single(keys)


def vkey_lines(link: LogKeyLink) -> bytes:
    """`log.vkeys`: one a line."""
    return "".join(f"{vkey}\n" for vkey in link.vkeys).encode("utf-8")


def is_log_key_pair(keys: Sequence[NoteVerifier], origin: str) -> bool:
    return [(key.type, key.name) for key in keys] == [(ED25519_TYPE, origin), (MLDSA44_TYPE, origin)]


def endorsement_message(body: Mapping[str, Any]) -> bytes:
    """What old keys sign to hand over (SPEC S7.21). More lines than a checkpoint has: neither can be taken for the other."""
    lines = ["countersign/log-keys-rotated/v1", body["origin"], str(body["size"]), body["root"], body["reason"]]
    lines += [f"old {vkey}" for vkey in body["old_vkeys"]] + [f"new {vkey}" for vkey in body["new_vkeys"]]
    return "".join(f"{line}\n" for line in lines).encode("utf-8")


def check_rotation_root(entry: LogEntry, size: int, proof: Sequence[bytes]) -> None:
    """The tree that the old keys endorsed is the one before this entry: its inclusion proof holds that root too.

    `proof` must have been verified. Raises Untrusted `log_rotation_root`.
    """
    if entry.type != LOG_KEYS_ROTATED:
        return
    if entry.body.get("root") != base64_text(root_before(entry.index, size, proof)):
        what = f"the tree before the rotation at {entry.index} is not the one that the old keys endorsed"
        raise Untrusted("log_rotation_root", what)


def _named(vkeys: Any) -> tuple[NoteVerifier, ...]:
    try:
        return tuple(NoteVerifier.parse(vkey) for vkey in vkeys)
    except (LedgerError, TypeError, ValueError, AttributeError) as error:
        raise Untrusted("log_keys_malformed", "an entry names keys of the log that are none") from error


def _has_signed(key: NoteVerifier, signed: set[tuple[str, bytes]]) -> bool:
    return (key.name, key.key_id) in signed


def _stated_size(note: bytes) -> int:
    try:
        return Checkpoint.parse(note.partition(b"\n\n")[0].decode("utf-8") + "\n").size
    except UnicodeDecodeError as error:
        raise Untrusted("note_malformed", "Not a signed note: not UTF-8.") from error
