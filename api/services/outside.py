"""What others know: contract systems are read, outside registries asked, and what they say becomes statements."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from api.services.services import Services
from ledger.contracts.port import ContractSystem, Unreadable
from ledger.door import Receipt
from ledger.errors import Refused, Unavailable
from ledger.history import History, bodies
from ledger.registries.port import ConsentRegistry
from ledger.rules.contracts import newest_term
from ledger.rules.decision import decide
from ledger.rules.lineage import descendants
from schemas.statements.clearance import ClearanceIssued, ClearanceRevoked
from schemas.statements.contract import ContractReevaluated, ContractTermRecorded, Reevaluated
from schemas.statements.licence import LicenceGranted, Source
from schemas.statements.registry import RegistryAnswered
from schemas.statements.right import RightUsed

AFFECTED_NAMED_MAX = 100  # ContractReevaluated's own bound
CODES_NAMED_MAX = 20
UNAVAILABLE_FOR = timedelta(minutes=1)  # how soon it makes sense to ask a registry again that did not answer


@dataclass(frozen=True)
class Synced:
    """What one look at a contract system brought: new revisions with what hangs on them, and what could not be used."""

    changed: tuple[ContractReevaluated, ...]
    unchanged: int
    refused: tuple[Unreadable, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "changed": [body.as_json() for body in self.changed],
            "unchanged": self.unchanged,
            "refused": [vars(one) for one in self.refused],
        }


def sync_contracts(services: Services, contracts: ContractSystem) -> Synced:
    """New revisions become statements, and what hangs on them is weighed again. Raises Unavailable."""
    changed: list[ContractReevaluated] = []
    refused: list[Unreadable] = []
    unchanged = 0
    for term in contracts.terms():
        if isinstance(term, Unreadable):
            refused.append(term)
            continue
        known = newest_term(services.ledger.history(), term.source)
        if known is None or known[1].content_sha256 != term.content_sha256:
            problem = _say_term(services, term)
            if problem is not None:
                refused.append(problem)
                continue
        elif _weighed_again(services.ledger.history(), term.source):
            unchanged += 1
            continue
        changed.append(reevaluate(services, term.source))
    return Synced(tuple(changed), unchanged, tuple(refused))


def _say_term(services: Services, term: ContractTermRecorded) -> Unreadable | None:
    try:
        services.ledger.say(term)
    except Refused as refused:
        return Unreadable(term.source.ref, f"{refused.code}: {refused.what}")
    return None


def _weighed_again(history: History, source: Source) -> bool:
    """Whether the re-evaluation of this very revision is recorded: a crash may have come between."""
    found = bodies(history.about(source.tag, ContractReevaluated), ContractReevaluated)
    return bool(found) and found[-1][1].source == source


def reevaluate(services: Services, source: Source) -> ContractReevaluated:
    """Every file that hangs on the contract, each standing clearance weighed as if it were asked for now."""
    history, now = services.ledger.history(), services.clock.now()
    affected = [one for asset in _assets(history, source) for one in _again(history, asset, now)]
    body = ContractReevaluated(
        source=source,
        affected=tuple(affected[:AFFECTED_NAMED_MAX]),
        affected_count=len(affected),
        denied_count=sum(one.allowed is False for one in affected),
    )
    services.ledger.say(body)
    return body


def _assets(history: History, source: Source) -> list[str]:
    found: dict[str, None] = {}
    for _, licence in bodies(history.about(source.tag, LicenceGranted), LicenceGranted):
        for _, use in bodies(history.about(f"licence:{licence.licence}", RightUsed), RightUsed):
            found |= dict.fromkeys((use.asset, *descendants(history, use.asset)))
    return list(found)


def _again(history: History, asset: str, now: Any) -> Iterator[Reevaluated]:
    tag = f"asset:{asset}"
    revoked = {body.clearance for _, body in bodies(history.about(tag, ClearanceRevoked), ClearanceRevoked)}
    issued = bodies(history.about(tag, ClearanceIssued), ClearanceIssued)
    standing = [body for _, body in issued if body.clearance not in revoked and now < body.question.valid_until]
    if not standing:
        yield Reevaluated(asset=asset)
    for body in standing:
        decision = decide(history, body.question, now)
        codes = tuple(dict.fromkeys(rule.code for rule in decision.against))[:CODES_NAMED_MAX]
        yield Reevaluated(asset=asset, clearance=body.clearance, allowed=decision.allowed, codes=codes)


def ask_registry(services: Services, registry: ConsentRegistry, consent: str, reference: str) -> Receipt:
    """Asks, and says what came; that nothing came is said too. From the first time on the consent needs a fresh yes."""
    status, fresh_for = "unavailable", UNAVAILABLE_FOR
    try:
        word = registry.status(reference)
        status, fresh_for = word.status, word.fresh_for
    except Unavailable:
        pass
    now = services.clock.now()
    body = {"consent": consent, "registry": registry.name, "reference": reference, "status": status}
    return services.ledger.say(
        RegistryAnswered.model_validate({**body, "answered_at": now, "fresh_until": now + fresh_for})
    )
