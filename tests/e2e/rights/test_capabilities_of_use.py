"""Rows 35, 46, 55 and 57 to 60 of the capability list, each shown through the public API or the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from schemas.base import format_instant
from tests.e2e.rights.conftest import Command, Desk
from tests.rights_of import TERMS

ASKED = {"use": "advertising", "channel": "social", "territory": "DE"}
SOURCE = {"system": "contracts", "ref": "C-2026-17", "revision": "1"}


def placed(desk: Desk, clearance: str, licences: list[str], **overrides: Any) -> dict[str, Any]:
    body = {
        "placement": desk.new_id(),
        "asset": desk.signed,
        "clearance": clearance,
        "consents": [desk.office.made.story.consent],
        "licences": licences,
        "platform": "example-video",
        "channel": "social",
        "territory": "DE",
        "starts_at": "2026-10-02T00:00:00Z",
        **overrides,
    }
    return desk.said("pia", "placement.recorded.v1", body)


def why(desk: Desk, asset: str, **asked: str) -> dict[str, Any]:
    answer = desk.office.get(f"/v1/assets/{asset}/why", "pia", params={**ASKED, **asked})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_capability_35_a_rejected_file_closes_all_that_was_made_from_it(desk: Desk) -> None:
    no = {"asset": desk.asset, "gate": "brand", "comment": "crosses the line"}
    desk.said("rob", "review.rejected.v1", no)
    select = desk.say("rob", "review.approved.v1", {"asset": desk.signed, "gate": "brand", "comment": "nice"})
    assert (select.status_code, select.json()["code"]) == (409, "ancestor_rejected")
    assert "asset_rejected" in desk.reasons()
    reference = {"sha256": desk.signed, "kind": "still", "rights_basis": "ours"}
    asked = desk.office.made.story.generation_request("0" * 64).as_json()
    again = {**asked, "generation": desk.new_id(), "references": [reference]}
    assert desk.say("mara", "generation.requested.v1", again).json()["code"] == "reference_rejected"


def test_capability_46_a_label_that_differs_from_what_viewers_should_see_is_listed(desk: Desk) -> None:
    cleared = desk.clear(desk.signed).json()["clearance"]
    url = {"url": "https://video.example/watch/1"}
    good = placed(desk, cleared, [], label_expected="ai-generated", label_shown="ai-generated", **url)
    bad = placed(desk, cleared, [], label_expected="ai-generated", label_shown="ai-generated")
    claimed = placed(desk, cleared, [], label_expected="authentic-capture", label_shown="authentic-capture")
    silent = placed(desk, cleared, [])
    shared = {name: bad[name] for name in ("placement", "asset", "clearance", "consents", "licences")}
    seen = {"observed_at": format_instant(desk.office.clock.now()), "label_shown": "none", "impressions": 12}
    desk.said("pia", "placement.observed.v1", {**shared, **seen})
    found = desk.office.get("/v1/placements/labels", "pia").json()
    assert found["mismatches"] == 3
    assert {one["placement"]: one["mismatch"] for one in found["placements"]} == {
        good["placement"]: "none",
        bad["placement"]: "label_differs",
        claimed["placement"]: "label_contradicts_origin",
        silent["placement"]: "label_not_observed",
    }


def test_capability_55_a_rights_review_has_no_third_state(desk: Desk) -> None:
    assert desk.verify()["verdict"] == "allow"
    case = {"review": desk.new_id(), "asset": desk.asset}
    desk.said("rob", "rightsreview.opened.v1", {**case, "doubt": "a painting in the background"})
    assert (desk.verify()["verdict"], desk.reasons()) == ("deny", {"rights_review_pending"})
    maybe = desk.say("lena", "rightsreview.decided.v1", {**case, "decision": "maybe", "reasons": ["unsure"]})
    assert maybe.status_code in (400, 422)
    allow = {**case, "decision": "allow", "reasons": ["the painter died in 1931"], "expires_at": "2026-10-15T00:00:00Z"}
    receipt = desk.say("lena", "rightsreview.decided.v1", allow)
    assert desk.verify()["verdict"] == "allow"
    assert desk.say("ivy", "rightsreview.decided.v1", {**allow, "decision": "deny"}).status_code in (400, 422)
    deny = {**case, "decision": "deny", "reasons": ["it is a copy"]}
    assert desk.say("ivy", "rightsreview.decided.v1", deny).json()["code"] == "review_decided"
    before = desk.office.get(f"/v1/statements/{receipt.json()['index']}", "lena").json()["payload_sha256"]
    desk.said("ivy", "rightsreview.decided.v1", {**deny, "supersedes_sha256": before})
    assert desk.reasons() == {"rights_review_denied"}


def test_capability_57_why_may_we_use_this_is_a_path_or_a_no(desk: Desk) -> None:
    right, licence = desk.licensed()
    cleared = desk.clear(desk.signed).json()["clearance"]
    placement = placed(desk, cleared, [licence])["placement"]
    found = why(desk, desk.signed)
    # the answer is about now; the new clearance begins tomorrow, the office's first one stands today
    assert (found["answer"], found["reasons"]) == ("yes", [])
    use = "use:advertising.social.DE"
    files = [f"asset:{desk.asset}", f"asset:{desk.signed}"]
    assert ["party:label-north", f"right:{right}", f"licence:{licence}", *files, use] in found["paths"]
    story = desk.office.made.story
    person = ["person:p-ines", f"consent:{story.consent}", f"generation:{story.generation}", *files, use]
    assert person in found["paths"]
    tomorrow = why(desk, desk.signed, at="2026-10-02T00:00:00Z")
    ends = {path[-1] for path in tomorrow["paths"]}
    assert ends == {f"placement:{placement}"}
    assert ["party:label-north", f"right:{right}", f"licence:{licence}", *files, use, f"placement:{placement}"] in (
        tomorrow["paths"]
    )
    no = why(desk, desk.signed, territory="AT")
    assert (no["answer"], no["paths"]) == ("no", [])
    assert {"licence_territory_out_of_scope", "clearance_missing"} <= {one["code"] for one in no["reasons"]}
    unknown = desk.office.get(f"/v1/assets/{'ab' * 32}/why", "pia", params=ASKED)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "asset_unknown")


def test_capability_57_on_the_command_line(desk: Desk, command: Command) -> None:
    asked = ["--use", "advertising", "--channel", "social"]
    code, found = command("rights", "why", desk.signed, *asked, "--territory", "DE")
    assert (code, found["answer"]) == (0, "yes")
    code, found = command("rights", "why", desk.signed, *asked, "--territory", "US")
    assert (code, found["answer"]) == (3, "no")
    _, told = command("rights", "why", desk.signed, *asked, "--territory", "DE", plain=True)
    assert "YES" in told and "person p-ines" in told and "consented" in told


def test_capability_58_a_search_leaves_out_what_ended_or_is_contested(desk: Desk) -> None:
    def found(**params: str) -> tuple[set[str], set[str]]:
        content = desk.office.made.file("copy").read_bytes()
        answer = desk.office.post("/v1/search", "pia", params=params, content=content).json()
        return (
            {one["asset_sha256"] for one in answer["matches"]},
            {code for one in answer["hidden"] for code in one["codes"]},
        )

    both = {desk.asset, desk.signed}
    assert found() == ({desk.signed}, {"clearance_missing"})  # its original was never cleared
    desk.said("rob", "rightsreview.opened.v1", {"review": desk.new_id(), "asset": desk.asset, "doubt": "contested"})
    assert found() == (set(), {"rights_review_pending", "clearance_missing"})
    assert found(rights="all") == (both, set())
    desk.office.clock.move_to(desk.office.made.story.ends_at)
    assert {"rights_review_pending", "consent_expired"} <= found()[1]


def test_capability_59_our_own_no_stands_whatever_a_providers_filter_says(desk: Desk) -> None:
    word = {"generation": desk.office.made.story.generation, "version": "1"}
    desk.said("mara", "generation.moderated.v1", {**word, "by": "provider", "source": "sora-legacy", "outcome": "ok"})
    found = desk.verify()
    assert found["verdict"] == "allow"
    row = next(rule for rule in found["weighed"] if rule["rule"] == "moderation")
    assert (row["outcome"], row["code"]) == ("not_applicable", "provider_does_not_decide")
    desk.said("rob", "generation.moderated.v1", {**word, "by": "house", "source": "desk", "outcome": "blocked"})
    found = desk.verify()
    assert found["verdict"] == "deny"
    assert {rule["code"] for rule in found["weighed"] if rule["rule"] == "moderation"} == {
        "provider_does_not_decide",
        "moderation_house_blocked",
    }


def test_capability_60_a_changed_source_term_is_read_and_what_hangs_on_it_weighed_again(
    desk: Desk, tmp_path: Path, command: Command
) -> None:
    desk.licensed(source=SOURCE)
    folder = tmp_path / "contracts"
    folder.mkdir()
    file = folder / "C-2026-17.json"
    contract = {"ref": "C-2026-17", "revision": "1", "terms": TERMS}
    file.write_text(json.dumps(contract))
    sync = ("rights", "contracts", str(folder))
    code, first = command(*sync)
    assert (code, len(first["changed"]), first["changed"][0]["denied_count"]) == (0, 1, 0)
    assert command(*sync)[1] == {"changed": [], "unchanged": 1, "refused": []}
    file.write_text(json.dumps({**contract, "revision": "2", "terms": {**TERMS, "territories": ["FR"]}}))
    code, second = command(*sync)
    assert code == 3
    affected = {one["asset"]: one for one in second["changed"][0]["affected"]}
    assert set(affected) == {desk.asset, desk.signed}
    assert affected[desk.signed]["allowed"] is False
    assert affected[desk.signed]["codes"] == ["contract_territory_out_of_scope"]
    assert "contract_territory_out_of_scope" in desk.reasons()
    file.write_text(json.dumps({**contract, "revision": "2", "terms": TERMS}))
    (folder / "odd.json").write_text('{"ref": "x"}')
    code, third = command(*sync)
    assert code == 3
    assert {one["name"] for one in third["refused"]} == {"C-2026-17", "odd.json"}
    assert "revision_reused" in str(third["refused"])


def test_what_is_forbidden_and_which_labels_differ_on_the_command_line(desk: Desk, command: Command) -> None:
    entry = {"guardrail": desk.new_id(), "kind": "mark", "label": "Warm Cup", "reason": "a test", "counsel": "lena"}
    desk.said("lena", "guardrail.entry-added.v1", {**entry, "effective_from": "2026-10-01T00:00:00Z"})
    code, found = command("rights", "forbidden")
    assert (code, len(found["guardrails"][0]["matches"])) == (0, 2)
    assert command("rights", "sweep") == (0, {"swept": []})
    assert command("rights", "labels")[0] == 0
    for name in ("forbidden", "sweep", "labels"):
        assert command("rights", name, plain=True)[1]


def test_a_registry_that_does_not_answer_is_recorded_and_blocks(desk: Desk, command: Command) -> None:
    asked = ("--url", "http://127.0.0.1:9/", "--reference", "TR-1", "--name", "talent-registry")
    code, found = command("rights", "registry", desk.office.made.story.consent, *asked)
    assert (code, found["status"]) == (3, "unavailable")
    assert desk.reasons() == {"registry_unavailable"}
