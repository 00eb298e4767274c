"""Rows of the capability list about the check before distribution, each through the public API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from ledger.media.signing import Claim, ManifestSigner
from ledger.media.testca import make_test_ca
from ledger.proof.jws import base64url_bytes
from schemas.statements.asset import AssetDerived
from tests.office_of import ASKED, START, Made, Office, refused

CAPTURED = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"


def asked(office: Office, content: bytes, **other: str) -> Any:
    return office.post("/v1/verifications?" + urlencode(ASKED | other), "pia", content=content).json()


def codes(answer: Any) -> set[str]:
    return {reason["code"] for reason in answer["reasons"]}


def test_capability_34_what_nobody_examined_is_not_reviewable(office: Office, made: Made) -> None:
    known = office.get(f"/v1/assets/{made.signed}", "rob").json()
    assert known["reviewable"] and known["examination"]["c2pa_state"] == "trusted"
    assert {"visible_mark", "faces"} <= {one["extractor"] for one in known["examination"]["findings"]}
    shape = {
        "asset": "ab" * 32,
        "parents": (made.asset,),
        "relation": "edited",
        "size_bytes": 9,
        "media_type": "video/mp4",
    }
    office.services.ledger.say(AssetDerived.model_validate({**shape, "tool": "an editor"}))
    office.services.views.catch_up()
    unseen = office.get(f"/v1/assets/{'ab' * 32}", "rob").json()
    assert (unseen["reviewable"], unseen["not_checked"]) == (False, ["examination"])


def test_capability_37_one_call_tells_every_failing_rule_and_a_yes_is_signed_and_ends(
    office: Office, made: Made
) -> None:
    abroad = asked(office, made.file("signed").read_bytes(), territory="US", channel="cinema")
    assert abroad["verdict"] == "deny"
    assert {"territory_out_of_scope", "clearance_missing"} <= codes(abroad)
    assert {rule["outcome"] for rule in abroad["weighed"]} >= {"pass", "fail"}
    assert asked(office, made.file("signed").read_bytes())["verdict"] == "allow"
    document = office.post("/v1/passes", "pia", json={"sha256": made.signed, **ASKED})
    assert document.status_code == 201
    claims = json.loads(base64url_bytes(document.json()["token"].split(".")[1]))
    assert 0 < claims["exp"] - claims["iat"] <= 3_600
    question = {"sha256": made.signed, **ASKED, "territory": "US"}
    refused(office.post("/v1/passes", "pia", json=question), 409, "pass_refused")


def test_capability_42_a_validation_names_state_issuer_lists_time_and_the_raw_report(
    office: Office, made: Made
) -> None:
    found = office.get(f"/v1/assets/{made.signed}", "lena").json()["examination"]
    answer = asked(office, made.file("signed").read_bytes())["c2pa"]
    assert (
        (found["c2pa_state"], found["c2pa_issuer"])
        == (answer["state"], answer["issuer"])
        == ("trusted", answer["issuer"])
    )
    assert found["c2pa_trust_sha256"] == answer["trust_sha256"]
    assert found["c2pa_engine"].startswith("c2pa-rs ")
    assert found["c2pa_checked_at"]
    raw = office.services.blobs.get(found["c2pa_report_sha256"])
    assert json.loads(raw)["validation_results"]
    assert office.services.blobs.has(found["manifest_sha256"])


def test_capability_45_a_known_clip_under_another_story_is_not_distributed(
    office: Office, made: Made, tmp_path: Path
) -> None:
    stranger = make_test_ca(START)
    claim = Claim("My holiday", {"origin": "elsewhere"}, digital_source_type=CAPTURED)
    target = tmp_path / "claimed.mp4"
    ManifestSigner(stranger.chain_pem, stranger.leaf_key_pem).sign(made.file("copy"), target, claim)
    answer = asked(office, target.read_bytes())
    assert (answer["verdict"], answer["asset_sha256"]) == ("deny", made.signed)
    assert {"history_recreated", "source_type_relabelled"} <= codes(answer)
