"""From two of the engine's reports to one state: pure functions over its JSON.

The engine is asked twice, because it does not keep the purposes of anchors apart. `stamps` is its report with the
time-stamp anchors alone: what it says of hashes, signatures and dates stands, what it says of the signer does not.
`signers` is its report with the signer anchors alone and time stamps unchecked: only there can a signer be trusted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from ledger.media.c2pa_claims import ingredients
from ledger.media.c2pa_report import C2paState, IngredientsState

UNTRUSTED: Final = "signingCredential.untrusted"
TRUSTED: Final = "signingCredential.trusted"
EXPIRED: Final = frozenset({"signingCredential.expired", "claimSignature.outsideValidity"})
# Failures about whom we believe, not about what was changed. Every other failure counts as tampering.
ABOUT_TRUST: Final = (
    UNTRUSTED, "signingCredential.revoked", "signingCredential.ocsp", "signingCredential.invalid", "cawg.",
    "timeStamp.", "countersign.signer",
)  # fmt: skip
# What binds a manifest to its file's bytes; the other hashes lie inside the manifest store.
HARD_BINDINGS: Final = (
    "assertion.dataHash.",
    "assertion.bmffHash.",
    "assertion.boxesHash.",
    "assertion.collectionHash.",
)
BINDING_NOT_CHECKED: Final = "countersign.binding.notChecked"
# Old ingredients record successes and failures in one list; a code with one of these ends is a success.
_SUCCESS_ENDINGS: Final = (".match", ".validated", ".trusted", ".insideValidity", ".accessible", ".notRevoked")
INGREDIENTS_MAX: Final = 1000  # a film of a thousand sources; beyond that nothing below is said to be checked

_Status = tuple[str, str]  # code, JUMBF URL of what it speaks of


@dataclass(frozen=True)
class Verdict:
    state: C2paState
    ingredients_state: IngredientsState
    validation: tuple[str, ...]


def judge(
    stamps: dict[str, Any],
    signers: dict[str, Any],
    added: list[str],
    added_below: list[str] | None = None,
    *,
    detached: bool = False,
) -> Verdict:
    """The active manifest's state and the worst of what lies below it. `added` are failure codes we found ourselves.

    `detached`: there was no file to compare hashes with, so that they differ says nothing; that nobody compared is told.
    """
    mine = _active(stamps), _active(signers)
    failures = {code for code, _ in _of(mine[0], "failure")} - {UNTRUSTED} | {c for c, _ in _of(mine[1], "failure")}
    failures |= set(added)
    if TRUSTED not in {code for code, _ in _of(mine[1], "success")}:
        failures.add(UNTRUSTED)
    told = [BINDING_NOT_CHECKED] if detached else []
    if detached:
        failures = {code for code in failures if not code.startswith(HARD_BINDINGS)}
    below, codes_below = _judge_ingredients(stamps, signers, added_below or [])
    listed = sorted(failures) + sorted(f"ingredient:{code}" for code in codes_below)
    return Verdict(state_of(failures), below, (*listed, *told))


def state_of(failures: set[str]) -> C2paState:
    """Tampering outweighs expiry, expiry outweighs an unknown signer; no failure at all is trusted."""
    if any(code not in EXPIRED and not code.startswith(ABOUT_TRUST) for code in failures):
        return "tampered"
    if failures & EXPIRED:
        return "expired"
    return "untrusted" if failures else "trusted"


def reachable(report: dict[str, Any]) -> list[str]:
    """The labels of every manifest below the active one, nearest first; at most `INGREDIENTS_MAX`."""
    return list(dict.fromkeys(str(i["active_manifest"]) for i in _walk(report) if i.get("active_manifest")))


def informational(report: dict[str, Any]) -> set[str]:
    return {code for code, _ in _of(_active(report), "informational")}


def active_codes(report: dict[str, Any], outcome: str) -> list[_Status]:
    """(code, what it speaks of) that the engine says of the active manifest: "success", "informational" or "failure"."""
    return list(_of(_active(report), outcome))


def stamp_trust(stamps: dict[str, Any]) -> str | None:
    """ "chained" when the engine checked the time stamp's authority, "legacy" when it only said so (version 1 claims)."""
    for entry in _entries(_active(stamps), "success"):
        if entry.get("code") == "timeStamp.trusted":
            return "legacy" if str(entry.get("explanation")).startswith("legacy") else "chained"
    return None


