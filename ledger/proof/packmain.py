"""The command line of the stand-alone verifier, verify.py (SPEC S8.6). Needs Python 3.11 and `cryptography` only."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from ledger.errors import LedgerError
from ledger.proof.pack import check_pack
from ledger.proof.packreport import PackReport
from ledger.proof.policy import TlogPolicy


def main(arguments: list[str] | None = None) -> int:
    """Exit codes: 0 nothing fails, 5 something does, 2 this is no pack, or the keys can't be read."""
    options = _parsed_arguments(arguments)
    try:
        vkeys = options.vkeys.read_text(encoding="utf-8").split() if options.vkeys else None
        policy = TlogPolicy.parse(options.policy.read_bytes()) if options.policy else None
        report = check_pack(options.pack, vkeys, policy)
    except LedgerError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except (OSError, UnicodeDecodeError) as error:
        sys.stderr.write(f"The file with the log's keys, or the policy, can't be read: {type(error).__name__}\n")
        return 2
    shown = json.dumps(report.as_json(), indent=2, ensure_ascii=False) if options.json else pack_report_text(report)
    sys.stdout.write(shown + "\n")
    return 5 if report.state == "untrusted" else 0


def pack_report_text(report: PackReport) -> str:
    """The report for a terminal: a line a step, then every failing item, then what it comes to."""
    lines = [f"{step.outcome:<12} {step.number:>2}  {step.title}" for step in report.steps]
    lines += ["", *(f"FAILS  {fault.item}: {fault.detail} ({fault.code})" for fault in report.faults)]
    lines += [f"asset  {asset}" for asset in report.assets]
    if report.assets:
        lines.append(f"log    {report.origin}, {report.size} entries, root {report.root}")
    if report.known_at:
        lines.append(f"known  as of {report.known_at}")
    if report.witnessed:
        who = ", ".join(sorted(report.witnessed.cosigned))
        lines.append(f"seen   the first {report.witnessed.size} entries by {who}")
    lines += [f"stamp  the first {one.size} entries, {one.stamped_at}, not verified here" for one in report.stamps]
    lines += [f"note   {remark}" for remark in report.remarks]
    return "\n".join([*lines, f"{report.state.upper()}  {report.headline}"])


def _parsed_arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Checks an evidence pack offline, with nothing but its own bytes.")
    parser.add_argument("pack", type=Path, help="the .zip")
    parser.add_argument("--vkeys", type=Path, help="the log's verifier keys, one a line, from somewhere else")
    parser.add_argument("--policy", type=Path, help="which witnesses you ask for (C2SP tlog-policy)")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of text")
    return parser.parse_args(arguments)
