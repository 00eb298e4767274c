"""Whose key is whose, as the log says it: read from the opening entry and the entries about keys (SPEC S3).

By induction: entry 0 brings the keys of the service and of the first administrator; every other key is brought by an
entry that stands before all that the key signed, and that an administrator (or, in a rotation, the actor) signed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ledger.errors import LedgerError, Untrusted
from ledger.proof.dsse import Envelope, verify
from ledger.proof.encoding import base64_bytes
from ledger.proof.keys import keyid
from ledger.proof.logentry import LogEntry, hex_digest, instant
from ledger.proof.logkeys import LOG_KEYS_ROTATED
from ledger.proof.passkey import Passkey, passkey_public_key

ENROLMENTS = frozenset({"actor.enrolled.v1", "actor.admitted.v1"})
KEY_STATEMENTS = ENROLMENTS | {
    "log.opened.v1",
    "actor.key-rotated.v1",
    "actor.key-revoked.v1",
    "actor.passkey-added.v1",
}


@dataclass
class EnrolledKey:
    """A key, whose it is, and the entry that brought it. `rotated_by`, `revoked`: how it ended, if it did."""

    actor: str
    spki: bytes
    enrolled_at_index: int
    rotated_by: int | None = None
    revoked: tuple[int, datetime] | None = None
    passkey: Passkey | None = None
    """Set for one that speaks through WebAuthn assertions (SPEC S3.6)."""

    @property
    def verifier(self) -> bytes | Passkey:
        return self.passkey or self.spki

    def check_speaks(self, entry: LogEntry) -> None:
        """Raises Untrusted `key_not_yet_enrolled`, `key_rotated`, `key_revoked` (SPEC S3.3, S3.5)."""
        first = entry.index == 0 and self.enrolled_at_index == 0
        if self.enrolled_at_index >= entry.index and not first:
            raise Untrusted("key_not_yet_enrolled", f"entry {self.enrolled_at_index} brought its key only later")
        if self.rotated_by is not None and entry.index > self.rotated_by:
            raise Untrusted("key_rotated", f"entry {self.rotated_by} had replaced its key")
        if self.revoked and entry.recorded_at >= self.revoked[1] and entry.index != self.revoked[0]:
            raise Untrusted("key_revoked", f"entry {self.revoked[0]} revoked its key from before it was recorded")


@dataclass
class KeyRing:
    """The keys by keyid, the service's name, and who was made an administrator by which entry."""

    keys: dict[str, EnrolledKey] = field(default_factory=dict)
    service: str | None = None
    admins: dict[str, int] = field(default_factory=dict)
    opening: LogEntry | None = None

    @classmethod
    def of(cls, entries: Iterable[LogEntry]) -> tuple[KeyRing, dict[int, str]]:
        """The ring, and why an entry about keys was not understood, by index. Entries in the log's order."""
        ring, faults = cls(), {}
        for entry in entries:
            if entry.type in KEY_STATEMENTS:
                try:
                    ring._take(entry)
                except (LedgerError, KeyError, ValueError, TypeError) as error:
                    faults[entry.index] = error.what if isinstance(error, LedgerError) else "its body is malformed"
        return ring, faults

    def verify(self, entry: LogEntry) -> None:
        """Every signature by a key that speaks for the statement's actor there, or for the service (SPEC S3.3, S3.4).

        Raises Untrusted `signature_unknown_key`, `signer_not_actor`, `signature_invalid`, `enroller_not_permitted`
        and what `check_speaks` raises.
        """
        signer = self.service if entry.on_behalf else entry.actor
        for signature in entry.envelope.signatures:
            key = self.keys.get(signature.keyid)
            if key is None:
                raise Untrusted("signature_unknown_key", f"no entry in the pack brings the key {signature.keyid}")
            if key.actor != signer:
                raise Untrusted("signer_not_actor", f"it is signed with a key of {key.actor}, not of {signer}")
            key.check_speaks(entry)
        verify(entry.envelope, {one.keyid: self.keys[one.keyid].verifier for one in entry.envelope.signatures})
        self._check_enroller(entry)

    def verify_service(self, envelope: Envelope) -> None:
        """Signed by the service, with keys that no entry here has ended. Raises Untrusted."""
        for signature in envelope.signatures:
            key = self.keys.get(signature.keyid)
            if key is None or key.actor != self.service:
                raise Untrusted("signature_unknown_key", f"{signature.keyid} is no key of the log's service")
            if key.rotated_by is not None or key.revoked is not None:
                raise Untrusted("key_ended", f"the service's key {signature.keyid} has ended")
        verify(envelope, {one.keyid: self.keys[one.keyid].verifier for one in envelope.signatures})

    def _check_enroller(self, entry: LogEntry) -> None:
        """Only an administrator enrols and turns the log's keys; an actor's key is ended by one, or by its own actor."""
        if entry.type not in KEY_STATEMENTS | {LOG_KEYS_ROTATED} or entry.type == "log.opened.v1":
            return
        if entry.type == LOG_KEYS_ROTATED and entry.on_behalf:
            raise Untrusted("enroller_not_permitted", "the log's keys are turned by an administrator's own signature")
        own = entry.type not in ENROLMENTS | {LOG_KEYS_ROTATED} and entry.body["actor"] == entry.actor
        if not own and self.admins.get(entry.actor, entry.index) >= entry.index:
            raise Untrusted("enroller_not_permitted", f"{entry.actor} was no administrator")
        if entry.type == "actor.passkey-added.v1" and entry.on_behalf:
            raise Untrusted("own_key_required", "a passkey is added with a key of somebody's own, not by the service")

    def _take(self, entry: LogEntry) -> None:
        body = entry.body
        if entry.type == "log.opened.v1":
            self._open(entry, body)
        elif entry.type in ENROLMENTS:
            if entry.type == "actor.enrolled.v1":
                self._add(body["actor"], body["spki"], entry.index)
            if "admin" in body["roles"]:
                self.admins.setdefault(body["actor"], entry.index)
        elif entry.type == "actor.passkey-added.v1":
            self._add_passkey(body, entry.index)
        elif entry.type == "actor.key-rotated.v1":
            self._owned(body["old_keyid"], body["actor"]).rotated_by = entry.index
            self._add(body["actor"], body["spki"], entry.index)
        else:
            key, since = self._owned(body["keyid"], body["actor"]), instant(body["effective_at"])
            if key.revoked is None or since < key.revoked[1]:
                key.revoked = (entry.index, since)

    def _open(self, entry: LogEntry, body: Mapping[str, Any]) -> None:
        if entry.index != 0 or entry.actor != body["service"] or entry.on_behalf:
            raise Untrusted("opening_misplaced", "a log is opened once, by its service, in its first entry")
        self._add(body["service"], body["service_spki"], 0)
        self._add(body["admin"], body["admin_spki"], 0)
        self.service, self.opening = body["service"], entry
        self.admins[body["admin"]] = 0

    def _add(self, actor: str, spki: str, index: int, passkey: Passkey | None = None) -> None:
        der = base64_bytes(spki)
        if keyid(der) in self.keys:
            raise Untrusted("key_in_use", "a key is enrolled twice")
        self.keys[keyid(der)] = EnrolledKey(actor, der, index, passkey=passkey)

    def _add_passkey(self, body: Mapping[str, Any], index: int) -> None:
        if body["actor"] == self.service:
            raise Untrusted("service_passkey", "the service speaks with its own key, never through a passkey")
        passkey = Passkey(base64_bytes(body["spki"]), str(body["rp_id"]), tuple(map(str, body["origins"])))
        passkey_public_key(passkey.spki)
        self._add(body["actor"], body["spki"], index, passkey)

    def _owned(self, name: str, actor: str) -> EnrolledKey:
        key = self.keys.get(hex_digest(name))
        if key is None or key.actor != actor:
            raise Untrusted("key_unknown", "it ends a key that no entry in the pack brings to this actor")
        return key
