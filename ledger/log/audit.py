"""Reads a published log as a stranger would, every file of it, and recomputes each from the ones below.

1. The checkpoint is signed by every key of the log, and by nobody else.
2. Every tile and bundle that its size calls for is there; nothing else is but partial tiles of smaller sizes.
3. Each entry of a bundle hashes to its place in the tile at level 0.
4. Each hash of a tile above is the root of the full tile below it.
5. The tiles add up to the checkpoint's root.
6. The witnessed checkpoint, if there is one, is of a tree that this one extends.
7. The history of the keys, if there is one, is of these keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ledger.errors import Misuse, Untrusted
from ledger.log.published import CHECKPOINT, KEYS, MOVING, VKEYS, WITNESSED, Published
from ledger.log.publisher import PublishedTiles
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.cosignature import only_signed_by
from ledger.proof.keyhistory import verify_key_history
from ledger.proof.logkeys import LogKeys, log_keys_of, vkey_lines
from ledger.proof.merkle import (
    HASH_BYTES,
    TILE_HEIGHT,
    TILE_WIDTH,
    consistency_proof,
    leaf_hash,
    root_of,
    tree_root,
    verify_consistency,
)
from ledger.proof.note import NoteVerifier
from ledger.proof.policy import TlogPolicy
from ledger.proof.tiles import TileName, bundles_of, tiles_of, unbundled
from ledger.proof.verdict import judge


@dataclass(frozen=True)
class PublishedReport:
    """What was read and fits: the checkpoint, and how many tiles, bundles and partial tiles of smaller sizes."""

    checkpoint: Checkpoint
    tiles: int
    bundles: int
    older_partials: int
    witnessed_size: int | None

    def as_json(self) -> dict[str, Any]:
        head = {"origin": self.checkpoint.origin, "size": self.checkpoint.size, "root": self.checkpoint.root.hex()}
        return {**head, **{name: value for name, value in self.__dict__.items() if name != "checkpoint"}}


def audit_published(
    published: Published, log_keys: LogKeys | Sequence[NoteVerifier], policy: TlogPolicy | None = None
) -> PublishedReport:
    """The whole log against its own checkpoint. Bundles may be missing altogether, not in part.

    `policy`: hold the witnessed checkpoint to its quorum; without one its cosignatures are not looked at. Raises
    Untrusted `published_differs` naming the file, `quorum_missing`, and what opening a checkpoint raises; Misuse
    `nothing_published`. Memory: one tile and 32 bytes a full tile.
    """
    note = published.read(CHECKPOINT)
    if note is None:
        raise Misuse("nothing_published", "there is no checkpoint", "Publish the log first.")
    keys = log_keys_of(log_keys)
    head = keys.open(note).checkpoint  # 1
    names = set(published.names()) - set(MOVING)
    required = {name.path: name for name in tiles_of(head.size)}
    bundles = {name.path: name for name in bundles_of(head.size)} if any("/entries/" in name for name in names) else {}
    for path in (required | bundles).keys() - names:  # 2
        raise _differs(path, "is missing")
    _check_tiles(published, required.values())
    for name in bundles.values():
        _check_bundle(published, name)
    older = names - required.keys() - bundles.keys()
    for path in older:
        _check_older(published, path, head.size)
    if tree_root(head.size, PublishedTiles(published, head.size)) != head.root:  # 5
        raise _differs("checkpoint", "has another root than the tiles add up to")
    _check_keys(published, keys, head)
    _check_history(published, keys, head)
    seen = _witnessed(published, head, keys, policy)
    return PublishedReport(head, len(required), len(bundles), len(older), seen)


def _check_tiles(published: Published, names: Iterable[TileName]) -> None:
    below: list[bytes] = []
    roots: list[bytes] = []
    level: object = 0
    for name in names:
        if name.level != level:
            level, below, roots = name.level, roots, []
        content = _read(published, name.path)
        if len(content) != name.width * HASH_BYTES:
            raise _differs(name.path, f"has not {name.width} hashes")
        hashes = [content[at : at + HASH_BYTES] for at in range(0, len(content), HASH_BYTES)]
        first = name.number * TILE_WIDTH
        if level and hashes != below[first : first + name.width]:  # 4
            raise _differs(name.path, "does not have the roots of the tiles below it")
        if name.full:
            roots.append(root_of(hashes))


def _check_bundle(published: Published, name: TileName) -> None:
    try:
        hashes = b"".join(map(leaf_hash, unbundled(_read(published, name.path))))
    except Untrusted as error:
        raise _differs(name.path, "is no entry bundle") from error
    if hashes != _read(published, TileName(0, name.number, name.width).path):  # 3
        raise _differs(name.path, "does not have the leaves of its tile")


def _check_older(published: Published, path: str, size: int) -> None:
    """A partial tile of a smaller size is the beginning of the tile that is there now."""
    try:
        name = TileName.parse(path)
    except Misuse as error:
        raise _differs(path, "is no file of a log") from error
    level = 0 if name.level == "entries" else name.level
    width = min(TILE_WIDTH, (size >> (TILE_HEIGHT * level)) - name.number * TILE_WIDTH)
    content = _read(published, path)
    if width <= name.width or not _read(published, replace(name, width=width).path).startswith(content):
        raise _differs(path, "is not the beginning of its tile")
    if name.level != "entries" and len(content) != name.width * HASH_BYTES:
        raise _differs(path, f"has not {name.width} hashes")
    if name.level == "entries" and len(unbundled(content)) != name.width:
        raise _differs(path, f"has not {name.width} entries")


def _check_keys(published: Published, log_keys: LogKeys, head: Checkpoint) -> None:
    """Those of the head, or later ones: a round that broke off had written them before its checkpoint."""
    vkeys = published.read(VKEYS)
    now = log_keys.link_at(head.size).number
    if vkeys is not None and vkeys not in [vkey_lines(link) for link in log_keys.links[now:]]:
        raise _differs(VKEYS, "does not name the log's keys")


def _check_history(published: Published, log_keys: LogKeys, head: Checkpoint) -> None:
    """The history is one of these very keys, perhaps of before the newest turning, as a round that broke off leaves it."""
    raw = published.read(KEYS)
    if raw is None:
        return
    links = log_keys.links
    for held in reversed(links):
        try:
            told = verify_key_history(raw, held.keys)
        except Untrusted:
            continue
        known, chain = [one.keys for one in links], [one.keys for one in told.links]
        ends_here = told.origin == head.origin and chain[-1] == held.keys
        if ends_here and (len(links) == 1 or chain == known[: len(chain)]):  # who holds today's alone knows no others
            return
    raise _differs(KEYS, "is no history of the log's keys")


def _witnessed(published: Published, head: Checkpoint, log_keys: LogKeys, policy: TlogPolicy | None) -> int | None:
    note = published.read(WITNESSED)
    if note is None:
        return None
    if policy is not None:
        judge(policy, note, log_keys.all).required()
    seen = log_keys.open(only_signed_by(note, log_keys.all)).checkpoint
    if seen.size > head.size:
        raise _differs(CHECKPOINT, f"is of {head.size} entries, {seen.size} were witnessed")
    proof = consistency_proof(seen.size, head.size, PublishedTiles(published, head.size))
    verify_consistency(seen.size, head.size, proof, seen.root, head.root)
    return seen.size


def _read(published: Published, path: str) -> bytes:
    content = published.read(path)
    if content is None:
        raise _differs(path, "is missing")
    return content


def _differs(path: str, what: str) -> Untrusted:
    return Untrusted("published_differs", f"{path} {what}", "Compare it with another copy of the log.")
