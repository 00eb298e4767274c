"""Steps 5 to 7 of a pack's check: one checkpoint, every entry in its tree, every signature by a key the log brings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ledger.errors import Untrusted
from ledger.proof.canonical import canonical, parse_json
from ledger.proof.dsse import Envelope
from ledger.proof.encoding import base64_text
from ledger.proof.keyring import KeyRing
from ledger.proof.logentry import LogEntry
from ledger.proof.logkeys import LOG_KEYS_ROTATED, LogKeys, check_rotation_root, vkey_lines
from ledger.proof.merkle import leaf_hash, verify_inclusion
from ledger.proof.note import Checkpoint
from ledger.proof.packaccount import PackAccount
from ledger.proof.packclaims import PackClaims, entry_name, proof_name
from ledger.proof.packfile import PackFile
from ledger.proof.tlogproof import TlogProof, parse_proof


class PackLogCheck:
    """What ties the entries to the log. `entries`: those that are well-formed, by index; `ring`: the keys they bring."""

    def __init__(
        self, file: PackFile, account: PackAccount, claims: PackClaims, entries: dict[int, LogEntry], ring: KeyRing
    ) -> None:
        self._file, self._account, self._claims = file, account, claims
        self._entries, self._ring = entries, ring
        self.head: Checkpoint | None = None
        self.keys: LogKeys | None = None

    # -- 5: the checkpoint ---------------------------------------------------------------------------------------

    def checkpoints(self, trusted_vkeys: Sequence[str] | None) -> dict[int, TlogProof]:
        """The proofs by index. The first checkpoint that opens is the one that all of them have to carry."""
        self._account.start(5)
        self.keys = self._log_keys(trusted_vkeys)
        proofs: dict[int, TlogProof] = {}
        reference: bytes | None = None
        for index in self._claims.entries:
            name = proof_name(index)
            if self._account.spoiled(name) or self.keys is None:
                self._account.skip(5, name)
                continue
            proof = self._account.attempt(5, name, self._proof, index)
            if proof is None:
                continue
            if reference is None:
                self.head = self._account.attempt(5, name, self._open, proof.checkpoint, self.keys)
                reference = proof.checkpoint if self.head else None
            elif proof.checkpoint != reference:
                self._account.fault(5, name, "checkpoint_differs", "it carries another checkpoint than the others")
            proofs[index] = proof
        return proofs

    def _log_keys(self, trusted_vkeys: Sequence[str] | None) -> LogKeys | None:
        """The chain from the log's first entry on; the pack's list is of its last link, the caller's of any."""
        opening = self._ring.opening
        if opening is None:
            self._account.skip(5, "keys/log.vkeys")
            return None
        if opening.body.get("origin") != self._claims.origin:
            self._account.fault(5, "pack.json", "origin_differs", "it names another log than the first entry")
        keys = self._account.attempt(5, entry_name(0), LogKeys.of, [opening])
        for index in (one for one, kind in self._claims.entries.items() if kind == LOG_KEYS_ROTATED):
            entry = self._entries.get(index)
            if keys is None or entry is None:
                return None
            keys = self._account.attempt(5, entry_name(index), keys.extended, index, entry.body)
        if keys is not None:
            self._account.attempt(5, "keys/log.vkeys", self._compare_vkeys, keys, trusted_vkeys)
        return keys

    def _compare_vkeys(self, keys: LogKeys, trusted_vkeys: Sequence[str] | None) -> None:
        listed = vkey_lines(keys.current)
        if not self._account.spoiled("keys/log.vkeys") and self._file.read("keys/log.vkeys") != listed:
            raise Untrusted("vkeys_differ", "they are not the keys that the pack's entries name last")
        if trusted_vkeys is not None and keys.trusted_by(trusted_vkeys) == "no":
            what = "the keys that you gave are of no link in the pack: another log, or a pack from before they came"
            raise Untrusted("vkeys_not_yours", what)

    def _proof(self, index: int) -> TlogProof:
        return parse_proof(self._file.read(proof_name(index)))

    def _open(self, note: bytes, keys: LogKeys) -> Checkpoint:
        head = keys.open(note).checkpoint
        if head.origin != self._claims.origin:
            raise Untrusted("checkpoint_wrong_origin", "The checkpoint is of another log.")
        if head.size != self._claims.size:
            raise Untrusted("checkpoint_size_differs", "its checkpoint is not of the size that pack.json states")
        return head

    # -- 6: inclusion --------------------------------------------------------------------------------------------

    def inclusion(self, proofs: dict[int, TlogProof]) -> None:
        self._account.start(6)
        for index in self._claims.entries:
            name, proof = entry_name(index), proofs.get(index)
            if self._account.spoiled(name, proof_name(index)) or self.head is None or proof is None:
                self._account.skip(6, name)
            elif proof.index != index:
                self._account.fault(6, proof_name(index), "proof_of_another_entry", f"it is of entry {proof.index}")
            else:
                self._account.attempt(6, name, self._stands, index, proof, self.head)

    def _stands(self, index: int, proof: TlogProof, head: Checkpoint) -> None:
        leaf = leaf_hash(self._file.read(entry_name(index)))
        verify_inclusion(index, head.size, leaf, proof.hashes, head.root)
        if index in self._entries:
            check_rotation_root(self._entries[index], head.size, proof.hashes)

    # -- 7: signatures and keys ----------------------------------------------------------------------------------

    def signatures(self) -> None:
        self._account.start(7)
        for index, entry in self._entries.items():
            name = entry_name(index)
            if self._account.spoiled(name):
                continue
            brought = self._ring.service is not None and all(
                one.keyid in self._ring.keys for one in entry.envelope.signatures
            )
            if not brought and self._account.entry_spoiled():
                self._account.skip(7, name)
            else:
                self._account.attempt(7, name, self._ring.verify, entry)

    def actors(self, attestation: Envelope | None) -> None:
        """keys/actors.json is an index for readers; the entries that it points at decide."""
        item = "keys/actors.json"
        if self._account.spoiled(item):
            return
        listed = self._account.attempt(7, item, self._listed_actors)
        if listed is None:
            return
        good = (entry for index, entry in self._entries.items() if not self._account.spoiled(entry_name(index)))
        envelopes = [*(entry.envelope for entry in good), *([attestation] if attestation else [])]
        needed = {one.keyid for envelope in envelopes for one in envelope.signatures}
        if not needed <= listed.keys() or any(self._brought(keyid) != value for keyid, value in listed.items()):
            what = "it lists other keys than the entries it points at bring"
            self._account.fault_unless_explained(7, item, "actors_differ", what)

    def _brought(self, keyid: str) -> dict[str, Any] | None:
        key = self._ring.keys.get(keyid)
        return {"enrolled_at_index": key.enrolled_at_index, "spki": base64_text(key.spki)} if key else None

    def _listed_actors(self) -> dict[str, Any]:
        raw = self._file.read("keys/actors.json")
        value = parse_json(raw)
        if not isinstance(value, dict) or canonical(value) != raw:
            raise Untrusted("actors_malformed", "it is not one canonical object")
        return value
