"""A model that the house brings describes frames: what is near by it is a candidate; without it nobody looked."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from api.services.intake import Origin, import_file
from api.services.reexamining import Reexamination
from api.services.searching import search_file
from ledger.errors import LedgerError
from ledger.media.brought import BroughtModel
from ledger.media.descriptor import MAGIC, Described, pack, spec, unpack
from ledger.media.findings import LEARNT_DESCRIPTOR, Finding
from ledger.media.sandbox import Examiner
from ops.settings import Settings, read_settings, write_settings
from ops.wiring import open_services
from tests.office_of import Made, Office
from tests.onnx_of import layout_model

pytest.importorskip("onnxruntime", reason="learnt descriptors need the extra `ocr`")
LOOKED = frozenset({LEARNT_DESCRIPTOR})


def brought(folder: Path, content: bytes) -> BroughtModel:
    path = folder / "model.onnx"
    path.write_bytes(content)
    return BroughtModel(path, hashlib.sha256(content).hexdigest(), 990)


def described(path: Path, model: BroughtModel) -> tuple[Finding, bytes]:
    found = Examiner(model=model).examine(path, extractors=LOOKED)
    return found.finding(LEARNT_DESCRIPTOR), found.described


def test_frames_are_described_by_the_model_and_the_finding_names_it(clip: Path, tmp_path: Path) -> None:
    model = brought(tmp_path, layout_model())
    said, packed = described(clip, model)
    assert (said.state, (said.algorithm, said.version)) == ("found", spec(model.sha256))
    assert said.version.endswith(f"model {model.sha256[:16]}")
    assert (said.detail["model_sha256"], said.detail["dimensions"]) == (model.sha256, 48)
    assert (said.detail["threshold_permille"], said.detail["sha256"]) == (990, hashlib.sha256(packed).hexdigest())
    one = unpack(packed)
    assert len(one.times_ms) == said.detail["described_frames"] == said.detail["frames"]
    assert np.allclose(np.linalg.norm(one.vectors, axis=1), 1, atol=1e-2)
    assert Examiner(model=model).specs()[LEARNT_DESCRIPTOR] == (spec(model.sha256),)


def test_without_a_model_it_is_not_checked_and_says_how_to_bring_one(clip: Path) -> None:
    said = Examiner().examine(clip, extractors=LOOKED).finding(LEARNT_DESCRIPTOR)
    assert (said.state, said.detail["reason"]) == ("not_checked", "no_model")
    assert said.detail["do"] == "descriptor_model in settings.toml"
    assert Examiner().specs()[LEARNT_DESCRIPTOR] == ()


@pytest.mark.parametrize(
    ("content", "code"),
    [(layout_model(channels=1), None), (b"no model at all", None), (layout_model(2048), "model_takes_no_picture")],
    ids=["one channel", "no model", "too large a picture"],
)
def test_a_model_that_does_not_fit_fails_its_own_finding_alone(
    clip: Path, tmp_path: Path, content: bytes, code: str | None
) -> None:
    found = Examiner(model=brought(tmp_path, content)).examine(clip, extractors=LOOKED | {"pdq"})
    assert found.finding(LEARNT_DESCRIPTOR).state == "failed"
    assert code in (None, found.finding(LEARNT_DESCRIPTOR).detail["code"])
    assert found.finding("pdq").state == "found"


def test_another_file_than_the_settings_name_is_refused_and_a_missing_one_said(clip: Path, tmp_path: Path) -> None:
    model = brought(tmp_path, layout_model())
    model.path.write_bytes(layout_model(64))
    for code in ("model_altered", "model_missing"):
        with pytest.raises(LedgerError) as caught:
            described(clip, model)
        assert caught.value.code == code
        model.path.unlink(missing_ok=True)


@pytest.mark.parametrize("cut", [b"", MAGIC, pack(Described((0, 500), np.eye(2, 8, dtype=np.float32)))[:-1]])
def test_what_is_not_packed_descriptors_is_not_read(cut: bytes) -> None:
    with pytest.raises(ValueError, match=r"descriptors|cut|buffer"):
        unpack(cut)


def test_a_model_and_its_digest_go_together() -> None:
    with pytest.raises(ValueError, match="go together"):
        Settings(origin="countersign.example/office", descriptor_model="model.onnx")


def with_model(office: Office, content: bytes) -> dict[str, Any]:
    """The home with a model of its own, opened again."""
    office.services.close()
    sha256 = hashlib.sha256(content).hexdigest()
    (office.home.path / "model.onnx").write_bytes(content)
    named = {"descriptor_model": "model.onnx", "descriptor_sha256": sha256, "descriptor_cosine_permille": 990}
    write_settings(office.home.path, read_settings(office.home.path).model_copy(update=named))
    office.services = open_services(office.home.path, office.clock)
    return named


def patterned(seed: int) -> Image.Image:
    """The same sixteen colours under another pattern: alike for who sees mean colours alone."""
    colours = np.random.default_rng(4).integers(70, 186, (4, 1, 4, 1, 3))
    pattern = np.random.default_rng(seed).integers(-60, 61, (4, 4, 4, 4, 1))
    even = colours + pattern - pattern.mean(axis=(1, 3), keepdims=True)
    small = Image.fromarray(even.reshape(16, 16, 3).clip(0, 255).astype(np.uint8))
    return small.resize((512, 512), Image.Resampling.NEAREST)


def test_files_that_are_here_are_described_once_a_model_is_brought_and_found_as_candidates_for_a_person(
    office: Office, made: Made, tmp_path: Path
) -> None:
    named = with_model(office, layout_model())
    said = list(Reexamination(office.services).run())
    assert {one.asset for one in said} == {made.asset, made.signed}
    assert {change.extractor for one in said for change in one.changes} == {LEARNT_DESCRIPTOR}
    for seed, name in ((1, "known"), (2, "other")):
        patterned(seed).save(tmp_path / f"{name}.png")
    asset = import_file(office.services, tmp_path / "known.png", Origin(), actor="operator", method="home").asset_sha256
    found = search_file(office.services, tmp_path / "other.png", "all").as_json()["matches"]
    (one,) = [one for one in found if one["asset_sha256"] == asset]
    assert (one["medium"], one["decision"]) == (LEARNT_DESCRIPTOR, "candidate")  # no code and no feature finds it
    assert one["score"] * 1000 >= one["threshold_permille"] == named["descriptor_cosine_permille"]
    assert one["model_sha256"] == named["descriptor_sha256"]
