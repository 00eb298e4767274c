"""Who may say what: every statement type by every role, at the door. The table stands here a second time, on purpose."""

from __future__ import annotations

from typing import get_args

import pytest

from ledger.errors import Forbidden, LedgerError
from ledger.rules.permissions import permit
from schemas.catalogue import BODIES, TYPES
from schemas.statements.actor import Role
from tests.house_of import ADMIN, SERVICE, House

MAY_SAY: dict[str, set[str]] = {
    "admin": {
        "opinion.asked.v1",
        "provider.record-imported.v1",
        "trust.list-imported.v1",
        "mark.template-registered.v1",
        "actor.enrolled.v1",
        "actor.key-rotated.v1",
        "actor.key-revoked.v1",
        "log.keys-rotated.v1",
        "asset.imported.v1",
        "holder.registered.v1",
        "holder.endpoint-disabled.v1",
        "actor.admitted.v1",
        "actor.passkey-added.v1",
    },
    "service": {
        "reference.swept.v1",
        "match.compared.v1",
        "match.found.v1",
        "drift.measured.v1",
        "drift.month-missed.v1",
        "asset.manifest-issued.v1",
        "asset.reexamined.v1",
        "clearance.reverified.v1",
        "opinion.given.v1",
        "likeness.enrolled.v1",
        "likeness.destroyed.v1",
        "likeness.scanned.v1",
        "likeness.judged.v1",
        "likeness.swept.v1",
        "dispute.missed.v1",
        "log.opened.v1",
        "log.indexed.v1",
        "consent.expired.v1",
        "generation.failed.v1",
        "asset.examined.v1",
        "asset.derived.v1",
        "asset.flagged.v1",
        "asset.flagged.v2",
        "clearance.issued.v1",
        "clearance.refused.v1",
        "clearance.revoked.v1",
        "clearance.revoked.v2",
        "clearance.upheld.v1",
        "evidence.exported.v1",
        "evidence.exported.v2",
        "guardrail.screened.v1",
        "guardrail.matched.v1",
        "guardrail.matched.v2",
        "guardrail.swept.v1",
        "placement.ended.v1",
        "subject.erasure-begun.v1",
        "subject.erased.v1",
        "holder.endpoint-disabled.v1",
        "notice.issued.v1",
        "notice.issued.v2",
        "notice.issued.v3",
        "notice.attempted.v1",
        "notice.delivered.v1",
        "notice.failed.v1",
        "notice.overdue.v1",
        "consent.expiring.v1",
        "generation.moderated.v1",
        "contract.term-recorded.v1",
        "contract.reevaluated.v1",
        "registry.answered.v1",
        "licence.expired.v1",
        "right.expired.v1",
    },
    "producer": {
        "stylekit.adopted.v1",
        "provider.record-imported.v1",
        "consent.requested.v1",
        "consent.requested.v2",
        "brief.drafted.v1",
        "brief.approved.v1",
        "generation.requested.v1",
        "generation.failed.v1",
        "asset.imported.v1",
        "asset.derived.v1",
        "asset.right-used.v1",
        "placement.recorded.v1",
        "placement.observed.v1",
        "placement.ended.v1",
        "notice.acknowledged.v1",
        "rightsreview.opened.v1",
        "generation.moderated.v1",
    },
    "ip-steward": {
        "signals.policy-adopted.v1",
        "checklist.adopted.v1",
        "checklist.answered.v1",
        "review.sampling-adopted.v1",
        "reference.registered.v1",
        "reference.registered.v2",
        "reference.withdrawn.v1",
        "match.reviewed.v1",
        "opinion.asked.v1",
        "likeness.permitted.v1",
        "likeness.reviewed.v1",
        "mark.template-registered.v1",
        "stylekit.adopted.v1",
        "dispute.sighted.v1",
        "dispute.sighted.v2",
        "dispute.notified.v1",
        "dispute.answered.v1",
        "person.registered.v1",
        "person.registered.v2",
        "person.speaker-changed.v1",
        "person.engagement-ended.v1",
        "consent.requested.v1",
        "consent.requested.v2",
        "consent.granted.v2",
        "consent.renewed.v1",
        "consent.suspended.v1",
        "consent.revoked.v1",
        "brief.approved.v1",
        "review.approved.v1",
        "review.rejected.v1",
        "clearance.revoked.v1",
        "clearance.revoked.v2",
        "guardrail.entry-added.v1",
        "right.recorded.v1",
        "right.transferred.v1",
        "asset.right-used.v1",
        "licence.granted.v1",
        "licence.ended.v1",
        "holder.registered.v1",
        "notice.acknowledged.v1",
        "rightsreview.opened.v1",
        "rightsreview.decided.v1",
        "generation.moderated.v1",
    },
    "legal": {
        "signals.policy-adopted.v1",
        "checklist.adopted.v1",
        "checklist.answered.v1",
        "review.sampling-adopted.v1",
        "reference.registered.v1",
        "reference.registered.v2",
        "reference.withdrawn.v1",
        "match.reviewed.v1",
        "opinion.asked.v1",
        "likeness.permitted.v1",
        "likeness.withdrawn.v1",
        "likeness.reviewed.v1",
        "mark.template-registered.v1",
        "stylekit.adopted.v1",
        "dispute.opened.v1",
        "dispute.sighted.v1",
        "dispute.sighted.v2",
        "dispute.notified.v1",
        "dispute.answered.v1",
        "dispute.decided.v1",
        "dispute.closed.v1",
        "privilege.asserted.v1",
        "privilege.waived.v1",
        "person.speaker-changed.v1",
        "person.engagement-ended.v1",
        "consent.granted.v2",
        "consent.renewed.v1",
        "consent.suspended.v1",
        "consent.resumed.v1",
        "consent.invalidated.v1",
        "rulepack.adopted.v1",
        "trust.list-imported.v1",
        "consent.revoked.v1",
        "asset.flagged.v1",
        "asset.flagged.v2",
        "review.approved.v1",
        "review.rejected.v1",
        "clearance.revoked.v1",
        "clearance.revoked.v2",
        "subject.erasure-requested.v1",
        "hold.placed.v1",
        "hold.released.v1",
        "field.disclosed.v1",
        "placement.ended.v1",
        "guardrail.entry-added.v1",
        "guardrail.entry-lifted.v1",
        "right.recorded.v1",
        "right.transferred.v1",
        "licence.granted.v1",
        "licence.ended.v1",
        "holder.registered.v1",
        "notice.acknowledged.v1",
        "rightsreview.opened.v1",
        "rightsreview.decided.v1",
        "generation.moderated.v1",
        "contract.term-recorded.v1",
    },
    "talent": {
        "reference.registered.v1",
        "reference.registered.v2",
        "reference.withdrawn.v1",
        "likeness.permitted.v1",
        "likeness.withdrawn.v1",
        "person.registered.v1",
        "person.registered.v2",
        "consent.granted.v1",
        "consent.granted.v2",
        "consent.renewed.v1",
        "consent.narrowed.v1",
        "consent.suspended.v1",
        "consent.resumed.v1",
        "consent.cut-approved.v1",
        "consent.refused.v1",
        "consent.withdrawn.v1",
        "subject.erasure-requested.v1",
        "notice.acknowledged.v1",
    },
    "librarian": {
        "checklist.answered.v1",
        "match.reviewed.v1",
        "opinion.asked.v1",
        "dispute.sighted.v1",
        "dispute.sighted.v2",
        "provider.record-imported.v1",
        "asset.imported.v1",
        "asset.derived.v1",
        "review.approved.v1",
        "review.rejected.v1",
        "asset.right-used.v1",
        "placement.recorded.v1",
        "placement.observed.v1",
        "placement.ended.v1",
        "notice.acknowledged.v1",
        "rightsreview.opened.v1",
    },
    "reviewer": {
        "checklist.answered.v1",
        "match.reviewed.v1",
        "opinion.asked.v1",
        "likeness.reviewed.v1",
        "dispute.sighted.v1",
        "dispute.sighted.v2",
        "brief.approved.v1",
        "review.approved.v1",
        "review.rejected.v1",
        "rightsreview.opened.v1",
        "generation.moderated.v1",
    },
    "platform": {
        "dispute.answered.v1",
        "placement.recorded.v1",
        "placement.observed.v1",
        "placement.ended.v1",
        "notice.acknowledged.v1",
    },
    "measurement-lead": {"placement.observed.v1"},
    "finance": set(),
}
WHO = {
    "admin": ADMIN,
    "service": SERVICE,
    "producer": "mara",
    "ip-steward": "ivy",
    "legal": "lena",
    "talent": "ines",
    "librarian": "lib",
    "reviewer": "rob",
    "platform": "pia",
    "measurement-lead": "mel",
    "finance": "finn",
}


