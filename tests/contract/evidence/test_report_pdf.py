"""report.pdf: the same bytes for the same pack, readable by another library, and a pack without it that says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from api.services import evidence
from api.services.evidence_figures import lineage, timeline
from api.services.evidence_pairs import Frames
from api.services.evidence_pdf import render_pdf
from api.services.evidence_pdf_page import plain
from api.services.evidence_replay import replay
from ledger.proof.canonical import parse_json
from schemas.evidence import PackManifest
from schemas.facts import PackFacts
from tests.contract.evidence.story import Story, members

pytest.importorskip("fpdf", reason="the extra `pdf` is not installed")


def parts(pack: bytes) -> tuple[PackManifest, PackFacts]:
    content = members(pack)
    return PackManifest.model_validate(parse_json(content["pack.json"])), PackFacts.model_validate(
        parse_json(content["facts.json"])
    )


def test_the_same_pack_gives_the_same_pdf(pack: bytes) -> None:
    manifest, facts = parts(pack)
    verifier = manifest.members["verify.py"]
    assert render_pdf(manifest, facts, verifier, Frames()) == render_pdf(manifest, facts, verifier, Frames())
    assert members(pack)["report.pdf"].startswith(b"%PDF-")


def test_names_in_any_script_do_not_stop_it(pack: bytes) -> None:
    manifest, facts = parts(pack)
    odd = facts.custody[0].model_copy(update={"what": "Łódź 東京 \U0001f3ac Inês"})
    assert render_pdf(manifest, facts.model_copy(update={"custody": (odd,)}), "00", Frames()).startswith(b"%PDF-")
    assert plain("Inês Ł…") == "Inês [U+0141]..."


def test_figures_show_what_happened_in_order_and_which_file_came_from_which(pack: bytes, story: Story) -> None:
    _, facts = parts(pack)
    told = timeline(facts)
    assert told is not None and [mark.x for mark in told.marks] == sorted(mark.x for mark in told.marks)
    assert any("consent" in mark.label and mark.bad for mark in told.marks)
    drawn = lineage(facts)
    edges = {(drawn.boxes[a].asset, drawn.boxes[b].asset) for a, b in drawn.arrows}
    assert edges == {(story.original, story.signed), (story.signed, story.copy)}
    assert [box.asset for box in drawn.boxes if box.disputed] == [story.signed]


def test_without_the_extra_there_is_no_pdf_and_the_pack_says_so(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "pdf_there", lambda: False)
    pack = story.write(tmp_path / "e.zip").path.read_bytes()
    assert "report.pdf" not in members(pack)
    assert "report-pdf" in [gap["code"] for gap in json.loads(members(pack)["pack.json"])["gaps"]]
    assert replay(pack).state == "consistent"
