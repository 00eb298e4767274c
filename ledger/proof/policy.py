"""Which logs and witnesses are believed, and how many of them it takes (C2SP tlog-policy).

    log <vkey> [<url>]                      any one of the listed logs may have signed
    witness <name> <vkey> [<url>]
    group <name> <k | any | all> <name>…    at least k of its members, each a witness or an earlier group
    quorum <name | none>                    exactly once

`group everyone all studio union platform` and `quorum everyone` ask for all three parties. Names are octets, kept here as
text with surrogate escapes, which loses none of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from ledger.errors import Misuse
from ledger.proof.cosignature import COSIGNATURE_TYPES
from ledger.proof.notekeys import ED25519_TYPE, MLDSA44_TYPE, NoteVerifier

POLICY_BYTES_MAX = 2**20  # 300 lines with ML-DSA-44 keys of 1.8 KB are half of this
POLICY_LINES_MAX = 1_000  # the specification asks for 32 logs, witnesses and groups at least; each is a line
NO_QUORUM = "none"

_FORBIDDEN = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_BLANKS = re.compile(r"[ \t]+")
_COUNT = re.compile(r"[1-9][0-9]{0,3}")


@dataclass(frozen=True)
class PolicyLog:
    """A log by one of its keys; the key's name is the log's origin. `url`: where it is published."""

    verifier: NoteVerifier
    url: str | None


@dataclass(frozen=True)
class PolicyWitness:
    """A witness by its key. `url`: the submission prefix of tlog-witness."""

    name: str
    verifier: NoteVerifier
    url: str | None


@dataclass(frozen=True)
class PolicyGroup:
    """Witnesses a checkpoint when at least `threshold` of `members` do."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass
class TlogPolicy:
    """A parsed policy. `quorum` names a witness or group, or is `none`."""

    logs: list[PolicyLog] = field(default_factory=list)
    witnesses: dict[str, PolicyWitness] = field(default_factory=dict)
    groups: dict[str, PolicyGroup] = field(default_factory=dict)
    quorum: str = ""

    @classmethod
    def parse(cls, raw: bytes) -> TlogPolicy:
        """Raises Misuse `policy_malformed` naming the line."""
        if len(raw) > POLICY_BYTES_MAX or _FORBIDDEN.search(raw):
            raise _policy_malformed(0, f"over {POLICY_BYTES_MAX} bytes, or with control characters")
        if raw and not raw.endswith(b"\n"):
            raise _policy_malformed(0, "its last line has no newline")
        lines = raw.decode("utf-8", "surrogateescape").split("\n")[:-1]
        if len(lines) > POLICY_LINES_MAX:
            raise _policy_malformed(0, f"over {POLICY_LINES_MAX} lines")
        policy = cls()
        for number, line in enumerate(lines, 1):
            words = _BLANKS.split(line.strip(" \t"))
            if words[0] and not words[0].startswith("#"):
                policy._take(number, words)
        if not policy.quorum:
            raise _policy_malformed(0, "it has no quorum line")
        return policy

    def holds(self, name: str, cosigned: set[str]) -> bool:
        """Whether the witness or group `name` witnesses what the witnesses `cosigned` have cosigned."""
        return name in self.holding(cosigned)

    def holding(self, cosigned: set[str]) -> set[str]:
        """All witnesses and groups that do. Members come before their group, so one pass does and no depth is too deep."""
        found = cosigned & self.witnesses.keys()
        for group in self.groups.values():
            if len(found.intersection(group.members)) >= group.threshold:
                found.add(group.name)
        return found

    def _take(self, number: int, words: list[str]) -> None:
        taking: dict[str, Callable[[list[str]], None]] = {
            "log": self._take_log,
            "witness": self._take_witness,
            "group": self._take_group,
            "quorum": self._take_quorum,
        }
        keyword, *rest = words
        if keyword not in taking:
            raise _policy_malformed(number, "it is none of log, witness, group, quorum")
        try:
            taking[keyword](rest)
        except ValueError as error:
            raise _policy_malformed(number, str(error)) from error
        except Misuse as error:
            raise _policy_malformed(number, error.what) from error

    def _take_log(self, words: list[str]) -> None:
        if not 1 <= len(words) <= 2:
            raise ValueError("a log has a vkey and perhaps a URL")
        verifier = NoteVerifier.parse(words[0])
        if verifier.type not in (ED25519_TYPE, MLDSA44_TYPE):
            raise ValueError("a key of that type signs no log")
        self._check_new_key(verifier)
        self.logs.append(PolicyLog(verifier, words[1] if len(words) == 2 else None))

    def _take_witness(self, words: list[str]) -> None:
        if not 2 <= len(words) <= 3:
            raise ValueError("a witness has a name, a vkey and perhaps a URL")
        self._check_new_name(words[0])
        verifier = NoteVerifier.parse(words[1])
        if verifier.type not in COSIGNATURE_TYPES:
            raise ValueError("a key of that type makes no cosignatures")
        self._check_new_key(verifier)
        self.witnesses[words[0]] = PolicyWitness(words[0], verifier, words[2] if len(words) == 3 else None)

    def _take_group(self, words: list[str]) -> None:
        if len(words) < 3:
            raise ValueError("a group has a name, a threshold and members")
        name, asked, *members = words
        self._check_new_name(name)
        used = {member for group in self.groups.values() for member in group.members}
        for member in members:
            self._check_known(member)
            if member in used or members.count(member) > 1:
                raise ValueError("a member counts in one group only, and once")
        threshold = {"any": 1, "all": len(members)}.get(asked) or (int(asked) if _COUNT.fullmatch(asked) else 0)
        if not 1 <= threshold <= len(members):
            raise ValueError("the threshold is any, all, or a number of members")
        self.groups[name] = PolicyGroup(name, threshold, tuple(members))

    def _take_quorum(self, words: list[str]) -> None:
        if len(words) != 1 or self.quorum:
            raise ValueError("there is one quorum, of one name")
        if words[0] != NO_QUORUM:
            self._check_known(words[0])
        self.quorum = words[0]

    def _check_known(self, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise ValueError("it names what no earlier line defines")

    def _check_new_name(self, name: str) -> None:
        if name == NO_QUORUM or name in self.witnesses or name in self.groups:
            raise ValueError("that name is taken")

    def _check_new_key(self, verifier: NoteVerifier) -> None:
        """One key is one party: neither twice a witness, nor the log its own witness (stricter than C2SP, ADR 009)."""
        known = [log.verifier for log in self.logs] + [witness.verifier for witness in self.witnesses.values()]
        if any(verifier.public_key == one.public_key for one in known):
            raise ValueError("that public key is listed already")


def _policy_malformed(line: int, what: str) -> Misuse:
    where = f"line {line}" if line else "the file"
    return Misuse("policy_malformed", f"Not a tlog-policy, {where}: {what}.", "See C2SP tlog-policy.")