def test_the_table_has_every_role_and_nothing_that_is_no_type() -> None:
    assert set(MAY_SAY) == set(WHO) == set(get_args(Role))
    assert set().union(*MAY_SAY.values()) == TYPES


@pytest.mark.parametrize("role", MAY_SAY)
def test_a_role_says_exactly_what_it_may(house: House, role: str) -> None:
    heard = set()
    for kind in BODIES:
        try:
            house.say_as(WHO[role], kind.example())
            heard.add(kind.TYPE)
        except Forbidden as error:
            assert error.code == "role_not_permitted" and error.reasons
        except LedgerError:  # a rule said no: so step 3 did not
            heard.add(kind.TYPE)
    assert heard == MAY_SAY[role]


@pytest.mark.parametrize("role", MAY_SAY)
def test_the_service_speaking_for_somebody_lends_them_no_permission(house: House, role: str) -> None:
    if role == "service":
        pytest.skip("the service speaks for itself")
    for kind in BODIES:
        if kind.TYPE not in MAY_SAY[role]:
            with pytest.raises(Forbidden, match="role_not_permitted"):
                house.ledger.say(kind.example(), actor=WHO[role], method="token")


def test_a_type_that_is_in_no_table_is_said_by_nobody() -> None:
    for roles in (frozenset(), frozenset(WHO)):
        with pytest.raises(Forbidden, match="role_not_permitted"):
            permit("brief.sung.v1", "mara", roles, "mara")


@pytest.mark.parametrize("wire_type", ["actor.key-rotated.v1", "actor.key-revoked.v1", "actor.passkey-added.v1"])
def test_everybody_turns_their_own_keys_and_only_these(wire_type: str) -> None:
    permit(wire_type, "finn", frozenset({"finance"}), "finn")
    for about in ("mara", None):
        with pytest.raises(Forbidden):
            permit(wire_type, "finn", frozenset({"finance"}), about)
    with pytest.raises(Forbidden):
        permit("actor.enrolled.v1", "finn", frozenset({"finance"}), "finn")
