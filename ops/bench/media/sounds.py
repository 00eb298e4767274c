"""Recall over edited sounds, and false ones among the wrong pairs, through the product: import, then search.

Known are the sounds of the corpus and tunes that are made here. Each edited one is examined and searched like anybody's; a file
of another family that it names is false. Beside it, from the same prints: exact windows, as a look-up without distances finds
them; and each known sound as a work that files are compared with, where it is the work that was printed at every speed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import av
import numpy as np

from api.services.intake import Origin, import_file
from api.services.services import Services
from ledger.clock import SystemClock
from ledger.errors import Unavailable
from ledger.media.findings import QUERY_VARIANTS
from ledger.media.sandbox import Examiner
from ledger.media.sound import NAME, SPEEDS_PERMILLE, items_of
from ledger.media.soundprint import SoundPrint
from ops.bench.media.sound_edits import RATE_HZ, Sound, edits, read, tune, written
from ops.home import init_home
from ops.wiring import services_of
from projections.sound_alignment import windows
from projections.sound_matching import PLAIN_PERMILLE, SoundRuns, pair
from projections.soundpolicy import current

SECONDS: Final = 30.0
SECONDS_MIN: Final = 10.0
TUNES: Final = 40
EDITED_TUNES: Final = 4
VOICE_SEED: Final = 1_000
METHODS: Final = ("a window alike, bit by bit", "ours: copy", "ours: copy or candidate", "as a work: copy or candidate")
SPOKEN: Final = "tts"  # one text, read by one synthesiser in several voices: one family, and the voice over others


@dataclass(frozen=True)
class Song:
    """`family`: files of one are no wrong pair."""

    name: str
    family: str
    sound: Sound
    real: bool


def songs(corpus: Path | None) -> list[Song]:
    """What is known: real sounds first, then tunes."""
    found = []
    for path in sorted(corpus.rglob("*")) if corpus else ():
        sound = _opened(path)
        if len(sound) >= SECONDS_MIN * RATE_HZ and np.ptp(sound):
            stem = path.stem.split("__")[-1]
            family = SPOKEN if stem.startswith(SPOKEN) else stem.split("-")[0].split("_")[0]
            found.append(Song(path.stem, family, sound, True))
    tunes = [Song(f"tune {n}", f"tune {n}", tune(n), False) for n in range(TUNES)]
    return [*{song.family: song for song in reversed(found)}.values(), *tunes]


def measure(folder: Path, corpus: Path | None, log: Callable[[str], None]) -> dict[str, Any]:
    """Figures as JSON. Raises Unavailable where the engine is not installed."""
    home, examiner = folder / "home", Examiner()
    known = [
        song for song in songs(corpus) if song.family != SPOKEN
    ]  # a voice over a sound that is known itself is no stranger
    init_home(home, SystemClock(), "bench.example/log")
    changes = edits(_voice(corpus))
    asked = [song for song in known if song.real] + [song for song in known if not song.real][:EDITED_TUNES]
    found = {name: dict.fromkeys(changes, 0) for name in METHODS}
    false: dict[str, list[str]] = {name: [] for name in METHODS}
    with services_of(home) as services:
        prints = _brought(services, folder, known)
        works = {family: _work(examiner, folder, n) for n, (family, _) in enumerate(prints.values())}
        for song in asked:
            log(f"sound {song.name}")
            for edit, change in changes.items():
                path = written(
                    folder / f"query.{change.suffix}", change.change(song.sound), change.codec, change.bit_rate
                )
                seen = examiner.examine(path, extractors=frozenset({"digest", NAME, QUERY_VARIANTS}))
                told = {name: set[str]() for name in METHODS}
                if seen.sound is not None:
                    matches = services.views.sounds.search(seen.sound, variants=seen.sound_variants)
                    named = [(prints[match.asset_sha256][0], match.decision) for match in matches]
                    told = {
                        METHODS[0]: _same_windows(seen.sound, prints),
                        METHODS[1]: {family for family, decision in named if decision == "copy"},
                        METHODS[2]: {family for family, _ in named},
                        METHODS[3]: _works_near(seen.sound, works),
                    }
                for name, families in told.items():
                    found[name][edit] += song.family in families
                    false[name] += [f"{edit}: {song.family} as {one}" for one in sorted(families - {song.family})]
    return _figures(found, false, len(asked), len(known))


def _brought(services: Services, folder: Path, known: list[Song]) -> dict[str, tuple[str, SoundPrint]]:
    prints = {}
    for n, song in enumerate(known):
        path = written(folder / f"known{n}.wav", song.sound, "pcm_s16le", 0)
        found = import_file(services, path, Origin(), actor="operator", method="bench")
        if found.examination.sound is None:
            raise Unavailable(
                "sound_engine_missing", "sound can't be fingerprinted here", "Run sh ops/setup/chromaprint.sh."
            )
        prints[found.asset_sha256] = (song.family, found.examination.sound)
    services.views.catch_up()
    return prints


def _work(examiner: Examiner, folder: Path, number: int) -> SoundRuns:
    """A known sound, printed at every speed, as a registered work is."""
    seen = examiner.examine(folder / f"known{number}.wav", extractors=frozenset({NAME, QUERY_VARIANTS}))
    if seen.sound is None:
        return {}
    prints = {one.speed_permille: items_of(one.items) for one in seen.sound_variants}
    return {seen.sound.algorithm: {PLAIN_PERMILLE: items_of(seen.sound.items), **prints}}


def _works_near(query: SoundPrint, works: dict[str, SoundRuns]) -> set[str]:
    """By the decision on one pair, each of them, so that no look-up leaves one out."""
    mine, policy = {query.algorithm: {PLAIN_PERMILLE: items_of(query.items)}}, current()
    return {family for family, work in works.items() if pair(family, mine, work, policy)}


def _same_windows(query: SoundPrint, prints: dict[str, tuple[str, SoundPrint]]) -> set[str]:
    mine = {row.tobytes() for row in windows(items_of(query.items))}
    return {family for family, one in prints.values() if mine & {row.tobytes() for row in windows(items_of(one.items))}}


def _voice(corpus: Path | None) -> Sound:
    """What is spoken over a sound: a real voice where there is one."""
    spoken = next(iter(sorted(corpus.rglob(f"{SPOKEN}*"))), None) if corpus else None
    return read(spoken, SECONDS) if spoken else tune(VOICE_SEED, SECONDS)


def _opened(path: Path) -> Sound:
    try:
        return read(path, SECONDS) if path.is_file() else np.zeros(0, np.int16)
    except (av.FFmpegError, ValueError, OSError):
        return np.zeros(0, np.int16)


def _figures(found: dict[str, dict[str, int]], false: dict[str, list[str]], asked: int, known: int) -> dict[str, Any]:
    rows = [
        {
            "method": name,
            "recalls": {edit: count / asked for edit, count in found[name].items()},
            "mean": round(sum(found[name].values()) / (asked * len(found[name])), 4),
            "false": false[name],
        }
        for name in METHODS
    ]
    queries = asked * len(found[METHODS[0]])
    sizes = {"sounds known": known, "edited": asked, "edits": len(found[METHODS[0]]), "queries": queries}
    return {"sizes": {**sizes, "wrong pairs": queries * (known - 1), "speeds": len(SPEEDS_PERMILLE)}, "rows": rows}
