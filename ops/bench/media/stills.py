"""Recall of each method over edited stills, at false-match rates measured on pairs that do not belong together.

References are the pictures and, as distractors, random views of all pictures (half to nine tenths of each side, some mirrored,
recoloured): real content, but few sources, so near views of one source are many and of everything else none. A pair is wrong
when its families differ. The rate at a radius is the share of wrong pairs within it; recall is of the picture itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps

from ledger.media.geometry import compare
from ledger.media.local_features import Points
from ops.bench.media.edits import EDITS
from ops.bench.media.hashes import METHODS, OURS, SIGNAL, Codes, Near, canonical, near, points
from ops.bench.media.peers import pdq_indexes
from ops.bench.media.sources import Still
from projections.confirmation import ASSETS_MAX
from projections.matchpolicy import current

RATES: Final = (1e-4, 1e-6)
THREATEXCHANGE_BITS: Final = 31
"""ThreatExchange's confident match for PDQ: 31 bits or fewer, quality 50 or more (its PDQ documentation)."""


@dataclass(frozen=True)
class Row:
    """One method at one operating point. `recalls` by edit, 0 to 1; `wrong` of `pairs` wrong pairs were matched."""

    method: str
    point: str
    bits: int
    recalls: dict[str, float]
    wrong: int
    pairs: int

    @property
    def mean(self) -> float:
        return float(np.mean(list(self.recalls.values())))

    def as_json(self) -> dict[str, Any]:
        return {**self.__dict__, "mean": round(self.mean, 4)}


@dataclass
class World:
    """What is compared. The first references are the pictures that are edited, in the queries' order; then views of all."""

    pictures: list[Still]
    asked_of: list[Still]
    distractors: int

    @property
    def families(self) -> list[str]:
        """Of every reference."""
        views = [self.pictures[n % len(self.pictures)].family for n in range(self.distractors)]
        return [still.family for still in self.asked_of] + views

    def reference(self, n: int) -> Image.Image:
        """The n-th reference; a view is made anew each time: thousands would fill the memory."""
        if n < len(self.asked_of):
            return self.asked_of[n].picture
        view = n - len(self.asked_of)
        return _view(self.pictures[view % len(self.pictures)].picture, np.random.default_rng(view))

    def queries(self) -> list[tuple[str, int]]:
        """(edit, which picture) of every query."""
        return [(edit, n) for edit in EDITS for n in range(len(self.asked_of))]


def _view(picture: Image.Image, chance: np.random.Generator) -> Image.Image:
    """A random part of a picture, in other colours, half of them mirrored."""
    width, height = picture.size
    w, h = (round(side * chance.uniform(0.5, 0.9)) for side in (width, height))
    left, top = int(chance.integers(0, width - w + 1)), int(chance.integers(0, height - h + 1))
    part = ImageEnhance.Brightness(picture.crop((left, top, left + w, top + h))).enhance(chance.uniform(0.6, 1.3))
    return ImageOps.mirror(part) if chance.random() < 0.5 else part


_KINDS: Final = tuple(dict.fromkeys(method.known for method in METHODS))
_WORLD: list[World] = []  # what the forked workers look at


def _known(n: int) -> list[Codes]:
    pixels = canonical(_WORLD[0].reference(n))
    return [kind(pixels) for kind in _KINDS]


def _asked(query: tuple[str, int]) -> tuple[list[Codes], Points]:
    edit, n = query
    pixels = canonical(EDITS[edit](_WORLD[0].asked_of[n].picture))
    return [method.asked(pixels) for method in METHODS], points(pixels)


def _points_of(n: int) -> Points:
    return points(canonical(_WORLD[0].reference(n)))


def _sure(pair: tuple[Points, Points]) -> bool:
    return compare(*pair) is not None


def measure(
    pictures: Sequence[Still], asked: int, distractors: int, workers: int, log: Callable[[str], None]
) -> tuple[list[Row], dict[str, int]]:
    """Rows of every method, and the sizes of what was compared."""
    chosen = [pictures[n] for n in np.linspace(0, len(pictures) - 1, min(asked, len(pictures))).round().astype(int)]
    world = World(list(pictures), chosen, distractors)
    _WORLD[:] = [world]
    with get_context("fork").Pool(workers) as pool:
        queries = _logged(pool.imap(_asked, world.queries(), 4), len(world.queries()), "queries", log)
        known = _logged(pool.imap(_known, range(len(world.families)), 16), len(world.families), "references", log)
        rows = _rows(world, [codes for codes, _ in queries], known, [seen for _, seen in queries], pool, log)
    sizes = {
        "pictures": len(pictures),
        "edited": len(chosen),
        "edits": len(EDITS),
        "queries": len(queries),
        "reference pictures": len(known),
        "codes of references": sum(len(codes[_KINDS.index(OURS.known)]) for codes in known),
    }
    return rows, sizes


def _logged(made: Iterable[Any], count: int, what: str, log: Callable[[str], None]) -> list[Any]:
    found = []
    for one in made:
        found.append(one)
        if len(found) % 500 == 0 or len(found) == count:
            log(f"{len(found)} of {count} {what}")
    return found


