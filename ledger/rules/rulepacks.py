"""Rule packs: dated, cited, switchable entries as data, and which of them are in force (SPEC S4.14). No legal advice.

The house's own pack always is. Any other is in force from the instant that legal adopted it for, by the digest of its file;
one whose file isn't here any more blocks whatever asks for it, because nobody can say what it would have said.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

from ledger.errors import Unavailable
from ledger.history import History, bodies
from ledger.rules.proposal import Proposal, refuse
from ledger.statement import Said
from schemas.statements.rulepack import RulePackAdopted

FOLDER = Path(__file__).resolve().parents[2] / "schemas" / "rulepacks"
HOUSE = ("house", "2026.11")
"""Part of the rules: another version of it is another RULES_VERSION."""
Kind = Literal[
    "description", "required_fields", "term_cap", "notice_period", "label", "post_mortem_term", "retention", "timer"
]
_CONDITIONS = ("where", "classes", "lives", "uses", "media", "channels")


@dataclass(frozen=True)
class Case:
    """What a rule is asked about. An empty member says nothing about it and so matches no condition on it."""

    territories: tuple[str, ...] = ()
    person_class: str | None = None
    life: str | None = None
    uses: tuple[str, ...] = ()
    media: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    law: str | None = None


@dataclass(frozen=True)
class Entry:
    """One rule: what it asks (`kind`, `values`), where and of whom, since when, and where that is written."""

    pack: str
    version: str
    id: str
    kind: Kind
    title: str
    citation: str
    confidence: str
    since: datetime
    until: datetime | None
    on: bool
    conditions: Mapping[str, tuple[str, ...]]
    values: Mapping[str, Any]

    @property
    def cited(self) -> str:
        """How decisions name it."""
        return f"[{self.pack} {self.version} {self.id}; {self.citation}]"

    def in_time(self, at: datetime) -> bool:
        return self.since <= at and (self.until is None or at < self.until)

    def applies(self, case: Case) -> bool:
        """Every condition that the entry makes is met by the case."""
        asked = {
            "classes": (case.person_class or "",),
            "lives": (case.life or "",),
            "uses": case.uses,
            "media": case.media,
            "channels": case.channels,
        }
        for name, wanted in self.conditions.items():
            if name != "where" and wanted and not set(wanted) & set(asked[name]):
                return False
        return self._is_there(case)

    def _is_there(self, case: Case) -> bool:
        where = self.conditions.get("where", ())
        if not where or "WORLD" in case.territories:
            return True
        countries = {name.partition("-")[0] for name in where}
        return bool(countries & set(case.territories)) or case.law in where


@dataclass(frozen=True)
class Pack:
    """One version of a pack, by the digest of its file."""

    name: str
    version: str
    sha256: str
    disclaimer: str
    entries: tuple[Entry, ...]


@cache
def packs() -> Mapping[tuple[str, str], Pack]:
    """Every pack that comes with this release, by name and version."""
    found = [_read(path) for path in sorted(FOLDER.glob("*.toml"))]
    return MappingProxyType({(pack.name, pack.version): pack for pack in found})


def entries_in_force(history: History, at: datetime) -> tuple[Entry, ...]:
    """The house's own, and those of each adopted pack that are switched on, as far as their time has come.

    Raises Unavailable `rulepack_missing`.
    """
    chosen = list(packs()[HOUSE].entries)
    for _, adopted in adoptions(history, at):
        pack = packs().get((adopted.pack, adopted.version))
        if pack is None or pack.sha256 != adopted.pack_sha256:
            what = f"rule pack {adopted.pack} {adopted.version} was adopted and is not here"
            raise Unavailable("rulepack_missing", what, "Install the release that has it.")
        switched = {**dict.fromkeys(adopted.switched_on, True), **dict.fromkeys(adopted.switched_off, False)}
        chosen += [entry for entry in pack.entries if switched.get(entry.id, entry.on)]
    return tuple(entry for entry in chosen if entry.in_time(at))


def adoptions(history: History, at: datetime) -> tuple[tuple[Said, RulePackAdopted], ...]:
    """The newest adoption of each pack that has taken effect."""
    found = bodies(history.about("rulepack:all", RulePackAdopted), RulePackAdopted)
    newest = {body.pack: (said, body) for said, body in found if body.effective_at <= at}
    return tuple(newest[name] for name in sorted(newest))


def accept_adoption(proposal: Proposal, body: RulePackAdopted, history: History, at: datetime) -> None:
    """Of a pack that is here, byte for byte; naming entries that it has; with legal's own key."""
    if not proposal.own_key:
        refuse("own_key_required", "whoever says which rules apply answers for it with their own key")
    if body.pack == HOUSE[0]:
        refuse("rulepack_fixed", "the house's own rules always apply and are not adopted")
    pack = packs().get((body.pack, body.version))
    if pack is None:
        refuse("rulepack_unknown", f"no rule pack {body.pack} {body.version} comes with this release")
    if pack.sha256 != body.pack_sha256:
        refuse("rulepack_differs", f"the pack {body.pack} {body.version} that is here has the digest {pack.sha256}")
    known = {entry.id for entry in pack.entries}
    strange = sorted({*body.switched_on, *body.switched_off} - known)
    if strange:
        refuse("rulepack_entry_unknown", f"the pack has no entry {', '.join(strange)}"[:300])
    if both := sorted(set(body.switched_on) & set(body.switched_off)):
        refuse("rulepack_entry_twice", f"switched on and off at once: {', '.join(both)}"[:300])


def _read(path: Path) -> Pack:
    raw = path.read_bytes()
    said = tomllib.loads(raw.decode("utf-8"))
    groups = said.get("groups", {})
    entries = tuple(_entry(said["pack"], said["version"], one, groups) for one in said["entry"])
    return Pack(said["pack"], said["version"], hashlib.sha256(raw).hexdigest(), said["disclaimer"], entries)


def _entry(pack: str, version: str, said: dict[str, Any], groups: dict[str, list[str]]) -> Entry:
    """Raises KeyError or ValueError for a pack that is written wrongly: nothing starts with one."""
    if said["kind"] not in get_args(Kind):
        raise ValueError(f"{pack} {version}: {said['id']} is of an unknown kind")
    named = {name: said.pop(name) for name in _CONDITIONS if name in said}
    if "where" in named:
        named["where"] = [one for name in named["where"] for one in groups.get(name, [name])]
    fixed = {name: said.pop(name) for name in ("id", "kind", "title", "citation", "confidence")}
    since, until, on = said.pop("since"), said.pop("until", None), said.pop("on", True)
    return Entry(
        pack=pack,
        version=version,
        since=_day(since),
        until=_day(until) if until else None,
        on=on,
        conditions=MappingProxyType({name: tuple(values) for name, values in named.items()}),
        values=MappingProxyType(said),
        **fixed,
    )


def _day(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)
