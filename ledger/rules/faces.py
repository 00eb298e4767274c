"""Faces of files: scanned, judged, reviewed, and what each one is at an instant (SPEC S14).

A judgement records which enrolled person each face was taken for. Whether they agreed to this file is read anew each time it
is asked: a consent that ends changes every answer at once, and the next judgement says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from ledger.history import History, bodies
from ledger.rules.assets import known
from ledger.rules.consents import consent_state
from ledger.rules.generations import generation
from ledger.rules.likeness import accept_templates_destroyed, ends, enrolment, held, list_changed
from ledger.rules.lineage import ancestors, arrival
from ledger.rules.proposal import Proposal, refuse, refuse_all
from ledger.statement import Said
from schemas.statements.asset import AssetImported
from schemas.statements.erasure import SubjectErasureBegun
from schemas.statements.faces import FaceFinding, LikenessJudged, LikenessReviewed, LikenessScanned, LikenessSwept
from schemas.statements.generation import GenerationRequested
from schemas.statements.likeness import LikenessDestroyed

SCAN_KEPT_MAX: Final = timedelta(days=366)
"""Strangers' embeddings; the file itself can be scanned again."""
Requests = Sequence[tuple[Said, GenerationRequested]]
Scan = tuple[Said, LikenessScanned]


def newest_scan(history: History, asset: str) -> Scan | None:
    found = bodies(history.about(f"asset:{asset}", LikenessScanned), LikenessScanned)
    return found[-1] if found else None


def newest_judgement(history: History, scan: LikenessScanned) -> tuple[Said, LikenessJudged] | None:
    found = bodies(history.about(f"asset:{scan.asset}", LikenessJudged), LikenessJudged)
    return next((one for one in reversed(found) if one[1].scan == scan.scan), None)


def embeddings_gone(history: History, scan: LikenessScanned) -> Said | None:
    found = bodies(history.about(f"asset:{scan.asset}", LikenessDestroyed), LikenessDestroyed)
    return next((said for said, body in found if body.scan == scan.scan), None)


def review_of(history: History, scan: LikenessScanned, face: int) -> tuple[Said, LikenessReviewed] | None:
    """The newest word of a person on a face; said of an older scan it counts if that found the very same face."""
    found = bodies(history.about(f"asset:{scan.asset}", LikenessReviewed), LikenessReviewed)
    scans = {
        body.scan: body for _, body in bodies(history.about(f"asset:{scan.asset}", LikenessScanned), LikenessScanned)
    }
    for said, body in reversed(found):
        if scans[body.scan].faces[body.face - 1] == scan.faces[face - 1]:
            return said, body
    return None


def scans_recognising(history: History, person: str) -> list[LikenessScanned]:
    """Scans of which something is kept, and in which this person was recognised at some time."""
    judged = bodies(history.about(f"person:{person}", LikenessJudged), LikenessJudged)
    found: dict[str, LikenessScanned] = {}
    for asset, name in dict.fromkeys((body.asset, body.scan) for _, body in judged):
        scans = bodies(history.about(f"asset:{asset}", LikenessScanned), LikenessScanned)
        found |= {body.scan: body for _, body in scans if body.scan == name and embeddings_gone(history, body) is None}
    return list(found.values())


def requests_behind(history: History, asset: str) -> list[tuple[Said, GenerationRequested]]:
    """The generations that a file, or what it was made from, is a result of."""
    arrivals = (arrival(history, name) for name in ancestors(history, asset))
    imported = [said.body for said in arrivals if said is not None and isinstance(said.body, AssetImported)]
    return [one for body in imported if body.generation and (one := generation(history, body.generation))]


def agreed(history: History, person: str, requests: Requests, at: datetime) -> str | None:
    """The consent by which an enrolled person is in files of these generations at an instant, or None."""
    for _, request in requests:
        for cameo in request.cameos:
            if cameo.person == person:
                state = consent_state(history, cameo.consent, at)
                if state.in_force and state.grant is not None and state.grant.person == person:
                    return cameo.consent
    return None


def finding_now(
    history: History, scan: LikenessScanned, one: FaceFinding, requests: Requests, at: datetime
) -> FaceFinding:
    """What a face is at an instant: the recorded match, read with the consents and reviews of then."""
    reviewed = review_of(history, scan, one.face)
    if reviewed is not None and reviewed[1].verdict == "drawn":
        return FaceFinding(face=one.face, finding="drawn")
    if one.enrolment is None or one.person is None or not _stands(history, one.enrolment, at):
        return FaceFinding(face=one.face, finding="unmatched")
    consent = agreed(history, one.person, requests, at)
    word = "consented" if consent else "unconsented"
    return one.model_copy(update={"finding": word, "consent": consent})


def _stands(history: History, name: str, at: datetime) -> bool:
    one = enrolment(history, name)
    return one is not None and one.destroyed is None and not any(ends(history, one, at))


# -- at the door -------------------------------------------------------------------------------------------------------


