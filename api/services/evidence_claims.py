"""What an evidence pack claims, as a function of its entries and one instant; so anybody can compute it again.

Three kinds: what held when the file was generated, what was decided whenever clearance was asked for, and what holds at
the time of the pack, for every use, channel and territory that was ever asked about.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from api.services.evidence_contents import decisions
from api.services.evidence_reading import Reading
from ledger.history import History
from ledger.rules.briefs import approval
from ledger.rules.clearances import standing
from ledger.rules.consents import consent_state
from ledger.rules.decision import RULES_VERSION, decide
from ledger.rules.generations import generation
from ledger.rules.grades import evidence
from ledger.rules.lineage import ancestors, arrival, descendants, examination
from ledger.statement import Said
from schemas.base import format_instant
from schemas.evidence import ConsentAt, PackClaim, PackGap, PackOmission
from schemas.statements.asset import AssetImported
from schemas.statements.clearance import (
    ClearanceDecided,
    ClearanceIssued,
    ClearanceRefused,
    ClearanceRevoked,
    Question,
    Weighed,
)
from schemas.statements.generation import GenerationRequested

_GRADES = {
    "gateway_captured": "the file was fetched from the provider by this ledger",
    "provider_record": "the file is tied to its generation by a record of the provider's",
    "self_declared": "that the file came from this generation is somebody's own word; nobody fetched it from the provider",
}


def questions_now(reading: Reading, size: int, assets: Sequence[str], at: datetime) -> list[Question]:
    """Every use, channel and territory that was asked about for these files, asked again for this instant."""
    return [question for asset in assets for question in _asked_again(reading, size, asset, at)]


def _asked_again(reading: Reading, size: int, asset: str, at: datetime) -> list[Question]:
    said = reading.history(size).about(f"asset:{asset}", ClearanceIssued, ClearanceRefused)
    asked = [body.question for _, body in decisions(said) if body.question.asset == asset]
    distinct = dict.fromkeys((one.use, one.channel, one.territory) for one in asked)
    until = at + timedelta(microseconds=1)
    return [
        Question(asset=asset, use=use, channel=channel, territory=territory, valid_from=at, valid_until=until)
        for use, channel, territory in distinct
    ]


def claims_of(
    reading: Reading,
    size: int,
    assets: Sequence[str],
    at: datetime,
    known: bool = False,
    rules: str = RULES_VERSION,
) -> list[PackClaim]:
    """In the order of time; those about `at` come last. `known`: `at` is an instant of the past, and the log's first `size`
    entries what was known then; `rules`: the version by which what holds at `at` is weighed.
    """
    history, when = reading.history(size), f"As known at {format_instant(at)}" if known else "At the time of this pack"
    past: dict[tuple[object, ...], PackClaim] = {}
    for asset in assets:  # families may overlap, and a thing is claimed once
        for claim in _past(reading, history, asset):
            past.setdefault((claim.kind, claim.entries, claim.asset), claim)
    present: list[PackClaim] = []
    for asset in assets:
        asked = [_now(history, question, when, rules) for question in _asked_again(reading, size, asset, at)]
        present += asked or [_never_asked(history, asset, at)]
    return [*sorted(past.values(), key=lambda claim: claim.at), *present]


def _past(reading: Reading, history: History, asset: str) -> Iterator[PackClaim]:
    line = ancestors(history, asset)
    family = [*line, *descendants(history, asset)]
    said = {one.index: one for name in family for one in history.about(f"asset:{name}")}
    ordered = [said[index] for index in sorted(said)]
    yield from (_at_generation(reading, *pair) for pair in _generations(history, line))
    for pair in decisions(ordered):
        if pair[1].question.asset in family:
            yield _at_decision(reading, history, *pair)


def _generations(history: History, family: Sequence[str]) -> Iterator[tuple[Said, GenerationRequested, str]]:
    for name in family:
        said = arrival(history, name)
        if said is not None and isinstance(said.body, AssetImported) and said.body.generation:
            found = generation(history, said.body.generation)
            if found is not None:
                yield (*found, name)


def _at_generation(reading: Reading, said: Said, request: GenerationRequested, asset: str) -> PackClaim:
    """As the door saw it: the entries before the request, at the instant when it was recorded."""
    history = reading.history(said.index)
    approved = approval(history, request.brief, request.brief_version)
    weighed = [
        Weighed(
            rule="brief",
            outcome="pass" if approved else "fail",
            code="brief_approved" if approved else "brief_not_approved",
            detail=f"version {request.brief_version} of brief {request.brief}",
            entries=(approved.index,) if approved else (),
        )
    ]
    consents = tuple(dict.fromkeys(cameo.consent for cameo in request.cameos))
    for state in (consent_state(history, consent, said.recorded_at) for consent in consents):
        outcome, entries_read = ("pass" if state.in_force else "fail"), state.entries[:64]
        code, detail = f"consent_{state.state}", state.sentence()
        weighed.append(
            Weighed.model_validate(
                {"rule": "consent", "outcome": outcome, "code": code, "detail": detail, "entries": entries_read}
            )
        )
    allowed = all(rule.outcome == "pass" for rule in weighed)
    held = "and every consent was in force" if consents else "and no likeness was named"
    return PackClaim(
        kind="generation",
        at=said.recorded_at,
        verdict="allow" if allowed else "deny",
        sentence=f"When the clip was asked for, its brief was approved {held}"
        if allowed
        else "When the clip was asked for, not everything it needed was in force",
        asset=asset,
        weighed=tuple(weighed),
        consents=_states(history, consents, said.recorded_at),
        entries=(said.index,),
    )


def _at_decision(reading: Reading, whole: History, said: Said, body: ClearanceDecided) -> PackClaim:
    issued = isinstance(body, ClearanceIssued)
    revoked = "; it was revoked later" if whole.last(f"clearance:{body.clearance}", ClearanceRevoked) else ""
    return PackClaim(
        kind="clearance",
        at=body.decided_at,
        verdict="allow" if issued else "deny",
        sentence=f"{'Cleared' if issued else 'Refused'} {_for(body.question)}, {_window(body.question)}{revoked}",
        asset=body.question.asset,
        question=body.question,
        weighed=body.weighed,
        consents=_states(reading.history(said.index), body.consents, body.decided_at),
        entries=(said.index,),
    )


def _now(history: History, question: Question, when: str, rules: str) -> PackClaim:
    at = question.valid_from
    decision = decide(history, question, at, rules)
    clearance, said = standing(history, question, at)
    allowed = decision.allowed and clearance.outcome == "pass"
    return PackClaim(
        kind="now",
        at=at,
        verdict="allow" if allowed else "deny",
        sentence=f"{when} the file {'may' if allowed else 'may not'} be used {_for(question)}",
        asset=question.asset,
        question=question,
        weighed=(*decision.weighed, clearance),
        consents=_states(history, decision.consents, at),
        entries=(said.index,) if said else (),
    )


def _never_asked(history: History, asset: str, at: datetime) -> PackClaim:
    named = [pair[1] for pair in _generations(history, ancestors(history, asset))]
    consents = tuple(dict.fromkeys(cameo.consent for request in named for cameo in request.cameos))
    return PackClaim(
        kind="now",
        at=at,
        verdict="deny",
        sentence="Nobody ever asked for clearance of this file, so no use of it is allowed",
        asset=asset,
        consents=_states(history, consents, at),
    )


def _states(history: History, consents: Sequence[str], at: datetime) -> tuple[ConsentAt, ...]:
    found = [consent_state(history, consent, at) for consent in consents]
    scopes = [(state, state.grant or state.request) for state in found]
    return tuple(
        ConsentAt(consent=state.consent, person=scope.person, state=state.state) for state, scope in scopes if scope
    )


def _for(question: Question) -> str:
    return f"for {question.use} on {question.channel} in {question.territory}"


def _window(question: Question) -> str:
    return f"from {format_instant(question.valid_from)} until {format_instant(question.valid_until)}"


def gaps_of(
    reading: Reading,
    size: int,
    assets: Sequence[str],
    omitted: Sequence[PackOmission],
    *,
    indexed: bool = True,
    bounded: bool = False,
    pdf: bool = False,
) -> list[PackGap]:
    """What this pack does not show. `indexed`: since format 2 it shows that nothing else was said of its file. `bounded`: it
    holds what witnesses or an authority saw of the log. `pdf`: it holds the report as PDF, which format 1 never did.
    """
    history = reading.history(size)
    line = dict.fromkeys(name for asset in assets for name in ancestors(history, asset))
    found = [gap for name in line for gap in _of_file(history, name)]
    found += [PackGap(code="blob-left-out", detail=f"{one.sha256[:16]}…: {one.why}") for one in omitted]
    found += [_PDF_GAP] if indexed and not pdf else []
    return [*found, _INDEX_GAP if indexed else _COMPLETENESS_GAP, _BOUNDED_GAP if bounded else _TIME_GAP, _KEYS_GAP]


def _of_file(history: History, asset: str) -> Iterator[PackGap]:
    """How well we know where the file came from, and what nobody or nothing looked at."""
    came = arrival(history, asset)
    known = evidence(history, asset) if came is not None and isinstance(came.body, AssetImported) else None
    if known is not None:
        detail = f"file {asset[:16]}…: {_GRADES[known.grade]}"
        yield PackGap(code=f"grade-{known.grade}", detail=detail, entry=known.entry_index)
    looked = examination(history, asset)
    if looked is None:
        yield PackGap(code="not-examined", detail=f"file {asset[:16]}…: nobody examined it")
        return
    said, body = looked
    for one in body.findings:
        if one.state in ("not_checked", "unsupported", "failed"):
            detail = f"file {asset[:16]}…: {one.extractor} is {one.state} ({one.algorithm} {one.version})"
            yield PackGap(code=f"finding-{one.state}", detail=detail, entry=said.index)
    if body.c2pa_state != "trusted":
        detail = f"file {asset[:16]}…: its C2PA manifest is {body.c2pa_state.replace('_', ' ')}"
        yield PackGap(code="c2pa-not-trusted", detail=detail, entry=said.index)


_COMPLETENESS_GAP = PackGap(
    code="completeness",
    detail="The proofs show that these entries are in the log. That the log holds nothing more about the file "
    "is shown only by the log itself.",
)
"""Of format 1, word by word for ever."""
_INDEX_GAP = PackGap(
    code="index",
    detail="That nothing was left out rests on the root of an index that the log names. Whoever holds the log's "
    "entries can compute it and find a false one; this pack alone can't.",
)
_PDF_GAP = PackGap(
    code="report-pdf",
    detail="There is no report.pdf: the machine that wrote the pack lacks the extra `pdf`. report.html says the same.",
)
_TIME_GAP = PackGap(
    code="time",
    detail="Times of recording are those of the ledger's own clock; no outside time stamp or witness signed this checkpoint.",
)
_BOUNDED_GAP = PackGap(
    code="time",
    detail="Times of recording are those of the ledger's own clock. Others saw the log only up to the checkpoints in "
    "witnessed/ and stamps/, and that binds whoever knows these witnesses and authorities: the pack brings them with it.",
)
_KEYS_GAP = PackGap(
    code="log-keys",
    detail="The pack brings the log's keys with it. Compare them with a copy that you got elsewhere.",
)
