"""Files over HTTP: taken in, signed, read back, searched for, and sent out as evidence."""

from __future__ import annotations

import hashlib
import io
import tempfile
import zipfile
from pathlib import Path

import pytest

from ledger.media.scratch import Scratch
from ledger.proof.pack import check_pack
from schemas.api.assets import AssetAnswer
from tests.office_of import Made, Office, refused

FILE = {"Content-Type": "application/octet-stream"}


def test_a_file_is_taken_in_once(office: Office, made: Made) -> None:
    raw, size = made.file("stranger").read_bytes(), office.size
    first = office.post("/v1/assets?title=stranger.mp4", "lior", content=raw, headers=FILE)
    assert first.status_code == 201, first.text
    found = first.json()
    assert found["asset_sha256"] == hashlib.sha256(raw).hexdigest()
    assert found["entry_indices"] == [size, size + 1]
    assert "faces" in found["not_checked"] and len(found["findings"]) >= 10
    again = office.post("/v1/assets", "lior", content=raw, headers=FILE)
    assert again.status_code == 200 and again.json()["existing"]
    assert office.size == size + 2
    statement = office.get(f"/v1/statements/{size}").json()["statement"]
    assert (statement["actor"], statement["auth"]["method"]) == ("lior", "bearer")
    assert statement["body"]["title"] == "stranger.mp4"


def test_how_far_an_examination_is_can_be_asked_while_it_runs_and_only_then(office: Office, made: Made) -> None:
    sha256 = hashlib.sha256(made.file("stranger").read_bytes()).hexdigest()
    with Scratch(office.home.scratch).trace(sha256, {}) as trace:  # as another process on the home does
        trace.sheet.tell(1_500, 2_000)
        told = office.get(f"/v1/assets/{sha256}/progress").json()
        assert told == {"asset_sha256": sha256, "done_ms": 1_500, "total_ms": 2_000}
    refused(office.get(f"/v1/assets/{sha256}/progress"), 404, "not_under_way")


def test_nothing_of_an_upload_is_left_behind(office: Office, made: Made) -> None:
    before = set(Path(tempfile.gettempdir()).glob("countersign-*"))
    office.post("/v1/assets", content=made.file("stranger").read_bytes())
    office.post("/v1/assets", content=b"not media at all")
    office.post("/v1/verifications", content=made.file("copy").read_bytes())
    office.get(f"/v1/assets/{made.signed}/evidence")
    assert set(Path(tempfile.gettempdir()).glob("countersign-*")) == before


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"plain text is no media", "media_unsupported"),
        (b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 5_000, "media_unreadable"),
    ],
)
def test_what_is_no_media_is_refused_and_changes_nothing(office: Office, content: bytes, code: str) -> None:
    size = office.size
    answer = office.post("/v1/assets", content=content)
    assert answer.json()["code"] in (code, "media_unsupported"), answer.text
    assert answer.status_code == 400
    assert office.size == size


