"""The proof modules are joined into one stand-alone verifier, so they share a namespace and need no other package."""

from __future__ import annotations

import ast
import sys
from collections import Counter
from pathlib import Path

import pytest

import ledger.errors

PROOF = Path(ledger.errors.__file__).parent / "proof"
MODULES = sorted(PROOF.glob("*.py"))


def top_level_names(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names.update(target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return names - {"__all__"}


def test_no_name_is_defined_in_two_modules() -> None:
    counted = Counter(name for module in MODULES for name in top_level_names(ast.parse(module.read_text("utf-8"))))
    assert [name for name, times in counted.items() if times > 1] == []


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_imports_are_single_lines_from_the_standard_library_cryptography_and_ourselves(module: Path) -> None:
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            assert node.lineno == node.end_lineno and node.col_offset == 0
            sources = [node.module or ""] if isinstance(node, ast.ImportFrom) else [one.name for one in node.names]
            for source in sources:
                own = source == "ledger.errors" or source.startswith("ledger.proof.")
                assert own or source.split(".")[0] in {*sys.stdlib_module_names, "cryptography"}, source
