"""Steps 14 and 15 of a pack's check: an earlier state of the log that it tells, fields that it shows (SPEC S8.12, S8.13)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from ledger.errors import Untrusted
from ledger.proof.canonical import canonical, parse_json
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.consistency import Consistency
from ledger.proof.disclosure import COMMITMENT_SALT_BYTES, commitment_of
from ledger.proof.logentry import LogEntry
from ledger.proof.merkle import verify_consistency
from ledger.proof.packaccount import PackAccount
from ledger.proof.packclaims import KNOWN_NAME, PackClaims, PackKnownClaim, entry_name
from ledger.proof.packfile import PackFile
from ledger.proof.packreport import PACK_DISCLOSED_STEP, PACK_KNOWN_STEP

DISCLOSED_TYPE = "field.disclosed.v1"
_DISCLOSED_MEMBERS = frozenset({"index", "pointer", "salt", "value"})


class PackKnownCheck:
    """`head`: the pack's checkpoint, None where step 5 failed; `entries`: the well-formed ones, by index."""

    def __init__(
        self,
        file: PackFile,
        account: PackAccount,
        claims: PackClaims,
        head: Checkpoint | None,
        entries: Mapping[int, LogEntry],
    ) -> None:
        self._file, self._account, self._claims, self._head, self._entries = file, account, claims, head, entries

    def run(self) -> None:
        """Nothing for a pack that tells what was known when it was made."""
        if (known := self._claims.known) is None:
            return
        self._account.start(PACK_KNOWN_STEP)
        if self._head is None or self._account.spoiled(KNOWN_NAME):
            self._account.skip(PACK_KNOWN_STEP, KNOWN_NAME)
        else:
            self._account.attempt(PACK_KNOWN_STEP, KNOWN_NAME, self._is_beginning, known, self._head)
        for index, entry in sorted(self._entries.items()):
            if not self._account.spoiled(entry_name(index)) and (index < known.size) != (entry.recorded_at <= known.at):
                what = f"it tells the first {known.size} entries as known then, and entry {index} says otherwise"
                self._account.fault_unless_explained(PACK_KNOWN_STEP, "pack.json", "known_differs", what)

    def _is_beginning(self, known: PackKnownClaim, head: Checkpoint) -> None:
        proof = Consistency.parse(self._file.read(KNOWN_NAME))
        if (proof.old, proof.new) != (known.size, head.size):
            what = f"it is between {proof.old} and {proof.new} entries, not {known.size} and {head.size}"
            raise Untrusted("consistency_proof_invalid", what)
        verify_consistency(proof.old, proof.new, proof.hashes, known.root, head.root)


class PackDisclosedCheck:
    """Each shown field fits the commitment of its entry, and an entry of the pack says that this reader was shown it."""

    def __init__(
        self, file: PackFile, account: PackAccount, claims: PackClaims, entries: Mapping[int, LogEntry]
    ) -> None:
        self._file, self._account, self._claims, self._entries = file, account, claims, entries

    def run(self) -> None:
        for name in self._claims.disclosures:
            index = int(name.split("/")[1].split(".")[0])
            if self._account.spoiled(name, entry_name(index)):
                self._account.skip(PACK_DISCLOSED_STEP, name)
            else:
                self._account.attempt(PACK_DISCLOSED_STEP, name, self._fits, name, self._entries.get(index))

    def _fits(self, name: str, entry: LogEntry | None) -> None:
        raw = self._file.read(name)
        shown = parse_json(raw)
        if canonical(shown) != raw or shown.keys() != _DISCLOSED_MEMBERS or shown_name(shown) != name:
            raise Untrusted("disclosed_malformed", "it is not the canonical form of a shown field")
        ref = entry.statement.get("sealed", {}).get(shown["pointer"]) if entry else None
        if entry is None or ref is None:
            raise Untrusted("disclosure_not_sealed", "no entry in the pack seals this field")
        salt = bytes.fromhex(shown["salt"])
        if salt.hex() != shown["salt"] or len(salt) != COMMITMENT_SALT_BYTES:
            raise Untrusted("disclosure_salt", f"the salt does not have {COMMITMENT_SALT_BYTES} bytes")
        if not hmac.compare_digest(commitment_of(shown["value"], salt), ref["commitment"]):
            raise Untrusted("commitment_differs", "value and salt do not fit the commitment in the log")
        self._was_shown(entry.statement["id"], shown["pointer"])

    def _was_shown(self, statement: str, pointer: str) -> None:
        wanted = {"statement": statement, "pointer": pointer, "to": self._claims.reader}
        good = (entry for index, entry in self._entries.items() if not self._account.spoiled(entry_name(index)))
        bodies = [entry.body for entry in good if entry.type == DISCLOSED_TYPE]
        if any(all(body.get(key) == value for key, value in wanted.items()) for body in bodies):
            return
        raise Untrusted(
            "disclosure_unrecorded", f"no entry in the pack says that it was shown to {self._claims.reader}"
        )


def shown_name(shown: Mapping[str, Any]) -> str:
    """The member of a field that is shown: `{"index", "pointer", "salt", "value"}`."""
    field = str(shown["pointer"]).removeprefix("/body/")
    return f"disclosures/{shown['index']}.{field}.json"


def shown_steps(claims: PackClaims) -> tuple[int, ...]:
    """Which of the two the check has: those that the pack has something for."""
    asked = {PACK_KNOWN_STEP: claims.known is not None, PACK_DISCLOSED_STEP: bool(claims.disclosures)}
    return tuple(step for step, there in asked.items() if there)
