"""Run the asked-for extractors on one file, each on its own: what breaks one says so in its finding and stops no other.

Runs in the child process. An extractor that nobody asked for, isn't built yet or isn't installed is `not_checked`, with
the reason. The pictures are decoded once for all frame extractors.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ledger.media.beside import Beside
from ledger.media.checkpoint import Sheet
from ledger.media.extraction import Extraction, Extractor, FrameExtractor, Looking, Specs, finding
from ledger.media.extractors import BUILT, FILE_EXTRACTORS, FRAME_EXTRACTORS
from ledger.media.findings import CHEAP, EXTRACTORS, C2paReport, Finding, FindingState
from ledger.media.trust import TrustSettings

if TYPE_CHECKING:  # the cheap set loads no decoder
    from ledger.media.watching import Consumers

DIGEST_ALGORITHM: Final = ("digest", "sha256", "FIPS 180-4")

AnyExtractor = TypeVar("AnyExtractor", bound=Extractor)


class NoFramesError(Exception):
    """It has a picture by its own account, and no frame of it could be decoded: that is not the same as having none."""

    code = "no_frames"


def examine(
    path: Path,
    extractors: frozenset[str],
    trust: TrustSettings,
    now: datetime,
    options: dict[str, Any] | None = None,
    beside: Beside | None = None,
    sheet: Sheet | None = None,
) -> Extraction:
    """Run the extractors named. Imports follow what is asked: the cheap set loads no decoder. On the `sheet` is told how far
    the pictures are, and kept what another look can go on from.
    """
    found = Extraction(C2paReport("not_checked", "not_checked", trust_sha256=trust.sha256))
    if "c2pa" in extractors:
        _guarded(found, ("c2pa",), lambda: _c2pa(found, path, trust, now, beside or Beside()))
    if extractors - CHEAP:
        from ledger.media.probe import sniff

        _look(found, Looking(path, sniff(path), extractors, options or {}), sheet)
    return found


def specs() -> Specs:
    """What each finding would be answered with here and now; those that can't run here are left out."""
    from ledger.media.c2pa import c2pa_spec

    here: Specs = {"digest": (DIGEST_ALGORITHM[1:],), "c2pa": (c2pa_spec(),)}
    for one in (*FILE_EXTRACTORS, *FRAME_EXTRACTORS):
        if _installed(one):
            here |= one.specs()
    return here


def _look(found: Extraction, looking: Looking, sheet: Sheet | None) -> None:
    if looking.kind.kind == "other":
        for name in (looking.asked & BUILT & set(EXTRACTORS)) - CHEAP:
            found.add(finding(name, "unsupported", code="not_media", media_type=looking.kind.name))
        return
    for reader in _ready(found, looking, FILE_EXTRACTORS):
        _guarded(found, reader.names, partial(reader.run, looking, found))
    consumers: Consumers = []
    started: list[FrameExtractor] = []
    for watcher in _ready(found, looking, FRAME_EXTRACTORS):
        _guarded(found, watcher.names, partial(_start, watcher, looking, consumers, started))
    if consumers:
        _watch(found, looking, consumers, sheet, lambda: _made_by(started))


def _ready(found: Extraction, looking: Looking, table: Iterable[AnyExtractor]) -> Iterator[AnyExtractor]:
    """Those that were asked for and can run; the rest of those asked for say what to install."""
    for one in table:
        asked = looking.asked.intersection(one.names)
        if asked and _installed(one):
            yield one
            continue
        for name in asked:
            do = f"pip install 'countersign[{one.extra}]'"
            found.add(finding(name, "not_checked", reason="not_installed", do=do))


def _installed(one: Extractor) -> bool:
    return all(find_spec(module) for module in one.needs)


def _start(watcher: FrameExtractor, looking: Looking, consumers: Consumers, started: list[FrameExtractor]) -> None:
    consumers.append((watcher.names, watcher.start(looking)))
    started.append(watcher)


def _made_by(started: Iterable[FrameExtractor]) -> str:
    return json.dumps({name: some for one in started for name, some in one.specs().items()}, sort_keys=True)


def _watch(
    found: Extraction, looking: Looking, consumers: Consumers, sheet: Sheet | None, made_by: Callable[[], str]
) -> None:
    """One decode for all. What breaks before the first frame fails every one of them; later, it ends the look early."""
    from ledger.media.frames import Coverage
    from ledger.media.watching import Watch

    coverage = Coverage()
    try:
        Watch(looking, consumers, coverage, sheet, made_by).run(partial(_failed, found))
    except Exception as error:
        if not coverage.frames:
            _failed(found, [name for names, _ in consumers for name in names], error)
            return
        coverage.ended_early = _code(error)
    if not coverage.frames:
        _failed(found, [name for names, _ in consumers for name in names], NoFramesError())
        return
    for names, consumer in consumers:
        _guarded(found, names, partial(consumer.finish, found, coverage))


def _guarded(found: Extraction, extractors: tuple[str, ...], run: Callable[[], None]) -> None:
    """Turn whatever a stranger's bytes provoke into findings."""
    try:
        run()
    except Exception as error:  # decoders raise anything; the process is fenced and the finding says which
        _failed(found, extractors, error)


def _failed(found: Extraction, extractors: Iterable[str], error: Exception) -> None:
    """The code is ours or the exception's name, never its text: that may hold what a stranger wrote."""
    state: FindingState = "unsupported" if type(error).__name__ == "UnsupportedMediaError" else "failed"
    for extractor in extractors:
        found.findings.setdefault(extractor, finding(extractor, state, code=_code(error)))


def _code(error: Exception) -> str:
    return str(getattr(error, "code", type(error).__name__))


def _c2pa(found: Extraction, path: Path, trust: TrustSettings, now: datetime, beside: Beside) -> None:
    from ledger.media.c2pa import read_c2pa

    report = found.c2pa = read_c2pa(path, trust, now, beside)
    states: dict[str, FindingState] = {"absent": "absent", "unsupported": "unsupported", "not_checked": "not_checked"}
    detail = {
        "state": report.state,
        "ingredients_state": report.ingredients_state,
        "signing_state": report.signing_state,
        "signed_at": report.signed_at,
        "trust_sha256": report.trust_sha256,
        "trust_lists": list(report.trust_lists),
        "checked_at": report.checked_at,
    }
    state = states.get(report.state, "found")
    found.add(Finding("c2pa", report.algorithm, report.version, state, detail))
