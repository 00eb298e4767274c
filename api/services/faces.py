"""Faces of files: found in the fenced child, measured into the vault, held against who is enrolled, said in the log.

    (1) the file is scanned             what was measured is sealed under the scan's own key
    (2) every face is judged            who is nearest, and whether they agreed to this file, as the log stands
    (3) an older scan is forgotten      its key is destroyed

Each step may be the last before a crash: the next call, or the worker's next round, goes on from there.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from api.services.likeness import destroy_scan, engine_shape, templates_of
from api.services.services import Services
from ledger.door import Receipt
from ledger.errors import Conflict, NotFound, Refused
from ledger.faces.comparing import SIGHTINGS_MIN, SPEC, THRESHOLD_PERMILLE, nearest, packed, unpacked
from ledger.faces.port import Embedding
from ledger.faces.seen import FACES, SeenFaces, crop_of, faces_of
from ledger.history import History
from ledger.media.child import Limits
from ledger.rules.faces import Scan, finding_now, newest_scan, requests_behind
from ledger.rules.guardrails import listed
from ledger.rules.likeness import Enrolment, standing
from ledger.rules.lineage import arrival
from ledger.statement import Opening
from schemas.base import new_id
from schemas.statements.faces import FaceFinding, LikenessJudged, LikenessScanned
from schemas.statements.guardrail import GuardrailFinding, GuardrailMatched

KEPT_FOR: Final = timedelta(days=90)  # a clip's campaign; what comes later scans the file again
TRIES_MAX: Final = 8  # a boundary that moves more often in one call has somebody else at work on it
_NO_NEWS = frozenset({"judged_already", "guardrail_matched_already"})


def scan(services: Services, asset: str, cause: str = "scan") -> Receipt:
    """Looks for faces in a file of the ledger and judges them. The receipt of the scan.

    Raises NotFound `asset_unknown`, Unavailable `faces_not_installed`. What the file did to the engine is a state.
    """
    if arrival(services.ledger.history(), asset) is None:
        raise NotFound("asset_unknown", f"no file with the digest {asset} is in the ledger", "Import it first.")
    before = newest_scan(services.ledger.history(), asset)
    receipt = record(services, asset, _look(services, asset))
    judge(services, asset, cause)
    if before is not None and before[1].keep_until is not None:
        destroy_scan(services, before[1].scan, asset, "superseded")
    return receipt


def _look(services: Services, asset: str) -> SeenFaces:
    if not services.blobs.has(asset):
        return SeenFaces("failed", {"code": "file_missing"}, None)
    return faces_of(services.examiner.examine(services.blobs.path(asset), extractors=FACES))


def record(services: Services, asset: str, seen: SeenFaces) -> Receipt:
    """Says what a look gave; embeddings are sealed under the scan's own number."""
    now = services.clock.now()
    detail = {name: seen.detail[name] for name in ("frames", "until_ms", "small", "glimpses") if name in seen.detail}
    early = seen.detail.get("ended_early") or seen.detail.get("code")
    faces = [{name: value for name, value in vars(face).items() if name != "embeddings"} for face in seen.faces]
    body = LikenessScanned.model_validate(
        {
            "scan": new_id(now),
            "asset": asset,
            "state": "failed" if seen.state == "not_checked" else seen.state,
            "engine": engine_shape(seen.engine) if seen.engine else None,
            "ended_early": str(early).lower()[:48] if early else None,
            "faces": faces,
            "keep_until": now + KEPT_FOR if faces else None,
            **detail,
        }
    )
    sealed = {"/body/embeddings": [packed(face.embeddings) for face in seen.faces]} if faces else None
    return services.ledger.say(body, sealed=sealed, subject=body.scan if sealed else None)


def embeddings_of(services: Services, one: Scan) -> list[list[Embedding]] | None:
    """Of every face of a scan, out of the vault; None once they are destroyed. Raises Untrusted, Unavailable."""
    if not one[1].faces or one[1].engine is None:
        return []
    kept = services.ledger.vault.open(one[0].statement.id, "/body/embeddings")
    return [unpacked(text, one[1].engine.dimensions) for text in kept.value] if isinstance(kept, Opening) else None


