"""Who may ask what: one table over every route, API and pages alike. A route that is not in it can't be made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ledger.rules.permissions import PERMISSIONS

Means = Literal["nobody", "token", "token_or_signature", "token_or_session", "session", "session_if_any"]


@dataclass(frozen=True)
class Access:
    """How a caller is known, and which roles may then go on; empty roles with a session or token means nobody may."""

    means: Means
    roles: frozenset[str] = frozenset()


def may_name_faces(roles: frozenset[str]) -> bool:
    """Whether these roles may read for whom of the enrolled a face was taken; the others read that there is one."""
    return not ACCESS["get_likeness"].roles.isdisjoint(roles)


_EVERYBODY = frozenset(
    {
        "admin",
        "producer",
        "ip-steward",
        "legal",
        "talent",
        "platform",
        "librarian",
        "measurement-lead",
        "finance",
        "reviewer",
    }
)
"""Every enrolled role but the service's own: nobody comes in as the service."""
_STUDIO = _EVERYBODY - {"talent", "platform"}
"""Those inside the house, who may read what was said in it."""
_CARE = frozenset({"admin", "producer", "ip-steward", "legal", "librarian", "reviewer"})
"""Those who work on files and rights."""
_DISPUTES = frozenset({"admin", "legal", "ip-steward", "librarian", "reviewer"})
"""Those who look for copies and work on what is claimed."""
_HOLDERS = PERMISSIONS["notice.acknowledged.v1"]
"""Those who may answer a notice."""

