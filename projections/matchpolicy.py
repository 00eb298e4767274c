"""The thresholds of matching as versioned data, and how often chance alone comes as near (SPEC S16.5).

A policy is a file under schemas/matching, named in statements by the SHA-256 of its bytes, so that what was decided under it
can be decided again. The measured distances of pictures that have nothing in common lie beside it.
"""

from __future__ import annotations

import hashlib
import json
import math
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from ledger.errors import NotFound, Untrusted

FOLDER = Path(__file__).resolve().parents[1] / "schemas" / "matching"
NONE_SEEN_UPPER = 3.0  # the 95 % upper bound of a Poisson count of which none was seen (the rule of three)


@dataclass(frozen=True)
class WrongPairs:
    """Distances between codes of unrelated pictures: `histogram[b]` of `pairs` pairs are b bits apart."""

    source: str
    algorithm: str
    pairs: int
    histogram: tuple[tuple[int, int], ...]

    def within(self, bits: int) -> int:
        return sum(count for distance, count in self.histogram if distance <= bits)

    def rate_upper(self, bits: int) -> float:
        """P(two unrelated codes are within so many bits), 95 % upper bound of what was counted. Never zero."""
        return rate_upper(self.within(bits), self.pairs)

    def rate_fitted(self, bits: int) -> float:
        """The same by a normal curve through the measured mean and spread: a guess where nothing was ever seen."""
        mean = sum(distance * count for distance, count in self.histogram) / self.pairs
        spread = math.sqrt(sum((d - mean) ** 2 * count for d, count in self.histogram) / self.pairs)
        return 0.5 * math.erfc((mean - bits - 0.5) / (spread * math.sqrt(2)))


def rate_upper(seen: int, of: int) -> float:
    """The 95 % upper bound of a rate of which so many were seen among `of`. Never zero."""
    upper = NONE_SEEN_UPPER if seen == 0 else seen + 1.96 * math.sqrt(seen) + 2
    return min(1.0, upper / of)


class Floor(NamedTuple):
    """What a match takes: frames in order, and their share of one side's voting frames in thousandths."""

    frames: int
    share_permille: int

    def reached(self, frames: int, share: float) -> bool:
        return frames >= self.frames and share * 1000 >= self.share_permille


@dataclass(frozen=True)
class MatchPolicy:
    """One version of the thresholds. `sha256` names it in statements. What an older version doesn't name it doesn't do."""

    sha256: str
    version: str
    copy_bits_max: int
    candidate_bits_max: int
    near_bits_max: int
    frames_matched_min: int
    frames_share_permille: int
    quality_min: int
    flood_matches_max: int
    flood_candidates_max: int
    wrong: WrongPairs
    held_bits_max: int = -1  # none
    near_unordered_permille: int = 1001  # none

    @property
    def spec(self) -> str:
        return f"matching/{self.version}"

    def floors(self, *, still: bool, held: bool) -> tuple[Floor, ...]:
        """What to ask for, most first. `still`: one side is a file of one frame. `held`: one side shows one picture throughout,
        so one frame is all of it, however long the other side looks elsewhere."""
        usual = Floor(1 if still else self.frames_matched_min, self.frames_share_permille)
        return (usual, Floor(1, 0)) if held else (usual,)

    def false_matches(self, codes: int) -> dict[str, Any]:
        """How many unrelated codes one frame finds by chance among so many, as decisions begin; with where that is from.

        Of one frame, which is all a still has. A clip needs `frames_matched_min` of them in order.
        """
        levels = {"copy": self.copy_bits_max, "candidate": self.candidate_bits_max}
        wrong = self.wrong
        per_search = {
            name: {"bits": bits, "upper_95": wrong.rate_upper(bits) * codes, "fitted": wrong.rate_fitted(bits) * codes}
            for name, bits in levels.items()
        }
        measured = {"wrong_pairs": wrong.pairs, "source": wrong.source}
        return {"codes": codes, "per_search": per_search, **measured, "policy": self.spec, "policy_sha256": self.sha256}

    def false_per_billion(self, decision: str, codes: int) -> int:
        """The upper bound in 10^9 searches, for a statement, which has no fractions."""
        bits = self.copy_bits_max if decision in ("exact", "copy") else self.candidate_bits_max
        return math.ceil(self.wrong.rate_upper(bits) * codes * 1e9)


def current() -> MatchPolicy:
    """The newest policy that this program brings."""
    return max(policies().values(), key=lambda policy: policy.version)


def policy_of(sha256: str) -> MatchPolicy:
    """Raises NotFound `policy_unknown`: a verdict under a policy that is not here can't be decided again here."""
    found = policies().get(sha256)
    if found is None:
        raise NotFound("policy_unknown", f"no matching policy {sha256}", "It is in another release of this program.")
    return found


@cache
def policies() -> dict[str, MatchPolicy]:
    """By digest. Raises Untrusted `policy_altered` where the measured pairs are not those that the policy names."""
    return {policy.sha256: policy for policy in map(_read, sorted(FOLDER.glob("matching-*.toml")))}


def _read(path: Path) -> MatchPolicy:
    raw = path.read_bytes()
    data = tomllib.loads(raw.decode("utf-8"))
    pairs = (FOLDER / data["wrong_pairs"]).read_bytes()
    if hashlib.sha256(pairs).hexdigest() != data["wrong_pairs_sha256"]:
        raise Untrusted("policy_altered", f"{data['wrong_pairs']} is not what {path.name} names", "Install anew.")
    numbers = {name: value for name, value in data.items() if isinstance(value, int)}
    return MatchPolicy(hashlib.sha256(raw).hexdigest(), data["version"], **numbers, wrong=_wrong(json.loads(pairs)))


def _wrong(data: dict[str, Any]) -> WrongPairs:
    histogram = tuple((int(bits), count) for bits, count in data["histogram"].items())
    return WrongPairs(data["source"], data["algorithm"], data["pairs"], histogram)
