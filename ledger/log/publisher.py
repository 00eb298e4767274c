"""Publishes a log: tiles first, then the checkpoint that calls for them.

What is missing follows from the published checkpoint and the log's head alone, so a restart after a crash does exactly
what every round does: tiles that a broken-off round left are the very bytes that this one would write.

1. Open the published checkpoint under the log's own keys.
2. Open the log's head; refuse one that is behind.
3. Refuse a log that does not begin with what is published. Hash the new entries onto the *published* tiles: the store's tiles
   are not asked for these, so what cannot be rebuilt from entries is never published. The root must be the head's.
4. Prove, from these tiles, that the head extends the published checkpoint.
5. Write bundles and tiles.
6. Move the checkpoint from the one of step 1 to the head, or to nothing if somebody else moved it.
7. Where the log's keys were turned since, publish their history, under the checkpoint that is now there.
8. Remove partial tiles whose full tile is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ledger.errors import Conflict, Misuse, Untrusted
from ledger.log.logkeys import key_history, turned_at
from ledger.log.published import CHECKPOINT, KEYS, VKEYS, Published
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.keyhistory import told_by_history
from ledger.proof.logkeys import LogKeys, log_keys_of, vkey_lines
from ledger.proof.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    TILE_HEIGHT,
    TILE_WIDTH,
    consistency_proof,
    hashes_to_append,
    leaf_hash,
    tree_root,
    verify_consistency,
)
from ledger.proof.note import NoteVerifier
from ledger.proof.tiles import TileName, bundle_of, bundles_of, tiles_of
from ledger.store.contract import Store

ROUNDS_MAX = 5  # each lost round means that another publisher got further; five in a row is a fault, not a race


@dataclass(frozen=True)
class Publication:
    """What a round did: from which size to which, and how many files were new or removed."""

    origin: str
    size: int
    published_before: int
    tiles: int
    bundles: int
    partials_removed: int

    def as_json(self) -> dict[str, Any]:
        return dict(self.__dict__)


class Publisher:
    """One log onto one Published. Several may run at once: one wins each checkpoint, the others go on from there.

    A round holds 64 bytes in memory for each entry it publishes. `with_entries`: publish what was said too, not only
    its hashes; entries that an earlier round left out are then filled in by the first round of a process.
    """

    def __init__(
        self, store: Store, published: Published, log_keys: LogKeys | Sequence[NoteVerifier], *, with_entries: bool
    ) -> None:
        self._store, self._published, self._log_keys = store, published, log_keys_of(log_keys)
        self._with_entries = with_entries
        self._told: tuple[int, ...] = ()  # entries of the history of keys that this process knows published
        self._bundled = self._swept = 0  # sizes up to which this process knows bundles complete and partials gone

    def publish(self) -> Publication:
        """Raises Untrusted `log_behind_published`, `log_forked`, `store_corrupt`, `published_differs`, and what opening
        a checkpoint raises; Misuse `log_empty`; Conflict `published_moved` after ROUNDS_MAX lost rounds; Unavailable.
        """
        for _ in range(ROUNDS_MAX - 1):
            try:
                return self._round()
            except Conflict:
                continue
        return self._round()

    def check(self) -> None:
        """Raises Untrusted `log_behind_published`, `log_forked` unless what is published is a past of this log.

        Cheap enough for every start: two checkpoints and a few tiles are read.
        """
        old, _ = self.published_checkpoint()
        if old.size:
            self._head(old)
            if tree_root(old.size, self._store) != old.root:
                raise _forked(old)

    def _round(self) -> Publication:
        old, old_note = self.published_checkpoint()  # 1
        new, new_note = self._head(old)  # 2
        tiles = self._extended(old, new)  # 3, 4
        self._publish_keys(new)
        bundled = self._write_bundles(old, new, tiles)  # 5
        written = sum(
            self._published.create(name.path, tiles.tile(_level(name), name.number)[: name.width * HASH_BYTES])
            for name in tiles_of(new.size, since=old.size)
        )
        if new_note != old_note:
            self._published.replace(CHECKPOINT, old_note, new_note)  # 6
        self._publish_history(new, new_note)  # 7
        removed = self._sweep(new.size)  # 8
        return Publication(new.origin, new.size, old.size, written, bundled, removed)

    def published_checkpoint(self) -> tuple[Checkpoint, bytes | None]:
        """What is published now; an empty tree while nothing is. Raises Untrusted unless the log's own keys signed it."""
        note = self._published.read(CHECKPOINT)
        if note is None:
            return Checkpoint(self._log_keys.origin, 0, EMPTY_ROOT), None
        return self._log_keys.open(note).checkpoint, note

    def _head(self, old: Checkpoint) -> tuple[Checkpoint, bytes]:
        size, note = self._store.head()
        if not size and not old.size:
            raise Misuse("log_empty", "the log has no entries yet", "Publish it once something was said.")
        if size < old.size:
            raise Untrusted(
                "log_behind_published",
                f"the log has {size} entries, {old.size} are published: it lost some, or is an older copy",
                "Don't append; restore the newest copy of the log, then run fsck.",
            )
        new = self._log_keys.open(note).checkpoint
        if new.size != size:
            raise Untrusted("store_corrupt", f"the head has {size} entries, its checkpoint {new.size}", "Run fsck.")
        return new, note

    def _extended(self, old: Checkpoint, new: Checkpoint) -> _Extended:
        leaves = [leaf_hash(stored.entry) for stored in self._store.read_entries(after=old.size, upto=new.size)]
        if old.size + len(leaves) != new.size:
            raise Untrusted("store_corrupt", f"the log says {new.size} entries, its rows are fewer", "Run fsck.")
        published = PublishedTiles(self._published, old.size)
        tiles = _Extended(hashes_to_append(old.size, published, leaves), published)
        if tree_root(old.size, published) != old.root:
            raise Untrusted(
                "published_differs", "the published tiles do not add up to the published checkpoint", "Run fsck."
            )
        if tree_root(old.size, self._store) != old.root:
            raise _forked(old)
        if tree_root(new.size, tiles) != new.root:
            raise Untrusted("store_corrupt", "the new entries do not add up to the log's head", "Run fsck.")
        proof = consistency_proof(old.size, new.size, tiles)
        verify_consistency(old.size, new.size, proof, old.root, new.root)
        return tiles

    def _publish_keys(self, head: Checkpoint) -> None:
        vkeys = vkey_lines(self._log_keys.link_at(head.size))
        if (there := self._published.read(VKEYS)) != vkeys:
            self._published.replace(VKEYS, there, vkeys)

    def _publish_history(self, head: Checkpoint, note: bytes) -> None:
        """Only when a link came: an older document says the same under an older checkpoint."""
        turned = turned_at(self._store, head.size)
        if turned == self._told:
            return
        there = self._published.read(KEYS)
        if turned and (there is None or told_by_history(there) != turned):
            self._published.replace(KEYS, there, key_history(self._store, (head.size, note)))
        self._told = turned

    def _write_bundles(self, old: Checkpoint, new: Checkpoint, tiles: _Extended) -> int:
        """All that the new checkpoint adds, even where a broken-off round left them: `create` makes sure of the disk."""
        if not self._with_entries:
            return 0
        written = 0
        for name in bundles_of(new.size, since=self._bundled):
            first = name.number * TILE_WIDTH
            if first + name.width > old.size or self._published.read(name.path) is None:
                entries = [one.entry for one in self._store.read_entries(after=first, upto=first + name.width)]
                if b"".join(map(leaf_hash, entries)) != tiles.tile(0, name.number)[: name.width * HASH_BYTES]:
                    raise Untrusted("store_corrupt", f"the entries of {name.path} are not those hashed", "Run fsck.")
                written += self._published.create(name.path, bundle_of(entries))
        self._bundled = new.size
        return written

    def _sweep(self, size: int) -> int:
        """Partials of every tile that became full since `_swept`: in a process's first round, of all of them."""
        removed = 0
        for name in (*tiles_of(size, since=self._swept), *bundles_of(size, since=self._swept)):
            if name.full and (name.level != "entries" or self._with_entries):
                removed += self._published.drop_partials(name)
        self._swept = size
        return removed


