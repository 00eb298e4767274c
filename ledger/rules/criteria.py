"""What files are looked through for: each mark as registered last, each style kit's newest version (SPEC S15.1)."""

from __future__ import annotations

from datetime import datetime

from ledger.history import History, bodies
from ledger.rules.proposal import Proposal, refuse
from ledger.statement import Said
from schemas.statements.criteria import CRITERIA_TAG, MarkTemplateRegistered, StyleKitAdopted

RESERVED = CRITERIA_TAG.partition(":")[2]  # the tag under which every one is found
TEMPLATES_MAX = 8  # looked for in one examination, half a second of work each
KITS_MAX = 4  # likewise


def templates(history: History) -> tuple[MarkTemplateRegistered, ...]:
    """The marks that are looked for, by name."""
    return tuple(body for _, body in _marks(history).values() if body.image_sha256 is not None)


def kits(history: History) -> tuple[StyleKitAdopted, ...]:
    """The style kits that files are held against, by name."""
    return tuple(body for _, body in _kits(history).values() if _asks(body))


def accept_template(proposal: Proposal, body: MarkTemplateRegistered, history: History, at: datetime) -> None:
    """Not what stands already, not the end of what never was, and no more than an examination can look for."""
    _not_reserved(body.template)
    before = _marks(history).get(body.template)
    if body.image_sha256 is None and (before is None or before[1].image_sha256 is None):
        refuse("mark_template_unknown", f"no mark {body.template} is looked for")
    if before is not None and _looks(before[1]) == _looks(body):
        refuse("mark_template_unchanged", f"{body.template} is looked for like this already", before[0].index)
    standing = {one.template for one in templates(history)} | {body.template}
    if body.image_sha256 is not None and len(standing) > TEMPLATES_MAX:
        refuse("mark_templates_too_many", f"{TEMPLATES_MAX} marks are looked for; end one before you add another")


def accept_kit(proposal: Proposal, body: StyleKitAdopted, history: History, at: datetime) -> None:
    """Versions follow each other without a gap; a version never changes."""
    _not_reserved(body.kit)
    before = _kits(history).get(body.kit)
    follows = before[1].version + 1 if before else 1
    if body.version != follows:
        what = f"the next version of style kit {body.kit} is {follows}"
        refuse("style_kit_version", what, before[0].index if before else None)
    if not _asks(body) and before is None:
        refuse("style_kit_empty", f"style kit {body.kit} asks for nothing")
    if _asks(body) and len({one.kit for one in kits(history)} | {body.kit}) > KITS_MAX:
        refuse("style_kits_too_many", f"{KITS_MAX} style kits stand; end one before you add another")


def _marks(history: History) -> dict[str, tuple[Said, MarkTemplateRegistered]]:
    said = bodies(history.about(CRITERIA_TAG, MarkTemplateRegistered), MarkTemplateRegistered)
    return dict(sorted({body.template: (one, body) for one, body in said}.items()))


def _kits(history: History) -> dict[str, tuple[Said, StyleKitAdopted]]:
    said = bodies(history.about(CRITERIA_TAG, StyleKitAdopted), StyleKitAdopted)
    return dict(sorted({body.kit: (one, body) for one, body in said}.items()))


def _asks(body: StyleKitAdopted) -> bool:
    return bool(body.palette or body.logos or body.texts)


def _looks(body: MarkTemplateRegistered) -> tuple[str, str | None, int]:
    return body.provider, body.image_sha256, body.width_permille


def _not_reserved(name: str) -> None:
    if name == RESERVED:
        refuse("criterion_name_reserved", f"nothing is called {RESERVED}")
