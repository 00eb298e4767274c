"""May this file be used, for this, here, now? The file is identified, the rules are weighed over the log, and the answer
says how the file was recognised, which rule said what, and what was not checked (SPEC S5).

`allow` needs the very bytes that were cleared. A file that is only recognised (by its manifest or its picture) is never
allowed: it may be a crop, a re-label or a forgery, so the best it gets is `review`; and `deny` if its original is denied.
A file that nobody here knows is `unknown`, which is not `allow` either.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from api.services.identification import Identified, identify, match_json
from api.services.opinions import opinions_of
from api.services.services import Services
from ledger.errors import Misuse, NotFound, Reason
from ledger.history import History
from ledger.media.c2pa_report import C2paReport
from ledger.media.findings import ALL, CHEAP, QUERY_VARIANTS, Examination
from ledger.rules.clearances import standing
from ledger.rules.decision import decide
from ledger.rules.grades import Evidence, evidence
from ledger.rules.lineage import arrival, examination
from schemas.api.opinions import OpinionAnswer
from schemas.base import format_instant
from schemas.statements.clearance import Question, Weighed

Verdict = Literal["allow", "deny", "review", "unknown"]
EXIT_CODES: dict[Verdict, int] = {"allow": 0, "deny": 3, "review": 4, "unknown": 4}


@dataclass(frozen=True)
class Circumstances:
    """For what, where and through which channel; a member that is not given can't be weighed, so it can't be allowed."""

    use: str | None = None
    territory: str | None = None
    channel: str | None = None

    @property
    def complete(self) -> bool:
        return None not in (self.use, self.territory, self.channel)

    def question(self, asset: str, at: datetime) -> Question:
        try:
            return Question(
                asset=asset,
                use=self.use or "unstated",
                channel=self.channel or "unstated",
                territory=self.territory or "WORLD",
                valid_from=at,
                valid_until=at + timedelta(microseconds=1),
            )
        except ValueError as error:
            what = "use and channel are lower-case words, territory is an ISO 3166-1 code such as DE, or WORLD"
            raise Misuse("question_invalid", what, "Ask again.") from error


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
            "asked": {"use": self.asked.use, "territory": self.asked.territory, "channel": self.asked.channel},
            "log_size": self.log_size,
            "opinions": [one.model_dump(mode="json") for one in self.opinions],
            "evidence_grade": self.evidence.grade if self.evidence else None,
        }


def c2pa_json(report: C2paReport | None) -> dict[str, Any]:
    """The provenance part of an answer. Nobody looked is a state of its own."""
    shown = report or C2paReport("not_checked", "not_checked")
    return {
        "state": shown.state,
        "ingredients_state": shown.ingredients_state,
        "issuer": shown.issuer,
        "claim_generator": shown.claim_generator,
        "digital_source_type": shown.digital_source_type,
        "signed_at": shown.signed_at,
        "signing_state": shown.signing_state,
        "trust_sha256": shown.trust_sha256,
        "engine": shown.version,
        "checked_at": shown.checked_at,
        "stands_until": shown.stands_until,
        "detached": shown.detached,
        "holds": shown.holds,
        "broken_rules": list(shown.broken_rules),
        "additional_exclusions": shown.additional_exclusions,
        "training_mining": dict(shown.training_mining),
        "validation": list(shown.validation),
    }


def verify_file(services: Services, path: Path, asked: Circumstances, at: datetime | None = None) -> Verification:
    """Raises Misuse for what is no question or no file. Hostile bytes are an answer (`unknown`, `deny`), not an error."""
    asked.question("0" * 64, services.clock.now())  # a malformed question is told before any work
    found = services.examiner.examine(path, extractors=CHEAP)
    history = _history(services, at)
    if arrival(history, found.sha256) is None:
        found = services.examiner.examine(path, extractors=ALL | {QUERY_VARIANTS})
    identified = identify(services, history, found)
    return _answer(services, history, found.sha256, found, identified, asked, at)


def verify_digest(services: Services, sha256: str, asked: Circumstances, at: datetime | None = None) -> Verification:
    """The same for bytes that stay with the caller; provenance is what was read when they came in."""
    history = _history(services, at)
    known = arrival(history, sha256) is not None
    identified = Identified("digest", sha256) if known else Identified("none", None)
    return _answer(services, history, sha256, None, identified, asked, at)


def _history(services: Services, at: datetime | None) -> History:
    """What is known now; for a question about the past, what was known then."""
    return services.ledger.history(as_of=at if at is not None and at < services.clock.now() else None)


def _answer(
    services: Services,
    history: History,
    file_sha256: str,
    found: Examination | None,
    identified: Identified,
    asked: Circumstances,
    at: datetime | None,
) -> Verification:
    instant = at or services.clock.now()
    report = found.c2pa if found else recorded_c2pa(services, history, identified.asset)
    weighed = _weigh(history, identified, asked, instant) if identified.asset else ()
    verdict, reasons = _verdict(identified, asked, weighed, report, found)
    return Verification(
        verdict,
        instant,
        file_sha256,
        identified,
        tuple(reasons),
        weighed,
        report,
        _not_checked(history, identified, found),
        history.upto,
        asked,
        evidence(history, identified.asset) if identified.asset else None,
        opinions_of(history, identified.asset) if identified.asset else (),
    )


def _weigh(history: History, identified: Identified, asked: Circumstances, at: datetime) -> tuple[Weighed, ...]:
    question = asked.question(identified.asset or "", at)
    clearance, _ = standing(history, question, at)
    return (*decide(history, question, at).weighed, clearance)


def _verdict(
    identified: Identified,
    asked: Circumstances,
    weighed: tuple[Weighed, ...],
    report: C2paReport | None,
    found: Examination | None,
) -> tuple[Verdict, list[Reason]]:
    tampered = [Reason("c2pa_tampered", "the file's C2PA manifest does not fit its bytes")] * (
        report is not None and "tampered" in (report.state, report.ingredients_state)
    )
    if identified.asset is None:
        return "unknown", [*tampered, _stranger(found)]
    against = [_reason(rule) for rule in weighed if rule.outcome in ("fail", "not_checked")]
    if not asked.complete:
        against = [reason for reason in against if reason.code not in _CIRCUMSTANTIAL]
    if against or tampered:
        return "deny", [*tampered, *against, *identified.remarks()]
    if identified.by != "digest":
        return "review", list(identified.remarks())
    if not asked.complete:
        return "review", [Reason("question_incomplete", "use, channel and territory were not all given")]
    return "allow", [_reason(rule) for rule in weighed]


_CIRCUMSTANTIAL = frozenset({"use_out_of_scope", "channel_out_of_scope", "territory_out_of_scope", "clearance_missing"})
"""Reasons that only an answer to `for this, here` could give; left out when that was not asked."""


def _reason(rule: Weighed) -> Reason:
    return Reason(rule.code, rule.detail, rule.entries[-1] if rule.entries else None)


def _stranger(found: Examination | None) -> Reason:
    if found is not None and found.fingerprints is None and found.sound is None:
        detail = "not in the ledger by digest or manifest; its picture and sound could not be compared"
        return Reason("not_recognised", detail)
    return Reason("not_recognised", "nothing in the ledger has these bytes, this manifest, this picture or this sound")


def recorded_c2pa(services: Services, history: History, asset: str | None) -> C2paReport | None:
    """What was read when the file came in; None where nobody looked, or the report is no longer here."""
    examined = examination(history, asset) if asset else None
    if examined is None:
        return None
    try:
        return C2paReport.from_json(json.loads(services.blobs.get(examined[1].examination_sha256))["c2pa"])
    except NotFound:
        return None


def _not_checked(history: History, identified: Identified, found: Examination | None) -> tuple[str, ...]:
    """Extractors that did not look at the identified asset when it came in, or at this file if it is a stranger."""
    examined = examination(history, identified.asset) if identified.asset else None
    findings: Iterable[Any] = examined[1].findings if examined else (found.findings if found else ())
    return tuple(finding.extractor for finding in findings if finding.state in ("not_checked", "failed"))
