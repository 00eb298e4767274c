"""Faces from end to end, by the command and the API: NASA's portrait of Eileen Collins (public domain, from scikit-image)
stands for a person; a home, its vault and the engine are real.
"""

from __future__ import annotations

import io
import json
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from api.app import create_app
from ledger.clock import SystemClock
from ledger.statement import Opening
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
        "empty": Image.effect_noise((640, 640), 120).convert("RGB"),
        "elsewhere": Image.effect_noise((640, 640), 90).convert("RGB"),
    }
    copies["elsewhere"].paste(copies["mirrored"].crop((222, 40, 342, 200)), (60, 400))  # her face in another picture
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
    """Scanned and shown by the API, to those who have to look; the reviewer's word is in the next verdict."""
    cli.json("actor", "enrol", "rob", "--role", "reviewer")
    digest = brought(cli, pictures["portrait"])
    with services_of(cli.home) as services:
        rob, ines = (
            {"Authorization": f"Bearer {services.tokens.issue(name, services.clock.now())}"} for name in ("rob", "ines")
        )
        services.views.catch_up()
        with TestClient(create_app(services), base_url="http://localhost") as client:
            path = f"/v1/assets/{digest}/likeness"
            before = client.get(path, headers=rob).json()
            scanned = client.post(path, headers=rob).json()
            crop = client.get(scanned["faces"][0]["crop"], headers=rob)
            assert client.get(f"/v1/assets/{digest}/faces/7", headers=rob).json()["code"] == "face_unknown"
            assert {client.post(path, headers=ines).status_code, client.get(path, headers=ines).status_code} == {403}
    assert (before["state"], before["outcome"]) == ("not_checked", "not_checked")
    assert [(one["finding"], one["person"]) for one in scanned["faces"]] == [("unmatched", None)]
    assert crop.headers["content-type"] == "image/jpeg" and crop.headers["cache-control"] == "no-store"
    with Image.open(io.BytesIO(crop.content)) as picture:
        assert picture.width > 90
    assert "likeness_unmatched" in against(cli, pictures["portrait"])
    words = ("--reason", "nobody we asked", "--as", "rob")
    cli.json("likeness", "review", digest, 1, "--verdict", "off-list", *words)
    assert "likeness_off_list" in against(cli, pictures["portrait"])
    assert cli.json("likeness", "show", digest, code=3)["faces"][0]["verdict"] == "off-list"


def against(cli: Command, picture: Path) -> set[str]:
    """Why a file is denied."""
    return {reason["code"] for reason in cli.json("verify", picture, code=3)["reasons"]}


def nowhere(cli: Command) -> None:
    """No file of the home has a template's bytes, in any spelling: no log, view, blob or pack. The vault has them sealed."""
    with services_of(cli.home) as services:
        said = next(services.ledger.read(types=["likeness.enrolled.v1"]))
        kept = services.ledger.vault.open(said.statement.id, "/body/templates")
    assert isinstance(kept, Opening)
    raw = b64decode(kept.value)
    spellings = [raw[:32], kept.value[:40].encode(), raw[:24].hex().encode()]
    looked = [path for path in cli.home.rglob("*") if path.is_file()]
    assert {"vault.sqlite", "ledger.sqlite", "views.sqlite", "pack.zip"} <= {path.name for path in looked}
    for path in looked:
        content = path.read_bytes()
        assert not [one for one in spellings if one in content], path


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
    cli.json("audit", pictures["cropped"], "--out", cli.home / "pack.zip", "--with-media")
    nowhere(cli)
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


def test_capability_35_a_file_that_nobody_knows_is_recognised_by_whom_it_shows_and_goes_to_a_person(
    cli: Command, pictures: dict[str, Path]
) -> None:
    before = cli.json("verify", pictures["elsewhere"], code=4)
    assert (before["verdict"], before["faces"]["reason"]) == ("unknown", "nobody_enrolled")
    enrolled(cli, pictures["portrait"])
    size = before["log_size"]
    found = cli.json("verify", pictures["elsewhere"], code=4)
    assert (found["verdict"], found["identified_by"], found["asset_sha256"]) == ("review", "face", None)
    assert [(one["person"], one["finding"]) for one in found["faces"]["enrolled"]] == [("p-1", "unconsented")]
    assert {one["code"] for one in found["reasons"]} == {"identified_by_face", "likeness_unconsented"}
    assert "faces" not in found["not_checked"]
    stranger = cli.json("verify", pictures["empty"], code=4)
    assert (stranger["verdict"], stranger["identified_by"]) == ("unknown", "none")
    assert stranger["faces"] == {"state": "absent", "reason": None, "enrolled": [], "strangers": 0}
    assert found["log_size"] == stranger["log_size"] == size + 2, (
        "the permission and the enrolment; looking says nothing"
    )
    (result,) = cli.json("search", pictures["elsewhere"])["results"]
    assert [one["person"] for one in result["faces"]["enrolled"]] == ["p-1"] and result["matches"] == []


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
    assert {"guardrail_matched", "likeness_unconsented"} <= against(cli, pictures["mirrored"])
    cli.fails("reference_unusable", 2, "likeness", "enrol", permission, pictures["nobody"])
