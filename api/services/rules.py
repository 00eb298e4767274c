"""What rule packs there are, what of them applies, and the labels that they ask for."""

from __future__ import annotations

from datetime import datetime

from ledger.history import History
from ledger.rules.labels import decide_labels
from ledger.rules.rulepacks import HOUSE, Entry, Pack, adoptions, entries_in_force, packs
from schemas.api.rules import LabelsAnswer, LabelShape, PackShape, RulesAnswer, RuleShape
from schemas.base import format_instant

DISCLAIMER = "A reading of the rules for software. Nothing here is legal advice."


def rules_answer(history: History, at: datetime) -> RulesAnswer:
    """Every pack that comes with this release. Raises Unavailable `rulepack_missing`."""
    now = {(one.pack, one.version, one.id) for one in entries_in_force(history, at)}
    adopted = {(body.pack, body.version) for _, body in adoptions(history, at)} | {HOUSE}
    shapes = [_pack(pack, (pack.name, pack.version) in adopted, now) for pack in packs().values()]
    return RulesAnswer(at=format_instant(at), packs=tuple(shapes))


def labels_answer(history: History, territory: str, channel: str, use: str, at: datetime) -> LabelsAnswer:
    """Raises Unavailable `rulepack_missing`."""
    found = decide_labels(history, territory, channel, use, at)
    return LabelsAnswer(
        at=format_instant(at),
        territory=territory,
        channel=channel,
        use=use,
        outcome=found.outcome,
        labels=tuple(
            LabelShape(
                text=one.values["text"],
                form=one.values["form"],
                seconds_min=one.values["seconds_min"],
                exceptions=tuple(one.values.get("exceptions", ())),
                rule=rule_shape(one, True),
            )
            for one in found.labels
        ),
        entries=found.adopted,
        disclaimer=DISCLAIMER,
    )


def _pack(pack: Pack, adopted: bool, now: set[tuple[str, str, str]]) -> PackShape:
    return PackShape(
        pack=pack.name,
        version=pack.version,
        sha256=pack.sha256,
        disclaimer=pack.disclaimer,
        adopted=adopted,
        entries=tuple(rule_shape(one, (one.pack, one.version, one.id) in now) for one in pack.entries),
    )


def rule_shape(entry: Entry, in_force: bool) -> RuleShape:
    return RuleShape(
        pack=entry.pack,
        version=entry.version,
        id=entry.id,
        kind=entry.kind,
        title=entry.title,
        citation=entry.citation,
        confidence=entry.confidence,
        since=format_instant(entry.since),
        until=format_instant(entry.until) if entry.until else None,
        where=entry.conditions.get("where", ()),
        in_force=in_force,
    )