def test_a_truncated_file_changes_nothing_or_is_told(office: Office, made: Made) -> None:
    raw = made.file("stranger").read_bytes()
    answer = office.post("/v1/assets", content=raw[: len(raw) // 3])
    assert answer.status_code in (201, 400), answer.text
    if answer.status_code == 201:
        assert any(finding["state"] in ("failed", "absent") for finding in answer.json()["findings"])


@pytest.mark.parametrize(
    "query", ["generation=1", "grade=gateway_captured", "grade=sure", "title=", "title=" + "x" * 301]
)
def test_a_malformed_origin_is_refused_before_the_file_is_read(office: Office, query: str) -> None:
    refused(office.post(f"/v1/assets?{query}", content=b"x"), 400, "request_invalid")


def test_an_unknown_generation_is_refused_with_its_reason(office: Office, made: Made) -> None:
    generation = "019a9b00-0000-7000-8000-00000000dead"
    raw = made.file("stranger").read_bytes()
    document = office.post(f"/v1/assets?generation={generation}", "mara", content=raw).json()
    assert document["status"] == 409 and document["reasons"], document


def test_a_files_summary_says_what_was_not_checked(office: Office, made: Made) -> None:
    found = office.get(f"/v1/assets/{made.asset}", "rob").json()
    assert AssetAnswer.model_validate(found)
    assert found["arrival"]["title"] == "clip.mp4"
    assert [review["gate"] for review in found["reviews"]] == ["brand", "rights", "legal"]
    assert found["descendants"] == [made.signed] and found["ancestors"] == []
    assert "faces" in found["not_checked"]
    signed = office.get(f"/v1/assets/{made.signed}", "rob").json()
    assert signed["ancestors"] == [made.asset]
    assert [(one["standing"], one["in_force"]) for one in signed["clearances"]] == [("issued", True)]


def test_a_file_is_read_as_of_a_time(office: Office, made: Made) -> None:
    path = f"/v1/assets/{made.asset}"
    refused(office.get(f"{path}?at=2026-01-01T00:00:00Z"), 404, "asset_unknown")
    arrived = office.get(path).json()["arrival"]["at"]
    then = office.get(f"{path}?at={arrived}").json()
    assert then["reviews"] == [] and then["descendants"] == [] and then["examination"] is None
    assert then["not_checked"] == ["examination"]
    assert office.get(f"{path}/lineage").json()["family"] == [made.asset, made.signed]


def test_rights_are_those_of_the_instant(office: Office, made: Made) -> None:
    path = f"/v1/assets/{made.signed}/rights"
    now = office.get(path).json()
    assert now["all_given"] and [one["state"] for one in now["consents"]] == ["given"]
    end = now["consents"][0]["granted"]["valid_until"]
    then = office.get(f"{path}?at={end}").json()
    assert not then["all_given"] and [one["state"] for one in then["consents"]] == ["expired"]


def test_a_trail_is_complete_and_paged(office: Office, made: Made) -> None:
    path = f"/v1/assets/{made.signed}/trail"
    whole = office.get(path).json()
    assert whole["next_after"] is None
    types = [row["type"] for row in whole["rows"]]
    assert types[0] == "person.registered.v2" and types[-1] == "clearance.issued.v1"
    paged, after = [], -1
    while after is not None:
        page = office.get(f"{path}?after={after}&limit=4").json()
        assert len(page["rows"]) <= 4
        paged += page["rows"]
        after = page["next_after"]
    assert paged == whole["rows"]
    refused(office.get(f"{path}?limit=501"), 400, "request_invalid")
    refused(office.get(f"{path}?limit=0"), 400, "request_invalid")


def test_a_trail_ends_at_the_time_asked_for(office: Office, made: Made) -> None:
    path = f"/v1/assets/{made.signed}/trail"
    whole = office.get(path).json()["rows"]
    then = office.get(f"{path}?at={whole[-2]['recorded_at']}").json()["rows"]
    assert then == whole[:-1]


def test_signing_makes_a_new_file(office: Office, made: Made) -> None:
    raw = made.file("stranger").read_bytes()
    asset = office.post("/v1/assets?title=stranger.mp4", content=raw).json()["asset_sha256"]
    answer = office.post(f"/v1/assets/{asset}/signed", "mara")
    assert answer.status_code == 201, answer.text
    found = answer.json()
    assert found["parent"] == asset != found["asset_sha256"] and found["c2pa_state"] == "trusted"
    content = office.get(f"/v1/assets/{found['asset_sha256']}/content")
    assert hashlib.sha256(content.content).hexdigest() == found["asset_sha256"]


def test_content_is_always_a_download(office: Office, made: Made) -> None:
    answer = office.get(f"/v1/assets/{made.asset}/content", "rob")
    assert answer.content == made.file("clip").read_bytes()
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_file_whose_bytes_are_gone_is_404(office: Office, made: Made) -> None:
    office.services.blobs.path(made.asset).unlink()
    refused(office.get(f"/v1/assets/{made.asset}/content"), 404, "content_missing")


def test_evidence_proves_itself_and_its_custody_is_recorded(office: Office, made: Made, tmp_path: Path) -> None:
    answer = office.get(f"/v1/assets/{made.signed}/evidence", "lena")
    assert answer.headers["content-type"] == "application/zip"
    assert int(answer.headers["content-length"]) == len(answer.content)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as pack:
        assert {"pack.json", "report.html", "verify.py"} <= set(pack.namelist())
    path = tmp_path / "evidence.zip"
    path.write_bytes(answer.content)
    assert check_pack(path)
    last = office.get(f"/v1/statements/{office.size - 1}").json()["statement"]
    assert last["type"] == "evidence.exported.v2" and last["body"]["requested_by"]
    assert last["body"]["pack_sha256"] == hashlib.sha256(answer.content).hexdigest()


@pytest.mark.parametrize("part", ["", "/trail", "/lineage", "/rights", "/content", "/evidence"])
def test_an_unknown_file_is_404_and_a_malformed_digest_400(office: Office, part: str) -> None:
    refused(office.get(f"/v1/assets/{'0' * 64}{part}"), 404, "asset_unknown")
    for digest in ("0" * 63, "0" * 65, "G" * 64, "A" * 64):
        refused(office.get(f"/v1/assets/{digest}{part}"), 400, "request_invalid")


def test_an_upload_over_the_bound_is_413_by_its_header_and_by_its_bytes(
    office: Office, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    object.__setattr__(office.services, "upload_bytes_max", 10_000)
    size, raw = office.size, made.file("stranger").read_bytes()
    for path in ("/v1/assets", "/v1/search", "/v1/verifications"):
        refused(office.post(path, content=raw), 413, "body_too_large")
        refused(office.post(path, content=iter([b"x" * 6_000] * 2)), 413, "body_too_large")
        refused(office.post(path, content=b"x", headers={"Content-Length": "1e9"}), 413, "body_too_large")
    assert office.size == size
