"""ISO/IEC TS 27560 consent records and receipts in the W3C Data Privacy Vocabulary, as JSON-LD (DPV guide "consent-27560").

Reading goes through JSON-LD expansion, so that any spelling of the same graph says the same. Contexts are never fetched.
Needs the extra `exchange` for reading; writing needs nothing.
"""

from __future__ import annotations

from typing import Any, Literal, NoReturn

from api.services.exchange.terms import LISTS, OPTIONAL, Terms, instant, request_of, terms_of
from ledger.errors import Misuse, Unavailable
from ledger.rules.consent_effects import EFFECTS
from ledger.rules.consent_states import ConsentState
from schemas.base import format_instant
from schemas.statements.consent import ConsentRequested

OURS = "urn:countersign:terms:"
CONTEXT = {
    "dpv": "https://w3id.org/dpv#",
    "loc": "https://w3id.org/dpv/loc#",
    "dct": "http://purl.org/dc/terms/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "cs": OURS,
}
RECORD = "https://w3id.org/dpv/schema/dpv-27560#record"
RECEIPT = "https://w3id.org/dpv/schema/dpv-27560#receipt-full"
_DPV, _DCT = CONTEXT["dpv"], CONTEXT["dct"]

Kind = Literal["record", "receipt"]


def write_dpv(state: ConsentState, origin: str, at: str, kind: Kind = "record") -> dict[str, Any]:
    """The consent as it stands at `at` (an instant as text), with every change of its state and the entry behind it."""
    terms = terms_of(state)
    document: dict[str, Any] = {
        "@context": CONTEXT,
        "@id": f"urn:uuid:{terms.consent}",
        "@type": "dpv:ConsentRecord" if kind == "record" else "dpv:ConsentReceipt",
        "dct:conformsTo": {"@id": RECORD if kind == "record" else RECEIPT},
        "dct:identifier": terms.consent,
        "dct:issued": _time(at),
        "dpv:hasDataSubject": {"@id": f"urn:countersign:{origin}:person:{terms.person}", "@type": "dpv:DataSubject"},
        "dpv:hasDataController": {"@id": f"urn:countersign:{origin}"},
        "dpv:hasLegalBasis": {"@id": "dpv:ExplicitlyExpressedConsent"},
        "dpv:hasProcess": _process(terms),
        "dpv:hasConsentStatus": _statuses(state, at),
        "cs:person": terms.person,
        "cs:state": state.state,
    }
    if "notice" in terms.rest:
        notice = terms.rest["notice"]
        digest = f"urn:sha256:{notice['sha256']}"
        document["dpv:hasNotice"] = {"@id": digest, "@type": "dpv:ConsentNotice", "dct:language": notice["language"]}
    if "governing_law" in terms.rest:
        document["dpv:hasJurisdiction"] = {"@id": f"loc:{terms.rest['governing_law']}"}
    return document


def read_dpv(document: dict[str, Any]) -> ConsentRequested:
    """A request for what the record says was agreed to or asked for.

    Raises Misuse `import_not_dpv`, `import_incomplete`, `import_instant`; Unavailable `extra_missing`.
    """
    node = _consent_node(_expanded(document))
    process = _only(node, f"{_DPV}hasProcess")
    found: dict[str, Any] = {
        "consent": _text(node, f"{_DCT}identifier"),
        "person": _text(node, f"{OURS}person"),
        "specific_description": _text(process, f"{_DCT}description"),
        "valid_from": instant(_text(process, f"{OURS}valid_from")),
        "valid_until": instant(_text(process, f"{OURS}valid_until")),
    }
    found |= {name: [str(one.get("@value")) for one in process.get(f"{OURS}{name}", [])] for name in LISTS}
    found |= {name: process[f"{OURS}{name}"][0]["@value"] for name in OPTIONAL if f"{OURS}{name}" in process}
    return request_of(found)


def _process(terms: Terms) -> dict[str, Any]:
    starts, ends = terms.window()
    process: dict[str, Any] = {
        "@type": "dpv:Process",
        "dct:description": terms.specific_description,
        "dpv:hasPurpose": [{"@type": "dpv:Purpose", "dct:title": use} for use in terms.lists["uses"]],
        "dpv:hasPersonalData": [{"@type": "dpv:SensitivePersonalData", "dct:title": "likeness"}],
        "dpv:hasProcessing": [{"@id": "dpv:Use"}],
        "dpv:hasLocation": [{"@id": f"loc:{one}"} for one in terms.lists["territories"]],
        "cs:valid_from": _time(starts),
        "cs:valid_until": _time(ends),
    }
    process |= {f"cs:{name}": list(terms.lists[name]) for name in LISTS}
    return process | {f"cs:{name}": {"@type": "@json", "@value": value} for name, value in terms.rest.items()}


def _statuses(state: ConsentState, at: str) -> list[dict[str, Any]]:
    """When it was asked for, when given, and what it is now: DPV's names where it has one."""
    found = []
    if state.requested_at is not None:
        found.append(_status("ConsentRequested", format_instant(state.requested_at)))
    if state.granted_at is not None:
        found.append(_status("ConsentGiven", format_instant(state.granted_at), state.granted_by))
    now = EFFECTS[state.state].dpv or "ConsentStatus"
    if not found or state.state not in ("requested", "given", "not_yet"):
        found.append(_status(now, at, state.ended_by))
    return found


def _status(name: str, at: str, entry: int | None = None) -> dict[str, Any]:
    status: dict[str, Any] = {"@type": f"dpv:{name}", "dpv:isIndicatedAtTime": _time(at)}
    return status | ({"cs:entry": entry} if entry is not None else {})


def _time(at: str) -> dict[str, str]:
    return {"@type": "xsd:dateTime", "@value": at}


def _expanded(document: dict[str, Any]) -> list[dict[str, Any]]:
    try:
        from pyld import jsonld
    except ImportError as error:
        what = "JSON-LD is read with a package that is not installed"
        raise Unavailable("extra_missing", what, "pip install 'countersign[exchange]'") from error
    try:
        expanded: list[dict[str, Any]] = jsonld.expand(document, {"documentLoader": _no_fetching})
    except (jsonld.JsonLdError, RecursionError, TypeError, ValueError, AttributeError) as error:
        raise _not_dpv("it is not JSON-LD with its contexts inside") from error
    return expanded


def _no_fetching(url: str, options: object) -> NoReturn:
    """Whoever sends a document does not choose what we connect to."""
    raise ValueError("contexts are not fetched")


def _consent_node(expanded: list[dict[str, Any]]) -> dict[str, Any]:
    kinds = {f"{_DPV}ConsentRecord", f"{_DPV}ConsentReceipt"}
    found = [node for node in expanded if kinds & set(node.get("@type", ()))]
    if len(found) != 1:
        raise _not_dpv("it does not hold exactly one consent record or receipt")
    return found[0]


def _only(node: dict[str, Any], name: str) -> dict[str, Any]:
    values = node.get(name, [])
    if len(values) != 1 or not isinstance(values[0], dict):
        raise _not_dpv(f"it does not have exactly one {name.rpartition('#')[2]}")
    only: dict[str, Any] = values[0]
    return only


def _text(node: dict[str, Any], name: str) -> str:
    value = _only(node, name).get("@value")
    if not isinstance(value, str):
        raise _not_dpv("a member that should be text is not")
    return value


def _not_dpv(what: str) -> Misuse:
    return Misuse(
        "import_not_dpv", f"No consent record of ISO/IEC TS 27560 in DPV: {what}.", "See `countersign consent export`."
    )
