"""The media bench counts what it says it counts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("cv2", reason="extra vision")
pytest.importorskip("skimage", reason="its photographs")

from ops.bench.figures import Figure
from ops.bench.media import peers
from ops.bench.media.hashes import near
from ops.bench.media.report import write_report
from ops.bench.media.sources import OWN, Still, clips, stills
from ops.bench.media.stills import World, _at_radius, _at_rates

CHANCE = np.random.default_rng(3)


def test_near_pairs_are_all_of_them_with_the_fewest_bits() -> None:
    asked = [CHANCE.integers(0, 256, (n, 32), dtype=np.uint8) for n in (3, 0, 2)]
    known = [CHANCE.integers(0, 256, (n, 32), dtype=np.uint8) for n in (4, 1, 0, 3)]
    known[3][0] = asked[2][1] ^ np.eye(32, dtype=np.uint8)[5]
    found = near(asked, known, 256)
    assert list(zip(found.queries, found.references, found.bits, strict=True)) == [(2, 3, 1)]


def test_wrong_pairs_are_of_other_families_and_recall_is_of_the_picture_itself() -> None:
    pictures = stills(None)[:3]
    world = World(pictures, pictures[:1], distractors=3)
    queries = len(world.queries())
    own, same_family, stranger = 0, 1, 2
    found = near([np.zeros((1, 32), np.uint8)] * queries, [np.full((1, 32), v, np.uint8) for v in (1, 0, 3, 255)], 256)
    row = _at_radius(world, "any", found, 40)
    assert (row.mean, row.pairs, row.wrong) == (1.0, 2 * queries, 0)
    assert world.families[own] == world.families[same_family] != world.families[stranger]
    assert [one.bits for one in _at_rates(world, "any", found)] == [63, 63]


def test_pictures_of_the_package_are_taken_once_and_patterns_not() -> None:
    families = [still.family for still in stills(None)]
    assert len(families) == len(set(families)) >= 10
    assert "chelsea" in families and not {"phantom", "motorcycle_right"} & set(families)
    assert all(isinstance(still, Still) and min(still.picture.size) >= 100 for still in stills(None)[:3])


def test_the_report_names_where_it_fails_and_what_was_not_run(tmp_path: Path) -> None:
    row = {"method": "ours: copy or confirmed by geometry", "point": "as decided", "bits": 90, "wrong": 0, "pairs": 10}
    other = {
        **row,
        "method": "ThreatExchange's PDQ policy",
        "recalls": {"grey": 1.0, "tilted & cut": 0.1},
        "mean": 0.55,
    }
    ours = {**row, "recalls": {"grey": 1.0, "tilted & cut": 0.5}, "mean": 0.75}
    (tmp_path / "stills.json").write_text(json.dumps({"sizes": {"queries": 2}, "rows": [other, ours]}))
    write_report(tmp_path, tmp_path)
    text = (tmp_path / "media-figures.md").read_text()
    assert "fewer than 95 in 100: tilted & cut 0.50." in text and "## clips\n\nNot run." in text
    assert "tilted &amp; cut" in (tmp_path / "media-stills.svg").read_text()


def test_the_report_names_packages_that_were_not_here_and_shows_the_index(tmp_path: Path) -> None:
    row = {"recalls": {"grey": 1.0}, "mean": 1.0, "false": []}
    rows = [{**row, "method": name} for name in ("vPDQ policy", "ours, with candidates")]
    (tmp_path / "clips.json").write_text(json.dumps({"sizes": {"queries": 1}, "rows": rows, "missing": ["vpdq"]}))
    figure = Figure("index: 10^5 codes, 31 bits, a lone code", 0.01, "bare faiss scan", 0.02, True)
    index = {"rows": [figure.cells()], "figures": [figure.as_json()]}
    (tmp_path / "index.json").write_text(json.dumps(index))
    write_report(tmp_path, tmp_path)
    text = (tmp_path / "media-figures.md").read_text()
    assert "did not bring it here: vpdq." in text and "| 100/s | bare faiss scan | 50/s | 2.00 × |" in text
    assert ">100</text>" in (tmp_path / "media-index.svg").read_text()


def test_packages_that_are_not_here_bring_no_method(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "find_spec", lambda _: None)
    assert peers.missing() == list(peers.PACKAGES) and not peers.has_vpdq() and peers.imagededup_hashes() == {}


def test_clips_of_the_corpus_come_before_our_own(tmp_path: Path) -> None:
    """So that any number of them is real media first."""
    assert [clip.family for clip in clips(tmp_path, None, seconds=1)][-OWN:] == ["demo", "unrelated"]
