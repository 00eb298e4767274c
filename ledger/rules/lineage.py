"""Where a file comes from and what came of it, read edge by edge: cost follows the family, not the ledger."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from ledger.errors import TooLarge
from ledger.history import History, bodies
from ledger.statement import Said
from schemas.statements.asset import AssetDerived, AssetExamined, AssetFlagged, AssetImported
from schemas.statements.consent_changes import ConsentRenewed
from schemas.statements.review import ReviewRejected

FAMILY_ASSETS_MAX = 10_000  # one decision's walk; a larger family is a mistake or an attack, and is refused


def arrival(history: History, asset: str) -> Said | None:
    """The statement by which a file entered the ledger (import or derivation), or None.

    It is the first of these with the file's tag: whatever is derived from a file comes after the file. So a decision on
    one of a hundred thousand descendants reads its own line, and not its ancestor's other children.
    """
    return history.first(f"asset:{asset}", AssetImported, AssetDerived)


def derivation(history: History, asset: str) -> tuple[Said, AssetDerived] | None:
    """How a file was made from others, or None for one that came from outside."""
    said = arrival(history, asset)
    return (said, said.body) if said is not None and isinstance(said.body, AssetDerived) else None


def ancestors(history: History, asset: str) -> list[str]:
    """The file itself, then everything it was made from, nearest first, each once."""
    return _walk(asset, lambda name: _parents(history, name))


def descendants(history: History, asset: str) -> list[str]:
    """Everything made from the file, nearest first, each once; not the file itself."""
    return _walk(asset, lambda name: _children(history, name))[1:]


def _parents(history: History, asset: str) -> tuple[str, ...]:
    made = derivation(history, asset)
    return made[1].parents if made else ()


def _children(history: History, asset: str) -> tuple[str, ...]:
    found = bodies(history.about(f"asset:{asset}", AssetImported, AssetDerived), AssetDerived)
    return tuple(body.asset for _, body in found if asset in body.parents)


def _walk(start: str, step: Callable[[str], tuple[str, ...]]) -> list[str]:
    seen, queue = {start: None}, deque([start])
    while queue:
        for name in step(queue.popleft()):
            if name not in seen:
                seen[name] = None
                queue.append(name)
        if len(seen) > FAMILY_ASSETS_MAX:
            raise TooLarge("family_too_large", f"{start} has more than {FAMILY_ASSETS_MAX} relatives")
    return list(seen)


def examination(history: History, asset: str) -> tuple[Said, AssetExamined] | None:
    """The newest examination of exactly these bytes, or None."""
    found = bodies(history.about(f"asset:{asset}", AssetExamined), AssetExamined)
    return found[-1] if found else None


def rejection(history: History, asset: str) -> Said | None:
    return history.last(f"asset:{asset}", ReviewRejected)


def quarantine(history: History, asset: str) -> Said | None:
    """The rejection, of the file or of one that it was made from, that closes it (SPEC S5.4)."""
    return next((said for name in ancestors(history, asset) if (said := rejection(history, name))), None)


def flags(history: History, asset: str) -> list[tuple[Said, AssetFlagged]]:
    return bodies(history.about(f"asset:{asset}", AssetFlagged), AssetFlagged)


def lifted(history: History, said: Said, flag: AssetFlagged) -> bool:
    """Whether the person agreed again after a flag for the end of their consent: that lifts it (SPEC S10.9)."""
    if flag.cause != "consent-ended" or flag.consent is None:
        return False
    renewed = history.last(f"consent:{flag.consent}", ConsentRenewed)
    return renewed is not None and renewed.index > said.index


def same_essence(history: History, asset: str) -> list[str]:
    """The file and every ancestor with the same coded picture and sound: a signed twin keeps its approvals (SPEC S5.3)."""
    chain, name = [asset], asset
    while (made := derivation(history, name)) is not None and made[1].relation == "signed":
        parent = made[1].parents[0]
        mine, theirs = examination(history, name), examination(history, parent)
        if mine is None or theirs is None or mine[1].essence_sha256 is None:
            break
        if mine[1].essence_sha256 != theirs[1].essence_sha256:
            break
        chain.append(parent)
        name = parent
    return chain