class PublishedTiles:
    """Tiles of the first `size` leaves as they are published: the partial one, or the full one that has replaced it."""

    def __init__(self, published: Published, size: int) -> None:
        self._published, self._size = published, size

    def tile(self, level: int, index: int) -> bytes:
        hashes = (self._size >> (TILE_HEIGHT * level)) - index * TILE_WIDTH
        return read_tile(self._published, TileName(level, index, min(hashes, TILE_WIDTH)))


def read_tile(published: Published, name: TileName) -> bytes:
    """A hash tile, or the beginning of the full tile that replaced it. Raises Untrusted `tile_incomplete`."""
    for path in (name.path, TileName(name.level, name.number, TILE_WIDTH).path):
        content = published.read(path)
        if content is not None:
            return content[: name.width * HASH_BYTES]
    raise Untrusted("tile_incomplete", f"{name.path} is not published", "Publish the log again into an empty place.")


@dataclass(frozen=True)
class _Extended:
    """The published tiles with the changed ones in front of them."""

    changed: Mapping[tuple[int, int], bytes]
    published: PublishedTiles

    def tile(self, level: int, index: int) -> bytes:
        return self.changed.get((level, index)) or self.published.tile(level, index)


def _level(name: TileName) -> int:
    assert name.level != "entries"  # noqa: S101 - tiles_of yields hash tiles only
    return name.level


def _forked(old: Checkpoint) -> Untrusted:
    return Untrusted(
        "log_forked",
        f"the log does not begin with the {old.size} entries that are published",
        "Keep both; somebody changed the past. Run fsck.",
    )
