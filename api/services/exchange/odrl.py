"""A consent as an ODRL 2.2 Agreement (W3C odrl-model): one permission, bounded; prohibitions for what was not given.

ODRL's window operands are inclusive or exclusive by operator: `gteq` the start, `lt` the end.
"""

from __future__ import annotations

from typing import Any

from api.services.exchange.terms import LISTS, Terms, instant, request_of, terms_of
from ledger.errors import Misuse
from ledger.rules.consent_states import ConsentState
from schemas.statements.consent import ConsentRequested

CONTEXT = "http://www.w3.org/ns/odrl.jsonld"
PROFILE = "urn:countersign:odrl:1"
_OPERANDS = {"uses": "purpose", "channels": "deliveryChannel", "territories": "spatial", "media": "media"}


def write_odrl(state: ConsentState, origin: str) -> dict[str, Any]:
    """The agreement as it stands: what was taken back is no longer permitted."""
    terms = terms_of(state)
    person = f"urn:countersign:{origin}:person:{terms.person}"
    target = {"uid": f"{person}:likeness", "partOf": f"urn:uuid:{terms.consent}"}
    document: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "Agreement" if state.grant else "Request",
        "uid": f"urn:uuid:{terms.consent}",
        "profile": PROFILE,
        "assigner": person,
        "assignee": f"urn:countersign:{origin}",
        "permission": [
            {"target": target["uid"], "action": "reproduce", "constraint": _bounds(terms), "duty": _duties(terms)}
        ],
        "prohibition": _prohibitions(state, terms, target["uid"]),
        "cs:terms": terms.rest | {"person": terms.person, "specific_description": terms.specific_description},
    }
    return document


def read_odrl(document: dict[str, Any]) -> ConsentRequested:
    """A request for what the permission says. Raises Misuse `import_not_odrl`, `import_incomplete`, `import_instant`."""
    try:
        permission = document["permission"][0]
        found = dict(document.get("cs:terms", {})) | {"consent": str(document["uid"]).removeprefix("urn:uuid:")}
        bounds = {(one["leftOperand"], one["operator"]): one["rightOperand"] for one in permission["constraint"]}
        found["valid_from"] = instant(bounds["dateTime", "gteq"]["@value"])
        found["valid_until"] = instant(bounds["dateTime", "lt"]["@value"])
        found |= {name: bounds[operand, "isAnyOf"] for name, operand in _OPERANDS.items()}
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        what = "this is no ODRL agreement with one bounded permission"
        raise Misuse("import_not_odrl", what, "See `countersign consent export`.") from error
    return request_of(found)


def _bounds(terms: Terms) -> list[dict[str, Any]]:
    starts, ends = terms.window()
    found: list[dict[str, Any]] = [_when("gteq", starts), _when("lt", ends)]
    for name in LISTS:
        operand = _OPERANDS[name]
        found.append({"leftOperand": operand, "operator": "isAnyOf", "rightOperand": list(terms.lists[name])})
    return found


def _when(operator: str, at: str) -> dict[str, Any]:
    return {"leftOperand": "dateTime", "operator": operator, "rightOperand": {"@type": "xsd:dateTime", "@value": at}}


def _duties(terms: Terms) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    paid = terms.rest.get("compensation")
    if paid is not None:
        amount = {"leftOperand": "payAmount", "operator": "eq", "rightOperand": str(paid["amount_minor"])}
        found.append(
            {"action": "compensate", "constraint": [amount | {"unit": f"urn:iso:4217:{paid['currency']}:minor"}]}
        )
    if terms.rest.get("final_approval"):
        found.append({"action": "obtainConsent"})
    return found


def _prohibitions(state: ConsentState, terms: Terms, target: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if not terms.rest.get("training_use"):
        found.append({"target": target, "action": f"{PROFILE}:train"})
    taken = sorted({one for _, body in state.narrowings for one in body.territories})
    if taken:
        where = {"leftOperand": "spatial", "operator": "isAnyOf", "rightOperand": taken}
        found.append({"target": target, "action": "use", "constraint": [where]})
    return found
