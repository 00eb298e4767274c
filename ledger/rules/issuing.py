"""A notice is issued about something that the log says, to a registered holder, once about each thing (SPEC S10.4, S10.11).

Whoever runs the cascade finds whom to tell; here stands what makes it true, however many find it and whenever they say it.
"""

from __future__ import annotations

from datetime import datetime

from ledger.history import History, bodies
from ledger.rules.consent_effects import OPEN
from ledger.rules.consents import consent_state
from ledger.rules.lineage import ancestors
from ledger.rules.matters import Matter, recorded_matter
from ledger.rules.notices import notice_state, registration
from ledger.rules.proposal import Proposal, refuse
from ledger.rules.rights import uses
from ledger.statement import Said
from schemas.base import Body, format_instant
from schemas.statements.clearance import ClearanceIssued, ClearanceRevoked
from schemas.statements.consent_changes import ConsentResumed
from schemas.statements.notice import ConsentExpiring, NoticeIssued, NoticeItem
from schemas.statements.placement import PlacementRecorded
from schemas.statements.reverification import ClearanceReverified


def accept_issue(proposal: Proposal, body: NoticeIssued, history: History, at: datetime) -> None:
    """About what an entry says, to a registered holder, once for each thing they have, with that entry's own deadline."""
    if notice_state(history, body.notice) is not None:
        refuse("notice_known", f"notice {body.notice} was issued before")
    if registration(history, body.holder) is None:
        refuse("holder_unknown", f"nobody is registered as {body.holder}")
    matter = _matter(body, history)
    if body.due_at is not None and (matter is None or (body.due_at, body.outcome) != (matter.due_at, matter.outcome)):
        due = f"{matter.outcome} by {format_instant(matter.due_at)}" if matter and matter.due_at else "nothing"
        refuse("notice_deadline_differs", f"what this asks for is {due}", body.about)
    before = history.about(body.once_tag, NoticeIssued)
    if body.clearance is not None:
        _refuse_weighed_since(body, history)
    if matter is not None and matter.suspension is not None:
        _refuse_overtaken(body, matter, before, history, at)
    if not body.items:
        _refuse_told(body, before)
    for item in body.items:
        _item(body, item, matter, history)
        _refuse_told(body, history.about(item.tag, NoticeIssued))


def _matter(body: NoticeIssued, history: History) -> Matter | None:
    """What the notice is about; None for a warning, which asks nothing."""
    if body.kind == "expiring":
        warned = history.about(body.basis, ConsentExpiring)
        if not any(said.index == body.about for said in warned):
            refuse("matter_unknown", f"entry {body.about} does not warn of the end of {body.basis}")
        return None
    kind, _, name = body.basis.partition(":")
    matter = recorded_matter(history, kind, name, body.about)
    if matter is None or matter.kind != body.kind:
        refuse("matter_unknown", f"entry {body.about} is nothing of that kind about {body.basis}")
    return matter


def _refuse_weighed_since(body: NoticeIssued, history: History) -> None:
    """Of several re-verifications the last is told: what an older one said is not so any more."""
    said = history.last(body.basis, ClearanceReverified)
    if said is not None and said.index > body.about:
        refuse("clearance_weighed_since", "the clearance was weighed again since", said.index)


def _refuse_overtaken(body: NoticeIssued, matter: Matter, before: list[Said], history: History, at: datetime) -> None:
    """Nobody is told to pause once they may go on; nor that they may go on who was not told to pause, or while they may not."""
    consent = matter.basis
    if matter.kind == "suspended":
        lifted = bodies(history.about(f"consent:{consent}", ConsentResumed), ConsentResumed)
        for said, resumed in lifted:
            if resumed.suspension == matter.suspension:
                refuse("suspension_lifted", "the suspension was lifted before they were told of it", said.index)
        return
    told = [one for _, one in bodies(before, NoticeIssued) if one.kind in ("suspended", "resumed")]
    if not told or (told[-1].kind == "suspended" and told[-1].about > body.about):
        refuse("pause_not_told", f"nobody told {body.holder} to pause before entry {body.about}", body.about)
    state = consent_state(history, consent, at)
    if state.state not in OPEN or state.stops:
        refuse("consent_not_resumed", f"nothing may go on: {state.sentence()}", state.entries[-1])
    if told[-1].kind == "resumed":
        refuse(
            "notice_issued_already", f"{body.holder} was told by notice {told[-1].notice} that it may go on", body.about
        )


def _item(body: NoticeIssued, item: NoticeItem, matter: Matter | None, history: History) -> None:
    known = history.about(item.tag, ClearanceIssued if item.clearance else PlacementRecorded)
    if not any(_hangs(body, item.asset, matter, history, said.body) for said in known):
        refuse("item_unknown", f"{item.tag} is not about that file, or does not hang on {body.basis}", body.about)


def _hangs(body: NoticeIssued, asset: str, matter: Matter | None, history: History, held: Body) -> bool:
    """Whether what somebody has is of that file and rests on what the notice is about."""
    if body.clearance is not None:
        if not isinstance(held, ClearanceIssued | PlacementRecorded) or held.clearance != body.clearance:
            return False
        return asset == (held.question.asset if isinstance(held, ClearanceIssued) else held.asset)
    if isinstance(held, ClearanceIssued):
        of, rests_on, by_family = held.question.asset, held.consents, True
    elif isinstance(held, PlacementRecorded):
        of, rests_on, by_family = (
            held.asset,
            held.consents + held.licences,
            body.kind != "ended" or body.right is not None,
        )
    else:
        return False
    if of != asset or (body.kind == "contract-changed" and not _lost(held.clearance, matter, history)):
        return False
    return (body.consent or body.licence) in rests_on or (by_family and _under(history, asset, body))


def _under(history: History, asset: str, body: NoticeIssued) -> bool:
    """A clearance names neither licences nor rights; the file and what it was made from do."""
    wanted = ("licence", body.licence) if body.licence is not None else ("right", body.right)
    found = (use for name in ancestors(history, asset) for _, use in uses(history, name))
    return wanted[1] is not None and any(getattr(use, wanted[0]) == wanted[1] for use in found)


def _lost(clearance: str, matter: Matter | None, history: History) -> bool:
    """The clearance was revoked because of exactly these terms: whatever something else covers, nobody is told of."""
    said = history.last(f"clearance:{clearance}", ClearanceRevoked)
    revoked = said.body if said is not None and isinstance(said.body, ClearanceRevoked) else None
    return (
        revoked is not None
        and matter is not None
        and matter.contract is not None
        and revoked.contract == matter.contract
    )


def _refuse_told(body: NoticeIssued, before: list[Said]) -> None:
    for said, told in bodies(before, NoticeIssued):
        if (told.holder, told.about, told.basis) == (body.holder, body.about, body.basis):
            refuse("notice_issued_already", f"{body.holder} was told of this by notice {told.notice}", said.index)
