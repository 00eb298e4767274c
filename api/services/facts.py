"""facts.json: what a pack's entries show, section by section (SPEC S8.11). A function of entries, files and one instant.

It asks a History and nothing else, so that whatever it looked at is known, is in the pack, and is shown to be all there is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from api.services.facts_consents import endings_of, status_of
from api.services.facts_custody import custody_of, gaps_in_custody
from api.services.facts_disputes import disputes_of
from api.services.facts_documents import documents_of
from api.services.facts_matches import matches_of, privilege_log_of
from api.services.facts_scene import Scene
from api.services.facts_signers import keys_of, log_keys_of, privilege_of, redactions_of
from api.services.facts_story import approvals_of, files_of, generations_of, labels_of, policies_of, usage_of
from ledger.history import History
from ledger.proof.canonical import canonical
from schemas.facts import PackFacts


def facts_in(history: History, assets: Sequence[str], at: datetime) -> PackFacts:
    """At `at`, as far as the history knows; it remembers what was asked. O(entries about the files' families and what stands
    behind them).
    """
    scene = Scene.of(history, assets, at)
    told = {
        "assets": tuple(assets),
        "as_of": at,
        "files": tuple(files_of(scene)),
        "generations": tuple(generations_of(scene)),
        "status": tuple(status_of(scene)),
        "usage": tuple(usage_of(scene)),
        "policies": tuple(policies_of(scene)),
        "approvals": tuple(approvals_of(scene)),
        "matches": tuple(matches_of(scene)),
        "labels": tuple(labels_of(scene)),
        "endings": tuple(endings_of(scene)),
        "disputes": tuple(disputes_of(scene)),
        "custody": tuple(custody_of(scene)),
        "custody_gaps": tuple(gaps_in_custody(scene)),
        "privilege_log": tuple(privilege_log_of(scene)),
        "log_keys": tuple(log_keys_of(scene)),
    }
    told["documents"] = tuple(documents_of(scene))
    told["redactions"] = tuple(redactions_of(scene))
    told["privilege"] = tuple(privilege_of(scene))
    told["keys"] = tuple(keys_of(scene))  # last: of everybody whose word was read
    return PackFacts.model_validate(told)


def facts_bytes(facts: PackFacts) -> bytes:
    """facts.json: canonical, what is not known left out."""
    return canonical(facts.model_dump(mode="json", exclude_none=True))
