"""The house's rules, executed: a remark made twice became a test."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("schemas", "ledger", "projections", "api", "ops")
FILE_LINES_MAX = 300  # a newcomer should know where to look inside


def _modules() -> Iterator[Path]:
    for folder in FOLDERS:
        yield from sorted((ROOT / folder).rglob("*.py"))


def _calls(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)
        elif isinstance(node, ast.Attribute):
            yield node.lineno, ast.unparse(node)


def _offenders(names: set[str], allowed: set[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path in _modules()
        if str(path.relative_to(ROOT)) not in allowed
        for line, name in _calls(path)
        if name in names
    ]


def test_only_the_clock_port_reads_the_time_of_day() -> None:
    names = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}
    assert _offenders(names, {"ledger/clock.py"}) == []


def test_only_settings_read_the_environment() -> None:
    assert _offenders({"os.environ", "os.getenv", "environ.get"}, {"ops/settings.py"}) == []


def test_only_the_writer_and_the_stores_append() -> None:
    allowed = {"ledger/writer.py", "ledger/store/dcb.py", "ledger/store/sqlite.py"}
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in _modules()
        if str(path.relative_to(ROOT)) not in allowed
        for line, name in _calls(path)
        if name.endswith(".append_batch")
    ]
    assert found == []


def test_eventsourcing_is_imported_where_its_names_may_move() -> None:
    allowed = {"ledger/store/contract.py", "ledger/store/dcb.py", "projections/runner.py"}
    found = [
        str(path.relative_to(ROOT))
        for path in _modules()
        if re.search(r"^\s*(from|import) eventsourcing", path.read_text(encoding="utf-8"), re.M)
        and str(path.relative_to(ROOT)) not in allowed
        and not path.is_relative_to(ROOT / "ops/bench")  # the baseline of the measurements is the stock library
    ]
    assert found == []


def test_the_proof_package_needs_only_the_standard_library_and_cryptography() -> None:
    allowed = {"ledger", "cryptography", *__import__("sys").stdlib_module_names}
    for path in sorted((ROOT / "ledger/proof").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                assert node.module.split(".")[0] in allowed, f"{path.name} imports {node.module}"
                if node.module.startswith("ledger"):
                    assert node.module.startswith(("ledger.proof", "ledger.errors")), f"{path.name}: {node.module}"


def test_the_client_needs_only_the_standard_library_cryptography_and_what_verifies() -> None:
    allowed = ("api.client", "ledger.proof", "ledger.errors", "ledger.clock", "cryptography")
    for path in sorted((ROOT / "api/client").glob("*.py")):
        module_tree = ast.parse(path.read_text(encoding="utf-8"))
        looks = path.name == "looking.py"  # which loads the engines when somebody looks, and nothing before
        for node in module_tree.body if looks else ast.walk(module_tree):
            named = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            named += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for module in named:
                mine = module.startswith(allowed) or module.split(".")[0] in __import__("sys").stdlib_module_names
                assert mine, f"{path.name} imports {module}"


@pytest.mark.parametrize("path", [str(path.relative_to(ROOT)) for path in _modules()])
def test_files_are_short_enough_to_know_and_say_what_they_are_for(path: str) -> None:
    source = (ROOT / path).read_text(encoding="utf-8")
    assert len(source.splitlines()) <= FILE_LINES_MAX
    if source.strip():
        assert ast.get_docstring(ast.parse(source)), f"{path} has no docstring"


def test_no_module_is_named_for_nothing() -> None:
    assert not [path for path in _modules() if path.stem in {"utils", "helpers", "helper", "manager", "common", "misc"}]


def test_nothing_names_a_path_of_one_machine_or_an_unfinished_promise() -> None:
    pattern = re.compile(r"(?<![\w.])/(?:home|root|work|Users)/|TODO|FIXME|NotImplementedError\(\"later")
    texts = [path for path in ROOT.rglob("*") if path.suffix in {".py", ".md", ".toml", ".sh", ".html", ".j2"}]
    ignored = {".venv", ".peers", ".git", "demo-home", "node_modules"}
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in texts
        if not ignored & set(path.relative_to(ROOT).parts) and path != Path(__file__)
        for match in pattern.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize("name", ["run", "dev"])
def test_the_lock_has_hashes_for_everything_and_names_no_index(name: str) -> None:
    lock = (ROOT / f"ops/lock/{name}.txt").read_text(encoding="utf-8")
    packages = re.findall(r"^[a-z0-9].*==.*$", lock, re.M)
    assert len(packages) > 50
    assert all(package.rstrip().endswith("\\") for package in packages), "a package without a hash"
    assert not re.search(r"https?://|--index|--find-links|-i ", lock)
