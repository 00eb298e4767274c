"""What a manifest of ours tells of a file's past, and that the log names every one of them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from api.services.circumstances import Circumstances
from api.services.completeness import completeness, name_root
from api.services.identification import manifest_owner
from api.services.intake import Origin, import_file, keep_file, say_examination
from api.services.looking import recorded_c2pa
from api.services.provenance import sign_asset, sign_beside
from api.services.verification import verify_file, verify_manifest
from ledger.log.logkeys import stored_log_keys
from ledger.media.beside import Beside
from ledger.media.c2pa_report import C2paReport
from ledger.media.signing import Claim, ManifestSigner
from ledger.proof.completeness import verify_completeness
from ops.home import Home
from schemas.statements.asset import AssetDerived, ManifestIssued
from tests.house_of import raises_code
from tests.office_of import ASKED, Made, Office

QUESTION = Circumstances(**ASKED)


def derived(office: Office, path: Path, *parents: str, relation: Any = "transcoded") -> str:
    """A file that the house made from others, as its tools tell it."""
    found = office.services.examiner.examine(path)
    keep_file(office.services, path, found.sha256)
    body = AssetDerived(
        asset=found.sha256,
        parents=parents,
        relation=relation,
        size_bytes=found.size_bytes,
        media_type="video/mp4",
        tool="ffmpeg 7",
    )
    office.services.ledger.say(body)
    say_examination(office.services, found)
    return found.sha256


def report_of(office: Office, asset: str) -> C2paReport:
    found = recorded_c2pa(office.services, office.services.ledger.history(), asset)
    assert found is not None
    return found


def actions_of(report: C2paReport) -> list[tuple[str, str]]:
    whole = json.loads(report.raw_report)
    listed = whole["manifests"][whole["active_manifest"]]["assertions"]
    (data,) = (one["data"]["actions"] for one in listed if one["label"].startswith("c2pa.actions"))
    return [(one["action"], one["softwareAgent"]["name"]) for one in data]


def test_a_derivatives_manifest_tells_the_steps_and_carries_the_parents(office: Office, made: Made) -> None:
    copy = derived(office, made.file("copy"), made.asset)
    signed = sign_asset(office.services, copy, title="a rendition")
    report = signed.examination.c2pa
    assert actions_of(report)[1:] == [("c2pa.transcoded", "ffmpeg 7")]
    assert actions_of(report)[0][0] == "c2pa.opened"
    assert report_of(office, made.signed).own_box_sha256 in report.boxes_below_sha256
    assert (report.state, report.ingredients_state, report.broken_rules) == ("trusted", "trusted", ())


def test_what_was_placed_into_a_work_is_in_its_manifest(office: Office, made: Made) -> None:
    other = import_file(office.services, made.file("stranger"), Origin(), actor="operator", method="home").asset_sha256
    work = derived(office, made.file("copy"), made.asset, other, relation="composited")
    report = sign_asset(office.services, work, title="a work").examination.c2pa
    assert [name for name, _ in actions_of(report)] == ["c2pa.opened", "c2pa.placed", "c2pa.edited"]


def test_a_copy_that_came_back_without_its_manifest_gets_its_parent_back(office: Office, made: Made) -> None:
    copy = import_file(office.services, made.file("copy"), Origin(), actor="operator", method="home").asset_sha256
    signed = sign_asset(office.services, copy, title="it came back")
    assert signed.recovered in (made.asset, made.signed)
    assert report_of(office, made.signed).own_box_sha256 in signed.examination.c2pa.boxes_below_sha256
    assert [name for name, _ in actions_of(signed.examination.c2pa)] == ["c2pa.opened", "c2pa.unknown"]
    stranger = import_file(office.services, made.file("stranger"), Origin(), actor="operator", method="home")
    assert sign_asset(office.services, stranger.asset_sha256, title="nobody's").recovered is None


def test_a_store_beside_the_file_is_logged_and_leads_back_to_it(office: Office, made: Made, tmp_path: Path) -> None:
    beside = sign_beside(office.services, made.asset, title="clip.mp4")
    found = verify_file(office.services, made.file("clip"), QUESTION, None, Beside(sidecar=beside.path))
    assert found.c2pa is not None and (found.c2pa.state, found.c2pa.detached) == ("trusted", False)
    alone = verify_manifest(office.services, beside.manifest_sha256, QUESTION)
    assert (alone.identified.by, alone.identified.asset) == ("manifest", made.asset)
    shutil.copyfile(beside.path, tmp_path / "store.c2pa")
    shown = verify_file(office.services, tmp_path / "store.c2pa", QUESTION)
    assert (shown.identified.by, shown.verdict == "allow") == ("manifest", False)
    raises_code("manifest_present", lambda: sign_beside(office.services, made.signed, title="again"))


def test_a_second_manifest_that_no_entry_tells_of_is_denied_and_its_absence_proved(
    office: Office, made: Made, tmp_path: Path
) -> None:
    """The operator signs once more with the ledger's own key and tells nobody: equivocation that anybody can show."""
    home = Home(office.home.path)
    signer = ManifestSigner(
        (home.trust / "own-chain.pem").read_text(encoding="ascii"), (home.keys / "c2pa.pem").read_text(encoding="ascii")
    )
    logged = report_of(office, made.signed)
    claim = Claim("another story", dict(logged.ledger_assertion or {}))
    second = signer.sign(made.file("clip"), tmp_path / "second.mp4", claim)
    answer = verify_file(office.services, tmp_path / "second.mp4", QUESTION)
    assert answer.verdict == "deny"
    assert "manifest_unlogged" in {reason.code for reason in answer.reasons}
    assert answer.c2pa is not None and answer.c2pa.certificate_sha256 == logged.certificate_sha256
    assert manifest_owner(office.services.ledger.history(), second.manifest_sha256) is None

    name_root(office.services.ledger, office.services.index)
    keys = stored_log_keys(office.services.ledger.store)
    for sha256, entries in ((second.manifest_sha256, 0), (str(logged.manifest_sha256), 2)):
        document = completeness(office.services.ledger, office.services.index, f"manifest:{sha256}")
        assert verify_completeness(document, keys).count == entries


def test_a_manifest_is_issued_once_and_for_a_known_file(office: Office, made: Made) -> None:
    body = ManifestIssued(asset=made.asset, manifest_sha256="ab" * 32, certificate_sha256="cd" * 32)
    office.services.ledger.say(body)
    raises_code("manifest_issued_already", lambda: office.services.ledger.say(body))
    unknown = body.model_copy(update={"asset": "ef" * 32, "manifest_sha256": "01" * 32})
    raises_code("asset_unknown", lambda: office.services.ledger.say(unknown))


@pytest.mark.parametrize("name", ["signed"])
def test_what_we_signed_into_a_file_is_logged(office: Office, made: Made, name: str) -> None:
    answer = verify_file(office.services, made.file(name), QUESTION)
    assert answer.verdict == "allow"
    assert "manifest_unlogged" not in {reason.code for reason in answer.reasons}
