"""The independent verifier on the very pack that the demo writes."""

from __future__ import annotations

import random
import zipfile
from pathlib import Path

import pytest

from tests.depth_of import times
from tests.oracle.verify_pack import Bad, verify

FLIPS, SEED = times(60), 20261123


def test_the_oracle_accepts_the_demos_pack(demo_home: Path) -> None:
    verify(demo_home / "evidence.zip")


def test_the_oracle_rejects_every_flipped_byte_of_the_demos_pack(demo_home: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(demo_home / "evidence.zip") as source:
        members = {name: source.read(name) for name in sorted(source.namelist())}
    chosen, names = random.Random(SEED), sorted(members)
    altered = tmp_path / "altered.zip"
    for n in range(FLIPS):
        name = names[n % len(names)]
        content = bytearray(members[name])
        at, bit = chosen.randrange(len(content)), chosen.randrange(8)
        content[at] ^= 1 << bit
        with zipfile.ZipFile(altered, "w") as target:
            for other, kept in members.items():
                target.writestr(other, bytes(content) if other == name else kept)
        with pytest.raises(Bad):
            verify(altered)
            pytest.fail(f"byte {at} bit {bit} of {name} (seed {SEED}, flip {n})")
