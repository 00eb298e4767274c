"""What the book of matches says, for people and programs that ask; and a recorded match decided again from stored codes."""

from __future__ import annotations

from api.services.comparers import NO_CODES, NO_PRINTS, NOT_NEAR, comparer_of
from api.services.dossier import caught_up
from api.services.services import Services
from ledger.errors import NotFound
from ledger.history import bodies
from ledger.media.findings import FRAMED_ALGORITHM
from ledger.rules.lineage import descendants
from ledger.rules.references import way_of
from projections import soundpolicy
from projections.matchbook import PAGE_MAX, Recorded, Reference
from projections.matches import Part
from projections.matchpolicy import current
from schemas.api.matching import (
    FalseMatches,
    MatchesAnswer,
    MatchingAnswer,
    MatchRow,
    ReferenceAnswer,
    ReferenceRow,
    ReferencesAnswer,
    ReplayAnswer,
    SoundMatching,
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
        progress=views.matchbook.progress("picture", policy.sha256),
        codes=codes,
        comparisons=rates["codes"],
        false_per_search={name: FalseMatches(**rate) for name, rate in rates["per_search"].items()},
        wrong_pairs=policy.wrong.pairs,
        source=policy.wrong.source,
        reviewed=views.matchbook.error_rates("picture"),
        sound=_sound_answer(services),
        set_apart=tuple(views.matchbook.flooded()),
    )


def _sound_answer(services: Services) -> SoundMatching:
    policy, views = soundpolicy.current(), services.views
    parts: tuple[Part, Part] = ("own", "reference")
    sounds = max(views.sounds.count(part) for part in parts)
    return SoundMatching(
        policy=policy.spec,
        policy_sha256=policy.sha256,
        progress=views.matchbook.progress("sound", policy.sha256),
        sounds=sounds,
        false_per_search={name: policy.wrong.rate_upper(name) * sounds for name in ("copy", "candidate")},
        wrong_pairs=policy.wrong.pairs,
        source=policy.wrong.source,
        reviewed=views.matchbook.error_rates("sound"),
    )


def replay(services: Services, name: str) -> ReplayAnswer:
    """Decides a recorded match again, from stored codes and features, under the policy that it names.

    Raises NotFound `match_unknown`, `policy_unknown`, `reference_codes_gone`.
    """
    said = bodies(services.ledger.history().about(f"match:{name}", MatchFound), MatchFound)
    if not said:
        raise NotFound("match_unknown", f"there is no match {name}", "See the list of matches.")
    caught_up(services)
    body = said[0][1]
    by, one = (
        comparer_of(services, way_of(body.algorithm), body.policy),
        services.views.matchbook.reference(body.reference),
    )
    theirs = by.of_reference(one) if one else None
    if one is None or theirs is None or theirs.algorithm in (NO_CODES, NO_PRINTS):
        what = "the reference was withdrawn or erased, and its codes with it"
        raise NotFound("reference_codes_gone", what, "What was found stays recorded.")
    again = by.pair(one, body.asset, by.of_file(body.asset).only(body.algorithm), theirs) or NOT_NEAR
    differs = tuple(name for name in _COMPARED if getattr(body, name) != getattr(again, name))
    return ReplayAnswer(
        match=name,
        outcome="differs" if differs else "same",
        recorded=body.decision,
        again=again.decision,
        differs=differs,
    )


_COMPARED = ("decision", "transform", "distance_median", "frames_matched", "asset_ms", "reference_ms")


def match_row(one: Recorded) -> MatchRow:
    return MatchRow.model_validate(
        {
            "match": one.match,
            "asset_sha256": one.asset,
            "reference": one.reference,
            "way": one.way,
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
            "ways": one.ways,
            "media_sha256": one.media,
            "title": one.title,
            "owner": one.owner,
            "person": one.person,
            "standing": one.standing,
            "entry_index": one.index,
        }
    )
