"""The job of examining files again whose examination was made by older algorithms, and of saying what that changed.

    (1) the file is examined, from the bytes that are kept     `asset.examined.v1`, as when it came
    (2) it is compared with reference media anew               `match.found.v1` where the last word on the two changed
    (3) what changed is listed                                 `asset.reexamined.v1`, once

Each may be the last before a crash: what is left is read from the log's own words, so the next run goes on from there and says
nothing twice. Faces have a job of their own (`likeness_rounds`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from api.services.comparing import compare_files
from api.services.intake import say_examination
from api.services.looking import recorded
from api.services.services import Services
from ledger.errors import Conflict, Refused
from ledger.history import History, bodies
from ledger.media.findings import ALL, CHEAP, Examination
from ledger.media.sandbox import Progress, Spec
from ledger.rules.lineage import examination
from projections.examinations import MadeBy, Untold, made_by
from schemas.statements.asset import AssetExamined, FindingRecord
from schemas.statements.match import MatchFound
from schemas.statements.reexamination import CHANGES_MAX, MATCHES_MAX, AssetReexamined, FindingChange, Made, MatchChange

PAGE: Final = 100  # files asked for at a time; what is left is read anew after each page
# Reasons that may end: by a newer release, an installation, a setting.
_COULD_NOT: Final = frozenset({"not_installed", "no_engine", "no_extractor", "not_asked_for", "no_model"})
_SAID: Final = frozenset({"reexamined_already", "reexamination_misplaced"})
Specs = dict[str, tuple[Spec, ...]]


def stale(made_by: MadeBy, specs: Specs) -> frozenset[str]:
    """The extractors that would look otherwise here and now than they did. One that found nothing to look for, or failed before
    it began, names no algorithm, and is not asked again."""
    then = {extractor: (algorithm, version, why_not) for extractor, algorithm, version, why_not in made_by}
    found = set()
    for name, here in specs.items():
        algorithm, version, why_not = then.get(name, ("none", "0", "no_extractor"))
        older = algorithm != "none" and (algorithm, version) not in here
        if name in ALL and here and (older or why_not in _COULD_NOT):
            found.add(name)
    return frozenset(found)


class Reexamination:
    """One run. Any number of processes may do it at once: what one did is not done again, or at worst looked at twice."""

    def __init__(self, services: Services) -> None:
        """Raises Unavailable `examiner_failed`."""
        self._services, self._specs = services, services.examiner.specs()
        said = json.dumps(self._specs, sort_keys=True, separators=(",", ":"))
        self._specs_sha256 = services.blobs.put(said.encode())
        self._passed: set[str] = set()  # files that somebody else is at: not asked for again in this run

    def left(self) -> int:
        """How many files newer algorithms have not seen. Raises Unavailable."""
        self._services.views.catch_up()
        return self._services.views.examinations.count(self._older(), self._specs_sha256)

    def run(self, progress: Progress | None = None) -> Iterator[AssetReexamined]:
        """Each file as soon as it is said what changed. Raises Unavailable."""
        for one in self._untold():
            yield from self._tell(one)
        while page := self._page():
            for asset in page:
                yield from self._again(asset, progress)

    def _older(self) -> list[MadeBy]:
        known = self._services.views.examinations.made_by()
        return [one for one in known if stale(one, self._specs)]

    def _page(self) -> list[str]:
        self._services.views.catch_up()
        found = self._services.views.examinations.of(self._older(), self._specs_sha256, PAGE + len(self._passed))
        return [asset for asset in found if asset not in self._passed]

    def _untold(self) -> list[Untold]:
        self._services.views.catch_up()
        return self._services.views.examinations.untold(PAGE)

    def _again(self, asset: str, progress: Progress | None) -> Iterator[AssetReexamined]:
        self._passed.add(asset)
        before = examination(self._services.ledger.history(), asset)
        if before is None:
            return
        if not self._services.blobs.has(asset):
            yield from self._say(asset, before[0].index, outcome="not_held")
            return
        found = self._look(asset, before[1], progress)
        if found.probe is None:
            code = str(found.finding("probe").detail.get("code", "unreadable")).lower()[:48]
            yield from self._say(asset, before[0].index, outcome="failed", code=code)
            return
        newest = examination(self._services.ledger.history(), asset)
        if newest is None or newest[0].index != before[0].index:  # somebody else was quicker
            return
        now = say_examination(self._services, found).index
        yield from self._tell(Untold(asset, before[0].index, now))

    def _look(self, asset: str, before: AssetExamined, progress: Progress | None) -> Examination:
        """All of it, unless only the C2PA engine is another one: then what else was found stays as it was found."""
        kept = recorded(self._services, self._services.ledger.history(), asset)
        path, only_c2pa = self._services.blobs.path(asset), stale(made_by(before.findings), self._specs) == {"c2pa"}
        if kept is None or not only_c2pa:
            return self._services.examiner.examine(path, progress=progress)
        return with_c2pa(kept, self._services.examiner.examine(path, extractors=CHEAP))

    def _tell(self, one: Untold) -> Iterator[AssetReexamined]:
        compare_files(self._services, [one.asset])
        history = self._services.ledger.history()
        changes = _changes(history, one)[:CHANGES_MAX]
        matches = _matches(history, one)[:MATCHES_MAX]
        yield from self._say(one.asset, one.before, outcome="examined", now=one.now, changes=changes, matches=matches)

    def _say(self, asset: str, before: int, **said: object) -> Iterator[AssetReexamined]:
        """Nothing where another process said it, or is about to."""
        told = {"asset": asset, "specs_sha256": self._specs_sha256, "before": before, **said}
        body = AssetReexamined.model_validate(told)
        try:
            self._services.ledger.say(body)
        except Conflict:
            return
        except Refused as refused:
            if refused.code not in _SAID:
                raise
            return
        yield body


def with_c2pa(before: Examination, found: Examination) -> Examination:
    """The older examination with the manifest as it reads now."""
    findings = tuple(found.finding("c2pa") if one.extractor == "c2pa" else one for one in before.findings)
    return replace(before, c2pa=found.c2pa, findings=findings)


def _changes(history: History, one: Untold) -> list[FindingChange]:
    """Every finding that is made otherwise or says otherwise than in the examination before."""
    examined = {
        said.index: body for said, body in bodies(history.about(f"asset:{one.asset}", AssetExamined), AssetExamined)
    }
    before = {finding.extractor: _made(finding) for finding in examined[one.before].findings}
    now = {finding.extractor: _made(finding) for finding in examined[one.now].findings}
    return [
        FindingChange(extractor=name, before=before.get(name), now=made)
        for name, made in now.items()
        if made != before.get(name)
    ]


def _made(finding: FindingRecord) -> Made:
    return Made(algorithm=finding.algorithm, version=finding.version, state=finding.state)


def _matches(history: History, one: Untold) -> list[MatchChange]:
    """What was said of references since, with the word before."""
    words: dict[str, MatchFound] = {}
    found = []
    for said, body in bodies(history.about(f"asset:{one.asset}", MatchFound), MatchFound):
        if said.index > one.now:
            before = words[body.reference].decision if body.reference in words else "none"
            found.append(MatchChange(match=body.match, reference=body.reference, before=before, now=body.decision))
        words[body.reference] = body
    return found