def accept_scan(proposal: Proposal, body: LikenessScanned, history: History, at: datetime) -> None:
    """Of a file that is here; what was measured is sealed under the scan's own number, for a bounded time."""
    known(history, body.asset)
    for said, other in bodies(history.about(f"asset:{body.asset}", LikenessScanned), LikenessScanned):
        if other.scan == body.scan:
            refuse("scan_known", f"scan {body.scan} was recorded before", said.index)
    sealed = proposal.statement.sealed.get("/body/embeddings")
    if bool(body.faces) != (sealed is not None) or (sealed is not None and sealed.subject != body.scan):
        refuse("embeddings_not_sealed", "what was measured of faces is sealed under the scan's number, and only that")
    if bool(body.faces) != (body.keep_until is not None):
        refuse("retention_missing", "exactly a scan that measured faces says until when that is kept")
    if body.keep_until is not None and not at < body.keep_until <= at + SCAN_KEPT_MAX:
        refuse("retention_out_of_range", f"embeddings are kept from now for at most {SCAN_KEPT_MAX.days} days")


def accept_judgement(proposal: Proposal, body: LikenessJudged, history: History, at: datetime) -> None:
    """Of the newest scan, each face once, as the consents and reviews stand; and only where that is news."""
    scan = _scan(history, body.asset, body.scan)
    if not scan[0].index < body.as_of <= history.upto:
        refuse("judgement_misplaced", "a judgement reaches from behind its scan to no further than the log")
    if [one.face for one in body.findings] != list(range(1, len(scan[1].faces) + 1)):
        refuse("faces_differ", "every face of the scan is judged, in order", scan[0].index)
    for one in body.findings:
        _match_known(history, one)
    before = newest_judgement(history, scan[1])
    if before is not None and before[1].findings == body.findings and before[1].as_of > list_changed(history):
        refuse("judged_already", "this is how it was judged before", before[0].index)
    requests = requests_behind(history, body.asset)
    if any(finding_now(history, scan[1], one, requests, at) != one for one in body.findings):
        refuse("judgement_differs", "the consents and reviews in the log say otherwise", scan[0].index)


def _match_known(history: History, one: FaceFinding) -> None:
    if (one.enrolment is None) != (one.person is None) or (one.enrolment is None) != (one.distance_permille is None):
        refuse("match_incomplete", "a match names the enrolment, whose it is and how near")
    if one.enrolment is not None:
        found = enrolment(history, one.enrolment)
        if found is None or found.body.person != one.person:
            refuse("enrolment_unknown", f"{one.person} was never enrolled as {one.enrolment}")


def accept_face_review(proposal: Proposal, body: LikenessReviewed, history: History, at: datetime) -> None:
    """Of a face of the newest scan. A release is for those who answer for rights to say."""
    scan = _scan(history, body.asset, body.scan)
    if body.face > len(scan[1].faces):
        refuse("face_unknown", f"the scan found {len(scan[1].faces)} faces", scan[0].index)
    if body.verdict == "released" and not proposal.roles & {"ip-steward", "legal"}:
        refuse("release_not_yours", "that somebody released their likeness is said by the IP steward or by legal")


def accept_destroyed(proposal: Proposal, body: LikenessDestroyed, history: History, at: datetime) -> None:
    """Of what ended, for the reason for which it ended, once, and not under a hold."""
    if body.destroyed_at > at:
        refuse("destruction_ahead", "nothing was destroyed in the future")
    if body.enrolment is not None:
        accept_templates_destroyed(body, history, at)
        return
    asset = body.asset or ""
    found = bodies(history.about(f"asset:{asset}", LikenessScanned), LikenessScanned)
    scan = next((one for one in found if one[1].scan == body.scan), None)
    if scan is None or scan[1].keep_until is None:
        refuse("scan_unknown", f"no scan {body.scan} of this file measured anything")
    if (said := embeddings_gone(history, scan[1])) is not None:
        refuse("destroyed_already", "its embeddings were destroyed before", said.index)
    if not scan_over(history, scan[1], body.cause, at):
        refuse("destruction_not_due", f"the scan has not ended by {body.cause}", scan[0].index)
    refuse_all("a hold stands", held(history, f"asset:{asset}") if body.cause != "erased" else ())


def scan_over(history: History, scan: LikenessScanned, cause: str, at: datetime) -> bool:
    """Whether embeddings are to be destroyed for this cause: their time, a newer scan, somebody in them who is erased."""
    if cause == "retention":
        return scan.keep_until is not None and scan.keep_until <= at
    if cause == "superseded":
        newest = newest_scan(history, scan.asset)
        return newest is not None and newest[1].scan != scan.scan
    found = bodies(history.about(f"asset:{scan.asset}", LikenessJudged), LikenessJudged)
    people = {one.person for _, body in found if body.scan == scan.scan for one in body.findings if one.person}
    return cause == "erased" and any(history.about(f"person:{name}", SubjectErasureBegun) for name in people)


def accept_sweep(proposal: Proposal, body: LikenessSwept, history: History, at: datetime) -> None:
    found = enrolment(history, body.enrolment)
    if found is None:
        refuse("enrolment_unknown", f"nobody was enrolled as {body.enrolment}")
    if not found.said.index < body.upto <= history.upto:
        refuse(
            "sweep_misplaced", "a sweep reaches from behind its enrolment to no further than the log", found.said.index
        )
    if (said := history.last(f"enrolment:{body.enrolment}", LikenessSwept)) is not None:
        refuse("swept_already", "everything was compared with this enrolment before", said.index)


def _scan(history: History, asset: str, name: str) -> Scan:
    scan = newest_scan(history, asset)
    if scan is None or scan[1].scan != name:
        refuse("scan_unknown", f"the newest scan of this file is not {name}")
    return scan
