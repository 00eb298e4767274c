"""The port of every code index: pictures, sound windows, whatever is 256 bits and compared by Hamming distance.

Every adapter is complete: `near` gives each code within the radius, at any radius, and nothing else. Approximate ones
(HNSW on binary codes found .25 to .35 at 10^6, FORMATS 8) are none of ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

CODE_BITS, CODE_BYTES = 256, 32

Codes = NDArray[np.uint8]
"""n x 32 bytes, first bit most significant."""
Ids = NDArray[np.int64]
"""n ids, one for each code. Several codes may share one: an asset has many frames."""


@dataclass(frozen=True)
class Hits:
    """Pairs of a query's row and an id near it, by row and id, each once with the fewest `bits` between them."""

    rows: NDArray[np.int64]
    ids: Ids
    bits: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)

    def votes(self) -> dict[int, int]:
        """{id: how many of the queries it is near to}."""
        found, counts = np.unique(self.ids, return_counts=True)
        return dict(zip(found.tolist(), counts.tolist(), strict=True))


class CodeIndex(Protocol):
    """Thread-safe. A search that has begun sees the index as it was when it began."""

    def add(self, codes: Codes, ids: Ids) -> None:
        """Adds n codes; a code that is there already under the same id is there twice, and found once."""

    def remove(self, ids: Iterable[int]) -> int:
        """No later search finds these ids; returns how many codes they had. Unknown ids are no error."""

    def forget(self) -> None:
        """Takes removed codes out of memory or off the tables too, where `remove` only hid them."""

    def near(self, codes: Codes, radius: int) -> Hits:
        """Every id with a code within `radius` bits (inclusive) of a query, for all queries at once."""

    @property
    def count(self) -> int:
        """How many codes can be found."""


@dataclass
class Place:
    """How far an index followed rows: the last `number` in it, the digest over all rows up to there, the last removal that it
    knows; `layout` names how the rows were packed."""

    layout: str = ""
    number: int = 0
    chain: bytes = b""
    removed: int = 0

    def start(self, layout: str) -> None:
        self.layout, self.number, self.chain, self.removed = layout, 0, b"", 0


class FollowingIndex(CodeIndex, Protocol):
    """A `CodeIndex` that knows its place in the rows it is filled from."""

    def following(self) -> AbstractContextManager[Place]:
        """For one at a time, of all who share the codes. What is said in the place was added; who is stopped before it was said
        adds again."""

    def clear(self) -> None:
        """As if nothing had ever been added."""

    def close(self) -> None:
        """Gives back what it holds."""


def gathered(rows: NDArray[np.int64], ids: Ids, bits: NDArray[np.int64]) -> Hits:
    """Hits in their order, each pair once."""
    order = np.lexsort((bits, ids, rows))
    rows, ids, bits = rows[order], ids[order], bits[order]
    first = np.ones(len(rows), dtype=bool)
    first[1:] = (rows[1:] != rows[:-1]) | (ids[1:] != ids[:-1])
    return Hits(rows[first], ids[first], bits[first])


def joined(parts: Iterable[Hits]) -> Hits:
    """The hits of several searches with the same rows."""
    found = list(parts)
    empty = np.empty(0, dtype=np.int64)
    if not found:
        return Hits(empty, empty, empty)
    return gathered(
        np.concatenate([one.rows for one in found]),
        np.concatenate([one.ids for one in found]),
        np.concatenate([one.bits for one in found]),
    )
