"""The demo's checker runs as a stranger would run it: another process, no network, no home, only the pack."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ledger.errors import LedgerError

CHECK_SECONDS_MAX = 60  # a pack of one clip takes well under a second; start-up is the rest
_CHILD = """
import json, pathlib, sys
from ledger.media.confinement import confine
from ledger.proof.pack import check_pack
fences = confine()
report = check_pack(pathlib.Path("evidence.zip"), sys.argv[1:])
json.dump({"report": report.as_json(), "network_cut": fences.network}, sys.stdout)
"""


def check_offline(pack: Path, vkeys: Sequence[str]) -> str:
    """A sentence about a pack that verifies under the log's keys. Raises LedgerError `demo_failed` when it doesn't."""
    answer = _check(pack, vkeys)
    report = answer["report"]
    if report["state"] != "verified":
        raise LedgerError("demo_failed", f"the pack does not verify: {report['headline']}")
    cut = "without network" if answer["network_cut"] else "with its network on (this system can't cut it)"
    return f"checked by another process, {cut} and without the home: {len(report['steps'])} steps pass"


def check_flipped(pack: Path, vkeys: Sequence[str]) -> str:
    """Flips one byte of one entry and tells what the check names."""
    with tempfile.TemporaryDirectory(prefix="countersign-") as folder:
        altered = Path(folder) / "altered.zip"
        member = _flip(pack, altered)
        report = _check(altered, vkeys)["report"]
    named = ", ".join(sorted({fault["item"] for fault in report["faults"]}))
    if named != member:
        raise LedgerError("demo_failed", f"one byte of {member} was flipped and the check named {named}")
    return f"one flipped byte in {member}: the check names {named} and nothing else"


def _flip(pack: Path, altered: Path) -> str:
    with zipfile.ZipFile(pack) as source, zipfile.ZipFile(altered, "w", zipfile.ZIP_DEFLATED) as target:
        names = source.namelist()
        entries = [name for name in names if name.startswith("entries/")]
        member = entries[len(entries) // 2]
        for name in names:
            content = bytearray(source.read(name))
            if name == member:
                content[len(content) // 2] ^= 1
            target.writestr(name, bytes(content))
    return member


def _check(pack: Path, vkeys: Sequence[str]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="countersign-") as folder:
        (Path(folder) / "evidence.zip").write_bytes(pack.read_bytes())
        done = subprocess.run(
            [sys.executable, "-c", _CHILD, *vkeys],
            cwd=folder,
            env={},
            capture_output=True,
            timeout=CHECK_SECONDS_MAX,
            check=False,
        )
    if done.returncode:
        raise LedgerError("demo_failed", f"the checking process failed: {done.stderr.decode(errors='replace')[-300:]}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
