"""May this file be used, for this, here, now? The file is identified, the rules are weighed over the log, and the answer
says how the file was recognised, which rule said what, and what was not checked (SPEC S5).

`allow` needs the very bytes that were cleared. A file that is only recognised (by its manifest or its picture) is never
allowed: it may be a crop, a re-label or a forgery, so the best it gets is `review`; and `deny` if its original is denied.
A file that nobody here knows is `unknown`, which is not `allow` either.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from api.services.c2pa_answer import c2pa_json
from api.services.circumstances import Circumstances
from api.services.contradictions import FALSE_CLAIMS, contradictions
from api.services.face_step import FaceStep, faces_now, faces_recorded
from api.services.identification import Identified, identify, manifest_owner, match_json
from api.services.looking import Seen, known_already, look, recorded_c2pa
from api.services.opinions import opinions_of
from api.services.services import Services
from ledger.errors import Reason
from ledger.history import History
from ledger.media.beside import Beside
from ledger.media.c2pa_report import C2paReport
from ledger.media.findings import Examination
from ledger.rules.clearances import standing
from ledger.rules.decision import decide
from ledger.rules.grades import Evidence, evidence
from ledger.rules.lineage import arrival, examination
from schemas.api.opinions import OpinionAnswer
from schemas.base import format_instant
from schemas.statements.clearance import Weighed

Verdict = Literal["allow", "deny", "review", "unknown"]
EXIT_CODES: dict[Verdict, int] = {"allow": 0, "deny": 3, "review": 4, "unknown": 4}


@dataclass(frozen=True)
class Verification:
    """The whole answer. `asset_sha256` is the known asset it is about; `file_sha256` the bytes that were shown."""

    verdict: Verdict
    at: datetime
    file_sha256: str
    identified: Identified
    reasons: tuple[Reason, ...]
    weighed: tuple[Weighed, ...] = ()
    c2pa: C2paReport | None = None
    not_checked: tuple[str, ...] = ()
    log_size: int = 0
    asked: Circumstances = field(default_factory=Circumstances)
    evidence: Evidence | None = None
    opinions: tuple[OpinionAnswer, ...] = ()
    faces: FaceStep = field(default_factory=lambda: FaceStep("not_checked", "bytes_not_here"))

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.verdict]

    def as_json(self) -> dict[str, Any]:
        return {
            "verdict": self.verdict,
            "at": format_instant(self.at),
            "reasons": [reason.as_json() for reason in self.reasons],
            "asset_sha256": self.identified.asset,
            "file_sha256": self.file_sha256,
            "identified_by": self.identified.by,
            "matches": [match_json(match) for match in self.identified.matches],
            "weighed": [rule.model_dump(mode="json") for rule in self.weighed],
            "c2pa": c2pa_json(self.c2pa),
            "not_checked": list(self.not_checked),
            "asked": self.asked.as_json(),
            "log_size": self.log_size,
            "opinions": [one.model_dump(mode="json") for one in self.opinions],
            "evidence_grade": self.evidence.grade if self.evidence else None,
            "faces": self.faces.as_json(),
        }


def verify_file(
    services: Services,
    path: Path,
    asked: Circumstances,
    at: datetime | None = None,
    beside: Beside | None = None,
    *,
    naming: bool = False,
) -> Verification:
    """Raises Misuse for what is no question or no file. Hostile bytes are an answer (`unknown`, `deny`), not an error.

    `naming`: the caller may read which enrolled person a face was taken for; others read that there is one.
    """
    known = None if beside else verify_known_file(services, path, asked, at, naming=naming)
    if known is not None:
        return known
    history, instant = history_at(services, at), at or services.clock.now()
    seen = look(services, history, path, instant, beside)
    identified = identify(services, history, seen)
    if identified.by == "digest":
        return _answer(services, history, seen, identified, asked, at, naming=naming)
    faces = faces_now(services, history, path, identified.asset, instant)
    return _answer(services, history, seen, identified.with_faces(faces), asked, at, faces, naming=naming)


def verify_known_file(
    services: Services, path: Path, asked: Circumstances, at: datetime | None = None, *, naming: bool = False
) -> Verification | None:
    """The answer that costs no look into the file: its bytes are known, and so is what its manifest is worth; else None."""
    asked.question("0" * 64, services.clock.now())  # a malformed question is told before any work
    history = history_at(services, at)
    seen = known_already(services, history, path, at or services.clock.now())
    known = Identified("digest", seen.sha256) if seen else None
    return _answer(services, history, seen, known, asked, at, naming=naming) if seen and known else None


def verify_digest(services: Services, sha256: str, asked: Circumstances, at: datetime | None = None) -> Verification:
    """The same for bytes that stay with the caller; provenance is what was read when they came in."""
    history = history_at(services, at)
    known = arrival(history, sha256) is not None
    identified = Identified("digest", sha256) if known else Identified("none", None)
    seen = Seen(sha256, None, recorded_c2pa(services, history, identified.asset))
    return _answer(services, history, seen, identified, asked, at)


def verify_manifest(services: Services, sha256: str, asked: Circumstances, at: datetime | None = None) -> Verification:
    """The same for a manifest store's digest alone: at best `review`, as nobody knows what bytes it is with."""
    history = history_at(services, at)
    asset = manifest_owner(history, sha256)
    identified = Identified("manifest", asset) if asset else Identified("none", None)
    return _answer(services, history, Seen(sha256, None, None), identified, asked, at)


