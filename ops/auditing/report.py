"""What an audit found: check by check, finding by finding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

FINDINGS_MAX = 100  # listed in one check; the rest are counted, so that a ruined log does not fill the memory

State = Literal["ok", "failed", "not_checked"]
Progress = Callable[[str], None]


@dataclass(frozen=True)
class AuditFinding:
    """One thing that is not as it must be: a stable code, where it is, and why."""

    code: str
    item: str
    detail: str

    def as_json(self) -> dict[str, str]:
        return dict(self.__dict__)


@dataclass
class AuditCheck:
    """One check. `checked` counts items; `notes` are remarks about what is harmless."""

    name: str
    title: str
    checked: int = 0
    findings: list[AuditFinding] = field(default_factory=list)
    findings_total: int = 0
    notes: list[str] = field(default_factory=list)
    left_out: str | None = None
    """Why this check did not run to its end."""

    def find(self, code: str, item: str, detail: str) -> None:
        self.findings_total += 1
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(AuditFinding(code, item, detail))

    def leave_out(self, why: str) -> None:
        self.left_out = self.left_out or why
        self.notes.append(f"not checked: {why}")

    @property
    def state(self) -> State:
        if self.findings_total:
            return "failed"
        return "ok" if self.left_out is None else "not_checked"

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "title": self.title,
            "state": self.state,
            "checked": self.checked,
            "findings_total": self.findings_total,
            "findings": [finding.as_json() for finding in self.findings],
            "notes": self.notes,
        }


TITLES = {
    "file": "the log's file is a whole SQLite database",
    "rows": "entries stand at positions 1, 2, 3 … as many as the head says, each statement id once",
    "entries": "every entry is canonical, well-formed, in the catalogue, and its columns repeat what it says",
    "signatures": "every statement is signed by a key of its actor at that time, who might say it",
    "tags": "the tag rows are the statements' tags, no more and no less",
    "tree": "every tile has the hashes that the entries give",
    "index": "every root that the log names for its tag index is that of the entries before it",
    "checkpoint": "the checkpoint has the entries' size and root, and both signatures of the log's keys",
    "published": "what lies under public/ is whole, and is a past of this log",
    "stamps": "every time stamp is over a checkpoint that this log had, by an authority under trust/tsa",
    "keys": "the private keys of this home are those that the log names",
    "blobs": "blobs have the bytes that they are named for, and what was examined here is here",
    "vault": "every sealed value is there or erased, and fits its commitment in the log",
    "views": "each view equals one rebuilt from the log",
}
"""Every check, in the order in which it is told."""


@dataclass
class AuditReport:
    """The whole answer. `clean`: nothing was found; what was left out on purpose doesn't count."""

    log_size: int = 0
    by_name: dict[str, AuditCheck] = field(
        default_factory=lambda: {name: AuditCheck(name, title) for name, title in TITLES.items()}
    )

    def __getitem__(self, name: str) -> AuditCheck:
        return self.by_name[name]

    @property
    def checks(self) -> list[AuditCheck]:
        return list(self.by_name.values())

    @property
    def clean(self) -> bool:
        return not any(check.findings_total for check in self.checks)

    def as_json(self) -> dict[str, Any]:
        return {"clean": self.clean, "log_size": self.log_size, "checks": [check.as_json() for check in self.checks]}
