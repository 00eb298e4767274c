"""Signals and checklists in a decision: what a file lost, and what nobody answered (SPEC S5.19, S5.20)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ledger.history import History
from ledger.media.survival import HOLDS
from ledger.rules.lineage import arrival, examination, same_essence
from ledger.rules.publishing import answered, checklists, open_items, required_signals
from ledger.rules.weighing import weigh
from ledger.statement import Said
from schemas.statements.asset import AssetExamined, AssetImported
from schemas.statements.clearance import Weighed
from schemas.statements.publishing import Signal

ROWS_MAX = 20  # reasons named; more say the same
_NAMES = {"c2pa": "C2PA manifest", "visible_mark": "visible mark", "invisible_watermark": "invisible watermark"}
Examined = tuple[Said, AssetExamined]


def weigh_signals(history: History, family: Sequence[str]) -> Iterator[Weighed]:
    """Each signal that an ancestor had and the file has not; no row where no ancestor had any. Repaired is kept: a rendition
    that was signed again has a manifest.
    """
    mine = examination(history, family[0])
    if mine is None:  # `asset_not_examined` says so
        return
    above = [(name, examination(history, name)) for name in family[1:]]
    seen = [found for _, found in above if found is not None]
    rows = [row for signal in required_signals(history) for row in _of_signal(signal, mine, seen)]
    if unseen := [name for name, found in above if found is None and _came_from_outside(history, name)]:
        detail = f"nobody examined what it was made from ({unseen[0][:12]}…), so nobody knows which signals that had"
        rows.append(weigh("signals", "not_checked", "signals_not_known", detail, mine[0].index))
    lost = [row for row in rows if row.outcome != "pass"]
    yield from (lost or rows)[:ROWS_MAX]


def _came_from_outside(history: History, asset: str) -> bool:
    """Of a step between that nobody kept, what it was made from tells; of what came in without a look, nothing does."""
    said = arrival(history, asset)
    return said is None or isinstance(said.body, AssetImported)


def _of_signal(signal: Signal, mine: Examined, above: Sequence[Examined]) -> Iterator[Weighed]:
    """By the nearest ancestor that had it, for each mark by its template."""
    now, told = _states(signal, mine[1]), set[str]()
    for said, body in above:
        for which, state in _states(signal, body).items():
            if state == "found" and which not in told:
                told.add(which)
                yield _row(signal, which, now.get(which, "not_checked"), said, mine[0])


def _row(signal: Signal, which: str, now: str, had: Said, mine: Said) -> Weighed:
    what = _NAMES[signal] + (f" ({which})" if which else "")
    entries = (had.index, mine.index)
    if now == "found":
        return weigh("signals", "pass", f"{signal}_kept", f"it kept the {what}", *entries)
    if now == "absent":
        return weigh(
            "signals", "fail", f"{signal}_lost", f"what it was made from had a {what}, and it has none", *entries
        )
    detail = f"what it was made from had a {what}; nothing looked whether it still has"
    return weigh("signals", "not_checked", f"{signal}_not_checked", detail, *entries)


def _states(signal: Signal, body: AssetExamined) -> dict[str, str]:
    """{which: found, absent, or another word for that nobody knows}; one signal is never read out of another."""
    if signal == "c2pa":
        return {"": "found" if body.c2pa_state in HOLDS else body.c2pa_state}
    finding = next((one for one in body.findings if one.extractor == signal), None)
    if finding is None:
        return {}
    each = finding.detail.get("templates")
    if not isinstance(each, list) or not each:
        return {"": finding.state}
    return {str(one.get("template")): str(one.get("state")) for one in each if isinstance(one, dict)}


def weigh_checklists(history: History, asset: str) -> Iterator[Weighed]:
    """A row for each checklist in force, none where there is none."""
    twins = same_essence(history, asset)
    for said, adopted in checklists(history):
        name = f"checklist {adopted.checklist} {adopted.version}"
        found = answered(history, twins, adopted.checklist)
        if found is None:
            detail = f"nobody went through {name}"
            yield weigh("checklist", "not_checked", "checklist_not_answered", detail, said.index)
        elif found[1].version != adopted.version:
            detail = f"version {found[1].version} was answered; {name} is in force"
            yield weigh("checklist", "fail", "checklist_outdated", detail, said.index, found[0].index)
        elif left := open_items(adopted, found[1]):
            detail = f"{name} is open: {', '.join(left)}"
            yield weigh("checklist", "fail", "checklist_incomplete", detail, said.index, found[0].index)
        else:
            yield weigh("checklist", "pass", "checklist_complete", f"{name} is answered", said.index, found[0].index)
