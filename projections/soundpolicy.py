"""The thresholds of comparing sound as versioned data, and how often unrelated sounds come as near (SPEC S16.9).

Like the policy of pictures (`projections.matchpolicy`): a file under schemas/matching, named by the SHA-256 of its bytes.
"""

from __future__ import annotations

import hashlib
import json
import math
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ledger.errors import NotFound, Untrusted
from projections.matchpolicy import FOLDER, rate_upper


@dataclass(frozen=True)
class WrongSounds:
    """Of so many `pairs` of unrelated sounds, each at every speed, how many were taken for a copy or a candidate."""

    source: str
    algorithm: str
    pairs: int
    copies: int
    candidates: int

    def rate_upper(self, decision: str) -> float:
        """P(an unrelated sound is called that, or more), 95 % upper bound of what was counted. Never zero."""
        seen = self.copies if decision in ("exact", "copy") else self.copies + self.candidates
        return rate_upper(seen, self.pairs)


@dataclass(frozen=True)
class SoundPolicy:
    """One version of the thresholds. `sha256` names it in statements."""

    sha256: str
    version: str
    window_bits_max: int
    error_permille_max: int
    stretch_items_min: int
    short_error_permille_max: int
    long_items: int
    deep_items: int
    deep_error_permille_max: int
    copy_error_permille_max: int
    aligned_max: int
    flood_matches_max: int
    wrong: WrongSounds

    @property
    def spec(self) -> str:
        return f"sounds/{self.version}"

    def permille_max(self, items: int) -> int:
        """How many wrong bits in a thousand a stretch of this length may have."""
        return self.error_permille_max if items >= self.long_items else self.short_error_permille_max

    def false_per_billion(self, decision: str, sounds: int) -> int:
        """How many of so many unrelated sounds would be called that, in 10^9 searches: the upper bound."""
        return math.ceil(self.wrong.rate_upper(decision) * sounds * 1e9)


def current() -> SoundPolicy:
    """The newest policy that this program brings."""
    return max(policies().values(), key=lambda policy: policy.version)


def policy_of(sha256: str) -> SoundPolicy:
    """Raises NotFound `policy_unknown`: a verdict under a policy that is not here can't be decided again here."""
    found = policies().get(sha256)
    if found is None:
        raise NotFound("policy_unknown", f"no policy for sound {sha256}", "It is in another release of this program.")
    return found


@cache
def policies() -> dict[str, SoundPolicy]:
    """By digest. Raises Untrusted `policy_altered` where the measured pairs are not those that the policy names."""
    return {policy.sha256: policy for policy in map(_read, sorted(FOLDER.glob("sounds-*.toml")))}


def _read(path: Path) -> SoundPolicy:
    raw = path.read_bytes()
    data: dict[str, Any] = tomllib.loads(raw.decode("utf-8"))
    pairs = (FOLDER / data["wrong_sounds"]).read_bytes()
    if hashlib.sha256(pairs).hexdigest() != data["wrong_sounds_sha256"]:
        raise Untrusted("policy_altered", f"{data['wrong_sounds']} is not what {path.name} names", "Install anew.")
    numbers = {name: value for name, value in data.items() if isinstance(value, int)}
    return SoundPolicy(
        hashlib.sha256(raw).hexdigest(), data["version"], **numbers, wrong=WrongSounds(**json.loads(pairs))
    )
