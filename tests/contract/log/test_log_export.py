"""An exported log of several tiles, read back from files alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.errors import Untrusted
from ops.log_export import export_log, verify_export
from schemas.statements.brief import BriefDrafted
from tests.house_of import House

STATEMENTS = 600  # three tiles of leaves and one above them


@pytest.fixture
def exported(house: House, tmp_path: Path) -> Path:
    drafts = [BriefDrafted.example().model_copy(update={"brief": house.new_id()}) for _ in range(STATEMENTS)]
    said = [(house.signed("mara", body)[0], {}) for body in drafts]
    house.ledger.append_many(said)
    target = tmp_path / "out"
    found = export_log(house.ledger.store, house.verifiers, target)
    assert (found.size, found.bundles, found.tiles) == (house.size, 3, 4)
    return target


def test_full_and_partial_tiles_have_the_names_that_strangers_ask_for(exported: Path, house: House) -> None:
    left = house.size - 512
    names = {str(path.relative_to(exported)) for path in exported.rglob("*") if path.is_file()}
    assert names == {
        "checkpoint", "log.keys", "log.vkeys", "tile/0/000", "tile/0/001", f"tile/0/002.p/{left}", "tile/1/000.p/2",
        "tile/entries/000", "tile/entries/001", f"tile/entries/002.p/{left}",
    }  # fmt: skip
    assert (exported / "tile/0/001").stat().st_size == 8_192
    assert verify_export(exported).size == house.size


@pytest.mark.parametrize("name", ["tile/0/001", "tile/1/000.p/2", "tile/entries/000"])
def test_a_flipped_byte_in_any_tile_is_found(exported: Path, name: str) -> None:
    content = bytearray((exported / name).read_bytes())
    content[len(content) // 2] ^= 1
    (exported / name).write_bytes(content)
    with pytest.raises(Untrusted, match="export_differs"):
        verify_export(exported)


def test_a_missing_tile_is_named(exported: Path) -> None:
    (exported / "tile/1/000.p/2").unlink()
    with pytest.raises(Untrusted, match=r"tile/1/000\.p/2 is missing"):
        verify_export(exported)