def history_at(services: Services, at: datetime | None) -> History:
    """What is known now; for a question about the past, what was known then."""
    return services.ledger.history(as_of=at if at is not None and at < services.clock.now() else None)


def _answer(
    services: Services,
    history: History,
    seen: Seen,
    identified: Identified,
    asked: Circumstances,
    at: datetime | None,
    faces: FaceStep | None = None,
    *,
    naming: bool = False,
) -> Verification:
    instant = at or services.clock.now()
    step = faces or _faces_known(history, identified, instant)
    step = step if naming else step.unnamed()
    weighed = weigh_use(history, identified.asset, asked, instant) if identified.asset else ()
    against_it = contradictions(services, history, seen, identified)
    verdict, reasons = _verdict(identified, asked, weighed, seen, against_it, step)
    return Verification(
        verdict,
        instant,
        seen.sha256,
        identified,
        tuple(reasons),
        weighed,
        seen.report,
        _not_checked(history, identified, seen.found, step),
        history.upto,
        asked,
        evidence(history, identified.asset) if identified.asset else None,
        opinions_of(history, identified.asset) if identified.asset else (),
        step,
    )


def _faces_known(history: History, identified: Identified, at: datetime) -> FaceStep:
    if identified.by == "digest" and identified.asset is not None:
        return faces_recorded(history, identified.asset, at)
    return FaceStep("not_checked", "bytes_not_here")


def weigh_use(history: History, asset: str, asked: Circumstances, at: datetime) -> tuple[Weighed, ...]:
    """As weighed now and, for a window, also what will stand against its last instant."""
    question = asked.question(asset, at)
    clearance, _ = standing(history, question, at)
    weighed = [*decide(history, question, at).weighed, clearance]
    last = asked.at_the_end(question.asset, at)
    if last is not None:
        said = {rule.code for rule in weighed}
        weighed += [one for one in decide(history, last, last.valid_from).against if one.code not in said]
    return tuple(weighed)


def _verdict(
    identified: Identified,
    asked: Circumstances,
    weighed: tuple[Weighed, ...],
    seen: Seen,
    against_it: list[Reason],
    faces: FaceStep,
) -> tuple[Verdict, list[Reason]]:
    report = seen.report
    false = [reason for reason in against_it if reason.code in FALSE_CLAIMS]
    if report is not None and "tampered" in (report.state, report.ingredients_state):
        false.insert(0, Reason("c2pa_tampered", "the file's C2PA manifest does not fit its bytes"))
    if identified.asset is None:
        looked_at = [*identified.remarks(), *faces.reasons()] if identified.by == "face" else [_stranger(seen.found)]
        return "review" if identified.by == "face" else "unknown", [*false, *looked_at]
    against = [_reason(rule) for rule in against_use(weighed, asked)]
    doubts = [*identified.remarks(), *(reason for reason in against_it if reason.code not in FALSE_CLAIMS)]
    doubts += [*_breaches(report), *faces.reasons()] if identified.by != "digest" else []
    if against or false:
        return "deny", [*false, *against, *doubts]
    if identified.by != "digest" or seen.detached:
        return "review", doubts
    if not asked.complete:
        return "review", [Reason("question_incomplete", "use, channel and territory were not all given"), *doubts]
    return "allow", [*(_reason(rule) for rule in weighed), *doubts]


def _breaches(report: C2paReport | None) -> list[Reason]:
    """Whoever cleared the bytes saw these; of other bytes they have to be told."""
    found = report.broken_rules if report is not None else ()
    return [
        Reason("c2pa_rule_broken", f"the C2PA specification forbids what its manifest does: {code}") for code in found
    ]


def against_use(weighed: Iterable[Weighed], asked: Circumstances) -> list[Weighed]:
    """What stands against the use that was asked about; of a question that was not complete, what stands against any."""
    against = [rule for rule in weighed if rule.outcome in ("fail", "not_checked")]
    return against if asked.complete else [rule for rule in against if rule.code not in _CIRCUMSTANTIAL]


_ASKED = ("use", "channel", "territory")
_CIRCUMSTANTIAL = frozenset(
    {
        "clearance_missing",
        "right_territory",
        *(f"{paper}{name}_out_of_scope" for paper in ("", "licence_", "contract_") for name in _ASKED),
        *(f"rights_review_{name}" for name in _ASKED),
    }
)
"""Reasons that only an answer to `for this, here` could give; left out when that was not asked."""


def _reason(rule: Weighed) -> Reason:
    return Reason(rule.code, rule.detail, rule.entries[-1] if rule.entries else None)


def _stranger(found: Examination | None) -> Reason:
    if found is not None and found.fingerprints is None and found.sound is None:
        detail = "not in the ledger by digest or manifest; its picture and sound could not be compared"
        return Reason("not_recognised", detail)
    return Reason("not_recognised", "nothing in the ledger has these bytes, this manifest, this picture or this sound")


def _not_checked(
    history: History, identified: Identified, found: Examination | None, step: FaceStep
) -> tuple[str, ...]:
    """Extractors that did not look at the identified asset when it came in, or at this file if it is a stranger."""
    examined = examination(history, identified.asset) if identified.asset else None
    findings: Iterable[Any] = examined[1].findings if examined else (found.findings if found else ())
    missing = tuple(finding.extractor for finding in findings if finding.state in ("not_checked", "failed"))
    return tuple(name for name in missing if name != "faces" or step.state == "not_checked")  # looked for apart
