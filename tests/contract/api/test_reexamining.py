"""What is here is examined again when algorithms are newer than its examination, and what changed is listed, each once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from api.services import reexamining
from api.services.intake import Imported, Origin, import_file
from api.services.reexamining import Reexamination, stale
from ledger.media.extraction import finding
from ledger.media.findings import LOCAL_FEATURES, Examination
from ledger.media.sandbox import Examiner
from ledger.rules.lineage import examination
from ops.settings import Settings
from ops.worker import ReexaminationWorker
from schemas.statements.asset import AssetExamined
from schemas.statements.reexamination import AssetReexamined
from tests.cli_of import Command
from tests.house_of import raises_code
from tests.office_of import Made, Office

HERE = {"pdq": (("pdq256", "2"),), "text": (("ocr", "1"),), "faces": (("f", "1"),), "audio_fingerprint": ()}


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        (("pdq256", "2", ""), False),
        (("pdq256", "1", ""), True),
        (("pdq128", "2", ""), True),
        (("none", "0", "not_installed"), True),
        (("none", "0", "not_asked_for"), True),
        (("none", "0", "nothing_wanted"), False),  # criteria count for files examined from then on (S15.1)
        (("none", "0", ""), False),  # it failed, or there was nothing of the kind
    ],
)
def test_what_is_stale(then: tuple[str, str, str], expected: bool) -> None:
    others = (("text", "ocr", "1", ""),)
    assert stale((("pdq", *then), *others), HERE) == ({"pdq"} if expected else set())


def test_an_extractor_that_was_not_there_yet_makes_an_examination_stale_and_one_that_can_not_run_here_does_not() -> (
    None
):
    assert stale((("pdq", "pdq256", "2", ""), ("audio_fingerprint", "chroma", "1", "")), HERE) == {"text"}


def aged(found: Examination) -> Examination:
    """As an older release would have found it: other codes, and no local features."""
    older = {"pdq": replace(found.finding("pdq"), version="pdqhash 0.0.1")}
    older[LOCAL_FEATURES] = finding(LOCAL_FEATURES, "not_checked", reason="not_installed")
    return replace(found, findings=tuple(older.get(one.extractor, one) for one in found.findings), apart={})


@pytest.fixture
def old(office: Office, made: Made, monkeypatch: pytest.MonkeyPatch) -> Imported:
    """A file that came in under an older release, and `office` with today's."""
    examine = office.services.examiner.examine
    with monkeypatch.context() as patch:
        patch.setattr(office.services.examiner, "examine", lambda path, **asked: aged(examine(path, **asked)))
        origin = Origin(title="stranger.mp4")
        return import_file(office.services, made.file("stranger"), origin, actor="operator", method="home")


def run(office: Office) -> list[AssetReexamined]:
    return list(Reexamination(office.services).run())


def entries(office: Office, asset: str, kind: type) -> list[Any]:
    return list(office.services.ledger.history().about(f"asset:{asset}", kind))


def test_while_nothing_is_newer_nothing_is_examined_and_nothing_is_said(office: Office) -> None:
    size = office.size
    assert (Reexamination(office.services).left(), run(office), office.size) == (0, [], size)


def test_a_file_of_older_algorithms_is_examined_again_and_what_changed_is_listed_once(
    office: Office, old: Imported
) -> None:
    asset = old.asset_sha256
    assert Reexamination(office.services).left() == 1
    (said,) = run(office)
    before, now = (one.index for one in entries(office, asset, AssetExamined))
    assert (said.asset, said.outcome, said.before, said.now) == (asset, "examined", before, now)
    changes = {one.extractor: one for one in said.changes}
    assert changes.keys() == {"pdq", LOCAL_FEATURES}
    assert (changes["pdq"].before.version, changes[LOCAL_FEATURES].now.state) == ("pdqhash 0.0.1", "found")  # type: ignore[union-attr]
    newest = examination(office.services.ledger.history(), asset)
    assert newest is not None and newest[0].index == now
    size = office.size
    assert (run(office), Reexamination(office.services).left(), office.size) == ([], 0, size)


class Killed(BaseException):
    pass


