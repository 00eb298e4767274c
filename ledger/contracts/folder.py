"""A folder of JSON files, one a contract: what a contract system exports, or what somebody keeps by hand.

{"ref": "C-2026-17", "revision": "4", "terms": {…}, "caps": {…}, "terminated": false}
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from ledger.contracts.port import Unreadable
from ledger.errors import LedgerError, Unavailable
from ledger.proof.canonical import parse_json
from schemas.statements.contract import ContractTermRecorded

CONTRACT_BYTES_MAX: Final = 1 << 20  # terms of one contract; more is a document, whose digest belongs here
CONTRACTS_MAX: Final = 10_000  # files read in one go
_MEMBERS: Final = frozenset({"ref", "revision", "terms", "caps", "terminated"})


class ContractFolder:
    """Reads `*.json`, in name order. A file that is no contract is told by name; the others are read all the same."""

    def __init__(self, system: str, folder: Path) -> None:
        self.system, self._folder = system, folder

    def terms(self) -> Iterator[ContractTermRecorded | Unreadable]:
        """Raises Unavailable `contracts_unavailable`."""
        if not self._folder.is_dir():
            raise Unavailable(
                "contracts_unavailable", "the folder of contracts is not there", "Mount it and try again."
            )
        files = sorted(self._folder.glob("*.json"))
        if len(files) > CONTRACTS_MAX:
            raise Unavailable("contracts_too_many", f"more than {CONTRACTS_MAX} contracts", "Split the folder.")
        for file in files:
            yield self._read(file)

    def _read(self, file: Path) -> ContractTermRecorded | Unreadable:
        try:
            with file.open("rb") as stream:
                raw = stream.read(CONTRACT_BYTES_MAX + 1)
        except OSError as error:
            return Unreadable(file.name, f"it can't be read: {error.strerror}")
        if len(raw) > CONTRACT_BYTES_MAX:
            return Unreadable(file.name, f"it has more than {CONTRACT_BYTES_MAX} bytes")
        try:
            return self._parsed(parse_json(raw), raw)
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            return Unreadable(file.name, f"/{'/'.join(map(str, first['loc']))}: {first['msg']}")
        except (LedgerError, TypeError, AttributeError, KeyError) as error:
            return Unreadable(file.name, f"it is no contract ({type(error).__name__})")

    def _parsed(self, found: dict[str, object], raw: bytes) -> ContractTermRecorded:
        if unknown := set(found) - _MEMBERS:
            raise KeyError(f"unknown members: {len(unknown)}")
        body: dict[str, object] = {name: found[name] for name in ("terms", "caps", "terminated") if name in found}
        body["source"] = {"system": self.system, "ref": found["ref"], "revision": found["revision"]}
        body["content_sha256"] = hashlib.sha256(raw).hexdigest()
        return ContractTermRecorded.model_validate(body)
