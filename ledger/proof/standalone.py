"""Builds verify.py: the proof modules joined into one file that needs Python and `cryptography`, and nothing of ours.

The modules are put together as they stand, in the order of their imports, without the imports of each other. They define
no name twice and import on single lines at the top (a test holds them to it), so joining them changes no meaning.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path

STANDALONE_ENTRY = "ledger.proof.packmain"

_PACKAGE_ROOT = Path(__file__).resolve().parents[2]
_HEADER = '''#!/usr/bin/env python3
"""Checks a Countersign evidence pack offline. Usage: python verify.py PACK.zip [--vkeys FILE] [--json]

Needs Python 3.11 or newer and the `cryptography` package (50 or newer). Opens no connection, writes no file.
A verifier that came with a pack deserves no more trust than the pack: compare this file's SHA-256 with the one that the
ledger's operator publishes, or use your own, written from the specification (SPEC S8).

SPDX-License-Identifier: Apache-2.0. Joined from the modules of the `countersign` package; don't edit.
"""
'''
_FOOTER = '\n\nif __name__ == "__main__":\n    sys.exit(main())\n'


@cache
def standalone_verifier() -> str:
    """The source of verify.py; the same text for the same package, whatever the machine."""
    ordered: dict[str, str] = {}
    _collect(STANDALONE_ENTRY, ordered)
    parts = [_banner(name, source) + _without_imports(source) for name, source in ordered.items()]
    top = ["from __future__ import annotations", "", *_foreign_imports(ordered.values()), ""]
    return _HEADER + "\n" + "\n".join(top) + "\n".join(parts) + _FOOTER


def _collect(module: str, ordered: dict[str, str]) -> None:
    """Depth first, so that a module stands after those it imports."""
    if module in ordered:
        return
    source = _PACKAGE_ROOT.joinpath(*module.split(".")).with_suffix(".py").read_text(encoding="utf-8")
    for node in _imports(source):
        if isinstance(node, ast.ImportFrom) and _is_ours(node):
            _collect(str(node.module), ordered)
    ordered[module] = source


def _imports(source: str) -> list[ast.Import | ast.ImportFrom]:
    return [node for node in ast.parse(source).body if isinstance(node, ast.Import | ast.ImportFrom)]


def _is_ours(node: ast.Import | ast.ImportFrom) -> bool:
    return isinstance(node, ast.ImportFrom) and str(node.module).startswith("ledger.")


def _foreign_imports(sources: Iterable[str]) -> list[str]:
    """Every import from the standard library and `cryptography`, once, sorted."""
    plain, drawn = {"sys"}, defaultdict[str, set[str]](set)
    for node in (node for source in sources for node in _imports(source) if not _is_ours(node)):
        if isinstance(node, ast.Import):
            plain |= {name.name for name in node.names}
        elif node.module and node.module != "__future__":
            drawn[node.module] |= {name.name for name in node.names}
    lines = [f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(drawn.items())]
    return [*(f"import {name}" for name in sorted(plain)), *lines]


def _banner(name: str, source: str) -> str:
    """The module's own description, as a comment where it begins."""
    told = (ast.get_docstring(ast.parse(source)) or "").splitlines()
    lines = [f"# == {name} " + "=" * max(0, 112 - len(name)), "#", *(f"# {line}".rstrip() for line in told)]
    return "\n\n" + "\n".join(lines) + "\n"


def _without_imports(source: str) -> str:
    """The module's lines from its first definition on, without docstring, imports and `__all__`; comments stay."""
    lines = source.splitlines()
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import | ast.ImportFrom) or _is_docstring(node) or _is_all(node):
            end = node.end_lineno or node.lineno
            lines[node.lineno - 1 : end] = [""] * (end - node.lineno + 1)
    return "\n" + "\n".join(lines).strip("\n") + "\n"


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and node.lineno == 1


def _is_all(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets
    )
