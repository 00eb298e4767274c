"""Faces from end to end, by the command and the API: NASA's portrait of Eileen Collins (public domain, from scikit-image)
stands for a person; a home, its vault and the engine are real.
"""

from __future__ import annotations

import io
import json
import shutil
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from api.app import create_app
from ledger.clock import SystemClock
from ledger.faces.comparing import packed
from ledger.faces.port import load_engine
from ops.settings import read_settings, write_settings
from ops.wiring import services_of
from schemas.base import format_instant, new_id
from tests.cli_of import Command

pytest.importorskip("dlib", reason="the extra `faces` is not installed")
UNTIL = format_instant(datetime.now(UTC) + timedelta(days=365))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The portrait, and copies as they are found elsewhere: cropped and small, mirrored and coarse."""
    from skimage import data

    folder, portrait = tmp_path_factory.mktemp("pictures"), Image.fromarray(data.astronaut())
    copies = {
        "portrait": portrait,
        "cropped": portrait.crop((90, 0, 400, 310)).resize((240, 240)),
        "mirrored": portrait.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        "nobody": Image.fromarray(data.coffee()),
    }
    for name, picture in copies.items():
        picture.save(folder / f"{name}.jpg", quality=40 if name == "mirrored" else 92)
    return {name: folder / f"{name}.jpg" for name in copies}


def say(cli: Command, actor: str, wire_type: str, body: dict[str, Any], **more: Any) -> Any:
    file = cli.home.parent / "statement.json"
    file.write_text(json.dumps({"type": wire_type, "body": body, **more}))
    return cli.json("say", file, "--as", actor)


def brought(cli: Command, picture: Path) -> str:
    """Imports it; its digest."""
    cli.json("import", picture)
    return sha256(picture.read_bytes()).hexdigest()


def enrolled(cli: Command, picture: Path) -> str:
    """p-1 permits it with her own key, and is enrolled from one picture."""
    permission = cli.json("likeness", "permit", "p-1", "--until", UNTIL, "--as", "ines")["permission"]
    cli.json("likeness", "enrol", permission, picture)
    return str(permission)


def test_capability_35_a_face_that_nobody_allowed_closes_the_file(cli: Command, pictures: dict[str, Path]) -> None:
    cli.json("actor", "enrol", "rob", "--role", "reviewer")
    cli.json("import", pictures["portrait"])
    scanned = cli.json("likeness", "scan", pictures["portrait"], code=4)
    assert [one["finding"] for one in scanned["faces"]] == ["unmatched"] and scanned["faces"][0]["person"] is None
    verdict = cli.json("verify", pictures["portrait"], code=3)
    assert "likeness_unmatched" in {reason["code"] for reason in verdict["reasons"]}
    cli.json("likeness", "show", pictures["portrait"], "--crops", cli.home / "look", code=4)
    (crop,) = (cli.home / "look").iterdir()
    with Image.open(crop) as picture:
        assert picture.width > 90
    words = ("--reason", "nobody we asked", "--as", "rob")
    cli.json("likeness", "review", pictures["portrait"], 1, "--verdict", "off-list", *words)
    verdict = cli.json("verify", pictures["portrait"], code=3)
    assert "likeness_off_list" in {reason["code"] for reason in verdict["reasons"]}
    cli.fails("reference_unusable", 2, "likeness", "enrol", cli_permission(cli), pictures["nobody"])


def cli_permission(cli: Command) -> str:
    return str(cli.json("likeness", "permit", "p-1", "--until", UNTIL, "--as", "ines")["permission"])


def test_capability_47_copies_that_show_an_enrolled_person_are_found(cli: Command, pictures: dict[str, Path]) -> None:
    """Cropped, small, mirrored and coarse copies. She reads herself where she is recognised."""
    write_settings(cli.home, read_settings(cli.home).model_copy(update={"scan_faces": True}))
    for name in ("cropped", "mirrored"):
        cli.json("import", pictures[name])
    scanned = cli.json("worker", "--once")["likeness"]
    assert (scanned["scanned"], scanned["judged"]) == (3, 0), "the home's own clip is looked at too"
    permission = enrolled(cli, pictures["portrait"])
    worked = cli.json("worker", "--once")["likeness"]
    assert len(worked["swept"]) == 1 and worked["judged"] in (2, 3) and worked["scanned"] == 0
    shown = cli.json("likeness", "show", pictures["cropped"], code=3)
    assert [(one["finding"], one["person"]) for one in shown["faces"]] == [("unconsented", "p-1")]
    with services_of(cli.home) as services:
        token = services.tokens.issue("ines", services.clock.now())
        services.views.catch_up()
        with TestClient(create_app(services), base_url="http://localhost") as client:
            headers = {"Authorization": f"Bearer {token}"}
            found = client.get("/v1/persons/p-1/likeness", headers=headers).json()
            cut_out = client.get(f"/v1/assets/{found['files'][0]}/faces/1", headers=headers)
    digests = {sha256(pictures[name].read_bytes()).hexdigest(): name for name in pictures}
    assert {digests[file] for file in found["files"] if file in digests} == {"cropped", "mirrored"}
    assert [one["ended"] for one in found["enrolments"]] == [None]
    assert cut_out.status_code == 403, "cut-out faces are for those who review"
    cli.json("likeness", "withdraw", permission, "--person", "p-1", "--reason", "no", "--as", "ines")
    again = cli.json("worker", "--once")["likeness"]
    assert again["judged"] == worked["judged"] and cli.json("worker", "--once")["likeness"]["judged"] == 0
    cli.json("likeness", "show", pictures["cropped"], code=4)
    cli.json("fsck")  # what was destroyed was said to be


def test_capability_54_a_person_who_may_not_be_generated_is_found_in_what_is_here(
    cli: Command, pictures: dict[str, Path]
) -> None:
    cli.json("actor", "enrol", "lena", "--role", "legal")
    digest = brought(cli, pictures["mirrored"])
    cli.json("likeness", "scan", pictures["mirrored"], code=4)
    entry = {
        "guardrail": new_id(SystemClock().now()),
        "kind": "person",
        "person": "p-9",
        "reason": "asked us never to",
        "counsel": "lena",
        "effective_from": format_instant(datetime.now(UTC)),
    }
    say(cli, "lena", "guardrail.entry-added.v1", entry, sealed={"/body/names": ["Nobody Known"]}, subject="p-9")
    permit = ("likeness", "permit", "p-9", "--until", UNTIL, "--as")
    permission = cli.json(*permit, "lena", "--guardrail", entry["guardrail"])["permission"]
    cli.json("likeness", "enrol", permission, pictures["portrait"])
    cli.json("worker", "--once")
    with services_of(cli.home) as services:
        from api.services.guardrails import guardrail_answer

        (match,) = guardrail_answer(services, entry["guardrail"]).matches
    assert (match.asset_sha256, match.method) == (digest, "face")
    verdict = cli.json("verify", pictures["mirrored"], code=3)
    assert {"guardrail_matched", "likeness_unconsented"} <= {reason["code"] for reason in verdict["reasons"]}


def test_nothing_of_a_home_but_the_vault_has_what_was_measured(cli: Command, pictures: dict[str, Path]) -> None:
    """Not the log, a view, a blob, an evidence pack or a backup of them; and the vault has it sealed."""
    engine = load_engine()
    with Image.open(pictures["portrait"]) as picture:
        frame = np.asarray(picture)
    (face,) = engine.detect(frame)
    vector = engine.embed(frame, face)
    digest = brought(cli, pictures["portrait"])
    enrolled(cli, pictures["portrait"])
    cli.json("likeness", "scan", pictures["portrait"], code=3)
    cli.json("worker", "--once")
    cli.json("audit", digest, "--out", cli.home / "pack.zip", "--with-media")
    shutil.make_archive(str(cli.home / "backup"), "tar", cli.home / "blobs")
    spellings = [vector.tobytes()[:32], packed([vector])[:40].encode(), vector.tobytes()[:24].hex().encode()]
    looked = [path for path in cli.home.rglob("*") if path.is_file()]
    assert len(looked) > 10 and any(path.name == "vault.sqlite" for path in looked)
    for path in looked:
        content = path.read_bytes()
        assert not [one for one in spellings if one in content], path
    cli.json("fsck")


def test_a_crop_is_shown_to_a_reviewer_and_kept_by_no_cache(cli: Command, pictures: dict[str, Path]) -> None:
    cli.json("actor", "enrol", "rob", "--role", "reviewer")
    digest = brought(cli, pictures["portrait"])
    with services_of(cli.home) as services:
        tokens = {name: services.tokens.issue(name, services.clock.now()) for name in ("rob", "ines")}
        services.views.catch_up()
        with TestClient(create_app(services), base_url="http://localhost") as client:
            rob = {"Authorization": f"Bearer {tokens['rob']}"}
            before = client.get(f"/v1/assets/{digest}/likeness", headers=rob).json()
            assert (before["state"], before["outcome"]) == ("not_checked", "not_checked")
            scanned = client.post(f"/v1/assets/{digest}/likeness", headers=rob).json()
            answer = client.get(scanned["faces"][0]["crop"], headers=rob)
            assert client.get(f"/v1/assets/{digest}/faces/7", headers=rob).json()["code"] == "face_unknown"
            ines = {"Authorization": f"Bearer {tokens['ines']}"}
            assert client.post(f"/v1/assets/{digest}/likeness", headers=ines).status_code == 403
    assert answer.headers["content-type"] == "image/jpeg" and answer.headers["cache-control"] == "no-store"
    assert Image.open(io.BytesIO(answer.content)).format == "JPEG"
