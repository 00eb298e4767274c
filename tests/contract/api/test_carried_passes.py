"""A pass inside the file that it is for: checked from the file alone, and refused wherever it was moved (SPEC S11.11)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api.client import looking
from api.client.carried import Carried, carried_in
from api.client.main import main
from api.services.circumstances import Circumstances
from api.services.delivering import Delivered, deliver
from api.services.passes import issue_pass
from ledger.media.c2pa_claims import LEDGER_ASSERTION, assertions
from ledger.media.claim import Claim
from ledger.media.signing import ManifestSigner
from ledger.media.testca import make_test_ca
from ledger.proof.distributionpass import PassProven, verify_pass
from ledger.proof.passsubject import Essence
from ops.demo.story import PERSON
from schemas.api.passes import DeliveredAnswer
from schemas.statements.consent import ConsentWithdrawn
from tests.contract.api.test_passes import claims_of, fetched, forged, said, vkeys
from tests.house_of import raises_code
from tests.office_of import ASKED, START, Made, Office, refused


@dataclass
class Handed:
    """An office that handed its cleared clip over, as a platform has it."""

    office: Office
    made: Delivered
    file: Path
    carried: Carried
    status: str

    def check(self, file: Path | None = None, **other: Any) -> PassProven:
        carried = carried_in(file) if file else self.carried
        given: dict[str, Any] = {"now": self.office.clock.now(), "asked": ASKED, "status": self.status, **other}
        return verify_pass(carried.document, vkeys(self.office), subject=carried.essence, **given)


@pytest.fixture(scope="module")
def handed(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handed]:
    office = Office(made, tmp_path_factory.mktemp("handed"))
    try:
        asked = Circumstances(**ASKED)
        found = deliver(office.services, made.signed, asked, title="to a platform", asked_by="operator")
        file = tmp_path_factory.mktemp("platform") / "clip.mp4"
        shutil.copyfile(found.signed.path, file)
        carried = carried_in(file)
        yield Handed(office, found, file, carried, fetched(office, carried.document))
    finally:
        office.close()


def test_a_file_that_carries_its_pass_is_checked_from_the_file_alone(handed: Handed) -> None:
    proven = handed.check()
    assert (proven.covers, proven.sha256, proven.use) == ("essence", handed.office.made.signed, ASKED["use"])
    assert handed.made.answer.issued  # asked by its digest, the ledger says the same
    report = handed.made.signed.examination.c2pa.ledger_assertion or {}
    assert report["clearance"] == proven.clearance and "pass" not in report
    assert report["status_uri"].endswith("/v1/status/clearances/0") and report["status_index"] == 0


def test_it_is_refused_after_its_hour_and_without_a_list(handed: Handed) -> None:
    now = handed.office.clock.now()
    raises_code("pass_expired", lambda: handed.check(now=now + timedelta(hours=1)))
    raises_code("status_missing", lambda: handed.check(status=None))
    raises_code("status_expired", lambda: handed.check(now=now + timedelta(minutes=6)))
    raises_code("pass_other_circumstances", lambda: handed.check(asked={"territory": "US"}))


def moved(handed: Handed, source: Path, target: Path, signer: ManifestSigner) -> Path:
    """The same assertion, pass and all, in another file's manifest."""
    report = json.loads(handed.made.signed.examination.c2pa.raw_report)
    said = assertions(report["manifests"][report["active_manifest"]], LEDGER_ASSERTION)[0]["data"]
    signer.sign(source, target, Claim("moved", said))
    return target


def test_a_pass_that_was_moved_to_another_file_is_refused(handed: Handed, tmp_path: Path) -> None:
    ours, made = handed.office.services.signer, handed.office.made
    assert ours is not None
    stranger = make_test_ca(START)
    theirs = ManifestSigner(stranger.chain_pem, stranger.leaf_key_pem)
    other = moved(handed, made.file("stranger"), tmp_path / "other.mp4", ours)
    raises_code("pass_other_file", lambda: handed.check(other))
    retold = moved(handed, made.file("clip"), tmp_path / "retold.mp4", theirs)
    raises_code("pass_other_signer", lambda: handed.check(retold))
    tampered = tmp_path / "tampered.mp4"
    content = bytearray(handed.file.read_bytes())
    content[-20] ^= 1
    tampered.write_bytes(content)
    raises_code("manifest_tampered", lambda: handed.check(tampered))
    raises_code("pass_not_carried", lambda: handed.check(made.file("signed")))
    raises_code("pass_not_carried", lambda: handed.check(made.file("copy")))


