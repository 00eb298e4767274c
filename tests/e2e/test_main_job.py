"""The main job from an empty folder to a checked pack, on a clip made here and on a real one from Sora."""

from __future__ import annotations

import io
import json
from base64 import b64encode
from pathlib import Path

import pytest
from rich.console import Console

from api.services.circumstances import Circumstances
from api.services.intake import Origin, import_file
from api.services.verification import verify_file
from ledger.clock import SystemClock
from ledger.errors import Misuse
from ops.demo.media import portrait
from ops.demo.run import run_demo
from ops.demo.story import CHANNEL, CONTACT, NAME, TERRITORY, USE
from ops.home import init_home
from ops.wiring import services_of
from schemas.base import parse_instant

LEFT_BEHIND = ("clip.mp4", "signed.mp4", "reencoded.mp4", "evidence.zip", "settings.toml")
ASKED = Circumstances(use=USE, territory=TERRITORY, channel=CHANNEL)


def _run(home: Path, media: Path | None = None) -> str:
    shown = io.StringIO()
    run_demo(home, media, Console(file=shown, width=160))
    return shown.getvalue()


def test_the_demo_leaves_its_files_and_says_what_it_did(demo_home: Path) -> None:
    assert [name for name in LEFT_BEHIND if not (demo_home / name).is_file()] == []


def test_after_the_demo_the_real_clock_denies_and_names_the_expiry(demo_home: Path) -> None:
    with services_of(demo_home) as services:
        answer = verify_file(services, demo_home / "signed.mp4", ASKED)
    assert (answer.verdict, answer.identified.by) == ("deny", "digest")
    assert {"consent_expired", "clearance_revoked", "asset_flagged"} <= {reason.code for reason in answer.reasons}


def test_asked_about_the_day_before_the_same_home_still_allows(demo_home: Path) -> None:
    with services_of(demo_home) as services:
        issued = next(services.ledger.read(types=["clearance.issued.v1"]))
        answer = verify_file(services, demo_home / "signed.mp4", ASKED, issued.recorded_at)
        next_instant = parse_instant("2100-01-01T00:00:00Z")
        later = verify_file(services, demo_home / "signed.mp4", ASKED, next_instant)
    assert (answer.verdict, later.verdict) == ("allow", "deny")


def test_a_second_run_starts_over_and_a_strange_folder_is_left_alone(tmp_path: Path) -> None:
    keep = tmp_path / "keep.txt"
    keep.write_text("mine")
    with pytest.raises(Misuse) as refused:
        _run(tmp_path)
    assert refused.value.code == "home_exists"
    assert keep.read_text() == "mine"


def test_the_main_job_runs_on_a_real_sora_clip_and_then_once_more(corpus: Path, tmp_path: Path) -> None:
    clip = corpus / "c2pa" / "yogesh1290__videotest2.mp4"
    first, second = _run(tmp_path / "home", clip), _run(tmp_path / "home", clip)
    for shown in (first, second):
        assert "C2PA: expired" in shown
        assert "signed.mp4: allow, identified by digest" in shown
        assert "reencoded.mp4: review, identified by fingerprint" in shown
        assert "unrelated.mp4: unknown, identified by none" in shown


def test_the_raw_manifest_store_of_an_imported_file_is_kept_as_a_blob(corpus: Path, tmp_path: Path) -> None:
    init_home(tmp_path / "home", SystemClock())
    clip = corpus / "c2pa" / "yogesh1290__videotest2.mp4"
    with services_of(tmp_path / "home") as services:
        imported = import_file(services, clip, Origin(), actor="operator", method="home")
        store = imported.examination.c2pa.manifest_sha256
        assert store is not None and services.blobs.has(store)
        assert b"jumdc2pa" in services.blobs.get(store)


def test_no_name_or_contact_stands_in_the_clear_anywhere_in_the_home(demo_home: Path) -> None:
    for needle in (
        NAME.encode(),
        json.dumps(NAME).strip('"').encode(),
        CONTACT.encode(),
        portrait()[:64],
        b64encode(portrait())[:64],
    ):
        holders = [path.name for path in demo_home.rglob("*") if path.is_file() and needle in path.read_bytes()]
        assert holders == []
