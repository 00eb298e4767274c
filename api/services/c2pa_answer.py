"""The C2PA part of an answer."""

from __future__ import annotations

from typing import Any

from ledger.media.c2pa_report import C2paReport


def c2pa_json(report: C2paReport | None) -> dict[str, Any]:
    """The provenance part of an answer. Nobody looked is a state of its own."""
    shown = report or C2paReport("not_checked", "not_checked")
    return {
        "state": shown.state,
        "ingredients_state": shown.ingredients_state,
        "issuer": shown.issuer,
        "claim_generator": shown.claim_generator,
        "digital_source_type": shown.digital_source_type,
        "signed_at": shown.signed_at,
        "signing_state": shown.signing_state,
        "trust_sha256": shown.trust_sha256,
        "engine": shown.version,
        "checked_at": shown.checked_at,
        "stands_until": shown.stands_until,
        "detached": shown.detached,
        "holds": shown.holds,
        "broken_rules": list(shown.broken_rules),
        "additional_exclusions": shown.additional_exclusions,
        "training_mining": dict(shown.training_mining),
        "identities": [dict(one) for one in shown.identities],
        "revocation": shown.revocation,
        "validation": list(shown.validation),
    }
