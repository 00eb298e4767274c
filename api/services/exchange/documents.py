"""One way out and one way in for every format."""

from __future__ import annotations

from typing import Any, Literal

from api.services.exchange.adcp import effective_at, read_constraint, write_constraint, write_revocation
from api.services.exchange.dpv import read_dpv, write_dpv
from api.services.exchange.odrl import read_odrl, write_odrl
from ledger.errors import Misuse, NotFound, TooLarge
from ledger.proof.canonical import parse_json
from projections.rights import ConsentView
from schemas.base import format_instant
from schemas.statements.consent import ConsentRequested

Format = Literal["dpv", "receipt", "adcp", "revocation", "odrl"]
DOCUMENT_BYTES_MAX = 256 * 2**10  # a consent for every country and use takes a tenth
_LD, _JSON = "application/ld+json", "application/json"
_READERS = {"dpv": read_dpv, "receipt": read_dpv, "adcp": read_constraint, "odrl": read_odrl}


def write_document(view: ConsentView, form: Format, origin: str, public_url: str) -> tuple[dict[str, Any], str]:
    """(document, media type). Raises NotFound `nothing_revoked`, Misuse `consent_empty`."""
    state, at = view.folded, format_instant(view.at)
    if form == "adcp":
        return write_constraint(state, public_url, origin), _JSON
    if form == "odrl":
        return write_odrl(state, origin), _LD
    if form == "revocation":
        notice = write_revocation(state, effective_at(state, at))
        if notice is None:
            raise NotFound("nothing_revoked", "nothing of this consent was taken back by then", "Ask for `adcp`.")
        return notice, _JSON
    return write_dpv(state, origin, at, "receipt" if form == "receipt" else "record"), _LD


def read_document(raw: bytes, form: str, person: str | None = None) -> ConsentRequested:
    """A request with the document's terms, for the person under their pseudonym here.

    Raises Misuse `json_…`, `import_…`, TooLarge `import_too_large`, Unavailable `extra_missing`.
    """
    if len(raw) > DOCUMENT_BYTES_MAX:
        raise TooLarge("import_too_large", f"more than {DOCUMENT_BYTES_MAX} bytes: no consent is that long")
    document = parse_json(raw)
    if not isinstance(document, dict):
        raise Misuse("import_not_object", "the document is not one JSON object", "Send one consent at a time.")
    found = _READERS[form](document)
    return found if person is None else found.model_copy(update={"person": person})