def judge(services: Services, asset: str, cause: str) -> Receipt | None:
    """Holds the faces of a file's newest scan against everybody enrolled. None where that says nothing new, where there is
    no face, or where what was measured is destroyed (`scan` then measures again).
    """
    for _ in range(TRIES_MAX):
        history = services.ledger.history()
        one = newest_scan(history, asset)
        measured = embeddings_of(services, one) if one else None
        if one is None or not measured:
            return None
        body = _judgement(services, history, one, measured, cause)
        try:
            receipt = services.ledger.say(body)
        except Conflict:
            continue
        except Refused as refused:
            if refused.code == "judgement_differs":  # an instant passed at which a consent ends
                continue
            if refused.code not in _NO_NEWS:
                raise
            receipt = None
        _tell_the_list(services, history, body)
        return receipt
    raise Conflict("boundary_moved", f"others keep saying things about {asset}", "Judge it again.")


def _judgement(
    services: Services, history: History, one: Scan, measured: list[list[Embedding]], cause: str
) -> LikenessJudged:
    now = services.clock.now()
    enrolled = known_faces(services, history, one[1].engine.model_sha256) if one[1].engine else []
    people = {other.body.enrolment: other.body.person for other, _ in enrolled}
    named = [(other.body.enrolment, templates) for other, templates in enrolled]
    requests, findings = requests_behind(history, one[1].asset), []
    for number, embeddings in enumerate(measured, 1):
        likeness = nearest(embeddings, named, sightings_min=min(SIGHTINGS_MIN, len(embeddings)))
        raw = FaceFinding(face=number, finding="unmatched")
        if likeness is not None:
            near = {"enrolment": likeness.enrolment, "distance_permille": likeness.distance_permille}
            raw = raw.model_copy(update={**near, "person": people[likeness.enrolment]})
        findings.append(finding_now(history, one[1], raw, requests, now))
    return LikenessJudged.model_validate(
        {
            "asset": one[1].asset,
            "scan": one[1].scan,
            "as_of": history.upto,
            "spec": SPEC,
            "threshold_permille": THRESHOLD_PERMILLE,
            "cause": cause,
            "findings": tuple(findings),
        }
    )


def known_faces(services: Services, history: History, model_sha256: str) -> list[tuple[Enrolment, list[Embedding]]]:
    """Everybody who may be recognised now, and was measured by the engine that measured the file."""
    alike = [one for one in standing(history, services.clock.now()) if one.body.engine.model_sha256 == model_sha256]
    return [(other, templates) for other in alike if (templates := templates_of(services, other))]


def _tell_the_list(services: Services, history: History, body: LikenessJudged) -> None:
    """A person on the do-not-generate list who is recognised matches it, once for each entry and file."""
    entries = {one.person: one.guardrail for _, one in listed(history, services.clock.now()) if one.person is not None}
    for finding in body.findings:
        if finding.person in entries and finding.distance_permille is not None:
            score = max(0, 100 - finding.distance_permille // 10)
            match = GuardrailFinding(guardrail=entries[finding.person], method="face", score=score)
            try:
                services.ledger.say(GuardrailMatched(asset=body.asset, finding=match, spec=SPEC))
            except Refused as refused:
                if refused.code not in _NO_NEWS:
                    raise


def crop(services: Services, asset: str, face: int) -> bytes:
    """A JPEG of one face, cut out of the file when it is asked for; nothing keeps it. Raises NotFound, Unavailable."""
    one = newest_scan(services.ledger.history(), asset)
    if one is None or not 1 <= face <= len(one[1].faces):
        raise NotFound("face_unknown", "no scan of this file found such a face", "See the file's likeness.")
    if not services.blobs.has(asset):
        raise NotFound("blob_unknown", "the file's bytes are not kept here", "Import it again.")
    seen = one[1].faces[face - 1]
    return crop_of(services.blobs.path(asset), seen.best_ms, seen.box, Limits())