def test_a_pass_for_bytes_does_not_travel_in_a_file(handed: Handed, tmp_path: Path) -> None:
    office = handed.office
    document = office.post("/v1/passes", "pia", json={"sha256": office.made.signed, **ASKED}).content
    ours = office.services.signer
    assert ours is not None
    ours.sign(office.made.file("clip"), tmp_path / "beside.mp4", Claim("beside", {"pass": json.loads(document)}))
    raises_code("pass_other_file", lambda: handed.check(tmp_path / "beside.mp4"))


def test_without_the_engines_nobody_looked_and_that_is_no_yes(handed: Handed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "ENGINES", ("no_such_engine",))
    raises_code("essence_not_checked", lambda: carried_in(handed.file))


def test_the_client_checks_a_file_with_the_exit_codes(
    handed: Handed, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "vkeys").write_text("\n".join(key.vkey() for key in vkeys(handed.office)))
    (tmp_path / "status").write_text(handed.status)
    asked = ["check-file", str(handed.file), "--vkeys", str(tmp_path / "vkeys"), "--json"]
    listed = ["--status", str(tmp_path / "status")]
    assert main([*asked, *listed]) == 3  # by this machine's clock it is long over
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "pass_expired"
    monkeypatch.setattr("api.client.main.SystemClock", lambda: handed.office.clock)
    assert main([*asked, *listed, "--use", ASKED["use"]]) == 0
    assert json.loads(capsys.readouterr().out)["covers"] == "essence"
    assert main(asked) == 6


def test_a_list_that_tells_of_the_end_refuses_it(office: Office, made: Made) -> None:
    signer = "ab" * 32
    document = issue_pass(office.services, made.signed, Circumstances(**ASKED), carried_by=signer).document
    claimed = claims_of(document)["essence"]
    essence = Essence(claimed["sha256"], claimed["algorithm"], signer)

    def check() -> PassProven:
        listed = fetched(office, document)
        return verify_pass(document, vkeys(office), subject=essence, now=office.clock.now(), status=listed)

    assert check().covers == "essence"
    withdrawn = {"consent": made.story.consent, "person": PERSON, "reason": "changed my mind"}
    said(office, "ines", ConsentWithdrawn.model_validate(withdrawn))
    raises_code("status_invalid", check)


@pytest.mark.parametrize(
    ("code", "essence"),
    [
        ("pass_claims", {"sha256": "ab" * 32}),
        ("pass_essence", {"sha256": "ab" * 32, "algorithm": "x", "entry_index": 0, "certificate_sha256": "ab" * 32}),
    ],
)
def test_not_even_the_service_says_another_essence_than_the_log(
    office: Office, made: Made, code: str, essence: dict[str, Any]
) -> None:
    document = issue_pass(office.services, made.signed, Circumstances(**ASKED), carried_by="ab" * 32).document
    wrong = forged(office, document, essence=essence)
    raises_code(code, lambda: verify_pass(wrong, vkeys(office), subject="ab" * 32, now=START, status=None))


def test_a_file_is_delivered_over_http_as_by_the_command(office: Office, made: Made, tmp_path: Path) -> None:
    answer = office.post(f"/v1/assets/{made.signed}/delivered", "mara", json=ASKED)
    assert answer.status_code == 201, answer.text
    found = DeliveredAnswer.model_validate(answer.json())
    assert found.cleared and found.reasons == () and found.parent == made.signed != found.asset_sha256
    file = tmp_path / "delivered.mp4"
    file.write_bytes(office.get(f"/v1/assets/{found.asset_sha256}/content").content)
    carried = carried_in(file)
    status = fetched(office, carried.document)
    given: dict[str, Any] = {"now": office.clock.now(), "asked": ASKED, "status": status}
    assert (
        verify_pass(carried.document, vkeys(office), subject=carried.essence, **given).clearance
        == found.claims["clearance"]
    )


def test_what_is_not_cleared_is_not_delivered(office: Office, made: Made) -> None:
    path = f"/v1/assets/{made.signed}/delivered"
    refused(office.post(path, "mara", json=ASKED | {"territory": "US"}), 409, "pass_refused")
    refused(office.post(path, "mara", json={"use": "advertising"}), 400, "request_invalid")
    refused(office.post(path, "pia", json=ASKED), 403, "role_not_permitted")
    refused(office.post(f"/v1/assets/{'0' * 64}/delivered", "mara", json=ASKED), 404, "asset_unknown")
