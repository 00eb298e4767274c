"""What the book of matches says, for people and programs that ask; and a recorded match decided again from stored codes."""

from __future__ import annotations

from api.services.dossier import caught_up
from api.services.reference_codes import features_of_reference, runs_of_reference
from api.services.services import Services
from ledger.errors import NotFound
from ledger.history import bodies
from ledger.media.findings import FRAMED_ALGORITHM
from ledger.rules.lineage import descendants
from projections.matchbook import PAGE_MAX, Recorded, Reference
from projections.matches import Match, Part, pair
from projections.matchpolicy import current, policy_of
from schemas.api.matching import (
    FalseMatches,
    MatchesAnswer,
    MatchingAnswer,
    MatchRow,
    ReferenceAnswer,
    ReferenceRow,
    ReferencesAnswer,
    ReplayAnswer,
    UseRow,
)
from schemas.statements.match import MatchFound


def matches_answer(
    services: Services,
    *,
    asset: str | None = None,
    reference: str | None = None,
    waiting: bool = False,
    after: int = -1,
    limit: int = PAGE_MAX,
) -> MatchesAnswer:
    caught_up(services)
    rows = services.views.matchbook.matches(
        asset=asset, reference=reference, waiting=waiting, after=after, limit=limit + 1
    )
    more = rows[limit - 1].index if len(rows) > limit else None
    return MatchesAnswer(matches=tuple(match_row(one) for one in rows[:limit]), next_after=more)


def references_answer(services: Services, *, after: int = -1, limit: int = PAGE_MAX) -> ReferencesAnswer:
    caught_up(services)
    rows = services.views.matchbook.references(after=after, limit=limit + 1)
    more = rows[limit - 1].index if len(rows) > limit else None
    return ReferencesAnswer(references=tuple(reference_row(one) for one in rows[:limit]), next_after=more)


def reference_answer(services: Services, name: str, *, after: int = -1, limit: int = PAGE_MAX) -> ReferenceAnswer:
    """Who used this? Raises NotFound `reference_unknown`."""
    caught_up(services)
    one = services.views.matchbook.reference(name)
    if one is None:
        raise NotFound("reference_unknown", f"reference {name} was never registered", "See the list.")
    history = services.ledger.history()
    page = matches_answer(services, reference=name, after=after, limit=limit)
    uses = tuple(
        UseRow(match=match, made_from_it=tuple(descendants(history, match.asset_sha256))) for match in page.matches
    )
    return ReferenceAnswer(reference=reference_row(one), used_by=uses, next_after=page.next_after)


def matching_answer(services: Services) -> MatchingAnswer:
    """How far comparing came, and how often it is wrong: as measured for the codes that are compared now, and as reviewed."""
    caught_up(services)
    policy, views = current(), services.views
    algorithm = policy.wrong.algorithm
    parts: tuple[Part, Part] = ("own", "reference")
    codes = max(views.matches.size(algorithm, part) + views.matches.size(FRAMED_ALGORITHM, part) for part in parts)
    rates = policy.false_matches(max(views.matches.compared_for(algorithm, part) for part in parts))
    return MatchingAnswer(
        policy=policy.spec,
        policy_sha256=policy.sha256,
        progress=views.matchbook.progress(policy.sha256),
        codes=codes,
        comparisons=rates["codes"],
        false_per_search={name: FalseMatches(**rate) for name, rate in rates["per_search"].items()},
        wrong_pairs=policy.wrong.pairs,
        source=policy.wrong.source,
        reviewed=views.matchbook.error_rates(),
        set_apart=tuple(views.matchbook.flooded()),
    )


def replay(services: Services, name: str) -> ReplayAnswer:
    """Decides a recorded match again, from stored codes and features, under the policy that it names.

    Raises NotFound `match_unknown`, `policy_unknown`, `reference_codes_gone`.
    """
    said = bodies(services.ledger.history().about(f"match:{name}", MatchFound), MatchFound)
    if not said:
        raise NotFound("match_unknown", f"there is no match {name}", "See the list of matches.")
    caught_up(services)
    body, views = said[0][1], services.views
    policy, one = policy_of(body.policy), views.matchbook.reference(body.reference)
    theirs = runs_of_reference(services, one, policy) if one else {}
    if one is None or not theirs:
        what = "the reference was withdrawn or erased, and its codes with it"
        raise NotFound("reference_codes_gone", what, "What was found stays recorded.")
    kept = {body.algorithm, FRAMED_ALGORITHM}
    mine = {name: runs for name, runs in views.matches.runs(body.asset, "own", policy).items() if name in kept}
    features = (views.matches.features(body.asset, "own"), features_of_reference(services, one))
    again = _told(pair(body.reference, mine, theirs, policy, features), one, body)
    recorded = _recorded(body)
    differs = tuple(key for key in recorded if recorded[key] != again[key])
    return ReplayAnswer(
        match=name,
        outcome="differs" if differs else "same",
        recorded=body.decision,
        again=str(again["decision"]),
        differs=differs,
    )


_COMPARED = ("decision", "transform", "distance_median", "frames_matched", "asset_ms", "reference_ms")


def _recorded(body: MatchFound) -> dict[str, object]:
    return {name: getattr(body, name) for name in _COMPARED}


def _told(match: Match | None, one: Reference, body: MatchFound) -> dict[str, object]:
    if match is None:
        return {**dict.fromkeys(_COMPARED, 0), "decision": "none", "transform": "plain"}
    decision = "exact" if one.media == body.asset else match.decision
    places = (match.distance_median, match.frames_matched, match.query_ms, match.reference_ms)
    return dict(zip(_COMPARED, (decision, match.transform, *places), strict=True))


def match_row(one: Recorded) -> MatchRow:
    return MatchRow.model_validate(
        {
            "match": one.match,
            "asset_sha256": one.asset,
            "reference": one.reference,
            "decision": one.decision,
            "distance_median": one.distance,
            "frames_matched": one.frames,
            "asset_ms": one.asset_ms,
            "reference_ms": one.reference_ms,
            "policy_sha256": one.policy,
            "entry_index": one.index,
            "verdict": one.verdict,
            "reviewer": one.reviewer,
        }
    )


def reference_row(one: Reference) -> ReferenceRow:
    return ReferenceRow.model_validate(
        {
            "reference": one.reference,
            "kind": one.kind,
            "media_sha256": one.media,
            "title": one.title,
            "owner": one.owner,
            "person": one.person,
            "standing": one.standing,
            "entry_index": one.index,
        }
    )
