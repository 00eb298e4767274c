"""May this file be used, for this, here, then? Every rule is weighed and says which entries it looked at (SPEC S5).

Pure: a history, a question and an instant in; rules weighed out. The door replays it to accept a clearance, the verifier
to answer a platform, the checker of an evidence pack to see that the verdict follows from the entries in it.
Unknown, unexamined and unreadable never pass: `not_checked` blocks exactly as `fail` does, under its own word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from ledger.errors import TooLarge
from ledger.history import History
from ledger.rules.briefs import approval
from ledger.rules.disputes import standing_in_the_way
from ledger.rules.generations import generation
from ledger.rules.lineage import ancestors, arrival, examination, flags, lifted, rejection, same_essence
from ledger.rules.moderation import weigh_moderation
from ledger.rules.publishing import looked_at_twice
from ledger.rules.registries import weigh_registries
from ledger.rules.reviews import GATES, approvals
from ledger.rules.rightsreviews import weigh_reviews
from ledger.rules.weighing import CODE_CHARS_MAX, WEIGHED_MAX, weigh
from ledger.rules.weighing_consents import weigh_consents
from ledger.rules.weighing_guardrails import weigh_guardrails
from ledger.rules.weighing_likeness import likeness_scan, weigh_likeness
from ledger.rules.weighing_matches import weigh_matches
from ledger.rules.weighing_publishing import weigh_checklists, weigh_signals
from ledger.rules.weighing_rights import weigh_rights
from ledger.statement import Said
from schemas.statements.asset import AssetExamined, AssetFlagged, AssetImported
from schemas.statements.clearance import Question, Weighed
from schemas.statements.generation import GenerationRequested
from schemas.statements.review import Gate

RULES_VERSION = "7"
"""Recorded with every verdict. It changes whenever the same entries could give another one, so that a pack weighed under
older rules is told apart from a verdict that does not follow."""
RULES_KNOWN = ("5", "6", RULES_VERSION)
"""Versions under which verdicts are weighed again as they were; of older ones nobody knows any more how."""
CONSENTS_MAX = 20  # people a reviewer can weigh in one verdict; ClearanceDecided's own bound
_WEIGHED_ELSEWHERE = frozenset({"licence-ended", "contract-changed", "right-ended"})
"""Causes of flags that block nothing by themselves: whether the right may be used is weighed for itself (SPEC S10.8)."""
_C2PA_READ = {
    "trusted": "pass",
    "untrusted": "pass",  # says who signed, not that anything is wrong; what the house knows decides
    "expired": "pass",
    "absent": "pass",
    "none": "pass",
    "tampered": "fail",
}
"""States that somebody came to by looking. Every other word (`unsupported`, `remote_only`, one we don't know) blocks."""


@dataclass(frozen=True)
class Decision:
    """`allowed` only if every rule passed or had nothing to say."""

    question: Question
    decided_at: datetime
    weighed: tuple[Weighed, ...]
    consents: tuple[str, ...]

    @property
    def allowed(self) -> bool:
        return all(rule.outcome in ("pass", "not_applicable") for rule in self.weighed)

    @property
    def known(self) -> bool:
        return self.weighed[0].outcome == "pass"

    @property
    def against(self) -> tuple[Weighed, ...]:
        return tuple(rule for rule in self.weighed if rule.outcome in ("fail", "not_checked"))


def decide(history: History, question: Question, at: datetime, rules: str = RULES_VERSION) -> Decision:
    """Weighs every rule, as `rules` (of RULES_KNOWN) has it. O(the asset's family and the consents in it), never O(ledger)."""
    entered = arrival(history, question.asset)
    if entered is None:
        nothing = weigh("known", "fail", "asset_unknown", "no file with this digest is in the ledger")
        return Decision(question, at, (nothing,), ())
    family = ancestors(history, question.asset)
    requests = _requests(history, family)
    consents = tuple(dict.fromkeys(cameo.consent for _, request in requests for cameo in request.cameos))
    if len(consents) > CONSENTS_MAX:
        raise TooLarge(
            "consents_too_many", f"more than {CONSENTS_MAX} consents stand behind this file", "Clear its parts."
        )
    weighed = [weigh("known", "pass", "asset_known", "the file is in the ledger", entered.index)]
    weighed += _of_the_file(history, question.asset, family)
    weighed += _of_its_origin(history, family, requests)
    weighed += weigh_consents(history, question, requests, at)
    weighed += weigh_likeness(history, question.asset, requests, at)
    weighed += weigh_rights(history, family, question, at)
    weighed += weigh_guardrails(history, family, requests, question, at)
    weighed += weigh_reviews(history, family, question, at)
    weighed += weigh_moderation(history, requests)
    weighed += weigh_registries(history, consents, at)
    weighed += weigh_matches(history, family, int(rules))
    since_6 = int(rules) >= 6
    if since_6:
        weighed += weigh_signals(history, family)
        weighed += weigh_checklists(history, question.asset)
    weighed += _of_the_gates(history, question.asset, people=bool(consents) if since_6 else None)
    if len(weighed) > WEIGHED_MAX:
        raise TooLarge("weighed_too_many", f"more than {WEIGHED_MAX} rows of reasons", "Clear its parts.")
    return Decision(question, at, tuple(weighed), consents)


def _requests(history: History, family: list[str]) -> list[tuple[Said, GenerationRequested]]:
    found = []
    for asset in family:
        said = arrival(history, asset)
        if said is not None and isinstance(said.body, AssetImported) and said.body.generation:
            request = generation(history, said.body.generation)
            found += [request] if request else []
    return found


def _of_the_file(history: History, asset: str, family: list[str]) -> Iterator[Weighed]:
    found = examination(history, asset)
    if found is None:
        yield weigh("examined", "not_checked", "asset_not_examined", "nobody has examined these bytes")
    else:
        said, body = found
        yield weigh("examined", "pass", "asset_examined", "these bytes were examined", said.index)
        yield _provenance(said, body)
        yield likeness_scan(history, asset, said)
    rejected = [entry for name in family if (entry := rejection(history, name))]
    flagged = [entry for name in family for entry, flag in flags(history, name) if _counts(history, entry, flag)]
    yield _none_of("rejection", "asset_rejected", "the file or an ancestor was rejected", rejected)
    yield _none_of("flags", "asset_flagged", "the file or an ancestor is flagged", flagged)
    disputed = [entry for name in family for entry in standing_in_the_way(history, name)]
    if disputed:  # no row where there is none: decisions from before there were disputes are weighed alike
        yield _none_of("dispute", "asset_disputed", "the file or an ancestor is in dispute", disputed)


def _counts(history: History, said: Said, flag: AssetFlagged) -> bool:
    return flag.cause not in _WEIGHED_ELSEWHERE and not lifted(history, said, flag)


def _provenance(said: Said, body: AssetExamined) -> Weighed:
    for whose, state in (("the manifest", body.c2pa_state), ("an ingredient", body.c2pa_ingredients_state)):
        outcome = _C2PA_READ.get(state, "not_checked")
        if outcome != "pass":
            code = f"c2pa_{state}"[:CODE_CHARS_MAX]
            return weigh("provenance", outcome, code, f"{whose} is {state.replace('_', ' ')}", said.index)
    return weigh("provenance", "pass", f"c2pa_{body.c2pa_state}", f"C2PA state: {body.c2pa_state}", said.index)


def _none_of(rule: str, code: str, detail: str, found: list[Said]) -> Weighed:
    if found:
        return weigh(rule, "fail", code, detail, *(said.index for said in found))
    return weigh(rule, "pass", f"no_{rule}", f"no {rule} on the file or its ancestors")


def _of_its_origin(
    history: History, family: list[str], requests: list[tuple[Said, GenerationRequested]]
) -> Iterator[Weighed]:
    outside = _from_outside(history, family)
    if outside or not requests:
        detail = "no generation is recorded for the file, or for one that it was made from"
        yield weigh("origin", "fail", "origin_unrecorded", detail, *(said.index for said in outside))
        return
    yield weigh(
        "origin", "pass", "origin_recorded", "its generation is recorded", *(said.index for said, _ in requests)
    )
    for said, request in requests:
        approved = approval(history, request.brief, request.brief_version)
        if approved is None:
            yield weigh("brief", "fail", "brief_not_approved", "its brief is not approved", said.index)
        else:
            yield weigh("brief", "pass", "brief_approved", "its brief is approved", said.index, approved.index)


def _from_outside(history: History, family: list[str]) -> list[Said]:
    """Imports without a generation: one such part of a composition is one part whose people nobody asked."""
    arrivals = [said for name in family if (said := arrival(history, name))]
    return [said for said in arrivals if isinstance(said.body, AssetImported) and said.body.generation is None]


def _of_the_gates(history: History, asset: str, *, people: bool | None) -> Iterator[Weighed]:
    """`people`: whether somebody lent their likeness, which may call for a second look; None: under rules without any."""
    twins = same_essence(history, asset)
    looks = [(review.gate, said) for name in reversed(twins) for said, review in approvals(history, name)]
    passed: dict[str, Said] = dict(looks)
    for gate in GATES:
        row = _at_gate(gate, passed)
        if row.outcome == "pass" and people is not None:
            row = _second_look(history, asset, row, [said for one, said in looks if one == gate], people=people)
        yield row


def _second_look(history: History, asset: str, row: Weighed, looks: list[Said], *, people: bool) -> Weighed:
    gate: Gate = row.rule.removeprefix("gate_")  # type: ignore[assignment]
    policy = looked_at_twice(history, asset, gate, people=people)
    if policy is None or len({said.actor for said in looks}) > 1:
        return row
    detail = f"it was drawn for a second look, and only {looks[-1].actor} passed it"
    return weigh(row.rule, "fail", f"{gate}_second_look_missing", detail, looks[-1].index, policy.index)


def _at_gate(gate: str, passed: Mapping[str, Said]) -> Weighed:
    """Three gates, three people, also where some looked at a file and others at its signed twin."""
    mine = passed.get(gate)
    if mine is None:
        return weigh(f"gate_{gate}", "fail", f"{gate}_not_approved", f"nobody passed these bytes at the {gate} gate")
    for other, said in passed.items():
        if other != gate and said.actor == mine.actor:
            detail = f"{mine.actor} passed the {other} gate too; three gates are three people"
            return weigh(f"gate_{gate}", "fail", f"{gate}_not_independent", detail, mine.index, said.index)
    return weigh(f"gate_{gate}", "pass", f"{gate}_approved", f"passed by {mine.actor}", mine.index)
