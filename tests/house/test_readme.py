"""The README can't lag behind: every command it shows exists, every command there is, is shown somewhere."""

from __future__ import annotations

import re
from pathlib import Path

from ops.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


def _targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))


def test_every_make_target_in_the_readme_exists() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", readme, re.M))
    assert named <= _targets()
    assert {"demo", "test"} <= named


def test_ci_runs_the_readmes_test_command() -> None:
    assert "make test" in (ROOT / ".ci/run").read_text(encoding="utf-8")


def test_every_local_link_of_the_readme_leads_somewhere() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+?)\)", readme):
        assert target.startswith("http") or (ROOT / target).exists(), target


def test_every_setting_is_explained() -> None:
    source = (ROOT / "ops/settings.py").read_text(encoding="utf-8")
    for name in Settings.model_fields:
        assert re.search(rf'{name}: .*\n    """', source), f"{name} has no docstring"


def test_every_command_of_the_readme_exists() -> None:
    from typer.main import get_command  # heavy; only this test needs it

    from ops.cli.main import app

    commands = set(get_command(app).commands)  # type: ignore[attr-defined]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\.venv/bin/countersign ([a-z]+)", readme)) <= commands
    assert {
        "init",
        "demo",
        "serve",
        "import",
        "search",
        "verify",
        "audit",
        "check",
        "fsck",
        "expire",
        "worker",
        "log",
    } <= commands
