"""The engine's two reports in, one state out."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.media.c2pa_validation import judge, state_of

Statuses = list[tuple[str, str]]
TRUSTED = ("signingCredential.trusted", "self#jumbf=/c2pa/active/c2pa.signature")
UNTRUSTED = ("signingCredential.untrusted", "self#jumbf=/c2pa/active/c2pa.signature")
BELOW_TRUSTED = ("signingCredential.trusted", "self#jumbf=/c2pa/parent/c2pa.signature")
BELOW_UNTRUSTED = ("signingCredential.untrusted", "self#jumbf=/c2pa/parent/c2pa.signature")
MISMATCH = ("assertion.dataHash.mismatch", "self#jumbf=/c2pa/parent/c2pa.assertions/c2pa.hash.data")


def statuses(success: Statuses, failure: Statuses) -> dict[str, Any]:
    def entries(listed: Statuses) -> list[dict[str, str]]:
        return [{"code": code, "url": url} for code, url in listed]

    return {"success": entries(success), "failure": entries(failure)}


def report(
    success: Statuses,
    failure: Statuses,
    ingredients: list[dict[str, Any]] | None = None,
    deltas: dict[str, Any] | None = None,
) -> dict[str, Any]:
    results: dict[str, Any] = {"activeManifest": statuses(success, failure)}
    if deltas is not None:
        results["ingredientDeltas"] = [{"validationDeltas": deltas}]
    manifests = {"active": {"ingredients": ingredients or []}, "parent": {"ingredients": []}}
    return {"active_manifest": "active", "manifests": manifests, "validation_results": results}


PARENT = {"active_manifest": "parent", "relationship": "parentOf"}


@pytest.mark.parametrize(
    ("failures", "state"),
    [
        (set(), "trusted"),
        ({"signingCredential.untrusted"}, "untrusted"),
        ({"cawg.x509.credential.untrusted"}, "untrusted"),
        ({"signingCredential.expired", "signingCredential.untrusted"}, "expired"),
        ({"assertion.dataHash.mismatch", "signingCredential.expired"}, "tampered"),
        ({"claimSignature.mismatch"}, "tampered"),
        ({"a.code.nobody.knows"}, "tampered"),
    ],
)
def test_tampering_outweighs_expiry_outweighs_unknown_signer(failures: set[str], state: str) -> None:
    assert state_of(failures) == state


def test_a_signer_trusted_only_with_the_time_stamp_anchors_is_untrusted() -> None:
    verdict = judge(report([TRUSTED], []), report([], [UNTRUSTED]), [])
    assert (verdict.state, verdict.validation) == ("untrusted", ("signingCredential.untrusted",))


def test_a_signer_of_whom_nothing_is_said_is_untrusted() -> None:
    assert judge(report([], []), report([], []), []).state == "untrusted"


def test_an_expiry_seen_only_with_real_time_stamp_anchors_counts() -> None:
    expired = ("signingCredential.expired", "")
    assert judge(report([], [UNTRUSTED, expired]), report([TRUSTED], []), []).state == "expired"


def test_no_ingredients_is_none_and_a_plain_one_is_absent() -> None:
    plain = [{"title": "photo.jpg"}]
    assert judge(report([], []), report([TRUSTED], []), []).ingredients_state == "none"
    assert judge(report([], []), report([TRUSTED], [], plain), []).ingredients_state == "absent"


def test_an_ingredients_recorded_failure_is_not_forgotten() -> None:
    broken = [PARENT | {"validation_results": {"activeManifest": statuses([BELOW_TRUSTED], [MISMATCH])}}]
    verdict = judge(report([], [], broken), report([TRUSTED], [], broken), [])
    assert (verdict.state, verdict.ingredients_state) == ("trusted", "tampered")
    assert "ingredient:assertion.dataHash.mismatch" in verdict.validation


def test_an_old_ingredients_single_list_is_read() -> None:
    old = [PARENT | {"validation_status": [{"code": MISMATCH[0], "url": MISMATCH[1]}]}]
    assert judge(report([], [], old), report([TRUSTED], [], old), []).ingredients_state == "tampered"


def test_a_recorded_trust_that_no_longer_holds_is_refuted_by_the_delta() -> None:
    recorded = [PARENT | {"validation_results": {"activeManifest": statuses([BELOW_TRUSTED], [])}}]
    holds = report([TRUSTED], [], recorded)
    refuted = report([TRUSTED], [], recorded, statuses([], [BELOW_UNTRUSTED]))
    assert judge(holds, holds, []).ingredients_state == "trusted"
    assert judge(refuted, refuted, []).ingredients_state == "untrusted"


def test_an_ingredient_of_whose_signer_nothing_is_said_is_untrusted() -> None:
    silent = report([TRUSTED], [], [PARENT])
    assert judge(silent, silent, []).ingredients_state == "untrusted"


def test_ingredients_that_contain_each_other_end() -> None:
    circle = report([TRUSTED], [], [PARENT], statuses([BELOW_TRUSTED], []))
    circle["manifests"]["parent"]["ingredients"] = [{"active_manifest": "active"}]
    assert judge(circle, circle, []).ingredients_state in ("trusted", "untrusted")


def test_a_report_of_nonsense_is_not_trusted() -> None:
    nonsense: dict[str, Any] = {"manifests": 3, "validation_results": [], "active_manifest": None}
    assert judge({}, nonsense, []).state == "untrusted"
