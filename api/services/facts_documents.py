"""The section of facts.json on documents: shown to people, signed, proving an authority; contracts, notices, lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from api.services.facts_scene import Scene
from schemas.base import Body
from schemas.facts_matches import DocumentFact
from schemas.statements.consent import ConsentGranted, ConsentRequested
from schemas.statements.dispute import DisputeNotified
from schemas.statements.licence import LicenceGranted
from schemas.statements.person import PersonRegistered, PersonSpeakerChanged
from schemas.statements.right import RightRecorded, RightTransferred
from schemas.statements.trust import TrustListImported

_Row = tuple[str, str | None, str, str | None]
"""What it is, its digest if there is one, of what, and more about it."""


def documents_of(scene: Scene) -> Iterator[DocumentFact]:
    """Of every entry that was read, in their order: ask for it after the other sections."""
    for index, said in sorted(scene.history.entries_read.items()):
        for what, sha256, of, detail in _named(said.body):
            if sha256 is not None:
                told: dict[str, Any] = {"what": what, "sha256": sha256, "of": of, "detail": detail, "entry": index}
                yield DocumentFact.model_validate(told)


def _named(body: Body) -> Iterator[_Row]:
    if isinstance(body, ConsentRequested | ConsentGranted):
        if body.notice is not None:
            yield "notice-shown", body.notice.sha256, body.consent, f"in {body.notice.language}"
        paper = body.document if isinstance(body, ConsentGranted) else None
        if paper is not None:
            yield "signed-paper", paper.sha256, body.consent, f"witnessed by {paper.witnessed_by}"
    elif isinstance(body, PersonRegistered | PersonSpeakerChanged):
        yield "authority", body.authority_sha256, body.person, f"{body.speaks_as} speaks for them ({body.authority})"
    elif isinstance(body, RightRecorded | RightTransferred):
        yield "right", body.document_sha256, body.right, None
    elif isinstance(body, LicenceGranted):
        yield "licence", body.document_sha256, body.licence, None
    elif isinstance(body, DisputeNotified):
        yield "notice-received", body.document_sha256, body.dispute, body.event
    elif isinstance(body, TrustListImported):
        yield "trust-list", body.list_sha256, body.list, body.kind
