"""Is an evidence pack what it claims to be? By arithmetic alone: no network, no home folder, no clock (SPEC S8.4).

Load order: the archive's bounds; pack.json and its signature, to know what is claimed; every member's digest; then the
entries, oldest first, because an entry's signer is known from entries before it. An item that fails is named once, in
the step that saw it first; what hangs on it is `skipped`, so that one altered byte gives one finding.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from ledger.errors import LedgerError, Untrusted
from ledger.proof.dsse import Envelope
from ledger.proof.keyring import KeyRing
from ledger.proof.logentry import LogEntry
from ledger.proof.logkeys import STOLEN_REMARK, LogKeys
from ledger.proof.note import NoteVerifier
from ledger.proof.packaccount import PackAccount
from ledger.proof.packbounds import PackBoundsCheck, bound_steps
from ledger.proof.packclaims import PACK_PAYLOAD_TYPE, PackClaims, entry_index, entry_name
from ledger.proof.packcomplete import PACK_INDEX_STEP, PackIndexCheck
from ledger.proof.packdigests import document_digests, named_digests
from ledger.proof.packfile import PACK_JSON_BYTES_MAX, PACK_UNCOVERED, PackFile
from ledger.proof.packknown import PackDisclosedCheck, PackKnownCheck, shown_steps
from ledger.proof.packlog import PackLogCheck
from ledger.proof.packreport import OWN_POLICY_REMARK, UNVERIFIED_STAMPS_REMARK, PackReport, StampBound, WitnessBound
from ledger.proof.policy import TlogPolicy

PACK_OWN_STEPS = tuple(range(1, 10))  # what can be checked with the pack alone; step 10 weighs the rules again
FORMAT_1_REMARK = "a pack of format 1: it does not show that nothing was left out"

_ARRIVALS = frozenset({"asset.imported.v1", "asset.derived.v1"})
_Parsed = dict[int, LogEntry | str]


def check_pack(
    source: bytes | Path, trusted_vkeys: Sequence[str] | None = None, policy: TlogPolicy | None = None
) -> PackReport:
    """Checks a pack, given as bytes or by path, against the log keys that the caller holds (None: it has none).
    `policy`: which witnesses the caller asks for; without one, those of the pack's own policy are looked at, if it has any.

    Evidence that fails is in the report, not raised. Raises Misuse `pack_empty`, `pack_not_zip`, `pack_missing`,
    TooLarge `pack_too_large`, and Misuse `vkey_malformed` for a key in `trusted_vkeys`.
    """
    for vkey in trusted_vkeys or ():
        NoteVerifier.parse(vkey)
    file = PackFile(source)
    try:
        return _PackCheck(file, trusted_vkeys, policy).run()
    finally:
        file.close()


class _PackCheck:
    """One check of one pack."""

    def __init__(self, file: PackFile, trusted_vkeys: Sequence[str] | None, policy: TlogPolicy | None) -> None:
        self._file, self._trusted, self._policy = file, trusted_vkeys, policy
        self._account = PackAccount()
        self._entries: dict[int, LogEntry] = {}
        self._ring = KeyRing()
        self._claims: PackClaims | None = None
        self._root: str | None = None
        self._log_keys: LogKeys | None = None
        self._witnessed: WitnessBound | None = None
        self._stamps: tuple[StampBound, ...] = ()

    def run(self) -> PackReport:
        self._account.start(1, len(self._file.names))
        for item, code, why in self._file.unsafe:
            self._account.fault(1, item, code, why)
        if self._account.clean:
            parsed = self._parse_entries()
            envelope = self._account.attempt(4, "pack.dsse", self._attestation)
            self._claims = self._read_claims(envelope, parsed)
            if self._claims is not None:
                self._check_all(self._claims, envelope, parsed)
        return self._report()

    def _check_all(self, claims: PackClaims, envelope: Envelope | None, parsed: _Parsed) -> None:
        self._check_members(claims)
        self._check_statements(claims, parsed)
        self._ring, misunderstood = KeyRing.of(self._entries.values())
        for index, why in misunderstood.items():
            self._account.fault(7, entry_name(index), "key_statement_malformed", why)
        self._check_attestation(envelope)
        log = PackLogCheck(self._file, self._account, claims, self._entries, self._ring)
        log.inclusion(log.checkpoints(self._trusted))
        log.signatures()
        log.actors(None if self._account.spoiled("pack.dsse") else envelope)
        self._root, self._log_keys = log.head.root.hex() if log.head else None, log.keys
        self._check_blobs(claims)
        PackIndexCheck(self._file, self._account, claims, self._entries, self._ring.service).run()
        bounds = PackBoundsCheck(self._file, self._account, claims, log.head, log.keys, self._policy)
        self._witnessed, self._stamps = bounds.witnessed(), bounds.stamped()
        PackKnownCheck(self._file, self._account, claims, log.head, self._entries).run()
        PackDisclosedCheck(self._file, self._account, claims, self._entries).run()

    # -- 2 and 4: what is claimed, and by whom -------------------------------------------------------------------

    def _attestation(self) -> Envelope:
        raw = self._read("pack.dsse")
        envelope = Envelope.parse(raw, PACK_PAYLOAD_TYPE, PACK_JSON_BYTES_MAX)
        if envelope.to_bytes() != raw:
            raise Untrusted("pack_dsse_malformed", "it is not in canonical form")
        return envelope

    def _read_claims(self, envelope: Envelope | None, parsed: _Parsed) -> PackClaims | None:
        raw = self._account.attempt(2, "pack.json", self._read, "pack.json")
        if raw is not None and envelope is not None and envelope.payload != raw:
            raw = self._the_signed_one(raw, envelope, parsed)
        return None if raw is None else self._account.attempt(2, "pack.json", PackClaims.parse, raw)

    def _the_signed_one(self, raw: bytes, envelope: Envelope, parsed: _Parsed) -> bytes:
        """pack.json and the payload of pack.dsse differ: the one that the signature fits is what was claimed."""
        ring, _ = KeyRing.of(entry for entry in parsed.values() if isinstance(entry, LogEntry))
        for payload, altered, step in ((envelope.payload, "pack.json", 2), (raw, "pack.dsse", 4)):
            try:
                ring.verify_service(Envelope(envelope.payload_type, payload, envelope.signatures))
            except LedgerError:
                continue
            code = altered.replace(".", "_") + "_altered"
            self._account.fault(step, altered, code, "pack.json and what the service signed differ, and this changed")
            return payload
        self._account.fault(
            2, "pack.json", "pack_json_altered", "it is not what pack.dsse holds, and neither is signed"
        )
        return raw

    def _check_attestation(self, envelope: Envelope | None) -> None:
        if envelope is not None and self._ring.service is not None:
            self._account.attempt(4, "pack.dsse", self._ring.verify_service, envelope)
        else:
            self._account.skip(4, "pack.dsse")

    # -- 3: members ----------------------------------------------------------------------------------------------

    def _check_members(self, claims: PackClaims) -> None:
        names = set(self._file.names)
        for name in sorted(claims.members):
            if name not in names:
                self._account.fault(3, name, "member_missing", "pack.json lists it, and it is not there")
                continue
            found = self._account.attempt(3, name, self._file.sha256, name)
            if found is not None and found != claims.members[name]:
                self._account.fault(3, name, "member_altered", "its bytes are not those that pack.json lists")
        for name in sorted(names - claims.members.keys() - PACK_UNCOVERED):
            self._account.fault(3, name, "member_extra", "pack.json does not list it")

    # -- 8: statements -------------------------------------------------------------------------------------------

    def _parse_entries(self) -> _Parsed:
        """Every entry in the archive, oldest first, or why it is none."""
        parsed: _Parsed = {}
        indices = (entry_index(name) for name in self._file.names)
        for index in sorted(index for index in indices if index is not None):
            try:
                parsed[index] = LogEntry.parse(index, self._read(entry_name(index)))
            except LedgerError as error:
                parsed[index] = error.what
        return parsed

    def _check_statements(self, claims: PackClaims, parsed: _Parsed) -> None:
        self._account.start(8)
        said: dict[str, int] = {}
        for index, kind in claims.entries.items():
            name, entry = entry_name(index), parsed.get(index)
            if self._account.spoiled(name) or entry is None:
                self._account.skip(8, name)
            elif isinstance(entry, str):
                self._account.fault(8, name, "entry_malformed", entry)
            elif entry.type != kind:
                self._account.fault(8, name, "entry_type_differs", f"pack.json says that it is {kind}")
            elif (before := said.setdefault(entry.statement["id"], index)) != index:
                self._account.fault(8, name, "statement_said_twice", f"entry {before} has the same id")
            else:
                self._entries[index] = entry
                self._account.start(8, 1)
        brought = {entry.body.get("asset") for entry in self._entries.values() if entry.type in _ARRIVALS}
        if not brought.issuperset(claims.assets):
            what = "no entry in the pack brings the file that it is about"
            self._account.fault_unless_explained(8, "pack.json", "subject_unknown", what)

    # -- 9: blobs ------------------------------------------------------------------------------------------------

    def _check_blobs(self, claims: PackClaims) -> None:
        self._account.start(9)
        named, documents = set[str](), set[str]()
        for index, entry in self._entries.items():
            named |= self._account.attempt(9, entry_name(index), named_digests, entry) or set()
            documents |= self._account.attempt(9, entry_name(index), document_digests, entry) or set()
        present = {name.removeprefix("blobs/") for name in claims.members if name.startswith("blobs/")}
        for digest in sorted(present):
            if claims.members[f"blobs/{digest}"] != digest:
                self._account.fault(9, f"blobs/{digest}", "blob_misnamed", "a blob is named by its bytes' SHA-256")
            elif digest in claims.omitted:
                self._account.fault(9, f"blobs/{digest}", "blob_omitted", "pack.json says that it is left out")
        for digest in sorted(named - present - claims.omitted):
            self._account.fault(
                9, f"blobs/{digest}", "blob_missing", "an entry names it, and nothing says why it's not here"
            )
        for digest in sorted((present | claims.omitted) - named - documents):
            what = "no entry in the pack names it"
            self._account.fault_unless_explained(9, f"blobs/{digest}", "blob_unnamed", what)

    def _read(self, name: str) -> bytes:
        if name not in self._file.names:
            raise Untrusted("member_missing", "it is not there")
        return self._file.read(name)

    def _report(self) -> PackReport:
        claims, keys = self._claims, self._log_keys
        stolen = keys is not None and self._trusted is not None and keys.trusted_by(self._trusted) == "stolen"
        first = claims is not None and claims.index is None
        steps = PACK_OWN_STEPS if first else (*PACK_OWN_STEPS, PACK_INDEX_STEP)
        steps += (*bound_steps(claims, self._policy), *shown_steps(claims)) if claims else ()
        remarks = {STOLEN_REMARK: stolen, FORMAT_1_REMARK: first, UNVERIFIED_STAMPS_REMARK: bool(self._stamps)}
        remarks[OWN_POLICY_REMARK] = self._witnessed is not None and not self._witnessed.policy_given
        good = (entry for index, entry in self._entries.items() if not self._account.spoiled(entry_name(index)))
        return PackReport(
            steps=self._account.steps(steps),
            keys_given=self._trusted is not None and not stolen,
            origin=claims.origin if claims else None,
            size=claims.size if claims else None,
            root=self._root,
            assets=claims.assets if claims else (),
            dispute=claims.dispute if claims else None,
            known_at=_written(claims.known.at) if claims and claims.known else None,
            made_at=claims.made_at if claims else None,
            log_vkeys=keys.current.vkeys if keys else (),
            complete_to=claims.index.size if claims and claims.index else None,
            witnessed=self._witnessed,
            stamps=self._stamps,
            remarks=tuple(remark for remark, due in remarks.items() if due),
            statements=tuple(map(_shown, good)),
        )


def _shown(entry: LogEntry) -> dict[str, Any]:
    return {
        "index": entry.index,
        "type": entry.type,
        "actor": entry.actor,
        "recorded_at": _written(entry.recorded_at),
    }


def _written(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
