"""Sections of facts.json about nearness and privilege: matches with reference media, and what counsel claims privilege over."""

from __future__ import annotations

from collections.abc import Iterator

from api.services.facts_scene import Scene
from ledger.history import bodies
from ledger.rules.matches import reviewed
from ledger.rules.privilege import claims_in
from ledger.rules.references import way_of
from ledger.statement import Said
from schemas.facts_matches import MatchFact, WithheldFact
from schemas.statements.dispute import DisputeOpened
from schemas.statements.match import MatchFound
from schemas.statements.privilege import PrivilegeAsserted
from schemas.statements.reference import ReferenceRegistered, ReferenceWithdrawn

_SAID = frozenset(MatchFound.model_fields) - {"policy", "algorithm"}


def matches_of(scene: Scene) -> Iterator[MatchFact]:
    """The newest word on each file of the family and each reference in each way, in the order of their entries."""
    newest: dict[tuple[str, str, str], tuple[Said, MatchFound]] = {}
    for said, body in scene.said(MatchFound):
        newest[body.asset, body.reference, way_of(body.algorithm)] = (said, body)
    yield from sorted((_match(scene, *one) for one in newest.values()), key=lambda one: one.entry)


def _match(scene: Scene, said: Said, body: MatchFound) -> MatchFact:
    told = scene.history.about(f"reference:{body.reference}", ReferenceRegistered, ReferenceWithdrawn)
    way = way_of(body.algorithm)
    registered, word = bodies(told, ReferenceRegistered), reviewed(scene.history, body.asset, body.reference, way)
    looked = {"verdict": word[1].verdict, "reviewer": word[0].actor, "reviewed": word[0].index} if word else {}
    return MatchFact.model_validate(
        {
            **{name: getattr(body, name) for name in _SAID},
            **looked,
            "by_sound": True if way == "sound" else None,
            "kind": registered[0][1].kind if registered else "unknown",
            "media": registered[0][1].media if registered else None,
            "withdrawn": bool(bodies(told, ReferenceWithdrawn)),
            "entry": said.index,
        }
    )


def privilege_log_of(scene: Scene) -> Iterator[WithheldFact]:
    """Of the files and of every dispute about one of them, by entry."""
    said = {one.index: one for one in scene.about_files}
    for _, opened in scene.said(DisputeOpened):
        said |= {one.index: one for one in scene.history.about(f"dispute:{opened.dispute}")}
    for one, body, waived in claims_in(said[index] for index in sorted(said)):
        yield _claim(one, body, waived)


def _claim(said: Said, body: PrivilegeAsserted, waived: Said | None) -> WithheldFact:
    names = ("privilege", "document_sha256", "statement", "pointer", "kind", "written_at", "author", "recipients")
    told = {name: getattr(body, name) for name in (*names, "basis", "description")}
    ended = {"waived": waived.index if waived else None}
    return WithheldFact.model_validate({**told, **ended, "claimed_by": said.actor, "entry": said.index})
