"""Templates of people's faces: measured from reference pictures, kept in the vault, destroyed when their time is over.

What is measured never leaves this process but for the vault. A destruction comes before the entry that says so: a crash between
leaves templates that are gone and of no effect, and the next round says it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from api.services.services import Services
from ledger.door import Receipt
from ledger.errors import Conflict, Misuse, NotFound, Refused
from ledger.faces.comparing import THRESHOLD_PERMILLE, distance_permille, packed, unpacked
from ledger.faces.port import FACE_SIDE_PX_MIN, Embedding, EngineSpec
from ledger.faces.seen import FACES, SeenFaces, faces_of
from ledger.history import History
from ledger.rules.faces import scans_recognising
from ledger.rules.likeness import Enrolment, ends, enrolments, held, permission, templates_left
from ledger.statement import Opening
from schemas.base import new_id
from schemas.statements.likeness import REFERENCES_MAX, Engine, LikenessDestroyed, LikenessEnrolled

STRAY_AFTER = timedelta(days=1)
SAID_BEFORE = frozenset({"destroyed_already", "legal_hold"})


def engine_shape(spec: EngineSpec) -> Engine:
    return Engine.model_validate(spec.as_json())


def enrol(services: Services, permitted: str, pictures: Sequence[Path]) -> Receipt:
    """Measures one face in each picture and seals the templates. Nothing of the pictures is kept.

    Raises NotFound `permission_unknown`; Misuse `references_count`, `reference_unusable`, `references_differ`; Unavailable
    `faces_not_installed`; Refused `permission_over`, `subject_erased`.
    """
    found = permission(services.ledger.history(), permitted)
    if found is None:
        raise NotFound("permission_unknown", f"nobody gave permission {permitted}", "Say likeness.permitted.v1 first.")
    if not 1 <= len(pictures) <= REFERENCES_MAX:
        raise Misuse("references_count", f"give 1 to {REFERENCES_MAX} pictures", "Five from several sides are enough.")
    seen = [faces_of(services.examiner.examine(path, extractors=FACES)) for path in pictures]
    templates = [_only_face(number, one) for number, one in enumerate(seen, 1)]
    _one_person(templates)
    spec = seen[0].engine
    assert spec is not None  # noqa: S101 - a face was measured by it
    body = LikenessEnrolled.model_validate(
        {
            "enrolment": new_id(services.clock.now()),
            "permission": permitted,
            "person": found[1].person,
            "references": len(templates),
            "engine": engine_shape(spec),
        }
    )
    return services.ledger.say(body, sealed={"/body/templates": packed(templates)}, subject=body.enrolment)


def _only_face(number: int, seen: SeenFaces) -> Embedding:
    why = None
    if seen.engine is None:
        why = f"could not be read ({seen.detail.get('code', seen.state)})"
    elif len(seen.faces) != 1:
        why = f"shows {len(seen.faces)} faces of at least {FACE_SIDE_PX_MIN} px where one is needed"
    if why is not None:
        what = f"reference picture {number} {why}"
        raise Misuse("reference_unusable", what, "Give pictures of this person alone, facing the camera.")
    return seen.faces[0].embeddings[0]


def _one_person(templates: Sequence[Embedding]) -> None:
    for number, one in enumerate(templates, 1):
        others = [other for other in templates if other is not one]
        if others and distance_permille(one, others) > THRESHOLD_PERMILLE:
            what = f"reference picture {number} does not show the person of the others"
            raise Misuse("references_differ", what, "Leave it out, or enrol each person alone.")


def templates_of(services: Services, one: Enrolment) -> list[Embedding]:
    """Out of the vault; none once they are destroyed. Raises Untrusted, Unavailable."""
    kept = services.ledger.vault.open(one.said.statement.id, "/body/templates")
    return unpacked(str(kept.value), one.body.engine.dimensions) if isinstance(kept, Opening) else []


def destroy_ended(services: Services) -> list[Receipt]:
    """Destroys the templates of every enrolment that has ended, and says so. A hold defers all but an erasure."""
    history, now = services.ledger.history(), services.clock.now()
    ended = [(one, next(ends(history, one, now), None)) for one in enrolments(history) if one.destroyed is None]
    return [receipt for one, cause in ended if cause and (receipt := _destroy(services, history, one, cause))]


def destroy_for_erasure(services: Services, person: str) -> None:
    """Every template of a person whose erasure has begun, and what was measured in files where they were recognised."""
    history = services.ledger.history()
    for one in templates_left(history, person):
        _destroy(services, history, one, "erased")
    for scan in scans_recognising(history, person):
        destroy_scan(services, scan.scan, scan.asset, "erased")


def destroy_strays(services: Services) -> int:
    """What was sealed for an entry that never came: its process ended between the vault and the log. Nothing names it, so
    nothing is said. A day old by its own number, so that nobody is still about to say it.
    """
    before, found = new_id(services.clock.now() - STRAY_AFTER)[:13], 0
    for subject, statement in services.ledger.vault.kept_apart():
        if subject[:13] < before and services.ledger.store.by_statement(statement) is None:
            services.ledger.vault.erase(subject, services.clock.now())
            found += 1
    return found


def destroy_scan(services: Services, scan: str, asset: str, cause: str) -> Receipt | None:
    """What was measured of a file's faces. None where a hold on the file keeps it, or it was destroyed before."""
    if cause != "erased" and any(held(services.ledger.history(), f"asset:{asset}")):
        return None
    return _gone(services, scan, {"scan": scan, "asset": asset, "cause": cause})


def _destroy(services: Services, history: History, one: Enrolment, cause: str) -> Receipt | None:
    if cause != "erased" and any(held(history, f"person:{one.body.person}")):
        return None
    names = {"enrolment": one.body.enrolment, "person": one.body.person, "cause": cause}
    return _gone(services, one.body.enrolment, names)


def _gone(services: Services, subject: str, names: dict[str, str]) -> Receipt | None:
    """Destroys the key of `subject`, then says so once. Raises Unavailable `vault_busy`: then the next round says it."""
    now = services.clock.now()
    services.ledger.vault.erase(subject, now)
    with suppress(Conflict):  # somebody else is at it
        try:
            return services.ledger.say(LikenessDestroyed.model_validate({**names, "destroyed_at": now}))
        except Refused as refused:
            if refused.code not in SAID_BEFORE:
                raise
    return None
