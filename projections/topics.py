"""Types that stand together. Every type is in exactly one topic, so a new one is thought about here: a view that ignores a
topic ignores all of it; a view that takes part of a topic names what it leaves out, one by one.
"""

from __future__ import annotations

from typing import Final

Types = frozenset[str]

# What the house says of the log itself and of the rules and lists it goes by.
OF_THE_LOG: Final[Types] = frozenset(
    {
        "log.opened.v1",
        "log.indexed.v1",
        "log.keys-rotated.v1",
        "rulepack.adopted.v1",
        "trust.list-imported.v1",
    }
)
# Who may speak, and with which key.
OF_ACTORS: Final[Types] = frozenset(
    {
        "actor.enrolled.v1",
        "actor.key-rotated.v1",
        "actor.key-revoked.v1",
        "actor.admitted.v1",
        "actor.passkey-added.v1",
    }
)
# Persons whose likeness may be lent, and who speaks for them.
OF_PEOPLE: Final[Types] = frozenset(
    {
        "person.registered.v1",
        "person.registered.v2",
        "person.speaker-changed.v1",
        "person.engagement-ended.v1",
    }
)
# Whose face may be recognised, and the faces of files.
OF_LIKENESS: Final[Types] = frozenset(
    {
        "likeness.permitted.v1",
        "likeness.enrolled.v1",
        "likeness.withdrawn.v1",
        "likeness.destroyed.v1",
        "likeness.scanned.v1",
        "likeness.judged.v1",
        "likeness.reviewed.v1",
        "likeness.swept.v1",
    }
)
# Rights, licences and what may not be generated. Rules and the trail read them.
OF_RIGHTS: Final[Types] = frozenset(
    {
        "clearance.upheld.v1",
        "right.recorded.v1",
        "right.transferred.v1",
        "asset.right-used.v1",
        "licence.granted.v1",
        "licence.ended.v1",
        "guardrail.entry-added.v1",
        "guardrail.entry-lifted.v1",
        "guardrail.screened.v1",
        "guardrail.matched.v1",
        "guardrail.matched.v2",
        "guardrail.swept.v1",
        "rightsreview.opened.v1",
        "rightsreview.decided.v1",
        "generation.moderated.v1",
        "contract.term-recorded.v1",
        "contract.reevaluated.v1",
        "registry.answered.v1",
        "licence.expired.v1",
        "right.expired.v1",
    }
)
# A consent from request to end.
OF_CONSENTS: Final[Types] = frozenset(
    {
        "consent.requested.v1",
        "consent.granted.v1",
        "consent.requested.v2",
        "consent.granted.v2",
        "consent.refused.v1",
        "consent.withdrawn.v1",
        "consent.revoked.v1",
        "consent.invalidated.v1",
        "consent.expired.v1",
        "consent.renewed.v1",
        "consent.narrowed.v1",
        "consent.suspended.v1",
        "consent.resumed.v1",
        "consent.cut-approved.v1",
        "consent.expiring.v1",
    }
)
# Briefs and what was generated for them.
OF_GENERATIONS: Final[Types] = frozenset(
    {
        "brief.drafted.v1",
        "brief.approved.v1",
        "generation.requested.v1",
        "generation.failed.v1",
    }
)
# Files, what was found in them and what was said of them.
OF_FILES: Final[Types] = frozenset(
    {
        "asset.imported.v1",
        "asset.examined.v1",
        "asset.derived.v1",
        "asset.flagged.v1",
        "asset.flagged.v2",
        "review.approved.v1",
        "review.rejected.v1",
    }
)
# Use: cleared, refused, placed.
OF_CLEARANCES: Final[Types] = frozenset(
    {
        "clearance.issued.v1",
        "clearance.refused.v1",
        "clearance.revoked.v1",
        "clearance.revoked.v2",
        "placement.recorded.v1",
        "placement.observed.v1",
        "placement.ended.v1",
    }
)
# Those who hold copies, and what they were told.
OF_HOLDERS: Final[Types] = frozenset(
    {
        "holder.registered.v1",
        "holder.endpoint-disabled.v1",
        "notice.issued.v1",
        "notice.issued.v2",
        "notice.issued.v3",
        "notice.attempted.v1",
        "notice.delivered.v1",
        "notice.failed.v1",
        "notice.acknowledged.v1",
        "notice.overdue.v1",
    }
)
# Disputes, holds, erasures and what was handed out.
OF_MATTERS: Final[Types] = frozenset(
    {
        "evidence.exported.v1",
        "evidence.exported.v2",
        "dispute.opened.v1",
        "dispute.sighted.v1",
        "dispute.sighted.v2",
        "dispute.notified.v1",
        "dispute.answered.v1",
        "dispute.missed.v1",
        "dispute.decided.v1",
        "dispute.closed.v1",
        "privilege.asserted.v1",
        "privilege.waived.v1",
        "subject.erasure-requested.v1",
        "subject.erasure-begun.v1",
        "subject.erased.v1",
        "hold.placed.v1",
        "hold.released.v1",
        "field.disclosed.v1",
    }
)
# What engines, reviewers and outside services found in files beside the examination, what they look for, and
# manifests kept beside files.
OF_FINDINGS: Final[Types] = frozenset(
    {
        "asset.manifest-issued.v1",
        "asset.reexamined.v1",
        "clearance.reverified.v1",
        "provider.record-imported.v1",
        "opinion.asked.v1",
        "opinion.given.v1",
        "mark.template-registered.v1",
        "stylekit.adopted.v1",
        "signals.policy-adopted.v1",
        "checklist.adopted.v1",
        "checklist.answered.v1",
        "review.sampling-adopted.v1",
        "drift.measured.v1",
        "drift.month-missed.v1",
        "reference.registered.v1",
        "reference.registered.v2",
        "reference.withdrawn.v1",
        "reference.swept.v1",
        "match.compared.v1",
        "match.found.v1",
        "match.reviewed.v1",
    }
)

TOPICS: Final[tuple[Types, ...]] = (
    OF_THE_LOG,
    OF_ACTORS,
    OF_PEOPLE,
    OF_LIKENESS,
    OF_RIGHTS,
    OF_CONSENTS,
    OF_GENERATIONS,
    OF_FILES,
    OF_CLEARANCES,
    OF_HOLDERS,
    OF_MATTERS,
    OF_FINDINGS,
)
# All of them, for a view that takes a few types and nothing of what stands beside these.
EVERY: Final[Types] = frozenset[str]().union(*TOPICS)
