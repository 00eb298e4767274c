"""The archive of a generator that is gone: what is paired, graded, sealed, reported, and finished after a crash."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from ledger.vault import Erased
from ops.cli.main import main
from ops.demo.media import make_unrelated_clip
from ops.wiring import services_of
from schemas.base import new_id
from tests.cli_of import COMMAND, ROOT, Command

SECRET = "A woman in a red coat lifts a cup, in the manner of nobody living."


def job(number: str, **members: Any) -> str:
    """A Video as the vendor's SDK writes it down."""
    from openai.types import Video

    raw = {
        "id": number,
        "object": "video",
        "status": "completed",
        "model": "sora-2",
        "prompt": SECRET,
        "seconds": "8",
        "size": "1280x720",
        "progress": 100,
        "created_at": 1760000000,
        "completed_at": 1760000090,
        "expires_at": 1760003600,
    }
    return Video.model_validate({**raw, **members}).model_dump_json()


def another(clip: Path, target: Path, mark: bytes) -> Path:
    """The same picture under other bytes: a `free` box at the end."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(clip.read_bytes() + (8 + len(mark)).to_bytes(4, "big") + b"free" + mark)
    return target


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of video: what is asked here is which file belongs to what."""
    return make_unrelated_clip(tmp_path_factory.mktemp("tiny") / "clip.mp4", seconds=1, size=(160, 90), fps=8)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, tiny: Path) -> Path:
    """Clips paired by their names, one of nobody's, and what can't be taken in. Not to be written to."""
    folder = tmp_path_factory.mktemp("archives") / "sora archive"
    another(tiny, folder / "2025" / "take_video_68f0a1b2c3_final.mp4", b"a")
    (folder / "jobs").mkdir()
    (folder / "jobs" / "one.json").write_text(job("video_68f0a1b2c3"))
    another(tiny, folder / "cafe" / "cup.mp4", b"b")
    (folder / "cafe" / "cup.json").write_text(job("video_aaaaaaaa01"))
    (folder / "cafe" / "cup.md").write_text(f"# Cup\nDownloaded: 2026-08-30\n\n{SECRET} Second take.")
    another(tiny, folder / "nobody" / "loose.mp4", b"c")
    (folder / "jobs" / "lost.json").write_text(job("video_bbbbbbbb02"))
    (folder / "jobs" / "failed.json").write_text(job("video_cccccccc03", status="failed", completed_at=None))
    (folder / "jobs" / "settings.json").write_text('{"theme": "dark"}')
    (folder / "jobs" / "readme.docx").write_bytes(b"PK\x03\x04 not media")
    return folder


@pytest.fixture(scope="module")
def taken_in(tmp_path_factory: pytest.TempPathFactory, made_home: Path, archive: Path) -> Path:
    """A home that the archive was imported into. Not to be written to."""
    home = tmp_path_factory.mktemp("taken") / "home"
    shutil.copytree(made_home, home)
    assert main(["--home", str(home), "import", str(archive), "--provider", "sora-legacy"]) == 0
    return home