def _rows(
    world: World,
    wanted: Sequence[list[Codes]],
    known: Sequence[list[Codes]],
    seen: Sequence[Points],
    pool: Any,
    log: Callable[[str], None],
) -> list[Row]:
    rows = []
    for n, method in enumerate(METHODS):
        kind = _KINDS.index(method.known)
        if method is SIGNAL:
            rows += _by_threatexchange(world, [codes[n] for codes in wanted], [codes[kind] for codes in known])
            continue
        found = near([codes[n] for codes in wanted], [codes[kind] for codes in known], method.bits)
        rows += _at_rates(world, method.name, found)
        if method.name == "PDQ":
            rows.append(_at_radius(world, "ThreatExchange's PDQ policy", found, THREATEXCHANGE_BITS))
        if method is OURS:
            rows.append(_at_radius(world, "ours without geometry: copy", found, current().copy_bits_max))
            rows.append(
                _at_radius(world, "ours without geometry: copy or candidate", found, current().candidate_bits_max)
            )
            rows.append(_confirmed(world, found, seen, pool, log))
        log(method.name)
    return rows


def _by_threatexchange(world: World, asked: Sequence[Codes], known: Sequence[Codes]) -> list[Row]:
    rows = []
    for name, bound, pairs in pdq_indexes(asked, known):
        queries, references, bits = np.array(pairs, dtype=np.int64).reshape(-1, 3).T
        rows.append(_at_radius(world, name, Near(queries, references, bits), bound))
    return rows


def _split(world: World, found: Near) -> tuple[NDArray[np.int64], NDArray[np.bool_], int]:
    """Bits to the query's own picture (999: none near), which found pairs are wrong, and how many wrong pairs there are."""
    queries, names = world.queries(), world.families
    mine = np.array([n for _, n in queries])
    families = {family: n for n, family in enumerate(dict.fromkeys(names))}
    of_query = np.array([families[world.asked_of[n].family] for n in mine])
    of_reference = np.array([families[name] for name in names])
    own = np.full(len(queries), 999, dtype=np.int64)
    is_own = found.references == mine[found.queries]
    own[found.queries[is_own]] = found.bits[is_own]
    wrong = of_query[found.queries] != of_reference[found.references]
    pairs = int(sum((of_reference != family).sum() for family in of_query))
    return own, wrong, pairs


def _recalls(world: World, hit: NDArray[np.bool_]) -> dict[str, float]:
    return dict(zip(EDITS, hit.reshape(len(EDITS), len(world.asked_of)).mean(axis=1).tolist(), strict=True))


def _at_radius(world: World, name: str, found: Near, radius: int) -> Row:
    own, wrong, pairs = _split(world, found)
    return Row(
        name,
        f"{radius} bits",
        radius,
        _recalls(world, own <= radius),
        int((wrong & (found.bits <= radius)).sum()),
        pairs,
    )


def _at_rates(world: World, name: str, found: Near) -> list[Row]:
    own, wrong, pairs = _split(world, found)
    counts = np.bincount(found.bits[wrong], minlength=100).cumsum()
    rows = []
    for rate in RATES:
        radius = int(np.searchsorted(counts, rate * pairs, side="right")) - 1
        radius = min(radius, int(found.bits.max(initial=0)))
        matched = int(counts[radius]) if radius >= 0 else 0
        rows.append(Row(name, f"1 in {round(1 / rate):,}", radius, _recalls(world, own <= radius), matched, pairs))
    return rows


def _confirmed(world: World, found: Near, seen: Sequence[Points], pool: Any, log: Callable[[str], None]) -> Row:
    """The policy: `copy`, or confirmed by geometry among the ASSETS_MAX likeliest. Candidates that features say nothing of
    are a person's to look at, and count as not found."""
    queries = world.queries()
    rows = [
        (query, row) for query, (_, own) in enumerate(queries) for row in _likeliest(found, query, own, world.families)
    ]
    looked = sorted({int(found.references[row]) for _, row in rows})
    stored = dict(zip(looked, _logged(pool.imap(_points_of, looked, 8), len(looked), "looked at", log), strict=True))
    pairs = ((seen[query], stored[int(found.references[row])]) for query, row in rows)
    sure = _logged(pool.imap(_sure, pairs, 32), len(rows), "pairs compared", log)
    hit, wrong = np.zeros(len(queries), dtype=bool), 0
    for (query, row), confirmed in zip(rows, sure, strict=True):
        told = confirmed or found.bits[row] <= current().copy_bits_max
        same = int(found.references[row]) == queries[query][1]
        hit[query] |= same and bool(told)
        wrong += not same and bool(told)
    _, _, total = _split(world, found)
    name = "ours: copy or confirmed by geometry"
    return Row(name, "as decided", current().near_bits_max, _recalls(world, hit), wrong, total)


def _likeliest(found: Near, query: int, own: int, families: Sequence[str]) -> list[int]:
    """Rows that geometry would look at: the nearest. Other views of the same picture are neither right nor wrong."""
    begin, end = np.searchsorted(found.queries, (query, query + 1))
    rows = [
        row
        for row in range(int(begin), int(end))
        if int(found.references[row]) == own or families[int(found.references[row])] != families[own]
    ]
    return sorted((row for row in rows if found.bits[row] <= current().near_bits_max), key=lambda row: found.bits[row])[
        :ASSETS_MAX
    ]
