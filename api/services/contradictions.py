"""What a file says of itself, against what the ledger knows of what it shows: laundering, in its three forms (SPEC S11.5).

Known pixels whose history was dropped, known pixels that are said to have been created just now, and a known file under another
claim. A claim that is proved false denies; what platforms do to every file (they strip, they sign their own) is a remark that
a person has to weigh. Nothing here is ever a reason to allow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from api.services.identification import Identified, manifest_owner
from api.services.looking import Seen, recorded_c2pa
from api.services.services import Services
from ledger.errors import Reason
from ledger.history import History
from ledger.media.c2pa_claims import AI_SOURCE_TYPES, TRAINED_ALGORITHMIC_MEDIA
from ledger.media.c2pa_report import C2paReport
from ledger.rules.generations import generation
from ledger.rules.lineage import arrival, derivation, descendants, same_essence
from schemas.statements.asset import AssetDerived, AssetImported

_WHOLE: Final = frozenset({"trusted", "untrusted", "expired"})  # there was a manifest, and it could be read
_GONE: Final = frozenset({"absent", "unsupported", "remote_only"})
FALSE_CLAIMS: Final = frozenset({"manifest_unlogged", "history_recreated", "source_type_relabelled", "picture_differs"})
"""What is against a file, not only worth a look."""
TWINS_MAX: Final = 32  # signed twins of one file whose manifests are looked at; a file is signed once or twice


@dataclass(frozen=True)
class _Known:
    """What the ledger holds of the file that was recognised."""

    assets: tuple[str, ...]
    reports: tuple[C2paReport, ...]
    source_type: str | None
    entry: int | None

    @property
    def has_history(self) -> bool:
        return bool(self.reports)

    def carried_by(self, report: C2paReport) -> bool:
        """Whether one of the known manifests lies in that store, by its bytes."""
        boxes = {report.own_box_sha256, *report.boxes_below_sha256} - {None}
        return any(one.own_box_sha256 in boxes for one in self.reports)


def contradictions(services: Services, history: History, seen: Seen, identified: Identified) -> list[Reason]:
    """Every one of them, those that are proved false first."""
    if identified.asset is None or seen.report is None:
        return []
    known = _known(services, history, identified.asset)
    found = [*_unlogged(services, history, seen.report), *_relabelled(seen.report, known)]
    if identified.by != "digest":
        found += [*_other_picture(services, seen, identified, known), *_history(seen.report, known)]
    return sorted(found, key=lambda reason: reason.code not in FALSE_CLAIMS)


def _known(services: Services, history: History, asset: str) -> _Known:
    came = arrival(history, asset)
    family = _family(history, asset)
    reports = [report for one in family if (report := recorded_c2pa(services, history, one)) is not None]
    whole = tuple(report for report in reports if report.state in _WHOLE)
    return _Known(family, whole, _source_type(history, family, whole), came.index if came else None)


def _family(history: History, asset: str) -> tuple[str, ...]:
    """The file, what it was signed from, and its own signed twins: one and the same picture."""
    twins = []
    for one in descendants(history, asset)[:TWINS_MAX]:
        made = derivation(history, one)
        if made is not None and made[1].relation == "signed":
            twins.append(one)
    return tuple(dict.fromkeys([*same_essence(history, asset), *twins]))


def _source_type(history: History, family: tuple[str, ...], reports: tuple[C2paReport, ...]) -> str | None:
    """What the log says of where the content comes from; what its manifest says, where the log doesn't."""
    for one in family:
        came = arrival(history, one)
        body = came.body if came is not None else None
        if isinstance(body, AssetImported) and body.generation and generation(history, body.generation):
            return TRAINED_ALGORITHMIC_MEDIA
        if isinstance(body, AssetDerived) and body.relation != "signed":
            break
    return next((report.digital_source_type for report in reports if report.digital_source_type), None)


def _unlogged(services: Services, history: History, report: C2paReport) -> Iterator[Reason]:
    """A manifest of ours that no entry tells of: two were issued, or somebody else has our key (SPEC S11.8)."""
    if report.manifest_sha256 is None or report.state == "tampered" or services.signer is None:
        return
    ours = report.certificate_sha256 == services.signer.certificate_sha256
    named = (report.ledger_assertion or {}).get("origin") == services.origin
    if ours and named and manifest_owner(history, report.manifest_sha256) is None:
        yield Reason("manifest_unlogged", f"no entry tells of the manifest {report.manifest_sha256}, signed as ours")


def _relabelled(report: C2paReport, known: _Known) -> Iterator[Reason]:
    """Made by a model and said to be anything else, or the other way round; other differences are for people."""
    claimed = report.digital_source_type
    if claimed is None or known.source_type in (None, claimed):
        return
    detail = f"it says {_last(claimed)}; what is known here is {_last(known.source_type or '')}"
    if (claimed in AI_SOURCE_TYPES) != (known.source_type in AI_SOURCE_TYPES):
        yield Reason("source_type_relabelled", detail, known.entry)
    else:
        yield Reason("source_type_differs", detail, known.entry)


def _other_picture(services: Services, seen: Seen, identified: Identified, known: _Known) -> Iterator[Reason]:
    """A manifest that names a known file, around a picture that is not that file's."""
    if identified.by not in ("manifest", "ledger_assertion", "soft_binding") or seen.found is None:
        return
    if seen.found.fingerprints is None or not any(services.views.matches.knows(one) for one in known.assets):
        return
    if not {match.asset_sha256 for match in identified.matches} & set(known.assets):
        detail = "its manifest names a known file, and its picture is not that file's"
        yield Reason("picture_differs", detail, known.entry)


def _history(report: C2paReport, known: _Known) -> Iterator[Reason]:
    """Whether what is known of the picture's past is still told."""
    if not known.has_history or report.state == "not_checked" or known.carried_by(report):
        return
    if report.state in _GONE:
        yield Reason("history_dropped", "the known file has a manifest, and this one none", known.entry)
    elif report.beginning == "created":
        detail = "it says that its content was created with it, and the picture is that of a known file with a history"
        yield Reason("history_recreated", detail, known.entry)
    else:
        yield Reason("history_dropped", "its manifest holds nothing of the known file's", known.entry)
    claimed, generators = report.claim_generator, {one.claim_generator for one in known.reports}
    if claimed is not None and _product(claimed) not in {_product(one) for one in generators if one}:
        yield Reason("generator_differs", f"it says that {claimed} made its manifest", known.entry)


def _last(source_type: str) -> str:
    return source_type.rpartition("/")[2]


def _product(generator: str) -> str:
    """Name without version: `Countersign/0.1.0` and `Countersign 0.1.0` are one."""
    return generator.replace("/", " ").split(" ")[0].lower()