@pytest.fixture
def holding(taken_in: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command on a copy of that home."""
    shutil.copytree(taken_in, tmp_path / "holding")
    return Command(tmp_path / "holding", capsys)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def rows(found: Any) -> dict[str, Any]:
    return {Path(row["file"]).name: row for row in found["clips"]}


def killed_at_the_second(home: Path, archive: Path) -> None:
    run = (*COMMAND, "--home", str(home), "import", str(archive), "--provider", "sora-legacy")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(run, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if b"importing 2/3" in line:
                process.send_signal(signal.SIGKILL)
                break
        process.stderr.read()
    assert process.returncode == -signal.SIGKILL


def test_capability_25_an_archive_comes_in_though_killed_with_grades_and_a_report_of_what_did_not(
    cli: Command, archive: Path
) -> None:
    planned = cli.json("import", archive, "--provider", "sora-legacy", "--dry-run")
    assert {row["outcome"] for row in planned["clips"]} == {"would_import"}
    with services_of(cli.home) as services:
        size = services.ledger.store.size()
    killed_at_the_second(cli.home, archive)
    found = cli.json("import", archive, "--provider", "sora-legacy")
    told = rows(found)
    assert found["counts"]["existing"] == 1 and found["counts"]["left_out"] == 4
    assert {name: (row["evidence_grade"], row["paired_by"]) for name, row in told.items()} == {
        "take_video_68f0a1b2c3_final.mp4": ("provider_record", "job_in_name"),
        "cup.mp4": ("provider_record", "same_name"),
        "loose.mp4": ("self_declared", None),
    }
    assert (told["cup.mp4"]["downloaded_on"], told["cup.mp4"]["downloaded_by"]) == ("2026-08-30", "note")
    assert told["loose.mp4"]["downloaded_by"] == "file_time"
    assert {(Path(one["file"]).name, one["code"]) for one in found["left_out"]} == {
        ("lost.json", "job_without_file"),
        ("failed.json", "job_without_result"),
        ("settings.json", "provider_record_malformed"),
        ("readme.docx", "not_media"),
    }
    again = cli.json("import", archive, "--provider", "sora-legacy")
    assert again["counts"] == {"existing": 3, "left_out": 4}
    with services_of(cli.home) as services:  # nothing twice, nothing lost
        said = [one.type for one in services.ledger.read()][size:]
    kinds = {"asset.imported.v1": 3, "asset.examined.v1": 3, "provider.record-imported.v1": 2}
    assert Counter(said) == Counter(kinds)


def test_prompts_lie_in_the_vault_and_nowhere_else(holding: Command, archive: Path) -> None:
    asset = digest(archive / "cafe" / "cup.mp4")
    for path in holding.home.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path
    with services_of(holding.home) as services:
        said = next(
            one for one in services.ledger.read(types=["provider.record-imported.v1"]) if one.body.asset == asset
        )
        record = services.ledger.vault.open(said.statement.id, "/body/record").value
    assert json.loads(record)["prompt"] == SECRET


def test_a_record_that_cannot_be_true_makes_no_better_grade(cli: Command, tmp_path: Path, tiny: Path) -> None:
    folder = tmp_path / "late"
    another(tiny, folder / "a" / "clip.mp4", b"late")
    (folder / "a" / "clip.json").write_text(job("video_dddddddd04", created_at=1792800000, completed_at=1792800090))
    another(tiny, folder / "b" / "clip.mp4", b"open")
    (folder / "b" / "x.json").write_text(job("video_eeeeeeee05"))
    (folder / "b" / "y.json").write_text(job("video_ffffffff06"))
    found = cli.json("import", folder, "--provider", "sora-legacy")
    assert [(row["evidence_grade"], row["problem"]["code"]) for row in found["clips"]] == [
        ("self_declared", "record_after_retirement"),
        ("self_declared", "job_ambiguous"),
    ]


def test_a_grade_and_its_record_stand_wherever_the_file_is_shown(
    holding: Command, archive: Path, tmp_path: Path
) -> None:
    known = archive / "cafe" / "cup.mp4"
    assert holding.json("verify", known, code=3)["evidence_grade"] == "provider_record"
    holding.json("audit", known, "--out", tmp_path / "pack.zip")
    assert holding.json("check", tmp_path / "pack.zip")["state"] != "untrusted"
    with zipfile.ZipFile(tmp_path / "pack.zip") as pack:
        assert "grade-provider_record" in pack.read("pack.json").decode()
        assert "video_aaaaaaaa01" in pack.read("report.html").decode()
    with services_of(holding.home) as services:
        client = TestClient(create_app(services, "operator"), base_url="http://localhost")
        services.views.catch_up()
        page = client.get(f"/assets/{digest(known)}").text
        token = services.tokens.issue("operator", services.clock.now())
        headers = {"Authorization": f"Bearer {token}"}
        answer = client.get(f"/v1/assets/{digest(known)}", headers=headers).json()
    assert answer["evidence"]["grade"] == "provider_record"
    assert answer["evidence"]["records"][0]["job"] == "video_aaaaaaaa01"
    assert "provider record" in page and "video_aaaaaaaa01" in page and "2026-08-30" in page
    assert SECRET not in page


def test_a_record_that_comes_later_makes_the_grade_better(holding: Command, archive: Path, tmp_path: Path) -> None:
    folder = tmp_path / "later"
    shutil.copytree(archive / "nobody", folder)
    (folder / "loose.json").write_text(job("video_99999999aa"))
    found = rows(holding.json("import", folder, "--provider", "sora-legacy"))["loose.mp4"]
    assert (found["outcome"], found["evidence_grade"]) == ("completed", "provider_record")


def test_erasing_a_jobs_name_destroys_its_prompts_and_leaves_the_record(
    holding: Command, archive: Path, tmp_path: Path
) -> None:
    holding.json("actor", "enrol", "lena", "--role", "legal")
    with services_of(holding.home) as services:
        said = next(services.ledger.read(types=["provider.record-imported.v1"]))
    name = said.body.sealed_under
    holding.say("lena", "subject.erasure-requested.v1", file=tmp_path / "request.json", person=name, ground="objection")
    holding.json("erase", name)
    with services_of(holding.home) as services:
        assert isinstance(services.ledger.vault.open(said.statement.id, "/body/record"), Erased)
    assert holding.json("fsck")["clean"]


def test_capability_25_starting_a_generation_with_sora_is_refused_with_the_date(cli: Command, tmp_path: Path) -> None:
    with services_of(cli.home) as services:
        now = services.clock.now()
    for name, role in (("mara", "producer"), ("paul", "producer")):
        cli.json("actor", "enrol", name, "--role", role)
    brief = cli.say("mara", "brief.drafted.v1", file=tmp_path / "brief.json")
    with services_of(cli.home) as services:
        digest = next(one for one in services.ledger.read(after=brief["entry_index"], limit=1)).payload_sha256
        drafted = next(services.ledger.read(types=["brief.drafted.v1"])).body
    named = {"brief": drafted.brief, "version": drafted.version}
    cli.say("paul", "brief.approved.v1", file=tmp_path / "approval.json", draft_sha256=digest, **named)
    generation = new_id(now)
    asked = {"generation": generation, "brief": drafted.brief, "brief_version": 1, "cameos": [], "references": []}
    cli.say("mara", "generation.requested.v1", file=tmp_path / "request.json", **asked)
    for _ in range(2):
        error = cli.fails("provider_retired", 3, "generate", generation)
    assert "2026-09-24" in error["detail"]
    with services_of(cli.home) as services:
        failed = [one.body for one in services.ledger.read(types=["generation.failed.v1"])]
    assert [(one.code, "2026-09-24" in one.detail) for one in failed] == [("provider_retired", True)]


def test_a_folder_of_a_provider_that_nobody_knows_is_refused(cli: Command, archive: Path) -> None:
    cli.fails("provider_unknown", 2, "import", archive, "--provider", "nowhere")
    cli.fails("provider_missing", 2, "import", archive, "--dry-run")


def test_a_real_clip_of_the_time_is_expired_now_and_trusted_as_of_its_signing_under_dated_anchors(
    cli: Command, corpus: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "real"
    folder.mkdir()
    shutil.copyfile(corpus / "c2pa" / "yogesh1290__videotest2.mp4", folder / "videotest2.mp4")
    (folder / "videotest2.json").write_text(job("video_68f0ffffff"))
    for kind, name in (("signer", "interim-truepic-webclaimca.pem"), ("tsa", "interim-digicert-trusted-root-g4.pem")):
        options = ("--kind", kind, "--until", "2026-06-01T00:00:00Z", "--reason", "counted when clips were made")
        cli.json("trust", "import", corpus / "trust" / name, *options)
    found = rows(cli.json("import", folder, "--provider", "sora-legacy"))["videotest2.mp4"]
    told = [found[f"c2pa_{name}"] for name in ("state", "signing_state", "signed_at")]
    assert told == ["expired", "trusted", "2026-02-25T02:24:52+00:00"]
    assert found["evidence_grade"] == "provider_record"
