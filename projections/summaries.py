"""One sentence a statement, for people who read trails: who said what about which thing, in plain words.

Only what stands in the log goes in, and of that no free description of a person: pseudonyms, ids, digests, dates.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ledger.statement import Said
from projections import summaries_disputes, summaries_findings, summaries_likeness, summaries_matches, summaries_rights
from projections.wording import day as _day
from projections.wording import file as _file
from projections.wording import joined as _list
from schemas.base import Body
from schemas.statements import (
    actor,
    asset,
    brief,
    clearance,
    consent,
    consent_changes,
    criteria,
    erasure,
    evidence,
    generation,
    index,
    logkeys,
    notice,
    passkey,
    person,
    publishing,
    review,
    rulepack,
    trust,
)
from schemas.statements.actor import key_tag

_METHODS = {
    "bearer": "a token",
    "passkey": "a passkey session",
    "token-session": "a token session",
    "process": "this ledger's own process",
}


def summary(said: Said) -> str:
    """The sentence. Raises KeyError for a type that nobody wrote one for, which stops the trail loudly."""
    return f"{said.actor}{_voice(said)} {sentence(said.body)}"


def sentence(body: Body) -> str:
    """What is said, without who says it: also for a statement that is not said yet. Raises KeyError as `summary`."""
    return _SENTENCES[type(body)](body)


def _voice(said: Said) -> str:
    """Nothing for an ordinary key; else by what else we know that it is their word."""
    if said.statement.auth:
        return f" (signed by the service for them, known by {known_by(said.statement.auth.method)})"
    return " (by passkey)" if said.passkey else ""


def known_by(method: str) -> str:
    """How the service knew for whom it signed, in words."""
    return _METHODS.get(method, method)


def _scope(body: consent.ConsentScope) -> str:
    return (
        f"for {_list(body.uses)} on {_list(body.channels)} in {_list(body.territories)} as {_list(body.media)}, "
        f"from {_day(body.valid_from)} until {_day(body.valid_until)}"
    )


def _speaker(body: person.PersonRegistered | person.PersonSpeakerChanged) -> str:
    return body.speaks_as if body.authority == "self" else f"{body.speaks_as} as {body.authority}"


def _paper(body: consent.ConsentGranted | consent_changes.ConsentRenewed) -> str:
    return f" (from a signed document, witnessed by {body.document.witnessed_by})" if body.document else ""


def _taken(body: consent_changes.ConsentNarrowed) -> str:
    training = ("training",) if body.training_use else ()
    return _list((*body.uses, *body.channels, *body.territories, *body.media, *training))


def _question(body: clearance.ClearanceDecided) -> str:
    asked = body.question
    return (
        f"{_file(asked.asset)} for {asked.use} on {asked.channel} in {asked.territory}, "
        f"from {_day(asked.valid_from)} until {_day(asked.valid_until)}"
    )


def _refused(body: clearance.ClearanceRefused) -> str:
    against = [rule.code for rule in body.weighed if rule.outcome in ("fail", "not_checked")]
    return f"refused clearance {body.clearance} of {_question(body)}: {', '.join(against)}"


def _imported(body: asset.AssetImported) -> str:
    source = f", as the result of generation {body.generation}" if body.generation else ""
    grade = body.evidence_grade.replace("_", " ")
    return f"brought in {_file(body.asset)} ({body.media_type}, {body.size_bytes} bytes; {grade}){source}"


def _examined(body: asset.AssetExamined) -> str:
    blind = [finding.extractor for finding in body.findings if finding.state in ("not_checked", "failed")]
    unseen = f"; not looked at: {', '.join(blind)}" if blind else ""
    state = body.c2pa_state.replace("_", " ")
    return f"examined {_file(body.asset)}: C2PA {state}, {body.frames} frames fingerprinted{unseen}"


def _derived(body: asset.AssetDerived) -> str:
    parents = ", ".join(_file(parent) for parent in body.parents)
    return f"recorded that {_file(body.asset)} was {body.relation} from {parents} with {body.tool}"


def _requested(body: generation.GenerationRequested) -> str:
    cameos = [f"{cameo.person} under consent {cameo.consent}" for cameo in body.cameos]
    people = f", with {', '.join(cameos)}" if cameos else ", with nobody's likeness"
    model = f"{body.provider} ({body.model_snapshot})"
    return f"requested generation {body.generation} from {model} under brief {body.brief} v{body.brief_version}{people}"


def _held(body: erasure.Hold) -> str:
    return body.person or _file(body.asset or "")


def _destroyed(body: erasure.SubjectErased) -> str:
    counts = f"{body.values} sealed values of {body.statements} statements"
    return f"erased {body.person} at {_day(body.erased_at)}: the key and {counts} were destroyed"


def _told(body: notice.NoticeIssued) -> str:
    due = f", to be answered by {_day(body.due_at)} ({body.outcome})" if body.due_at else ", for information"
    about = f"entry {body.about} on {body.basis.replace(':', ' ')} ({body.kind})"
    return f"issued notice {body.notice} to {body.holder} about {about} with {len(body.items)} of their files{due}"


def _answered(body: notice.NoticeAcknowledged) -> str:
    since = f" at {_day(body.done_at)}" if body.done_at else ""
    return f"answered notice {body.notice}: {body.done.replace('-', ' ')}{since}"


_SENTENCES: dict[type, Callable[[Any], str]] = {
    **summaries_likeness.SENTENCES,
    **summaries_matches.SENTENCES,
    **summaries_rights.SENTENCES,
    **summaries_findings.SENTENCES,
    **summaries_disputes.SENTENCES,
    actor.LogOpened: lambda b: f"opened the log {b.origin}, with {b.admin} as its first administrator",
    index.LogIndexed: lambda b: f"named the root {b.root[:12]}… of the tag index over {b.size} entries",
    actor.ActorEnrolled: lambda b: f"enrolled {b.actor} as {_list(b.roles)}",
    actor.ActorKeyRotated: lambda b: f"replaced the key of {b.actor}",
    actor.ActorKeyRevoked: lambda b: f"revoked a key of {b.actor} from {_day(b.effective_at)}: {b.reason}",
    passkey.ActorAdmitted: lambda b: f"admitted {b.actor} as {_list(b.roles)}, without a key of their own",
    passkey.ActorPasskeyAdded: lambda b: f"added passkey {key_tag(b.spki)[4:20]}… of {b.actor} for {b.rp_id}",
    logkeys.LogKeysRotated: lambda b: f"turned the log to new keys ({b.reason})",
    person.PersonRegistered: lambda b: f"registered {b.person} ({b.person_class}), for whom {_speaker(b)} speaks",
    person.PersonSpeakerChanged: lambda b: f"recorded that {_speaker(b)} speaks for {b.person} from now on: {b.reason}",
    person.PersonEngagementEnded: lambda b: (
        f"recorded that the engagement of {b.person} ended at {_day(b.ended_at)}: {b.reason}"
    ),
    consent.ConsentRequested: lambda b: f"asked {b.person} for consent {b.consent} {_scope(b)}",
    consent.ConsentGranted: lambda b: f"gave consent {b.consent} of {b.person} {_scope(b)}{_paper(b)}",
    consent.ConsentInvalidated: lambda b: (
        f"declared that consent {b.consent} of {b.person} was never valid ({b.cause.replace('-', ' ')}): {b.reason}"
    ),
    consent_changes.ConsentRenewed: lambda b: (
        f"renewed consent {b.consent} of {b.person}, from {_day(b.valid_from)} until {_day(b.valid_until)}{_paper(b)}"
    ),
    consent_changes.ConsentNarrowed: lambda b: f"took {_taken(b)} out of consent {b.consent} of {b.person}: {b.reason}",
    consent_changes.ConsentSuspended: lambda b: (
        f"suspended consent {b.consent} of {b.person} ({b.cause.replace('-', ' ')}): {b.reason}"
    ),
    consent_changes.ConsentResumed: lambda b: f"lifted a suspension of consent {b.consent} of {b.person}: {b.reason}",
    consent_changes.ConsentCutApproved: lambda b: f"approved the cut {_file(b.asset)} under consent {b.consent}",
    rulepack.RulePackAdopted: lambda b: (
        f"adopted rule pack {b.pack} {b.version} from {_day(b.effective_at)}: {b.reason}"
    ),
    trust.TrustListImported: lambda b: (
        f"imported trust list {b.list} for {b.kind}s, {b.certificates} certificates"
        f"{f', until {_day(b.until)}' if b.until else ''}: {b.reason}"
    ),
    criteria.MarkTemplateRegistered: lambda b: (
        f"asked that files be looked through for the mark {b.template} of {b.provider}: {b.reason}"
        if b.image_sha256
        else f"ended the search for the mark {b.template} of {b.provider}: {b.reason}"
    ),
    publishing.SignalPolicyAdopted: lambda b: (
        f"asked that files keep {', '.join(b.required) or 'no signal'} of what they are made from: {b.reason}"
    ),
    publishing.ChecklistAdopted: lambda b: (
        f"adopted version {b.version} of checklist {b.checklist} for the {b.gate} gate: {b.reason}"
    ),
    publishing.ChecklistAnswered: lambda b: (
        f"answered version {b.version} of checklist {b.checklist} for {_file(b.asset)}"
        f" ({sum(one.answer == 'no' for one in b.answers)} no)"
    ),
    publishing.SamplingAdopted: lambda b: (
        f"asked that {b.permille} of 1000 files be passed by two people at the {b.gate} gate"
        f"{', and all with people' if b.with_people else ''}: {b.reason}"
    ),
    criteria.StyleKitAdopted: lambda b: f"adopted version {b.version} of style kit {b.kit}: {b.reason}",
    consent.ConsentRefused: lambda b: f"refused consent {b.consent} of {b.person}: {b.reason}",
    consent.ConsentWithdrawn: lambda b: f"withdrew consent {b.consent} of {b.person}: {b.reason}",
    consent.ConsentRevoked: lambda b: f"revoked consent {b.consent} of {b.person}: {b.reason}",
    consent.ConsentExpired: lambda b: f"recorded that consent {b.consent} of {b.person} ended at {_day(b.expired_at)}",
    brief.BriefDrafted: lambda b: f"drafted version {b.version} of brief {b.brief}, “{b.title}”",
    brief.BriefApproved: lambda b: f"approved version {b.version} of brief {b.brief}",
    generation.GenerationRequested: _requested,
    generation.GenerationFailed: lambda b: f"recorded that generation {b.generation} failed ({b.code}): {b.detail}",
    asset.AssetImported: _imported,
    asset.AssetExamined: _examined,
    asset.AssetDerived: _derived,
    asset.AssetFlagged: lambda b: f"flagged {_file(b.asset)} ({b.cause.replace('-', ' ')}): {b.detail}",
    review.ReviewApproved: lambda b: f"passed {_file(b.asset)} at the {b.gate} gate: {b.comment}",
    review.ReviewRejected: lambda b: f"rejected {_file(b.asset)} at the {b.gate} gate: {b.comment}",
    clearance.ClearanceIssued: lambda b: f"issued clearance {b.clearance} of {_question(b)}",
    clearance.ClearanceRefused: _refused,
    clearance.ClearanceRevoked: lambda b: (
        f"revoked clearance {b.clearance} of {_file(b.asset)} ({b.cause.replace('-', ' ')}): {b.detail}"
    ),
    clearance.ClearanceUpheld: lambda b: (
        f"weighed clearance {b.clearance} of {_file(b.asset)} again after entry {b.about}: it stands"
    ),
    evidence.EvidenceExported: lambda b: (
        f"wrote an evidence pack on {_list(map(_file, b.assets))} with {b.entries} entries"
        + (f" for {b.reader}" if b.reader else "")
    ),
    erasure.SubjectErasureRequested: lambda b: f"asked that {b.person} be erased ({b.ground.replace('-', ' ')})",
    erasure.SubjectErasureBegun: lambda b: f"began to erase {b.person}",
    erasure.SubjectErased: _destroyed,
    erasure.HoldPlaced: lambda b: f"placed hold {b.hold} on {_held(b)} in matter {b.matter}: {b.reason}",
    erasure.HoldReleased: lambda b: f"released hold {b.hold} on {_held(b)} in matter {b.matter}: {b.reason}",
    erasure.FieldDisclosed: lambda b: f"recorded that {b.pointer} of {b.person} was shown to {b.to}",
    notice.HolderRegistered: lambda b: f"registered {b.holder} as somebody who is told of what ends",
    notice.HolderEndpointDisabled: lambda b: f"stopped sending to the endpoint of {b.holder} ({b.reason})",
    notice.NoticeIssued: _told,
    notice.NoticeAttempted: lambda b: f"began attempt {b.number} to send notice {b.notice} to {b.holder}",
    notice.NoticeDelivered: lambda b: f"delivered notice {b.notice} to {b.holder}",
    notice.NoticeFailed: lambda b: f"gave up sending notice {b.notice} to {b.holder} ({b.reason})",
    notice.NoticeAcknowledged: _answered,
    notice.NoticeOverdue: lambda b: f"recorded that {b.holder} did not answer notice {b.notice} by {_day(b.due_at)}",
    notice.ConsentExpiring: lambda b: f"warned that consent {b.consent} of {b.person} ends at {_day(b.valid_until)}",
}
