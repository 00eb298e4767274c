"""A told story and its pack, once a run: the tests here only read it, or change copies."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ledger.errors import LedgerError
from ledger.proof.pack import check_pack
from ledger.proof.standalone import standalone_verifier
from tests.contract.evidence.story import Story, tell
from tests.house_of import House
from tests.oracle.verify_pack import Bad
from tests.oracle.verify_pack import verify as ask_oracle

Verdict = tuple[bool, str]
"""Whether nothing fails; and the item that is named first otherwise."""
Verifier = Callable[[bytes, Sequence[str] | None], Verdict]


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory, closed_house: House) -> Iterator[Story]:
    house = House(tmp_path_factory.mktemp("story"), like=closed_house)
    yield tell(house)
    house.close()


@pytest.fixture(scope="session")
def pack(story: Story, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return story.write(tmp_path_factory.mktemp("pack") / "evidence.zip").path.read_bytes()


@pytest.fixture(scope="session")
def standalone() -> Iterator[ModuleType]:
    """verify.py as a module, so that hundreds of packs don't take a process each."""
    module = ModuleType("verify_py_under_test")
    sys.modules[module.__name__] = module  # dataclasses look their module up
    exec(compile(standalone_verifier(), "verify.py", "exec"), module.__dict__)
    yield module
    del sys.modules[module.__name__]


@pytest.fixture(params=["check_pack", "verify.py", "oracle"])
def verifier(request: pytest.FixtureRequest, standalone: ModuleType, tmp_path: Path) -> Verifier:
    """The same questions to three verifiers: ours, the one in the pack, and the one written from SPEC.md."""
    if request.param == "oracle":
        return lambda pack, vkeys: _oracle(pack, vkeys, tmp_path)
    call, error = (check_pack, LedgerError) if request.param == "check_pack" else (standalone.check_pack, Exception)
    return lambda pack, vkeys: _ours(call, error, pack, vkeys)


def _ours(call: Callable[..., Any], error: type[Exception], pack: bytes, vkeys: Sequence[str] | None) -> Verdict:
    try:
        report = call(pack, vkeys)
    except error as raised:
        return False, str(raised)
    assert (report.state == "untrusted") == bool(report.faults)
    return not report.faults, report.faults[0].item if report.faults else ""


def _oracle(pack: bytes, vkeys: Sequence[str] | None, folder: Path) -> Verdict:
    path = folder / "pack.zip"
    path.write_bytes(pack)
    try:
        ask_oracle(path, vkeys)
    except Bad as bad:
        return False, bad.args[0]
    return True, ""