PUBLIC = Access("nobody")
ACCESS: dict[str, Access] = {
    # alive, ready, and what a stranger needs to check a proof
    "get_health": PUBLIC,
    "get_ready": PUBLIC,
    "get_openapi": PUBLIC,
    "get_checkpoint": PUBLIC,
    "list_log_keys": PUBLIC,
    "get_published_checkpoint": PUBLIC,
    "get_witnessed_checkpoint": PUBLIC,
    "get_published_keys": PUBLIC,
    "get_published_key_history": PUBLIC,
    "get_tile": PUBLIC,
    "get_status_list": PUBLIC,
    "get_service_keys": PUBLIC,
    # the log
    "say_statement": Access("token_or_signature", _EVERYBODY),
    "say_statements": Access("token_or_signature", _EVERYBODY),
    "get_statement": Access("token", _STUDIO),
    "get_receipt": Access("token", _STUDIO),
    "get_inclusion_proof": Access("token", _EVERYBODY),
    "get_consistency_proof": Access("token", _EVERYBODY),
    "get_completeness": Access("token", _STUDIO),  # it shows what was said
    "get_entry_bundle": Access("token_or_signature", _STUDIO),  # nobody needs one where entries are published
    # passkeys: programs with a token, and these pages
    "begin_passkey": Access("token_or_session", _EVERYBODY),
    "register_passkey": Access("token_or_session", _EVERYBODY),
    "prepare_statement": Access("token_or_session", _EVERYBODY),
    # files
    "import_asset": Access("token", frozenset({"producer", "librarian", "admin"})),
    "sign_asset": Access("token", frozenset({"producer", "librarian", "admin"})),
    "ask_opinion": Access("token", PERMISSIONS["opinion.asked.v1"]),
    "get_asset": Access("token", _STUDIO),
    "get_trail": Access("token", _STUDIO),
    "get_lineage": Access("token", _STUDIO),
    "get_progress": Access("token", _STUDIO),
    "get_drift": Access("token", _STUDIO),
    "get_rendition_drift": Access("token", _STUDIO),
    "get_rights": Access("token", _STUDIO),
    "get_content": Access("token", _CARE),
    "get_evidence": Access("token", _CARE),
    "search_file": Access("token", _CARE | {"platform"}),
    "search_words": Access("token", _STUDIO),  # it shows words of briefs and prompts
    "query_by_binding": Access("token", _CARE | {"platform"}),  # as search_file: what is not out yet is found too
    "query_by_large_binding": Access("token", _CARE | {"platform"}),
    "query_by_content": Access("token", _CARE | {"platform"}),
    "get_manifest_by_id": Access("token", _CARE | {"platform"}),
    "list_soft_binding_algorithms": PUBLIC,
    # faces: a stranger's is shown to those who have to say what it is, and to nobody else
    "scan_likeness": Access("token", frozenset({"reviewer", "librarian", "ip-steward", "legal", "admin"})),
    "get_likeness": Access("token", _CARE),
    "get_face": Access("token", frozenset({"reviewer", "ip-steward", "legal"})),
    "enrol_likeness": Access("token", frozenset({"ip-steward", "legal"})),
    "get_person_likeness": Access("token", frozenset({"ip-steward", "legal", "talent"})),
    # decisions
    "verify_file": Access("token", _EVERYBODY),
    "ask_clearance": Access("token", frozenset({"admin", "producer", "ip-steward", "legal", "librarian", "platform"})),
    "get_clearance": Access("token", _STUDIO | {"platform"}),
    "issue_pass": Access("token", frozenset({"platform", "producer", "librarian", "admin"})),
    "deliver_asset": Access("token", frozenset({"producer", "librarian", "admin"})),  # it signs a file
    # records
    "export_consent": Access("token", _CARE | {"talent"}),
    "import_consent": Access("token", frozenset({"producer", "ip-steward"})),
    "get_consent": Access("token", _CARE | {"talent"}),
    "list_consents_of_person": Access("token", _CARE | {"talent"}),
    "list_rules": Access("token", _EVERYBODY),
    "list_rules_due": Access("token", frozenset({"legal", "ip-steward"})),  # it says of whom something is due
    "get_labels": Access("token", _EVERYBODY),
    "get_brief": Access("token", _STUDIO),
    "register_reference": Access("token", frozenset({"ip-steward", "legal", "talent"})),
    "list_references": Access("token", _CARE),
    "get_reference": Access("token", _CARE),
    "list_matches": Access("token", _CARE),
    "replay_match": Access("token", _CARE),
    "get_matching": Access("token", _CARE),
    "list_guardrails": Access("token", _CARE),
    "get_guardrail": Access("token", _CARE),
    "get_why": Access("token", _STUDIO | {"platform"}),
    "list_labels": Access("token", _STUDIO | {"platform"}),
    "list_notices": Access("token", frozenset({"platform", "legal", "admin"})),
    # ends and notices; a holder reads and answers their own
    "get_consent_report": Access("token", _CARE | {"talent"}),
    "get_licence_report": Access("token", _CARE),
    "list_consent_files": Access("token", _CARE | {"talent"}),
    "list_holder_notices": Access("token", _HOLDERS | {"admin"}),
    "get_notice": Access("token", _HOLDERS | {"admin"}),
    "acknowledge_notice": Access("token", _HOLDERS),
    "get_calendar": Access("token", _CARE),
    # disputes: legal's, and of those who see and answer for what is found
    "list_disputes": Access("token", _DISPUTES),
    "get_dispute": Access("token", _DISPUTES),
    "sight_copy": Access("token", PERMISSIONS["dispute.sighted.v2"]),
    "record_dispute_notice": Access("token", PERMISSIONS["dispute.notified.v1"]),
    "get_dispute_evidence": Access("token", frozenset({"legal"})),
    "page_disputes": Access("session", _DISPUTES),
    "page_dispute": Access("session", _DISPUTES),
    # pages
    "page_verify": Access("session_if_any", _EVERYBODY),
    "page_verdict": Access("session_if_any", _EVERYBODY),
    "page_log": Access("session_if_any", _EVERYBODY),
    "page_sign_in": PUBLIC,
    "page_session": PUBLIC,
    "page_sign_out": Access("session_if_any", _EVERYBODY),
    "page_entry": Access("session", _STUDIO),
    "page_asset": Access("session", _STUDIO),
    "page_search": Access("session", _CARE),
    "page_search_example": Access("session", _CARE),
    "page_still": Access("session", _CARE),  # it shows who is in the file, as the file itself does
    "page_reference": Access("session", _CARE),
    "page_evidence_frame": Access("session", _STUDIO),
    "page_drift": Access("session", _STUDIO),
    "page_consent": Access("session", _CARE),
    "page_licence": Access("session", _CARE),
    "page_evidence": Access("session", _CARE),
    "page_style": PUBLIC,
    "page_script": PUBLIC,
    "page_passkey_challenge": PUBLIC,
    "page_passkey_session": PUBLIC,
    "page_passkeys": Access("session", _EVERYBODY),
    "page_consents": Access("session", frozenset({"talent"})),
    "page_take_back": Access("session", frozenset({"talent"})),
    "page_receipt": Access("session", frozenset({"talent"})),
}
