"""The benchmark's world is put in past the rules, so it has to be shown that its log is an honest one, and small in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.bench import consent_world
from ops.bench.consent_world import DUE_AT, build
from ops.fsck import audit_home
from ops.settings import read_settings
from projections.cascade import run_expiry


def test_a_built_world_passes_an_audit_and_ends_as_said(tmp_path: Path) -> None:
    world = build(tmp_path / "world", 12, 3, (4,))
    views = world.services.views
    views.catch_up()
    assert {one.condition for one in views.health()} == {"ready"}
    assert (len(world.due), len(world.later), len(world.over)) == (3, 9, 3)
    ((consent, children),) = world.families.items()
    assert set(children) < set(views.lineage.assets_under_consent(consent)) and len(children) == 4
    world.clock.move_to(DUE_AT)
    done = run_expiry(world.services.ledger, views, world.clock.now()).as_json()
    assert (done["expired"], done["assets_flagged"]) == (3, 3)
    world.close()
    report = audit_home(world.home.path, read_settings(world.home.path))
    assert [one for check in report.checks for one in check.findings] == []


def test_what_a_world_remembers_does_not_grow_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consent_world, "REMEMBERED", 4)
    world = build(tmp_path / "world", 10, 2, ())
    assert (len(world.due), len(world.later)) == (2, 4)
    world.close()
