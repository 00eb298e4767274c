"""The service's own key: where it lies, and turning to a new one so that a crash anywhere leaves a home that starts (ADR 016).

Which key is the service's is said by the log. A new one lies beside the old before the log names it, as `service-next.pem`
or, for a key that lies elsewhere, `service-next.json` with its URI; once the log names it, it is put into place. Every start
looks at what the log says and finishes what a crash broke off.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

from ledger.door import Ledger, Receipt
from ledger.errors import Misuse, NotFound, Untrusted
from ledger.history import History
from ledger.keys import new_signing_key, read_signing_key, sync_folder, write_private_key
from ledger.proof.keys import keyid, public_key
from ledger.rules.actors import actor_state
from ledger.signers import Secret, StatementSigner, UriSigner, public_key_behind
from ledger.store.contract import Store
from ops.settings import Settings, key_secret, read_settings, write_settings
from ops.wholefile import write_whole
from schemas.statements.actor import ActorKeyRotated

SERVICE_FILE, NEXT_FILE, NEXT_URI = "service.pem", "service-next.pem", "service-next.json"


class ServiceKey:
    """The key of one home. `keys`: its folder; `home`: where settings.toml lies."""

    def __init__(self, home: Path, keys: Path, secret: Secret = key_secret) -> None:
        self._home, self._keys, self._secret = home, keys, secret

    def settled(self, settings: Settings, store: Store) -> StatementSigner:
        """The key that the log names, put into place if a crash left it beside. Before the log's first entry: that of the home.

        Raises Untrusted `service_key_differs`, NotFound `key_missing`, and what the signer raises.
        """
        current = _current_spkis(settings, store)
        if not store.size():
            return self.first(settings)
        for name in (SERVICE_FILE, NEXT_FILE):
            path = self._keys / name
            if path.exists() and (held := read_signing_key(path)).keyid in current:
                self._place_file(name, settings)
                return held
        moving = self._moving()
        if moving is not None and moving[1] in current:
            self._place_uri(moving[0])
            return UriSigner(moving[0], current[moving[1]], self._secret)
        if settings.service_key and current:
            return UriSigner(settings.service_key, next(reversed(current.values())), self._secret)
        if not (self._keys / SERVICE_FILE).exists():
            raise NotFound("key_missing", f"there is no key file {SERVICE_FILE}", "Check the home folder.")
        what = f"the key in {SERVICE_FILE} is not one by which {settings.service_actor} speaks now"
        raise Untrusted("service_key_differs", what, "Put the service's own key back into keys/.")

    def rotate(
        self,
        ledger: Ledger,
        settings: Settings,
        *,
        uri: str = "",
        spki: bytes | None = None,
        say: Callable[[ActorKeyRotated], Receipt] | None = None,
    ) -> tuple[Receipt, str]:
        """A new key takes over; (receipt, keyid). The service says so with its old key, or `say` does, as an administrator.

        `uri`: the new one lies there, not in a file; `spki`: its public half. Raises Misuse `signer_uri`,
        `public_key_needed`; Refused `key_in_use`; Unavailable.
        """
        old = next(reversed(_current_spkis(settings, ledger.store)))
        new = self._new_uri(uri, spki) if uri else self._new_file()
        body = ActorKeyRotated(actor=settings.service_actor, old_keyid=old, spki=b64encode(new.spki).decode())
        receipt = (say or ledger.say)(body)
        self.settled(read_settings(self._home), ledger.store)
        return receipt, new.keyid

    def first(self, settings: Settings) -> StatementSigner:
        """Before the log names any."""
        if settings.service_key:
            return UriSigner(settings.service_key, public_key_behind(settings.service_key, self._secret), self._secret)
        return read_signing_key(self._keys / SERVICE_FILE)

    def _new_file(self) -> StatementSigner:
        """One that a broken-off call left is taken up; half a file is no key, and is written anew."""
        path = self._keys / NEXT_FILE
        (self._keys / NEXT_URI).unlink(missing_ok=True)
        try:
            return read_signing_key(path)
        except (NotFound, Misuse):
            path.unlink(missing_ok=True)
        key = new_signing_key()
        write_private_key(path, key.private)
        return key

    def _new_uri(self, uri: str, spki: bytes | None) -> StatementSigner:
        found = spki if spki is not None else public_key_behind(uri, self._secret)
        public_key(found)
        signer = UriSigner(uri, found, self._secret)
        signer.sign(b"countersign: does this key sign?")  # before the log relies on it
        (self._keys / NEXT_FILE).unlink(missing_ok=True)
        write_whole(self._keys / NEXT_URI, json.dumps({"uri": uri, "keyid": signer.keyid}).encode())
        return signer

    def _moving(self) -> tuple[str, str] | None:
        try:
            found = json.loads((self._keys / NEXT_URI).read_bytes())
            return str(found["uri"]), str(found["keyid"])
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            raise Misuse("key_unreadable", f"{NEXT_URI} does not say a URI and a keyid", "Remove it.") from None

    def _place_file(self, name: str, settings: Settings) -> None:
        if name == NEXT_FILE:
            (self._keys / NEXT_FILE).replace(self._keys / SERVICE_FILE)
            sync_folder(self._keys)
        self._write_uri("", settings)

    def _place_uri(self, uri: str) -> None:
        """The settings first: until the note beside is gone, the next start does this again."""
        self._write_uri(uri, read_settings(self._home))
        (self._keys / SERVICE_FILE).unlink(missing_ok=True)
        (self._keys / NEXT_URI).unlink(missing_ok=True)
        sync_folder(self._keys)

    def _write_uri(self, uri: str, settings: Settings) -> None:
        if settings.service_key != uri:
            write_settings(self._home, settings.model_copy(update={"service_key": uri}))


def _current_spkis(settings: Settings, store: Store) -> dict[str, bytes]:
    """The keys by which the service speaks now, by keyid, the newest last."""
    state = actor_state(History(store, store.size()), settings.service_actor)
    return {keyid(key.spki): key.spki for key in state.keys.values() if key.until is None}
