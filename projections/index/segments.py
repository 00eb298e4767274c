"""One immutable piece of the index in memory: codes in faiss, their ids beside them, and which ids were removed since.

A segment is never changed: faiss crashes the process when one thread adds while another searches (4 of 4 times, FORMATS
8), its bare Flat renumbers what follows a removal, and its MultiHash can't remove at all. So whoever removes makes another
segment over the same faiss index with more tombstones, and whoever forgets builds the segment again without them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from projections.index.port import CODE_BITS, CODE_BYTES, Codes, Hits, Ids, gathered

HASHES, HASH_BITS, FLIPPED = 16, 16, 1
HASHED_RADIUS_MAX = HASHES * (FLIPPED + 1) - 1
"""Within 31 bits some 16-bit part of two codes differs in at most one bit (pigeonhole), so the hashes miss nothing."""


@dataclass(frozen=True)
class Segment:
    """`ids[i]` is whose the i-th code is. `hashed` is a MultiHash over the same codes; `flat` scans them."""

    ids: Ids
    flat: Any
    hashed: Any = None
    dead: Ids | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def alive(self) -> int:
        return len(self.ids) if self.dead is None else int((~np.isin(self.ids, self.dead)).sum())

    def codes(self) -> Codes:
        """A copy, removed ones included."""
        import faiss

        raw: Codes = faiss.vector_to_array(self.flat.xb)
        return raw.reshape(-1, CODE_BYTES)

    def living(self) -> tuple[Codes, Ids]:
        """Codes and ids without those that were removed."""
        if self.dead is None:
            return self.codes(), self.ids
        keep = ~np.isin(self.ids, self.dead)
        return self.codes()[keep], self.ids[keep]

    def without(self, ids: Ids) -> Segment:
        """The same codes with these ids hidden; itself when it has none of them."""
        gone = np.intersect1d(self.ids, ids)
        if not len(gone):
            return self
        return replace(self, dead=gone if self.dead is None else np.union1d(self.dead, gone))

    def near(self, queries: Codes, radius: int) -> Hits:
        """faiss's radius is exclusive, ours is not."""
        index = self.hashed if self.hashed is not None and radius <= HASHED_RADIUS_MAX else self.flat
        limits, bits, places = index.range_search(queries, radius + 1)
        rows = np.repeat(np.arange(len(queries)), np.diff(limits.astype(np.int64)))
        ids, bits = self.ids[places], bits.astype(np.int64)
        if self.dead is not None:
            keep = ~np.isin(ids, self.dead)
            rows, ids, bits = rows[keep], ids[keep], bits[keep]
        return gathered(rows, ids, bits)


def build(codes: Codes, ids: Ids, *, hashed: bool = False) -> Segment:
    """faiss copies the codes; the ids are ours. About 14 ms for 10^6 codes, 7 s and ten times the memory when hashed."""
    import faiss  # here, because most commands never index a frame and it takes a while to load

    kept, own = np.ascontiguousarray(codes), np.ascontiguousarray(ids, dtype=np.int64)
    if not hashed:
        flat = faiss.IndexBinaryFlat(CODE_BITS)
        flat.add(kept)
        return Segment(own, flat)
    index: Any = faiss.IndexBinaryMultiHash(CODE_BITS, HASHES, HASH_BITS)
    index.nflip = FLIPPED
    index.add(kept)
    return Segment(own, index.storage, index)
