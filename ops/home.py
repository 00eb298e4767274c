"""The home folder: where everything lies, and how one is made.

settings.toml    what this log is called, and bounds
ledger.sqlite    the log: entries, tags, tiles, checkpoint        kept; not there when the settings name a PostgreSQL
vault.sqlite     personal data and its keys (0600)                kept
blobs/           media and reports by SHA-256                     kept
keys/            private keys (0700, each 0600)                   kept, and backed up elsewhere
keys/webhooks/   secrets of holders' endpoints, one file each     kept; renewed with `holder secret`
trust/signers/   PEM anchors of C2PA signers we believe           trust/tsa/ the same for time stamps
tokens.json      SHA-256 of API tokens and whose they are
passkeys.json    passkeys made on the pages: credential IDs, and which wait to be added
views.sqlite     projections; may be deleted, they rebuild
tagindex.sqlite  the tag index; the same
scratch/         how far looks came that take long; may be deleted, they begin anew
stamps/          time-stamped checkpoints and their tokens        kept: no authority stamps the past
public/          the published log; made from the log, kept because the log is held to what was published
trust/witnesses.policy   which witnesses cosign checkpoints (C2SP tlog-policy); none without it
"""

from __future__ import annotations

import os
import secrets
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from ledger.clock import Clock
from ledger.door import Ledger, Receipt
from ledger.errors import Misuse, NotFound, Unavailable, Untrusted
from ledger.keys import (
    SigningKey,
    new_signing_key,
    read_mldsa_key,
    read_signing_key,
    write_private_key,
    write_secret,
)
from ledger.log.logkeys import LogSeal, Signers, stored_log_keys
from ledger.log.published import PublishedFolder
from ledger.log.stamps import StampFolder
from ledger.media.testca import make_test_ca
from ledger.proof.notekeys import Ed25519NoteKey, MlDsa44NoteKey
from ledger.signers import StatementSigner
from ledger.store.contract import Store
from ledger.vault import Vault
from ledger.vault_keys import KEK_BYTES, KekFiles
from ops.servicekey import SERVICE_FILE, ServiceKey
from ops.settings import Settings, read_settings, write_settings
from ops.startup import check_start
from ops.stores import open_store
from schemas.statements.actor import LogOpened


@dataclass(frozen=True)
class Home:
    """Paths of a home folder."""

    path: Path

    @property
    def log(self) -> Path:
        return self.path / "ledger.sqlite"

    @property
    def vault(self) -> Path:
        return self.path / "vault.sqlite"

    @property
    def views(self) -> Path:
        return self.path / "views.sqlite"

    @property
    def tag_index(self) -> Path:
        return self.path / "tagindex.sqlite"

    @property
    def blobs(self) -> Path:
        return self.path / "blobs"

    @property
    def keys(self) -> Path:
        return self.path / "keys"

    @property
    def trust(self) -> Path:
        return self.path / "trust"

    @property
    def public(self) -> Path:
        return self.path / "public"

    @property
    def witness_policy(self) -> Path:
        return self.trust / "witnesses.policy"

    @property
    def stamps(self) -> Path:
        return self.path / "stamps"

    @property
    def scratch(self) -> Path:
        return self.path / "scratch"

    @property
    def tokens(self) -> Path:
        return self.path / "tokens.json"

    @property
    def webhook_secrets(self) -> Path:
        return self.keys / "webhooks"

    @property
    def passkeys(self) -> Path:
        return self.path / "passkeys.json"

    def actor_key(self, actor: str) -> Path:
        return self.keys / f"actor-{actor}.pem"

    def log_key_files(self, number: int = 0) -> tuple[Path, Path]:
        """Where the private keys of that link of the log's keys lie: Ed25519, ML-DSA-44. The first has no number."""
        suffix = f"-{number}" if number else ""
        return self.keys / f"log-ed25519{suffix}.pem", self.keys / f"log-mldsa44{suffix}.pem"

    def log_signers(self, origin: str, number: int = 0) -> tuple[Ed25519NoteKey, MlDsa44NoteKey]:
        """The two checkpoint keys of one link. Raises NotFound `key_missing`, Misuse `key_unreadable`."""
        ed25519, mldsa44 = self.log_key_files(number)
        return (
            Ed25519NoteKey(origin, read_signing_key(ed25519).private),
            MlDsa44NoteKey(origin, read_mldsa_key(mldsa44)),
        )

    def open_vault(self) -> Vault:
        return Vault(self.vault, KekFiles(self.keys))


