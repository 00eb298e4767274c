"""Turning a log to new keys so that a crash anywhere leaves a home that starts (ADR 015).

The new private keys are on disk before the log names them; the log naming them, in one transaction with the checkpoint that
old and new keys sign together, is the switch; destroying the old ones comes after. A crash before the switch leaves key files
that no entry names, which the next call takes up; a crash after it, a log that has turned.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from ledger.clock import Clock
from ledger.door import Ledger, Receipt
from ledger.errors import Conflict, Misuse, Refused, Unavailable
from ledger.keys import PrivateKey, read_mldsa_key, read_signing_key, sync_folder, write_private_key
from ledger.log.logkeys import LogSeal, Signers, stored_log_keys
from ledger.proof.encoding import base64_text
from ledger.proof.logkeys import endorsement_message
from ledger.proof.merkle import tree_root
from ops.home import Home, log_signers, open_sealed
from ops.settings import Settings
from ops.speaking import speak
from schemas.statements.logkeys import LogKeysRotated, RotationReason

ROUNDS_MAX = 20  # each lost round means that an entry came between the endorsement and the rotation


@dataclass(frozen=True)
class Turned:
    """`link`: the number of the new keys; `destroyed`: names of key files that are gone."""

    link: int
    entry_index: int
    log_size: int
    log_vkeys: tuple[str, ...]
    destroyed: tuple[str, ...]


@dataclass(frozen=True)
class _Turning:
    """One rotation: who says it, through which door and seal, from which keys to which."""

    ledger: Ledger
    seal: LogSeal
    home: Home
    operator: str
    old: Signers
    new: Signers
    reason: RotationReason


def rotate_log_keys(
    home: Home,
    settings: Settings,
    clock: Clock,
    *,
    reason: RotationReason = "scheduled",
    operator: str | None = None,
    destroy_old: bool = False,
) -> Turned:
    """New keys sign from the next entry on, which `operator` says with their own key and every old key endorses.

    Raises NotFound `key_missing`: an old key that is lost can't endorse (see the runbook); Forbidden; Refused; Conflict
    `log_keys_rotated` when somebody else turned them meanwhile; Unavailable `log_busy`.
    """
    ledger, seal = open_sealed(home, settings, clock)
    try:
        old = log_signers(home, settings.origin, ledger.store)
        number = stored_log_keys(ledger.store).current.number + 1
        _make_keys(home, number)
        new = home.log_signers(settings.origin, number)
        receipt = _said(_Turning(ledger, seal, home, operator or settings.operator, old, new, reason), number)
        destroyed = _destroy(home, number) if destroy_old else ()
    finally:
        ledger.close()
    return Turned(number, receipt.index, receipt.size, _vkeys(new), destroyed)


def _said(turning: _Turning, number: int) -> Receipt:
    ledger, home = turning.ledger, turning.home
    key = read_signing_key(home.actor_key(turning.operator))
    ledger.log_vkeys_ready = _vkeys(turning.new)
    for _ in range(ROUNDS_MAX):
        if stored_log_keys(ledger.store).current.number >= number:
            raise Conflict("log_keys_rotated", "somebody else has just turned the log's keys", "Look at `log vkeys`.")
        size, _ = ledger.head()
        body = _endorsed(turning, size, tree_root(size, ledger.store))
        turning.seal.hand_over(size, turning.new)
        try:
            return speak(ledger, key, turning.operator, body)
        except (Conflict, Refused) as error:
            if isinstance(error, Refused) and error.code != "log_rotation_misplaced":
                raise
    what = f"other entries came in between, {ROUNDS_MAX} times"
    raise Unavailable("log_busy", what, "Stop what appends to this log, or try again when it is quiet.")


def _endorsed(turning: _Turning, size: int, root: bytes) -> LogKeysRotated:
    said = {
        "origin": turning.old[0].verifier.name,
        "size": size,
        "root": base64_text(root),
        "reason": turning.reason,
        "old_vkeys": _vkeys(turning.old),
        "new_vkeys": _vkeys(turning.new),
    }
    message = endorsement_message(said)
    endorsements = tuple(base64_text(signer.sign_message(message)) for signer in turning.old)
    return LogKeysRotated.model_validate({**said, "endorsements": endorsements})


def _make_keys(home: Home, number: int) -> None:
    """Keys that a broken-off call left are taken up; a file that it left half-written is no key, and is written anew."""
    ed25519, mldsa44 = home.log_key_files(number)
    if not _readable(ed25519, read_signing_key):
        _write(ed25519, Ed25519PrivateKey.generate())
    if not _readable(mldsa44, read_mldsa_key):
        _write(mldsa44, MLDSA44PrivateKey.generate())


def _readable(path: Path, read: Callable[[Path], object]) -> bool:
    if not path.exists():
        return False
    try:
        read(path)
    except Misuse:
        return False
    return True


def _write(path: Path, key: PrivateKey) -> None:
    path.unlink(missing_ok=True)
    write_private_key(path, key)


def _destroy(home: Home, number: int) -> tuple[str, ...]:
    """Every older link's files. The names are gone; what a disk or a backup still holds is for the runbook."""
    old = [path for older in range(number) for path in home.log_key_files(older) if path.exists()]
    for path in old:
        path.unlink()
    sync_folder(home.keys)
    return tuple(path.name for path in old)


def _vkeys(signers: Signers) -> tuple[str, ...]:
    return tuple(signer.verifier.vkey() for signer in signers)
