"""How a file is recognised, in which order, and what it says of itself that the ledger knows better."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import c2pa as sdk
import pytest

from api.services.identification import manifest_owner
from api.services.looking import recorded_c2pa
from ledger.media.c2pa_claims import TRAINED_ALGORITHMIC_MEDIA
from ledger.media.children import ColdChildren
from ledger.media.signing import Claim, ManifestSigner, SoftBinding
from ledger.media.testca import CertificateAuthority, make_test_ca
from schemas.api.decisions import VerificationAnswer
from schemas.base import format_instant
from schemas.statements.trust import TrustListImported
from tests.office_of import ASKED, START, Made, Office, refused

DSSE = {"Content-Type": "application/vnd.dsse+json"}
CAPTURED = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"


class Nobody(ColdChildren):
    """Whoever asks for a child now fails."""

    def working(self, *_: Any) -> Any:
        raise AssertionError("a child was asked for")


@pytest.fixture(scope="module")
def stranger() -> CertificateAuthority:
    return make_test_ca(START)


def signed_elsewhere(
    made: Made,
    stranger: CertificateAuthority,
    folder: Path,
    name: str = "copy",
    parent: str | None = None,
    **claim: Any,
) -> bytes:
    """One of the files, signed by somebody whom nobody here knows."""
    said = Claim("Mine", claim.pop("assertion", {"origin": "elsewhere"}), **claim)
    signer, target = ManifestSigner(stranger.chain_pem, stranger.leaf_key_pem), folder / "elsewhere.mp4"
    signer.sign(made.file(name), target, said, parent=made.file(parent) if parent else None)
    return target.read_bytes()


def verify(office: Office, content: bytes | None = None, **options: Any) -> dict[str, Any]:
    query = urlencode(ASKED | options.pop("query", {}))
    answer = office.post(f"/v1/verifications?{query}", "pia", **({"content": content} if content else options))
    assert answer.status_code == 200, answer.text
    VerificationAnswer.model_validate(answer.json())
    return dict(answer.json())


def codes(answer: dict[str, Any]) -> set[str]:
    return {reason["code"] for reason in answer["reasons"]}


def report_of(office: Office, asset: str) -> Any:
    return recorded_c2pa(office.services, office.services.ledger.history(), asset)


# -- in which order --------------------------------------------------------------------------------------------------------


def test_a_store_alone_is_recognised_by_its_digest_and_says_nothing_of_a_file(office: Office, made: Made) -> None:
    manifest = report_of(office, made.signed).manifest_sha256
    shown = verify(office, office.services.blobs.get(manifest))
    assert (shown["verdict"], shown["identified_by"], shown["asset_sha256"]) == ("review", "manifest", made.signed)
    assert shown["c2pa"]["detached"] and not shown["c2pa"]["holds"]
    told = verify(office, json={"manifest_sha256": manifest})
    assert (told["verdict"], told["identified_by"], told["asset_sha256"]) == ("review", "manifest", made.signed)
    assert verify(office, json={"manifest_sha256": "ab" * 32})["verdict"] == "unknown"
    assert manifest_owner(office.services.ledger.history(), manifest) == made.signed


def test_a_soft_binding_is_tried_before_the_picture_and_the_answer_says_where(
    office: Office, made: Made, stranger: CertificateAuthority, tmp_path: Path
) -> None:
    ((alg, value),) = report_of(office, made.signed).soft_bindings
    bound = signed_elsewhere(made, stranger, tmp_path, soft_bindings=(SoftBinding(alg, value),))
    answer = verify(office, bound)
    assert (answer["identified_by"], answer["asset_sha256"]) == ("soft_binding", made.signed)
    assert {match["asset_sha256"] for match in answer["matches"]} == {made.asset, made.signed}
    assert all(match["offsets"] for match in answer["matches"])


def test_known_bytes_start_no_child_while_engine_lists_and_dates_are_as_they_were(
    office: Office, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = verify(office, made.file("signed").read_bytes()), verify(office, made.file("signed").read_bytes())
    third = verify(office, json={"sha256": made.signed})
    office.services.examiner.close()
    monkeypatch.setattr(office.services.examiner, "_children", Nobody())
    fourth = verify(office, made.file("signed").read_bytes())
    assert first["verdict"] == second["verdict"] == third["verdict"] == fourth["verdict"] == "allow"
    assert second["c2pa"] == third["c2pa"] == fourth["c2pa"]
    assert second["c2pa"]["stands_until"] > second["at"]


# -- laundering ------------------------------------------------------------------------------------------------------------


def test_known_pixels_without_their_history_are_said_to_have_lost_it(office: Office, made: Made) -> None:
    answer = verify(office, made.file("copy").read_bytes())
    assert (answer["verdict"], answer["identified_by"]) == ("review", "fingerprint")
    assert codes(answer) == {"identified_by_fingerprint", "history_dropped"}


def test_known_pixels_that_were_created_just_now_are_denied(
    office: Office, made: Made, stranger: CertificateAuthority, tmp_path: Path
) -> None:
    answer = verify(office, signed_elsewhere(made, stranger, tmp_path))
    assert (answer["verdict"], answer["identified_by"]) == ("deny", "fingerprint")
    assert "history_recreated" in codes(answer) and "source_type_relabelled" not in codes(answer)


def test_a_known_file_that_says_a_camera_took_it_is_denied(
    office: Office, made: Made, stranger: CertificateAuthority, tmp_path: Path
) -> None:
    answer = verify(office, signed_elsewhere(made, stranger, tmp_path, digital_source_type=CAPTURED))
    assert answer["verdict"] == "deny"
    reason = next(one for one in answer["reasons"] if one["code"] == "source_type_relabelled")
    assert "digitalCapture" in reason["detail"] and "trainedAlgorithmicMedia" in reason["detail"]
    assert reason["entry_index"] is not None


def test_a_borrowed_ledger_assertion_around_another_picture_is_denied(
    office: Office, made: Made, stranger: CertificateAuthority, tmp_path: Path
) -> None:
    assertion = report_of(office, made.signed).ledger_assertion
    answer = verify(office, signed_elsewhere(made, stranger, tmp_path, name="stranger", assertion=assertion))
    assert (answer["verdict"], answer["identified_by"]) == ("deny", "ledger_assertion")
    assert "picture_differs" in codes(answer)


def test_an_honest_derivative_that_carries_the_known_manifest_is_for_review(
    office: Office, made: Made, stranger: CertificateAuthority, tmp_path: Path
) -> None:
    content = signed_elsewhere(made, stranger, tmp_path, parent="signed", edits=("c2pa.transcoded",))
    answer = verify(office, content)
    assert (answer["verdict"], answer["c2pa"]["digital_source_type"]) == ("review", TRAINED_ALGORITHMIC_MEDIA)
    assert not codes(answer) & {"history_dropped", "history_recreated", "picture_differs", "generator_differs"}


def test_another_generator_than_the_known_one_is_told(
    office: Office, made: Made, stranger: CertificateAuthority, tmp_path: Path
) -> None:
    actions = {"actions": [{"action": "c2pa.created", "digitalSourceType": TRAINED_ALGORITHMIC_MEDIA}]}
    manifest = {
        "claim_generator_info": [{"name": "Elsewhere", "version": "1"}],
        "assertions": [{"label": "c2pa.actions.v2", "data": actions}],
    }
    info = sdk.C2paSignerInfo(b"es256", stranger.chain_pem.encode(), stranger.leaf_key_pem.encode(), None)
    with (
        sdk.Builder.from_json(manifest) as builder,
        made.file("copy").open("rb") as source,
        (tmp_path / "other.mp4").open("w+b") as target,
    ):
        builder.sign(sdk.Signer.from_info(info), "video/mp4", source, target)
    answer = verify(office, (tmp_path / "other.mp4").read_bytes())
    assert {"generator_differs", "history_recreated"} <= codes(answer)


# -- when ------------------------------------------------------------------------------------------------------------------


def test_a_window_beyond_the_consent_is_denied_now(office: Office, made: Made) -> None:
    inside = format_instant(office.clock.now() + timedelta(hours=1))
    beyond = format_instant(made.story.ends_at + timedelta(days=1))
    assert verify(office, json={"sha256": made.signed}, query={"valid_until": inside})["verdict"] == "allow"
    answer = verify(office, json={"sha256": made.signed}, query={"valid_until": beyond})
    assert answer["verdict"] == "deny"
    assert answer["asked"]["valid_until"] == beyond
    path = "/v1/verifications?" + urlencode(ASKED | {"valid_from": beyond, "valid_until": inside})
    refused(office.post(path, "pia", json={"sha256": made.signed}), 400, "question_invalid")


def test_about_the_past_files_are_judged_under_the_lists_of_then(office: Office, made: Made) -> None:
    before = verify(office, made.file("copy").read_bytes())
    root = make_test_ca(START).root_pem.encode()
    body = TrustListImported(
        list="elsewhere", kind="signer", list_sha256=office.services.blobs.put(root), certificates=1, reason="a test"
    )
    office.clock.move_to(office.clock.now() + timedelta(minutes=5))
    said = office.post("/v1/statements", "operator", content=office.signed("operator", body), headers=DSSE)
    assert said.status_code == 201, said.text
    office.clock.move_to(office.clock.now() + timedelta(minutes=5))
    after = verify(office, made.file("copy").read_bytes())
    then = verify(office, made.file("copy").read_bytes(), query={"at": before["at"]})
    assert before["c2pa"]["trust_sha256"] == then["c2pa"]["trust_sha256"] != after["c2pa"]["trust_sha256"]


@pytest.mark.parametrize("content", [b"{}", b'{"sha256": "%s", "manifest_sha256": "%s"}' % (b"ab" * 32, b"ab" * 32)])
def test_a_question_about_nothing_or_about_two_things_is_refused(office: Office, content: bytes) -> None:
    refused(
        office.post("/v1/verifications", "pia", content=content, headers={"Content-Type": "application/json"}),
        400,
        "request_invalid",
    )
