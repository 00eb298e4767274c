"""Who held which key and which roles, folded from the log entry by entry, and each signature judged by it (SPEC S3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ledger.errors import Untrusted
from ledger.proof.dsse import verify
from ledger.proof.encoding import base64_bytes
from ledger.proof.keys import keyid
from ledger.proof.logentry import LogEntry, instant
from ledger.proof.logkeys import LOG_KEYS_ROTATED, LogKeys
from ledger.proof.passkey import Assertion, Passkey
from ledger.rules.permissions import permit

REMARKS_MAX = 100  # listed; a copied passkey is seen in the first of them


@dataclass
class HeldKey:
    """A key, whose it is, and from when on it is not any more."""

    actor: str
    spki: bytes
    until: datetime | None = None
    passkey: Passkey | None = None
    counter: int = 0
    """The highest that the passkey showed so far; 0 if it does not count."""


class Speakers:
    """`take` each entry after judging it: an entry's signer is known from entries before it. O(actors) in memory."""

    def __init__(self) -> None:
        self.keys: dict[str, HeldKey] = {}
        self.roles: dict[str, frozenset[str]] = {}
        self.service: str | None = None
        self.origin: str | None = None
        self.remarks: list[str] = []
        """What is no fault and should be looked at: passkeys whose counter went back, the first REMARKS_MAX times."""
        self.log_keys: LogKeys | None = None
        """As far as the entries say; None without a first entry that can be read."""
        self.rotation_roots: dict[int, str] = {}

    def judge(self, entry: LogEntry) -> None:
        """Raises Untrusted (`signature_…`, `key_…`) or Forbidden `role_not_permitted`."""
        if entry.index == 0 and entry.type == "log.opened.v1":
            self.take(entry)  # the opening brings the key it is signed with; whoever trusts the log trusts this entry
        signer = self.service if entry.on_behalf else entry.actor
        verifiers: dict[str, bytes | Passkey] = {}
        for signature in entry.envelope.signatures:
            key = self.keys.get(signature.keyid)
            if key is None or key.actor != signer:
                raise Untrusted("signature_unknown_key", f"{signature.keyid} is no key of {signer} at this entry")
            if key.until is not None and entry.recorded_at >= key.until:
                raise Untrusted("key_revoked", f"{signature.keyid} was no key of {signer} any more")
            verifiers[signature.keyid] = key.passkey or key.spki
        verify(entry.envelope, verifiers)
        if entry.type == "actor.passkey-added.v1" and entry.on_behalf:
            raise Untrusted("own_key_required", "a passkey was added by the service on somebody's behalf")
        self._count(entry)
        permit(entry.type, entry.actor, self.roles.get(entry.actor, frozenset()), entry.body.get("actor"))

    def _count(self, entry: LogEntry) -> None:
        """Two copies of one authenticator count apart; so do statements that arrive in another order than they were signed."""
        for signature in entry.envelope.signatures:
            key = self.keys[signature.keyid]
            if key.passkey is None or not (counter := Assertion.parse(signature.sig).counter):
                continue
            if counter <= key.counter and len(self.remarks) < REMARKS_MAX:
                what = f"the counter of passkey {signature.keyid} went from {key.counter} to {counter}"
                self.remarks.append(f"entry {entry.index}: {what}; ask {entry.actor} whether there is a copy of it")
            key.counter = max(key.counter, counter)

    def take(self, entry: LogEntry) -> None:
        """Learns from entries about keys; passes over all others."""
        body = entry.body
        if entry.type == "log.opened.v1" and entry.index == 0:
            self._open(entry)
        elif entry.type == LOG_KEYS_ROTATED:
            self._turn(entry)
        elif entry.type == "actor.enrolled.v1":
            self._add(body["actor"], body["spki"])
            self.roles[body["actor"]] = frozenset(body["roles"])
        elif entry.type == "actor.admitted.v1":
            self.roles[body["actor"]] = frozenset(body["roles"])
        elif entry.type == "actor.passkey-added.v1":
            self._add(
                body["actor"], body["spki"], Passkey(base64_bytes(body["spki"]), body["rp_id"], tuple(body["origins"]))
            )
        elif entry.type == "actor.key-rotated.v1":
            self._end(body["old_keyid"], entry.recorded_at)
            self._add(body["actor"], body["spki"])
        elif entry.type == "actor.key-revoked.v1":
            self._end(body["keyid"], instant(body["effective_at"]))

    def _open(self, entry: LogEntry) -> None:
        body = entry.body
        self.service, self.origin = body["service"], body["origin"]
        self.log_keys = LogKeys.of([entry])
        for role, name in (("service", body["service"]), ("admin", body["admin"])):
            self._add(name, body[f"{role}_spki"])
            self.roles[name] = frozenset({role})

    def _turn(self, entry: LogEntry) -> None:
        if self.log_keys is None:
            raise Untrusted("log_rotation_unlinked", "no first entry names the log's keys")
        self.log_keys = self.log_keys.extended(entry.index, entry.body)
        self.rotation_roots[entry.index] = str(entry.body["root"])

    def _add(self, actor: str, spki: str, passkey: Passkey | None = None) -> None:
        der = base64_bytes(spki)
        self.keys[keyid(der)] = HeldKey(actor, der, passkey=passkey)

    def _end(self, name: str, until: datetime) -> None:
        key = self.keys.get(name)
        if key is not None and (key.until is None or until < key.until):
            key.until = until
