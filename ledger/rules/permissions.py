"""Who may say what: one table, least privilege. A type that is not in it may be said by nobody."""

from __future__ import annotations

from ledger.errors import Forbidden, Reason

_EVERY_GATE = frozenset({"reviewer", "librarian", "ip-steward", "legal"})

PERMISSIONS: dict[str, frozenset[str]] = {
    "log.opened.v1": frozenset({"service"}),
    "log.indexed.v1": frozenset({"service"}),
    "actor.enrolled.v1": frozenset({"admin"}),
    "actor.key-rotated.v1": frozenset({"admin"}),  # and the actor itself, see SELF
    "actor.key-revoked.v1": frozenset({"admin"}),
    "actor.admitted.v1": frozenset({"admin"}),
    "actor.passkey-added.v1": frozenset({"admin"}),  # and the actor itself, with a key that they have
    "log.keys-rotated.v1": frozenset({"admin"}),
    "person.registered.v1": frozenset({"ip-steward", "talent"}),
    "person.registered.v2": frozenset({"ip-steward", "talent"}),
    "person.speaker-changed.v1": frozenset({"ip-steward", "legal"}),
    "person.engagement-ended.v1": frozenset({"ip-steward", "legal"}),
    "consent.requested.v1": frozenset({"producer", "ip-steward"}),
    "consent.requested.v2": frozenset({"producer", "ip-steward"}),
    "consent.granted.v1": frozenset({"talent"}),
    "consent.granted.v2": frozenset({"talent", "ip-steward", "legal"}),  # the latter two only from a signed document
    "consent.renewed.v1": frozenset({"talent", "ip-steward", "legal"}),  # likewise
    "consent.narrowed.v1": frozenset({"talent"}),
    "consent.suspended.v1": frozenset({"talent", "ip-steward", "legal"}),
    "consent.resumed.v1": frozenset({"talent", "legal"}),
    "consent.cut-approved.v1": frozenset({"talent"}),
    "consent.invalidated.v1": frozenset({"legal"}),
    "rulepack.adopted.v1": frozenset({"legal"}),
    "trust.list-imported.v1": frozenset({"admin", "legal"}),
    "mark.template-registered.v1": frozenset({"admin", "ip-steward", "legal"}),
    "stylekit.adopted.v1": frozenset({"producer", "ip-steward", "legal"}),
    "signals.policy-adopted.v1": frozenset({"ip-steward", "legal"}),
    "checklist.adopted.v1": frozenset({"ip-steward", "legal"}),
    "checklist.answered.v1": _EVERY_GATE,
    "review.sampling-adopted.v1": frozenset({"ip-steward", "legal"}),
    "consent.refused.v1": frozenset({"talent"}),
    "consent.withdrawn.v1": frozenset({"talent"}),
    "consent.revoked.v1": frozenset({"ip-steward", "legal"}),
    "consent.expired.v1": frozenset({"service"}),
    "brief.drafted.v1": frozenset({"producer"}),
    "brief.approved.v1": frozenset({"producer", "ip-steward", "reviewer"}),
    "generation.requested.v1": frozenset({"producer"}),
    "generation.failed.v1": frozenset({"producer", "service"}),
    "asset.imported.v1": frozenset({"producer", "librarian", "admin"}),
    "asset.examined.v1": frozenset({"service"}),
    "asset.derived.v1": frozenset({"producer", "librarian", "service"}),
    "asset.manifest-issued.v1": frozenset({"service"}),
    "asset.reexamined.v1": frozenset({"service"}),
    "asset.flagged.v1": frozenset({"service", "legal"}),
    "asset.flagged.v2": frozenset({"service", "legal"}),
    "provider.record-imported.v1": frozenset({"producer", "librarian", "admin"}),
    "opinion.asked.v1": frozenset({"admin", "librarian", "reviewer", "ip-steward", "legal"}),
    "opinion.given.v1": frozenset({"service"}),
    "drift.measured.v1": frozenset({"service"}),
    "drift.month-missed.v1": frozenset({"service"}),
    "review.approved.v1": _EVERY_GATE,
    "review.rejected.v1": _EVERY_GATE,
    "clearance.issued.v1": frozenset({"service"}),
    "clearance.refused.v1": frozenset({"service"}),
    "clearance.revoked.v1": frozenset({"service", "legal", "ip-steward"}),
    "clearance.reverified.v1": frozenset({"service"}),
    "clearance.revoked.v2": frozenset({"service", "legal", "ip-steward"}),
    "clearance.upheld.v1": frozenset({"service"}),
    "right.recorded.v1": frozenset({"ip-steward", "legal"}),
    "right.transferred.v1": frozenset({"ip-steward", "legal"}),
    "asset.right-used.v1": frozenset({"producer", "librarian", "ip-steward"}),
    "licence.granted.v1": frozenset({"ip-steward", "legal"}),
    "licence.ended.v1": frozenset({"ip-steward", "legal"}),
    "guardrail.entry-added.v1": frozenset({"ip-steward", "legal"}),
    "guardrail.entry-lifted.v1": frozenset({"legal"}),
    "guardrail.screened.v1": frozenset({"service"}),
    "guardrail.matched.v1": frozenset({"service"}),
    "guardrail.matched.v2": frozenset({"service"}),
    "guardrail.swept.v1": frozenset({"service"}),
    "likeness.permitted.v1": frozenset(
        {"talent", "ip-steward", "legal"}
    ),  # the latter two from a release, or as counsel
    "likeness.enrolled.v1": frozenset({"service"}),
    "likeness.withdrawn.v1": frozenset({"talent", "legal"}),
    "likeness.destroyed.v1": frozenset({"service"}),
    "likeness.scanned.v1": frozenset({"service"}),
    "likeness.judged.v1": frozenset({"service"}),
    "likeness.reviewed.v1": frozenset({"reviewer", "ip-steward", "legal"}),
    "likeness.swept.v1": frozenset({"service"}),
    "rightsreview.opened.v1": frozenset({"producer", "librarian", "reviewer", "ip-steward", "legal"}),
    "rightsreview.decided.v1": frozenset({"ip-steward", "legal"}),
    "generation.moderated.v1": frozenset({"producer", "reviewer", "ip-steward", "legal", "service"}),
    "contract.term-recorded.v1": frozenset({"legal", "service"}),
    "contract.reevaluated.v1": frozenset({"service"}),
    "registry.answered.v1": frozenset({"service"}),
    "reference.registered.v1": frozenset({"talent", "ip-steward", "legal"}),  # talent: pictures of themselves
    "reference.registered.v2": frozenset({"talent", "ip-steward", "legal"}),  # likewise
    "reference.withdrawn.v1": frozenset({"talent", "ip-steward", "legal"}),  # likewise
    "reference.swept.v1": frozenset({"service"}),
    "match.compared.v1": frozenset({"service"}),
    "match.found.v1": frozenset({"service"}),
    "match.reviewed.v1": frozenset({"reviewer", "librarian", "ip-steward", "legal"}),
    "placement.recorded.v1": frozenset({"producer", "librarian", "platform"}),
    "placement.observed.v1": frozenset({"producer", "librarian", "platform", "measurement-lead"}),
    "placement.ended.v1": frozenset({"producer", "librarian", "platform", "legal", "service"}),
    "evidence.exported.v1": frozenset({"service"}),
    "evidence.exported.v2": frozenset({"service"}),
    "dispute.opened.v1": frozenset({"legal"}),
    "dispute.sighted.v1": frozenset({"legal", "ip-steward", "librarian", "reviewer"}),
    "dispute.sighted.v2": frozenset({"legal", "ip-steward", "librarian", "reviewer"}),
    "dispute.notified.v1": frozenset({"legal", "ip-steward"}),
    "dispute.answered.v1": frozenset({"legal", "ip-steward", "platform"}),
    "dispute.missed.v1": frozenset({"service"}),
    "dispute.decided.v1": frozenset({"legal"}),
    "dispute.closed.v1": frozenset({"legal"}),
    "privilege.asserted.v1": frozenset({"legal"}),
    "privilege.waived.v1": frozenset({"legal"}),
    "subject.erasure-requested.v1": frozenset({"talent", "legal"}),
    "subject.erasure-begun.v1": frozenset({"service"}),
    "subject.erased.v1": frozenset({"service"}),
    "hold.placed.v1": frozenset({"legal"}),
    "hold.released.v1": frozenset({"legal"}),
    "field.disclosed.v1": frozenset({"legal"}),
    "holder.registered.v1": frozenset({"admin", "ip-steward", "legal"}),
    "holder.endpoint-disabled.v1": frozenset({"admin", "service"}),
    "notice.issued.v1": frozenset({"service"}),
    "notice.issued.v2": frozenset({"service"}),
    "notice.issued.v3": frozenset({"service"}),
    "notice.attempted.v1": frozenset({"service"}),
    "notice.delivered.v1": frozenset({"service"}),
    "notice.failed.v1": frozenset({"service"}),
    "notice.acknowledged.v1": frozenset({"platform", "talent", "producer", "librarian", "legal", "ip-steward"}),
    "notice.overdue.v1": frozenset({"service"}),
    "consent.expiring.v1": frozenset({"service"}),
    "licence.expired.v1": frozenset({"service"}),
    "right.expired.v1": frozenset({"service"}),
}
SELF: frozenset[str] = frozenset({"actor.key-rotated.v1", "actor.key-revoked.v1", "actor.passkey-added.v1"})
"""Types that anybody may say of themselves, whatever their role."""


def permit(wire_type: str, actor: str, roles: frozenset[str], about: str | None) -> None:
    """Step 3 of the door. Raises Forbidden `role_not_permitted`."""
    if roles & PERMISSIONS.get(wire_type, frozenset()) or (wire_type in SELF and about == actor):
        return
    held = ", ".join(sorted(roles)) or "no role"
    needed = ", ".join(sorted(PERMISSIONS.get(wire_type, frozenset()))) or "nobody"
    what = f"{actor} holds {held}; {wire_type} may be said by {needed}"
    raise Forbidden(
        "role_not_permitted", what, "Ask somebody who holds the role.", (Reason("role_not_permitted", what),)
    )
