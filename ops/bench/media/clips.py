"""Recall over edited clips, and false clips among the wrong pairs, through the product: import, then search.

Each clip is imported into a home of its own making; each edited file is examined and searched like anybody's. A found asset
of another family is a false clip. Beside it, from the same codes: vPDQ's policy, and whole frames without framings; and vPDQ by
its own package, from the same files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

from api.services.intake import Origin, import_file
from api.services.services import Services
from ledger.clock import SystemClock
from ledger.media.findings import ALL, QUERY_VARIANTS, Examination, Fingerprints
from ledger.media.fingerprints import hamming
from ledger.media.framings import QUALITY_MIN
from ledger.media.sandbox import Examiner
from ops.bench.media.clip_edits import EDITS, read, written
from ops.bench.media.peers import has_vpdq, missing, named, vpdq_matches, vpdq_signal
from ops.bench.media.sources import OWN, Clip, clips, pans, stills
from ops.home import init_home
from ops.wiring import services_of

VPDQ_BITS: Final = 31
VPDQ_SHARE: Final = 0.8
"""vPDQ's own policy (ThreatExchange, extensions/vpdq): 80 % of the query's frames within 31 bits, quality 50 or more."""
METHODS: Final = (
    "vPDQ policy",
    "PDQ, whole frames, copy or candidate",
    "ours: copy or confirmed",
    "ours, with candidates",
    *((f"{named('threatexchange')} VPDQSignal, by {named('vpdq')}",) if has_vpdq() else ()),
)

PANS_MAX: Final = 40
KEPT_EVERY: Final = 5


@dataclass
class Tally:
    """Per method: edits -> how many of the clips were found, and the false clips."""

    found: dict[str, dict[str, int]] = field(
        default_factory=lambda: {name: dict.fromkeys(EDITS, 0) for name in METHODS}
    )
    false: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in METHODS})
    asked: dict[str, int] = field(default_factory=lambda: dict.fromkeys(EDITS, 0))
    decisions: dict[str, int] = field(default_factory=dict)
    clips: dict[str, int] = field(default_factory=dict)

    def note(self, method: str, edit: str, clip: Clip, families: set[str]) -> None:
        self.found[method][edit] += clip.family in families
        self.false[method] += [f"{edit}: {clip.family} as {other}" for other in sorted(families - {clip.family})]


_EXAMINER: Final = Examiner()


def _examined(job: tuple[Path, str, Path]) -> tuple[dict[str, Any], str]:
    """In a worker: edit, write, examine; and vPDQ's own hash."""
    source, edit, query = job
    found = _EXAMINER.examine(written(query, *EDITS[edit](*read(source))), extractors=ALL | {QUERY_VARIANTS})
    signal = _signal(query)
    query.unlink()
    return found.as_json(whole=True), signal


def _signal(path: Path) -> str:
    return vpdq_signal(path) if has_vpdq() else ""


def measure(
    folder: Path, corpus: Path | None, edited: int, workers: int, keep: Callable[[dict[str, Any]], None]
) -> dict[str, Any]:
    """Figures as JSON: `edited` clips under every edit, against all clips and a pan over each still. Those of the corpus come
    first, then our own, then pans. `keep` gets the figures so far after every few queries: a run that is stopped leaves what it
    found."""
    real, moved = clips(folder, corpus), pans(folder, stills(corpus)[:PANS_MAX])
    sources, home = [*real, *moved], folder / "home"
    asked = sources[:edited]
    init_home(home, SystemClock(), "bench.example/log")
    tally = Tally(clips={"real clips": _count(asked, real[:-OWN]), "own clips": _count(asked, real[-OWN:] + moved)})
    with services_of(home) as services:
        known: dict[str, str] = {}
        plain: dict[str, Fingerprints] = {}
        signals = {clip.family: _signal(clip.path) for clip in sources}
        for clip in sources:
            found = import_file(services, clip.path, Origin(), actor="operator", method="bench")
            known[found.asset_sha256] = clip.family
            if found.examination.fingerprints:
                plain[clip.family] = found.examination.fingerprints
        jobs = [(clip, edit) for clip in asked for edit in EDITS]
        tasks = [(clip.path, edit, folder / f"query{n}.mp4") for n, (clip, edit) in enumerate(jobs)]
        with get_context("spawn").Pool(workers) as pool:
            for (clip, edit), (found_json, signal) in zip(jobs, pool.imap(_examined, tasks), strict=True):
                tally.asked[edit] += 1
                _ask(services, Examination.from_json(found_json), clip, edit, known, plain, tally)
                if has_vpdq():
                    near = {family for family, other in signals.items() if vpdq_matches(signal, other)}
                    tally.note(METHODS[-1], edit, clip, near)
                if sum(tally.asked.values()) % KEPT_EVERY == 0:
                    keep(_figures(tally, len(sources)))
    return _figures(tally, len(sources))


def _ask(
    services: Services,
    seen: Examination,
    clip: Clip,
    edit: str,
    known: dict[str, str],
    plain: dict[str, Fingerprints],
    tally: Tally,
) -> None:
    if seen.fingerprints is None:
        return
    services.views.catch_up()
    search = services.views.matches.search
    found = search(seen.fingerprints, variants=seen.variants, features=seen.features)
    for match in found:
        if known[match.asset_sha256] == clip.family:
            tally.decisions[match.decision] = tally.decisions.get(match.decision, 0) + 1
    sure = {known[match.asset_sha256] for match in found if match.decision in ("copy", "confirmed")}
    told = {known[match.asset_sha256] for match in found if match.tells}
    whole = {known[match.asset_sha256] for match in search(seen.fingerprints)}
    vpdq = {family for family, codes in plain.items() if _vpdq(seen.fingerprints, codes)}
    for method, families in zip(METHODS, (vpdq, whole, sure, told), strict=False):  # the package's own is asked apart
        tally.note(method, edit, clip, families)


def _vpdq(query: Fingerprints, reference: Fingerprints) -> bool:
    asked, known = ([one.pdq for one in side.frames if one.quality >= QUALITY_MIN] for side in (query, reference))
    near = sum(any(hamming(one, other) <= VPDQ_BITS for other in known) for one in asked)
    return bool(asked) and near >= VPDQ_SHARE * len(asked)


def _figures(tally: Tally, references: int) -> dict[str, Any]:
    asked = {edit: count for edit, count in tally.asked.items() if count}
    queries = sum(asked.values())
    rows = [
        {
            "method": name,
            "recalls": {edit: tally.found[name][edit] / count for edit, count in asked.items()},
            "mean": round(sum(tally.found[name].values()) / max(1, queries), 4),
            "false": tally.false[name],
        }
        for name in METHODS
    ]
    sizes = {
        **tally.clips,
        "clips known": references,
        "edits": len(asked),
        "queries": queries,
        "wrong pairs": queries * (references - 1),
    }
    return {"sizes": sizes, "rows": rows, "decisions": tally.decisions, "missing": missing()}


def _count(asked: Sequence[Clip], of: Sequence[Clip]) -> int:
    return sum(clip in of for clip in asked)
