"""The full reading of a published log: every hash of every tile counts, also those that the root does not need."""

from __future__ import annotations

import hashlib

import pytest

from ledger.errors import Misuse, Untrusted
from ledger.log.audit import audit_published
from ledger.log.published import CHECKPOINT, WITNESSED
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.merkle import hashes_to_append, tree_root
from ledger.proof.note import sign_note
from ledger.proof.tiles import bundle_of, tile_name
from tests.log_of import ORIGIN, log_keys
from tests.published_of import ConscientiousMemory

KEYS = log_keys()
VERIFIERS = tuple(key.verifier for key in KEYS)
SIZE = 65_536 + 300  # a full tile at level 1, and with it one at level 2 that stands for everything below


class _Tiles(dict[tuple[int, int], bytes]):
    def tile(self, level: int, index: int) -> bytes:
        return self[level, index]


@pytest.fixture(scope="module")
def wide() -> dict[str, bytes]:
    """A published log without entries, whose leaf hashes were drawn from a hash."""
    tiles = _Tiles()
    tiles.update(hashes_to_append(0, tiles, [hashlib.sha256(b"%d" % number).digest() for number in range(SIZE)]))
    head = Checkpoint(ORIGIN, SIZE, tree_root(SIZE, tiles))
    files = {tile_name(*place, len(content) // 32): content for place, content in tiles.items()}
    return {**files, CHECKPOINT: sign_note(head.text(), KEYS, 1)}


@pytest.fixture
def memory(wide: dict[str, bytes]) -> ConscientiousMemory:
    published = ConscientiousMemory(with_entries=False)
    published.files = dict(wide)
    return published


def refused(memory: ConscientiousMemory, what: str) -> None:
    with pytest.raises(Untrusted) as caught:
        audit_published(memory, VERIFIERS)
    assert caught.value.code == "published_differs" and what in caught.value.what


def test_a_log_of_three_levels_is_read(memory: ConscientiousMemory) -> None:
    report = audit_published(memory, VERIFIERS)
    assert (report.checkpoint.size, report.tiles, report.bundles) == (SIZE, 258 + 2 + 1, 0)


@pytest.mark.parametrize(
    "name", ["tile/0/000", "tile/0/100", "tile/0/257.p/44", "tile/1/000", "tile/1/001.p/1", "tile/2/000.p/1"]
)
def test_no_hash_of_any_level_can_change(memory: ConscientiousMemory, name: str) -> None:
    content = bytearray(memory.files[name])
    content[len(content) // 2] ^= 1
    memory.files[name] = bytes(content)
    with pytest.raises(Untrusted):
        audit_published(memory, VERIFIERS)


def test_a_tile_of_another_length_and_one_that_is_missing_are_named(memory: ConscientiousMemory) -> None:
    memory.files["tile/0/100"] += bytes(32)
    refused(memory, "tile/0/100")
    del memory.files["tile/0/100"]
    refused(memory, "tile/0/100 is missing")


def test_partial_tiles_of_smaller_sizes_are_beginnings_of_what_is_there(memory: ConscientiousMemory) -> None:
    memory.files["tile/0/257.p/7"] = memory.files["tile/0/257.p/44"][: 7 * 32]
    memory.files["tile/0/003.p/1"] = memory.files["tile/0/003"][:32]
    assert audit_published(memory, VERIFIERS).older_partials == 2
    for altered in (bytes(7 * 32), memory.files["tile/0/257.p/44"][: 6 * 32], b""):
        memory.files["tile/0/257.p/7"] = altered
        refused(memory, "tile/0/257.p/7")


@pytest.mark.parametrize(
    "name", ["tile/0/257.p/45", "tile/0/258.p/1", "tile/0/257", "tile/3/000.p/1", "tile/0/257.p/44/x", "x"]
)
def test_a_file_that_no_checkpoint_called_for_is_named(memory: ConscientiousMemory, name: str) -> None:
    memory.files[name] = bytes(32)
    memory.read = memory.files.get  # type: ignore[method-assign]
    refused(memory, name)


def test_bundles_are_all_there_or_none_is(memory: ConscientiousMemory) -> None:
    memory.files["tile/entries/000"] = bundle_of([b"x"] * 256)
    refused(memory, "is missing")


def test_a_witnessed_checkpoint_is_of_a_past_of_this_log(memory: ConscientiousMemory) -> None:
    for head in (Checkpoint(ORIGIN, SIZE + 1, bytes(32)), Checkpoint(ORIGIN, 5, bytes(32))):
        memory.files[WITNESSED] = sign_note(head.text(), KEYS, 1)
        with pytest.raises(Untrusted):
            audit_published(memory, VERIFIERS)


def test_a_line_by_a_key_that_nobody_knows_is_not_passed_over(memory: ConscientiousMemory) -> None:
    with pytest.raises(Untrusted):
        audit_published(memory, VERIFIERS[:1])


def test_nothing_published_is_told_as_such() -> None:
    with pytest.raises(Misuse) as caught:
        audit_published(ConscientiousMemory(), VERIFIERS)
    assert caught.value.code == "nothing_published"