def init_home(
    path: Path, clock: Clock, origin: str | None = None, store: str = "", service_key: str = ""
) -> tuple[Home, Receipt]:
    """Makes a home and says the log's first entry. Refuses a folder that holds anything: nothing is overwritten.

    `store`, `service_key`: as in the settings; a database that holds a log already is refused.

    A crash on the way leaves a folder without settings.toml, which is not a home; remove it and run again.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise Misuse(
            "home_exists", f"{path} is there already and not empty", "Choose another folder; nothing was changed."
        )
    home = Home(path)
    name = origin if origin is not None else f"countersign.local/{secrets.token_hex(4)}"
    settings = Settings(origin=name, store=store, service_key=service_key)
    if service_key:
        ServiceKey(path, home.keys).first(settings).sign(b"countersign: does this key sign?")  # before anything is made
    for folder in (path, home.keys, home.blobs, home.trust / "signers", home.trust / "tsa"):
        folder.mkdir(parents=True, exist_ok=True)
    home.keys.chmod(0o700)
    operator = _make_keys(home, settings)
    _make_test_ca(home, clock)
    ledger = open_ledger(home, settings, clock)
    try:
        receipt = ledger.say(_opening(home, settings, ledger.service_spki, operator))
    finally:
        ledger.close()
    write_settings(path, settings)
    return home, receipt


def open_ledger(home: Home, settings: Settings, clock: Clock) -> Ledger:
    """The door of a home. Raises NotFound `key_missing`, Unavailable, Untrusted; and what `check_start` raises."""
    return open_sealed(home, settings, clock)[0]


def open_sealed(home: Home, settings: Settings, clock: Clock) -> tuple[Ledger, LogSeal]:
    """The door and its seal, for who turns the log's keys. Raises what `open_ledger` raises."""
    seal = LogSeal(settings.origin, clock, lambda: log_signers(home, settings.origin, store))
    store = open_store(home.log, settings, seal)
    place = ServiceKey(home.path, home.keys)
    try:
        service = place.settled(settings, store)
    except BaseException:
        store.close()
        raise

    def renewed() -> StatementSigner:
        return place.settled(read_settings(home.path), store)

    ledger = Ledger(store, home.open_vault(), clock, service, settings.service_actor, renewed)
    try:
        signers = log_signers(home, settings.origin, store)
        held = tuple(signer.verifier for signer in signers)
        check_start(ledger, held, PublishedFolder(home.public), StampFolder(home.stamps))
    except BaseException:
        ledger.close()
        raise
    return ledger, seal


def log_signers(home: Home, origin: str, store: Store) -> Signers:
    """The private keys of the log's newest link, as the log itself names it; before its first entry, those of the home.

    Raises Untrusted `log_key_differs`, Unavailable `log_keys_rotated` where the log has turned to keys that are not here.
    """
    if not store.size():
        return home.log_signers(origin)
    link = stored_log_keys(store).current
    try:
        signers = home.log_signers(origin, link.number)
    except NotFound as error:
        if not link.number:
            raise
        what = f"entry {link.since} turned the log to new keys, and {error.what}"
        raise Unavailable("log_keys_rotated", what, "Put the new key files into keys/, then start again.") from error
    if tuple(signer.verifier.vkey() for signer in signers) != link.vkeys:
        what = f"the key files of this home are not those that entry {link.since} names"
        raise Untrusted("log_key_differs", what, "Put the log's own keys back, or its own database; run fsck.")
    return signers


def _make_keys(home: Home, settings: Settings) -> SigningKey:
    operator = new_signing_key()
    if not settings.service_key:
        write_private_key(home.keys / SERVICE_FILE, new_signing_key().private)
    write_private_key(home.actor_key(settings.operator), operator.private)
    write_private_key(home.keys / "log-ed25519.pem", Ed25519PrivateKey.generate())
    write_private_key(home.keys / "log-mldsa44.pem", MLDSA44PrivateKey.generate())
    write_secret(home.keys / "vault-kek", os.urandom(KEK_BYTES))
    return operator


def _make_test_ca(home: Home, clock: Clock) -> None:
    """A C2PA signing identity of our own, marked as a test: replace it by one from a CA on the C2PA trust list."""
    authority = make_test_ca(clock.now())
    (home.trust / "signers" / "own-test-ca.pem").write_text(authority.root_pem)
    (home.trust / "own-chain.pem").write_text(authority.chain_pem)
    write_secret(home.keys / "c2pa.pem", authority.leaf_key_pem.encode())


def _opening(home: Home, settings: Settings, service_spki: bytes, operator: SigningKey) -> LogOpened:
    return LogOpened(
        origin=settings.origin,
        log_vkeys=tuple(signer.verifier.vkey() for signer in home.log_signers(settings.origin)),
        service=settings.service_actor,
        service_spki=b64encode(service_spki).decode(),
        admin=settings.operator,
        admin_spki=b64encode(operator.spki).decode(),
    )
