"""`python -m ops.c2pa_outcomes FOLDER [TRUST]`: each file's C2PA outcome as a row of docs/c2pa.md, by digest.

So anybody can hold their own files, or another engine, against the table. TRUST is a folder of PEM files; those with `tsa`
in their name, or given in `TSA`, vouch for time stamps only, every other one for signers only.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ledger.media.beside import Beside
from ledger.media.c2pa import read_c2pa
from ledger.media.c2pa_report import C2paReport
from ledger.media.trust import TrustList, TrustSettings

OFFICIAL: Final = ("C2PA-TRUST-LIST.pem", "C2PA-TSA-TRUST-LIST.pem")
# Not for signers: the authority that most time stamps before the official list hang on.
TSA: Final = frozenset({"C2PA-TSA-TRUST-LIST.pem", "interim-digicert-trusted-root-g4.pem", "ms-digicert_TSA_CA.pem"})
INTERIM_SUNSET: Final = datetime(2026, 7, 1, tzinfo=UTC)  # what is on no official list stops to vouch then
NOW: Final = datetime(2026, 11, 23, tzinfo=UTC)  # the table's date: it must read the same tomorrow
CODES_SHOWN: Final = 3
_WHY: Final = {
    "trusted": "signed by somebody on the list, nothing changed",
    "untrusted": "whole, and its signer is on no list",
    "expired": "the certificate is over, and no authority on the list says that it was signed before",
    "tampered": "manifest and bytes do not fit each other, or the manifest can't be decoded",
    "absent": "no manifest; nobody can tell whether there was one",
    "unsupported": "no container that can carry a manifest, or none that can be parsed",
    "remote_only": "the manifest lies elsewhere, and nothing is ever fetched",
    "not_checked": "not looked at",
}
_SAID: Final = {f"`countersign.manifest.{word}`" for word in ("absent", "remote")}  # the sentence says it already


@dataclass(frozen=True)
class Row:
    """One file's outcome: without any list, under the official ones, and under all with the interim ones dated."""

    name: str
    sha256: str
    bare: str
    official: str
    dated: str
    why: str

    def cells(self) -> str:
        return "| " + " | ".join((self.name, f"`{self.sha256}`", self.bare, self.official, self.dated, self.why)) + " |"


def settings(trust: Path) -> tuple[TrustSettings, TrustSettings, TrustSettings]:
    """Nobody; the official lists; these and every other file as a list with a sunset."""
    dated = []
    for file in sorted(trust.glob("*.pem")):
        until = None if file.name in OFFICIAL else INTERIM_SUNSET
        dated.append(
            TrustList("tsa" if file.name in TSA or "tsa" in file.stem.lower() else "signer", file.read_text(), until)
        )
    official = TrustSettings((trust / OFFICIAL[0]).read_text(), (trust / OFFICIAL[1]).read_text())
    return TrustSettings(), official, TrustSettings(lists=tuple(dated))


def rows(folder: Path, trust: Path) -> Iterator[Row]:
    """Every file of the folder, and those that belong together together."""
    under = settings(trust)
    for path, beside in cases(folder):
        reports = [read_c2pa(path, one, NOW, beside) for one in under]
        names = [path.name, *(part.name for part in (beside.sidecar, *beside.fragments) if part)]
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        bare, listed, dated = (outcome(one) for one in reports)
        yield Row(" + ".join(names), sha256, bare, listed, dated, why(reports[-1]))


def cases(folder: Path) -> Iterator[tuple[Path, Beside]]:
    """Each file alone; then a file with its sidecar (`x.jpg`, `x_manifest.c2pa`) and an init segment with its segments."""
    files = [one for one in sorted(folder.iterdir()) if one.is_file() and one.suffix not in (".tsv", ".md", ".txt")]
    for path in files:
        yield path, Beside()
    for path in files:
        sidecar = path.with_name(f"{path.stem}_manifest.c2pa")
        if sidecar in files:
            yield path, Beside(sidecar=sidecar)
        if path.stem.endswith("init"):
            segments = tuple(one for one in files if one.suffix == ".m4s" and one.stem.startswith(path.stem[:-4]))
            yield from [(path, Beside(fragments=segments))] if segments else []


def outcome(report: C2paReport) -> str:
    """The state, what lies below, what it was at signing where that differs, and whether it holds."""
    said = report.state if report.ingredients_state == "none" else f"{report.state} / {report.ingredients_state}"
    if report.signing_state not in ("not_checked", report.state):
        said += f", at signing {report.signing_state}"
    return f"{said}, detached" if report.detached else f"**{said}**" if report.holds else said


def why(report: C2paReport) -> str:
    codes = [f"`{code}`" for code in report.validation if "signingCredential.untrusted" not in code][:CODES_SHOWN]
    codes = [code for code in codes if code not in _SAID]
    return "; ".join((_WHY[report.state], *codes))


def main(arguments: list[str]) -> int:
    if not 1 <= len(arguments) <= 2:
        sys.stderr.write((__doc__ or "") + "\n")
        return 2
    folder = Path(arguments[0])
    trust = Path(arguments[1]) if len(arguments) == 2 else folder.parent / "trust"
    for row in rows(folder, trust):
        sys.stdout.write(row.cells() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