def test_a_crash_between_two_statements_leaves_work_and_says_nothing_twice(
    office: Office, old: Imported, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise Killed

    for place in ("say_examination", "compare_files"):  # before anything was said, and after the first statement
        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(reexamining, place, killed)
            run(office)
    looked: list[Path] = []
    monkeypatch.setattr(office.services.examiner, "examine", lambda path, **_: looked.append(path))
    (said,) = run(office)
    assert (said.outcome, looked) == ("examined", [])
    counts = [len(entries(office, old.asset_sha256, kind)) for kind in (AssetExamined, AssetReexamined)]
    assert counts == [2, 1]


def test_a_file_whose_bytes_are_elsewhere_is_said_not_to_be_held_and_not_asked_for_again(
    office: Office, old: Imported
) -> None:
    office.services.blobs.path(old.asset_sha256).unlink()
    (said,) = run(office)
    assert (said.outcome, said.now, said.changes) == ("not_held", None, ())
    assert run(office) == []


def test_one_that_fails_keeps_its_examination_and_says_why(
    office: Office, old: Imported, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dead(path: Path, **_: object) -> Examination:
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        broken = finding("probe", "failed", code="timeout")
        return Examination(sha256, 1, None, old.examination.c2pa, None, None, (broken,))

    monkeypatch.setattr(office.services.examiner, "examine", dead)
    (said,) = run(office)
    assert (said.outcome, said.code) == ("failed", "timeout")
    assert len(entries(office, old.asset_sha256, AssetExamined)) == 1
    assert run(office) == []


def test_where_only_the_manifest_reads_otherwise_nothing_is_decoded(
    office: Office, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = office.services.examiner.specs() | {"c2pa": (("c2pa", "c2pa-rs 99"),)}
    monkeypatch.setattr(office.services.examiner, "_specs", newer)
    asked: list[Any] = []
    examine = office.services.examiner.examine

    def noted(path: Path, **options: Any) -> Examination:
        asked.append(options.get("extractors"))
        return examine(path, **options)

    monkeypatch.setattr(office.services.examiner, "examine", noted)
    said = run(office)
    assert {one.asset for one in said} >= {made.asset, made.signed}
    assert {frozenset(one) for one in asked} == {frozenset({"digest", "c2pa"})}
    assert run(office) == []  # once for what is installed, also where the engine does not say what it was taken for


def test_the_door_hears_of_each_examination_once_and_only_what_is_so(office: Office, old: Imported) -> None:
    (said,) = run(office)
    other = {"asset": said.asset, "specs_sha256": said.specs_sha256, "outcome": "examined"}
    for before, now, code in (
        (said.before, said.now, "reexamined_already"),
        (said.before, 0, "examination_unknown"),
        (said.now, said.before, "reexamination_misplaced"),
    ):
        body = AssetReexamined.model_validate({**other, "before": before, "now": now})
        raises_code(code, partial(office.services.ledger.say, body))


def test_the_worker_looks_only_where_the_settings_want_it(office: Office, old: Imported) -> None:
    settings = Settings(origin="countersign.example/office")
    assert ReexaminationWorker(office.services, settings).run_once() == []
    wanted = settings.model_copy(update={"reexamine_files": True})
    (said,) = ReexaminationWorker(office.services, wanted).run_once()
    assert said.asset == old.asset_sha256


@pytest.fixture
def cli(office: Office, capsys: pytest.CaptureFixture[str]) -> Iterator[Command]:
    office.services.close()
    yield Command(office.home.path, capsys)


def test_the_command_says_what_is_left_and_what_changed(
    office: Office, made: Made, cli: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    specs = Examiner.specs
    monkeypatch.setattr(Examiner, "specs", lambda self: specs(self) | {"pdq": (("pdq512", "1"),)})
    assert cli.json("reexamine", "--dry-run") == {"left": 2}
    ran = cli.run("reexamine", "--json")
    assert ran.code == 0 and "examining again 2/2" in ran.err
    found = ran.document
    assert (found["examined"], found["not_held"], found["failed"]) == (2, 0, 0)
    assert {one["asset"] for one in found["files"]} == {made.asset, made.signed}
    assert cli.json("reexamine")["files"] == []
