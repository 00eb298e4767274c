"""Private keys: those that the log names are here, others are told; and what old keys of the log endorsed was there."""

from __future__ import annotations

import stat

from ledger.errors import LedgerError
from ledger.keys import read_signing_key
from ledger.proof.encoding import base64_text
from ledger.proof.logkeys import LogKeyLink
from ledger.proof.merkle import tree_root
from ops.auditing.report import AuditCheck
from ops.auditing.rows import RawRows, RawTiles
from ops.auditing.speakers import Speakers
from ops.home import Home
from ops.servicekey import NEXT_FILE, SERVICE_FILE


def audit_keys(check: AuditCheck, home: Home, speakers: Speakers) -> None:
    """The keys that sign for this log are the ones that its entries name, and only their owner can read them."""
    try:
        _audit_log_keys(check, home, speakers)
        _audit_service_key(check, home, speakers)
    except LedgerError as error:
        check.find(error.code, "keys", error.what)
    _note_actor_keys(check, home, speakers)
    for path in sorted(home.keys.glob("*")):
        if path.is_file() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            check.notes.append(f"{path.name} can be read by others than its owner: chmod 600")


def _audit_service_key(check: AuditCheck, home: Home, speakers: Speakers) -> None:
    """In a file here, or somewhere else, of which only its own signatures tell."""
    held = [home.keys / name for name in (SERVICE_FILE, NEXT_FILE) if (home.keys / name).exists()]
    if not held:
        check.notes.append(
            "the service's key does not lie in this home: its signatures in the log are what was checked"
        )
        return
    check.checked += 1
    named = [speakers.keys.get(read_signing_key(path).keyid) for path in held]
    if not any(key is not None and key.actor == speakers.service and key.until is None for key in named):
        check.find("service_key_differs", SERVICE_FILE, "the log knows no such key by which the service speaks now")


def _audit_log_keys(check: AuditCheck, home: Home, speakers: Speakers) -> None:
    """The keys of the newest link have to be here; those of older links sign nothing any more, and are better gone."""
    link = speakers.log_keys.current if speakers.log_keys else LogKeyLink(0, 0, ())
    for signer in home.log_signers(speakers.origin or "unknown", link.number):
        check.checked += 1
        if signer.verifier.vkey() not in link.vkeys:
            what = f"entry {link.since} does not name this key of the log"
            check.find("log_key_differs", signer.verifier.vkey()[:60], what)
    for number in range(link.number):
        for path in home.log_key_files(number):
            if path.exists():
                check.notes.append(f"{path.name} was retired: destroy it, a thief could sign another past with it")
    if any(path.exists() for path in home.log_key_files(link.number + 1)):
        check.notes.append(
            "new keys of the log lie here that no entry names: `log rotate-keys` broke off; run it again"
        )


def audit_rotations(check: AuditCheck, db: RawRows, speakers: Speakers) -> None:
    """What the old keys endorsed is the tree that was there: from the raw tiles, rotation by rotation."""
    for link in speakers.log_keys.links[1:] if speakers.log_keys else ():
        check.checked += 1
        said = speakers.rotation_roots.get(link.since)
        try:
            fits = said == base64_text(tree_root(link.since, RawTiles(db)))
        except LedgerError:
            fits = False
        if not fits:
            what = "the tree before it is not the one that the old keys endorsed"
            check.find("log_rotation_root", f"entry {link.since}", what)


def _note_actor_keys(check: AuditCheck, home: Home, speakers: Speakers) -> None:
    """Remarks only: the door refuses what such a key signs, and a crash before an enrolment leaves one."""
    for path in sorted(home.keys.glob("actor-*.pem")):
        actor = path.stem.removeprefix("actor-")
        try:
            held = speakers.keys.get(read_signing_key(path).keyid)
        except LedgerError as error:
            check.notes.append(f"{path.name}: {error.what}")
            continue
        if held is None or held.actor != actor:
            check.notes.append(f"{path.name} is no key that the log knows of {actor}: what it signs is refused")