def _judge_ingredients(
    stamps: dict[str, Any], signers: dict[str, Any], added: list[str]
) -> tuple[IngredientsState, set[str]]:
    listed = _walk(signers)
    if len(listed) > INGREDIENTS_MAX:
        return "not_checked", {"countersign.ingredients.tooMany"}
    if not listed:
        return "none", set()
    trusted = _trusted_urls(signers, listed)
    failures = {status for i in listed for status in _recorded(i, "failure")} | set(_deltas(stamps, "failure"))
    failures = {s for s in failures if s[0] != UNTRUSTED} | set(_deltas(signers, "failure"))
    codes = {code for code, _ in failures} | set(added)
    if any(not any(label in url for url in trusted) for label in reachable(signers)):
        codes.add(UNTRUSTED)
    if codes:
        return state_of(codes), codes
    return ("trusted" if all(i.get("active_manifest") for i in listed) else "absent"), codes


def _trusted_urls(signers: dict[str, Any], listed: list[dict[str, Any]]) -> set[str]:
    """Where the engine says, or lets stand what was recorded at signing, that the signer is trusted.

    It reports differences only: a record of "trusted" that no longer holds comes back as a failure.
    """
    refuted = {url for code, url in _deltas(signers, "failure") if code == UNTRUSTED}
    said = {url for code, url in _deltas(signers, "success") if code == TRUSTED}
    stands = {url for i in listed for code, url in _recorded(i, "success") if code == TRUSTED}
    return (said | stands) - refuted


def _walk(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Every ingredient below the active manifest, each manifest visited once: the graph may hold circles."""
    manifests = report.get("manifests")
    if not isinstance(manifests, dict):
        return []
    queue, seen = [str(report.get("active_manifest"))], set()
    found: list[dict[str, Any]] = []
    while queue and len(found) <= INGREDIENTS_MAX:
        label = queue.pop(0)
        if label in seen or not isinstance(manifests.get(label), dict):
            continue
        seen.add(label)
        for ingredient in ingredients(manifests[label]):
            found.append(ingredient)
            queue.append(str(ingredient.get("active_manifest")))
    return found


def _recorded(ingredient: dict[str, Any], outcome: str) -> Iterator[_Status]:
    """What the ingredient's own record says: `validation_results` in new claims, one `validation_status` in old ones."""
    results = ingredient.get("validation_results")
    if isinstance(results, dict):
        yield from _of(results.get("activeManifest"), outcome)
        yield from _delta_statuses(results, outcome)
    listed = ingredient.get("validation_status")
    for entry in listed if isinstance(listed, list) else ():
        code = str(entry.get("code")) if isinstance(entry, dict) else "malformed"
        if code.endswith(_SUCCESS_ENDINGS) == (outcome == "success"):
            yield code, str(entry.get("url")) if isinstance(entry, dict) else ""


def _deltas(report: dict[str, Any], outcome: str) -> Iterator[_Status]:
    return _delta_statuses(report.get("validation_results"), outcome)


def _delta_statuses(results: Any, outcome: str) -> Iterator[_Status]:
    deltas = results.get("ingredientDeltas") if isinstance(results, dict) else None
    for delta in deltas if isinstance(deltas, list) else ():
        if isinstance(delta, dict):
            yield from _of(delta.get("validationDeltas"), outcome)


def _active(report: dict[str, Any]) -> Any:
    results = report.get("validation_results")
    return results.get("activeManifest") if isinstance(results, dict) else None


def _of(statuses: Any, outcome: str) -> Iterator[_Status]:
    return ((str(entry.get("code")), str(entry.get("url"))) for entry in _entries(statuses, outcome))


def _entries(statuses: Any, outcome: str) -> list[dict[str, Any]]:
    listed = statuses.get(outcome) if isinstance(statuses, dict) else None
    return [e for e in listed if isinstance(e, dict)] if isinstance(listed, list) else []
