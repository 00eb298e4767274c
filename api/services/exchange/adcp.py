"""AdCP 3.2 rights constraints and revocation notifications, for advertising agents (adcontextprotocol.org).

AdCP knows a dozen uses and countries; everything else of ours travels under `ext.countersign`, so that two of us lose nothing
and a stranger sees no more rights than there are: what AdCP can't say is in `restrictions`, as sentences.
"""

from __future__ import annotations

import hashlib
from typing import Any

from api.services.exchange.terms import LISTS, Terms, instant, request_of, terms_of
from ledger.errors import Misuse
from ledger.proof.canonical import canonical
from ledger.rules.consent_effects import ENDED, IN_FORCE
from ledger.rules.consent_states import ConsentState
from schemas.base import format_instant
from schemas.statements.consent import ConsentRequested

_BY_USE = {"advertising": "commercial", "endorsement": "endorsement", "editorial": "editorial"}
_BY_MEDIUM = {"video": "likeness", "still": "likeness", "audio": "voice"}
_UNDIGESTED = frozenset({"content_digest", "attestation_refs", "verification_url"})


def write_constraint(state: ConsentState, agent_url: str, agent_id: str) -> dict[str, Any]:
    """`rights-constraint` for the consent as it stands, with the digest that AdCP defines."""
    terms = terms_of(state)
    starts, ends = terms.window()
    document: dict[str, Any] = {
        "rights_id": terms.consent,
        "rights_agent": {"url": agent_url, "id": agent_id},
        "valid_from": starts,
        "valid_until": ends,
        "uses": _uses(terms),
        "right_type": "talent",
        "grant_status": _status(state),
        "restrictions": _restrictions(terms),
        "creative_approval_required": bool(terms.rest.get("final_approval", False)),
        "ext": {"countersign": _all(terms)},
    }
    document |= _countries(state, terms)
    return document | {"content_digest": digest(document)}


def digest(document: dict[str, Any]) -> str:
    """`sha256:` of the JCS bytes without the members that AdCP leaves out of it."""
    bound = {name: value for name, value in document.items() if name not in _UNDIGESTED}
    return "sha256:" + hashlib.sha256(canonical(bound)).hexdigest()


def read_constraint(document: dict[str, Any]) -> ConsentRequested:
    """A request for what a constraint of ours says. Raises Misuse `import_not_adcp`, `import_digest`, `import_incomplete`."""
    if not isinstance(document.get("rights_id"), str) or not isinstance(document.get("uses"), list):
        raise Misuse("import_not_adcp", "this is no AdCP rights constraint", "See `countersign consent export`.")
    if document.get("content_digest") not in (None, digest(document)):
        raise Misuse("import_digest", "it is not what its content_digest was made of", "Ask for it again.")
    extension = document.get("ext")
    ours = extension.get("countersign", {}) if isinstance(extension, dict) else {}
    found = dict(ours) if isinstance(ours, dict) else {}
    window = {name: instant(document[name]) for name in ("valid_from", "valid_until") if name in document}
    return request_of(found | window | {"consent": document["rights_id"]})


def write_revocation(state: ConsentState, effective_at: str) -> dict[str, Any] | None:
    """`revocation-notification` for a consent that ended, or that was narrowed; None when nothing was taken back.

    The key is the same for the same entry, so a receiver drops repeats. The reason is a word, never somebody's own.
    """
    cause: str = state.state
    if state.state in ENDED:
        revoked, entry = None, state.ended_by
    elif state.narrowings:
        cause, revoked, entry = "narrowed", _gone(state), state.narrowings[-1][0]
    else:
        return None
    document: dict[str, Any] = {
        "idempotency_key": f"countersign:{state.consent}:{cause}:{'time' if entry is None else entry}",
        "rights_id": state.consent,
        "brand_id": terms_of(state).person.replace("-", "_").replace(".", "_"),
        "reason": f"consent {cause}",
        "effective_at": effective_at,
        "ext": {"countersign": {"entry_index": entry, "left": {name: list(state.left(name)) for name in LISTS}}},
    }
    return document | ({"revoked_uses": revoked} if revoked else {})


def effective_at(state: ConsentState, at: str) -> str:
    """When the end took effect: for an expiry the instant itself, else when it was asked."""
    return format_instant(state.valid_until) if state.state == "expired" and state.valid_until else at


def _uses(terms: Terms) -> list[str]:
    found = [_BY_MEDIUM[medium] for medium in terms.lists["media"]] + ["ai_generated_image"]
    found += [_BY_USE[use] for use in terms.lists["uses"] if use in _BY_USE]
    return list(dict.fromkeys(found))


def _gone(state: ConsentState) -> list[str]:
    """Those of AdCP's uses that nothing of what is left comes under any more."""
    if state.grant is None:
        return []
    before = [_BY_USE[use] for use in state.grant.uses if use in _BY_USE]
    before += [_BY_MEDIUM[medium] for medium in state.grant.media]
    left = set(_uses(terms_of(state)))
    return [use for use in dict.fromkeys(before) if use not in left]


def _status(state: ConsentState) -> str:
    if state.state in IN_FORCE:
        return "active"
    return "revoked" if state.state in ENDED else "paused"


def _countries(state: ConsentState, terms: Terms) -> dict[str, Any]:
    named = [one for one in terms.lists["territories"] if one != "WORLD"]
    if "WORLD" not in terms.lists["territories"]:
        return {"countries": named}
    taken = sorted({one for _, body in state.narrowings for one in body.territories if one != "WORLD"})
    return {"excluded_countries": taken} if taken else {}


def _restrictions(terms: Terms) -> list[str]:
    found = [f"only as described: {terms.specific_description}"]
    found.append(f"uses: {', '.join(terms.lists['uses'])}; channels: {', '.join(terms.lists['channels'])}")
    if not terms.rest.get("training_use"):
        found.append("no training of models")
    return found


def _all(terms: Terms) -> dict[str, Any]:
    starts, ends = terms.window()
    whole: dict[str, Any] = {
        "consent": terms.consent,
        "person": terms.person,
        "specific_description": terms.specific_description,
        "valid_from": starts,
        "valid_until": ends,
    }
    return whole | {name: list(terms.lists[name]) for name in LISTS} | terms.rest
