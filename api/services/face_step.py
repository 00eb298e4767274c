"""The last step of identification: whose enrolled likeness is in the file? Never who a stranger is (SPEC S14.8).

Bytes that are known are answered from their recorded scan. Others are looked at now, if somebody is enrolled and an engine is
here: measured in the fenced process, held against the templates in the vault, and forgotten; nothing is said or kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from api.services.faces import known_faces
from api.services.services import Services
from ledger.errors import LedgerError, Reason
from ledger.faces.comparing import SIGHTINGS_MIN, nearest
from ledger.faces.seen import FACES, SeenFaces, faces_of
from ledger.history import History
from ledger.rules.faces import agreed, finding_now, newest_judgement, requests_behind
from ledger.rules.likeness import standing
from ledger.rules.weighing_likeness import scanned


@dataclass(frozen=True)
class Likeness:
    """Somebody enrolled, for whom a face was taken, from when to when; `consent` is theirs to this file, None without one.
    `person` is None where the caller may not read who it is."""

    person: str | None
    consent: str | None
    distance_permille: int
    first_ms: int
    last_ms: int

    def as_json(self) -> dict[str, Any]:
        return dict(vars(self)) | {"finding": "consented" if self.consent else "unconsented"}


@dataclass(frozen=True)
class FaceStep:
    """`reason` says why nothing was looked at, or not all of it. `strangers` are faces of nobody enrolled."""

    state: Literal["found", "absent", "not_checked"]
    reason: str | None = None
    enrolled: tuple[Likeness, ...] = ()
    strangers: int = 0

    def as_json(self) -> dict[str, Any]:
        people = [one.as_json() for one in self.enrolled]
        return {"state": self.state, "reason": self.reason, "enrolled": people, "strangers": self.strangers}

    def unnamed(self) -> FaceStep:
        return replace(self, enrolled=tuple(replace(one, person=None, consent=None) for one in self.enrolled))

    def reasons(self) -> Iterator[Reason]:
        """What a person has to look at; it never makes an answer better."""
        for one in self.enrolled:
            if one.consent is None:
                whom = one.person or "somebody who enrolled"
                detail = (
                    f"a face ({one.first_ms} to {one.last_ms} ms) is taken for {whom}, who has not agreed to this file"
                )
                yield Reason("likeness_unconsented", f"{detail}; a person should look")


def faces_now(services: Services, history: History, path: Path, asset: str | None, at: datetime) -> FaceStep:
    """A look into the file. `asset`: the known one that it was recognised as, whose consents then count. Raises Untrusted."""
    if next(iter(standing(history, at)), None) is None:
        return FaceStep("not_checked", "nobody_enrolled")
    try:
        seen = faces_of(services.examiner.examine(path, extractors=FACES))
    except LedgerError as error:
        return FaceStep("not_checked", error.code)
    if seen.engine is None or seen.state not in ("found", "absent"):
        return FaceStep("not_checked", str(seen.detail.get("code", seen.state)))
    known = known_faces(services, history, seen.engine.model_sha256)
    if not known:
        return FaceStep("not_checked", "enrolled_by_another_engine")
    named = [(one.body.enrolment, templates) for one, templates in known]
    people = {one.body.enrolment: one.body.person for one, _ in known}
    return _held_against(history, seen, named, people, asset, at)


def _held_against(
    history: History,
    seen: SeenFaces,
    named: Sequence[tuple[str, Any]],
    people: dict[str, str],
    asset: str | None,
    at: datetime,
) -> FaceStep:
    requests, found = requests_behind(history, asset) if asset else [], list[Likeness]()
    for face in seen.faces:
        near = nearest(face.embeddings, named, sightings_min=min(SIGHTINGS_MIN, len(face.embeddings)))
        if near is not None:
            person = people[near.enrolment]
            consent = agreed(history, person, requests, at)
            found.append(Likeness(person, consent, near.distance_permille, face.first_ms, face.last_ms))
    return FaceStep(seen.state, _missed(seen), tuple(found), len(seen.faces) - len(found))  # type: ignore[arg-type]  # asked before


def _missed(seen: SeenFaces) -> str | None:
    """What an engine saw and could not compare, so that `absent` and a short list are not taken for all there is."""
    if early := seen.detail.get("ended_early"):
        return str(early)
    return "too_small_or_too_short" if seen.detail.get("small") or seen.detail.get("glimpses") else None


def faces_recorded(history: History, asset: str, at: datetime) -> FaceStep:
    """Of known bytes: what their newest scan found, read with the consents of that instant."""
    scan = scanned(history, asset)
    if scan is None or scan[1].state not in ("found", "absent"):
        return FaceStep("not_checked", "not_scanned" if scan is None else scan[1].ended_early or scan[1].state)
    judged = newest_judgement(history, scan[1])
    if judged is None:
        return FaceStep("not_checked", "not_judged") if scan[1].faces else FaceStep(scan[1].state)
    requests, found = requests_behind(history, asset), list[Likeness]()
    for finding in judged[1].findings:
        now, face = finding_now(history, scan[1], finding, requests, at), scan[1].faces[finding.face - 1]
        if now.person is not None and now.distance_permille is not None:
            found.append(Likeness(now.person, now.consent, now.distance_permille, face.first_ms, face.last_ms))
    return FaceStep(scan[1].state, scan[1].ended_early, tuple(found), len(scan[1].faces) - len(found))
