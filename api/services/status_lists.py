"""Signed Token Status Lists (IETF draft-ietf-oauth-status-list): what stands and what doesn't, without an account or a name.

A list is cached by whoever fetched it, so it must not outlive what it says: it ends after `ttl` or at the first instant at
which time ends something in it, whichever comes first. What a job has yet to record is over here already.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from api.services.services import Services
from ledger.proof.jws import base64url_text
from ledger.proof.statuslist import BITS, INVALID, STATUS_TYPE, SUSPENDED, VALID
from ledger.rules.consent_effects import IN_FORCE
from ledger.rules.endings import still_covers
from projections.clearance import ClearanceView
from projections.rights import ConsentView
from projections.status import LIST_PLACES, Listed

TTL = timedelta(minutes=5)  # how long a platform may go without asking again


@dataclass(frozen=True)
class Status:
    """What stands at one place, and when time changes it next, if it does."""

    value: int
    until: datetime | None = None


def status_reference(services: Services, listed: Listed, name: str) -> dict[str, object]:
    """`{"status_list": {"idx", "uri"}}` for a pass or an answer. Raises NotFound `status_unknown`."""
    place = services.views.status.place(listed, name)
    number, index = divmod(place, LIST_PLACES)
    return {"status_list": {"idx": index, "uri": list_uri(services, listed, number)}}


def list_uri(services: Services, listed: Listed, number: int) -> str:
    return f"{services.public_url}/v1/status/{listed}/{number}"


def issue_status_list(services: Services, listed: Listed, number: int) -> str:
    """The list as it stands now, as a compact JWS by the service. Raises NotFound `status_list_unknown`, Unavailable."""
    services.views.catch_up()
    names, at = services.views.status.names(listed, number), services.clock.now()
    of = _consents if listed == "consents" else _clearances
    statuses = of(services, names, at) if names else []
    issued = math.floor(at.timestamp())
    claims = {
        "sub": list_uri(services, listed, number),
        "iss": services.origin,
        "iat": issued,
        "exp": _end(statuses, at),
        "ttl": int(TTL.total_seconds()),
        "status_list": {"bits": BITS, "lst": packed([status.value for status in statuses])},
    }
    return services.ledger.attest_token(claims, STATUS_TYPE)


def packed(values: Sequence[int]) -> str:
    """Two bits each, the first lowest in its byte, deflated in the ZLIB format, base64url."""
    octets = bytearray(-(-len(values) * BITS // 8))
    for place, value in enumerate(values):
        octets[place * BITS // 8] |= value << (place * BITS % 8)
    return base64url_text(zlib.compress(bytes(octets), 9))


def _end(statuses: Iterable[Status], at: datetime) -> int:
    """In whole seconds, rounded down: a list never says a thing for longer than it is true."""
    changes = [status.until for status in statuses if status.until is not None and status.until > at]
    return math.floor(min([at + TTL, *changes]).timestamp())


def _consents(services: Services, names: Sequence[str], at: datetime) -> list[Status]:
    found = services.views.rights.consents(names, at)
    return [_of_consent(found[name]) if name in found else Status(INVALID) for name in names]


def _of_consent(view: ConsentView) -> Status:
    if view.state in IN_FORCE:
        return Status(VALID, view.folded.runs_until(view.at))
    return Status(SUSPENDED if view.state == "suspended" else INVALID)


def _clearances(services: Services, names: Sequence[str], at: datetime) -> list[Status]:
    """A clearance stands only while every consent behind it does and still covers what was cleared."""
    views = {view.clearance: view for view in services.views.clearance.clearances(names)}
    behind = sorted({consent for view in views.values() for consent in view.consents})
    consents = services.views.rights.consents(behind, at) if behind else {}
    media = services.views.clearance.media(sorted({view.asset for view in views.values()}))
    return [
        _of_clearance(views[name], consents, media.get(views[name].asset, ""), at) if name in views else Status(INVALID)
        for name in names
    ]


def _of_clearance(view: ClearanceView, consents: dict[str, ConsentView], medium: str, at: datetime) -> Status:
    behind = [consents.get(consent) for consent in view.consents]
    if not view.in_force(at) or any(one is None for one in behind):
        return Status(INVALID)
    known = [one for one in behind if one is not None]
    if any(one.state == "suspended" for one in known):
        return Status(SUSPENDED)
    if not all(one.state in IN_FORCE and still_covers(one.folded, view, medium) for one in known):
        return Status(INVALID)
    ends = [one.folded.runs_until(at) for one in known]
    return Status(VALID, min([view.valid_until, *(end for end in ends if end is not None)]))
