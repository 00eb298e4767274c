"""Looking into a file, with the engines of the whole package: the only part of the client that asks for more than itself.

The file is a stranger's, so the fenced child of `ledger.media` reads it, with no network and no trust lists. Nothing is loaded
until somebody looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from ledger.errors import LedgerError, Unavailable
from ledger.proof.canonical import parse_json

ENGINES: Final = ("c2pa", "av", "PIL")


@dataclass(frozen=True)
class Seen:
    """The states of its manifest and of what is below that; whose certificate signed it; the ledger's assertion in it; and the
    digest of what it shows and sounds. None: not there, or nobody could tell.
    """

    state: str
    ingredients_state: str
    certificate_sha256: str | None
    assertion: dict[str, Any] | None
    essence_sha256: str | None
    essence_algorithm: str


def look(file: Path) -> Seen:
    """Raises Unavailable `essence_not_checked` where an engine is missing, `manifest_not_checked`, and what `Examiner.examine`
    raises.
    """
    if missing := [name for name in ENGINES if find_spec(name) is None]:
        what = f"nobody can look into the file here: {', '.join(missing)} not installed"
        raise Unavailable("essence_not_checked", what, "Install countersign with its engines, or ask the ledger.")
    from ledger.media.sandbox import Examiner

    found = Examiner().examine(file, extractors=frozenset({"digest", "c2pa", "essence"}))
    essence = found.finding("essence")
    return Seen(
        found.c2pa.state,
        found.c2pa.ingredients_state,
        found.c2pa.certificate_sha256,
        _assertion(found.c2pa.raw_report) if found.c2pa.manifest_sha256 else None,
        found.essence_sha256 if essence.state == "found" else None,
        essence.algorithm,
    )


def _assertion(raw_report: bytes) -> dict[str, Any] | None:
    """The one that the active manifest has; None where it has none, or several."""
    from ledger.media.c2pa_claims import LEDGER_ASSERTION, assertions

    try:
        report = parse_json(raw_report)
        manifest = report["manifests"][report["active_manifest"]]
        found = [one["data"] for one in assertions(manifest, LEDGER_ASSERTION)]
        return dict(found[0]) if len(found) == 1 else None
    except (LedgerError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unavailable("manifest_not_checked", "the file's manifest can't be read", "Ask the ledger.") from error
