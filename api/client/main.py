"""`countersign-client`: verify, pass, check-pass and check-file, with the exit codes of `countersign`, 0 only for allow."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from api.client.answers import Verification
from api.client.checking import check_carried, check_pass_files, digest_of, read_bounded, read_vkeys, wanted_digest
from api.client.ledger_client import LedgerClient
from ledger.clock import SystemClock
from ledger.errors import LedgerError, Unavailable
from ledger.proof.distributionpass import PASS_BYTES_MAX

TOKEN_BYTES_MAX = 400


def main(arguments: Sequence[str]) -> int:
    """Runs one command; never raises for what a ledger or a file does. The answer goes to stdout, errors to stderr."""
    given = _parser().parse_args(list(arguments))
    run: Callable[[argparse.Namespace], tuple[int, dict[str, Any]]] = given.run
    try:
        code, found = run(given)
    except LedgerError as error:
        code, found = error.exit_code, {"error": error.as_problem()}
    except OSError as error:
        failed = Unavailable("file_unwritable", f"a file could not be written: {error.strerror}", "Name another.")
        code, found = failed.exit_code, {"error": failed.as_problem()}
    _tell(found, whole=given.json)
    return code


def run() -> None:
    sys.exit(main(sys.argv[1:]))


def _verify(given: argparse.Namespace) -> tuple[int, dict[str, Any]]:
    answer: Verification = _client(given).verify(given.file, **_asked(given))
    return answer.exit_code, answer.document


def _pass(given: argparse.Namespace) -> tuple[int, dict[str, Any]]:
    document = _client(given).issue_pass(digest_of(given.file), **_asked(given))
    given.out.write_bytes(document)
    return 0, {"pass": str(given.out), "bytes": len(document)}


def _check_pass(given: argparse.Namespace) -> tuple[int, dict[str, Any]]:
    asked, now = _asked(given), SystemClock().now()
    if given.fetch:
        sha256 = wanted_digest(given.file, given.sha256)
        document, keys = read_bounded(given.document, PASS_BYTES_MAX + 1), read_vkeys(given.vkeys)
        proven = LedgerClient("http://localhost").check_pass(document, keys, sha256=sha256, now=now, **asked)
    else:
        proven = check_pass_files(
            given.document,
            given.vkeys,
            file=given.file,
            sha256=given.sha256,
            status=given.status,
            now=now,
            asked=asked,
        )
    return 0, {"verdict": "allow", **proven.as_json()}


def _check_file(given: argparse.Namespace) -> tuple[int, dict[str, Any]]:
    asked, now = _asked(given), SystemClock().now()
    if given.fetch:
        proven = LedgerClient("http://localhost").check_file(given.file, read_vkeys(given.vkeys), now=now, **asked)
    else:
        proven = check_carried(given.file, given.vkeys, status=given.status, now=now, asked=asked)
    return 0, {"verdict": "allow", **proven.as_json()}


def _client(given: argparse.Namespace) -> LedgerClient:
    token = read_bounded(given.token_file, TOKEN_BYTES_MAX).decode("ascii", "replace").strip()
    return LedgerClient(given.ledger, token)


def _asked(given: argparse.Namespace) -> dict[str, Any]:
    return {"use": given.use, "channel": given.channel, "territory": given.territory}


def _tell(found: dict[str, Any], *, whole: bool) -> None:
    if whole:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
        return
    error = found.get("error")
    stream = sys.stderr if error else sys.stdout
    if error:
        stream.write(_plain(f"{error['code']}: {error['detail']} {error['do']}".rstrip()) + "\n")
    else:
        stream.write(_plain(str(found.get("verdict") or found.get("pass")).upper()) + "\n")
    for reason in (error or found).get("reasons", ()):
        stream.write(_plain(f"  {reason['code']}: {reason['detail']}") + "\n")


def _plain(text: str) -> str:
    """What somebody else wrote must not move the terminal's cursor."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="countersign-client", description="May this file be shown, for this, here, now?"
    )
    commands = parser.add_subparsers(required=True)
    asking, checking, carried, listed = (argparse.ArgumentParser(add_help=False) for _ in range(4))
    asking.add_argument("file", type=Path)
    asking.add_argument("--ledger", required=True, help="https://…, or http on this machine")
    asking.add_argument("--token-file", type=Path, required=True, help="a file with your token")
    checking.add_argument("document", type=Path, metavar="pass")
    checking.add_argument("--file", type=Path, help="the file that the pass came with")
    checking.add_argument("--sha256", help="or its digest")
    carried.add_argument("file", type=Path)
    listed.add_argument("--vkeys", type=Path, required=True, help="the log's keys, as you got them elsewhere")
    lists = listed.add_mutually_exclusive_group()
    lists.add_argument("--status", type=Path, help="the status list that the pass names, fetched just now")
    lists.add_argument("--fetch", action="store_true", help="fetch it from where the pass says")
    for name, runs, above, told in (
        ("verify", _verify, [asking], "ask the ledger"),
        ("pass", _pass, [asking], "a pass that is checked offline"),
        ("check-pass", _check_pass, [checking, listed], "check a pass; exit 0 only if it counts, for this file, now"),
        (
            "check-file",
            _check_file,
            [carried, listed],
            "check the pass that the file itself carries, as check-pass does",
        ),
    ):
        command = commands.add_parser(name, parents=above, help=told)
        for option in ("--use", "--channel", "--territory"):
            command.add_argument(option, required=name == "pass")
        if name == "pass":
            command.add_argument("--out", type=Path, required=True)
        command.add_argument("--json", action="store_true", help="the whole answer as one JSON document")
        command.set_defaults(run=runs)
    return parser


if __name__ == "__main__":
    run()
