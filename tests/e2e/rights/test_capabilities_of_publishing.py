"""Rows of the capability list about what keeps a file from being published, through the API."""

from __future__ import annotations

import hashlib
from typing import Any

from tests.e2e.rights.conftest import Desk

ITEMS = [{"id": "logo", "question": "Is the logo whole?"}, {"id": "claims", "question": "Is every claim verified?"}]
GATES = (("rob", "brand"), ("ivy", "rights"), ("lena", "legal"))


def approve(desk: Desk, asset: str, *gates: tuple[str, str]) -> None:
    for actor, gate in gates or GATES:
        desk.said(actor, "review.approved.v1", {"asset": asset, "gate": gate, "comment": "looked at"})


def cleared(desk: Desk, asset: str) -> tuple[bool, set[str]]:
    answer = desk.clear(asset)
    assert answer.status_code in (201, 409), answer.text
    return answer.status_code == 201, {one["code"] for one in answer.json()["reasons"] if answer.status_code == 409}


def against(desk: Desk) -> set[str]:
    """Why the signed clip may not be shown; nothing where it may."""
    answer = desk.verify()
    return set() if answer["verdict"] == "allow" else {reason["code"] for reason in answer["reasons"]}


def rendition(desk: Desk) -> str:
    """A copy of the signed clip that came out of an editor without its manifest, taken in and passed at every gate."""
    content = desk.office.made.file("copy").read_bytes()
    asset = hashlib.sha256(content).hexdigest()
    made = {"asset": asset, "parents": [desk.signed], "relation": "transcoded", "tool": "an editor"}
    desk.said("mara", "asset.derived.v1", {**made, "size_bytes": len(content), "media_type": "video/mp4"})
    answer = desk.office.post("/v1/assets", "mara", content=content, params={"title": "copy.mp4"})
    assert answer.status_code in (200, 201), answer.text
    approve(desk, asset)
    return asset


def test_capability_41_a_rendition_that_lost_its_manifest_is_not_published_until_it_has_one_again(desk: Desk) -> None:
    asset = rendition(desk)
    assert cleared(desk, asset) == (False, {"c2pa_lost"})
    signed = desk.office.post(f"/v1/assets/{asset}/signed", "mara").json()
    assert signed["c2pa_state"] == "trusted"
    assert cleared(desk, signed["asset_sha256"]) == (True, set())
    policy = {"required": ["visible_mark"], "reason": "this outlet strips every manifest"}
    assert desk.say("mara", "signals.policy-adopted.v1", policy).status_code == 403
    desk.said("lena", "signals.policy-adopted.v1", policy)
    assert cleared(desk, asset) == (True, set())


def checklist(version: int, items: list[dict[str, str]]) -> dict[str, Any]:
    return {"checklist": "one-page", "version": version, "gate": "brand", "items": items, "reason": "playbook"}


def answers(asset: str, version: int = 1, **said: str) -> dict[str, Any]:
    told = [{"item": item, "answer": answer} for item, answer in said.items()]
    return {"asset": asset, "checklist": "one-page", "version": version, "answers": told}


def test_capability_36_an_incomplete_or_outdated_checklist_closes_the_gate(desk: Desk) -> None:
    assert against(desk) == set()
    desk.said("ivy", "checklist.adopted.v1", checklist(1, ITEMS))
    assert against(desk) == {"checklist_not_answered"}
    desk.said("rob", "checklist.answered.v1", answers(desk.signed, logo="yes", claims="no"))
    assert against(desk) == {"checklist_incomplete"}
    approval = {"asset": desk.signed, "gate": "brand", "comment": "fine"}
    assert desk.say("rob", "review.approved.v1", approval).json()["code"] == "checklist_open"
    desk.said("rob", "checklist.answered.v1", answers(desk.signed, logo="yes", claims="not-applicable"))
    assert against(desk) == set()
    desk.said("ivy", "checklist.adopted.v1", checklist(2, ITEMS[:1]))
    assert against(desk) == {"checklist_outdated"}
    late = desk.say("rob", "checklist.answered.v1", answers(desk.signed, logo="yes", claims="yes"))
    assert late.json()["code"] == "checklist_outdated"
    own = desk.say("ivy", "checklist.answered.v1", answers(desk.signed, 2, logo="yes"))
    assert own.json()["code"] == "gate_not_yours"
    desk.said("rob", "checklist.answered.v1", answers(desk.signed, 2, logo="yes"))
    assert against(desk) == set()


def test_capability_38_what_is_drawn_is_not_published_on_one_reviewer(desk: Desk) -> None:
    second = {"asset": desk.asset, "gate": "brand", "comment": "looked again"}
    assert desk.say("lior", "review.approved.v1", second).json()["code"] == "gate_passed_already"
    policy = {"gate": "brand", "permille": 0, "with_people": True, "reason": "hard to spot at speed"}
    desk.said("ivy", "review.sampling-adopted.v1", policy)
    assert against(desk) == {"brand_second_look_missing"}
    assert desk.say("rob", "review.approved.v1", second).json()["code"] == "gate_passed_already"
    desk.said("lior", "review.approved.v1", second)
    assert against(desk) == set()
    assert desk.say("lior", "review.approved.v1", second).json()["code"] == "gate_passed_already"
    desk.said("ivy", "review.sampling-adopted.v1", {**policy, "gate": "legal", "with_people": False, "permille": 1000})
    assert against(desk) == {"legal_second_look_missing"}
    desk.said("ivy", "review.sampling-adopted.v1", {**policy, "gate": "legal", "with_people": False})
    assert against(desk) == set()
