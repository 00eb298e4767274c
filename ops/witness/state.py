"""What a witness keeps, in a folder: its name, its key, and of each log the last checkpoint that it cosigned.

name                        the witness's name, in its vkey and on its signatures
witness.pem                 its Ed25519 key (0600), made once, used for nothing else
logs/<sha256 of origin>     the last cosigned checkpoint of that log, as the log signed it
conflicts/<sha256>          two signed checkpoints of one size and different roots: proof that a log lied

Trusted to remember: whoever restores an older copy of logs/ can make the witness sign a second history, so a witness whose
folder was lost or rolled back must be retired, with its key.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.errors import Misuse, Unavailable, Untrusted
from ledger.keys import read_signing_key, write_private_key
from ledger.proof.note import NOTE_BYTES_MAX
from ledger.proof.notekeys import CosignatureKey

CONFLICTS_MAX = 100  # files kept as proof; one is enough to convict, and a lying log must not fill the disk


class WitnessFolder:
    """One witness's state. Several processes may open it: they take turns under a lock on the folder."""

    def __init__(self, root: Path) -> None:
        """Raises Misuse `witness_missing`, Untrusted `witness_state_lost`."""
        self._root, self._logs = root, root / "logs"
        self._here = threading.Lock()
        if not (root / "witness.pem").is_file() or not (root / "name").is_file():
            raise Misuse("witness_missing", "there is no witness in this folder", "Give a --name to make one.")
        if not self._logs.is_dir():
            raise Untrusted(
                "witness_state_lost",
                "the witness's key is here and what it has signed is not",
                "Retire this witness: it could sign a second history. Make a new one elsewhere.",
            )
        self.key = CosignatureKey((root / "name").read_text(encoding="utf-8").rstrip("\n"), self._private())

    @classmethod
    def init(cls, root: Path, name: str) -> WitnessFolder:
        """Makes a witness with a new key in an empty or new folder. Raises Misuse `witness_exists`, `vkey_malformed`.

        The key is written last: a crash before it leaves no witness, and the folder has to be removed by hand.
        """
        if root.exists() and (not root.is_dir() or any(root.iterdir())):
            raise Misuse("witness_exists", "the folder is not empty", "Choose a new folder; nothing was changed.")
        private = Ed25519PrivateKey.generate()
        CosignatureKey(name, private).verifier.vkey()  # refuses a bad name before anything is written
        for folder in (root / "logs", root / "conflicts"):
            folder.mkdir(parents=True)
        root.chmod(0o700)
        _write(root / "name", f"{name}\n".encode())
        write_private_key(root / "witness.pem", private)
        return cls(root)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else reads or writes a log's checkpoint within this block, in this process or another."""
        with self._here:
            handle = os.open(self._root, os.O_RDONLY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)  # let go when it is closed, or its process dies
                yield
            finally:
                os.close(handle)

    def last(self, origin: str) -> bytes | None:
        """The checkpoint of that log which was cosigned last, read from the disk each time; None if there was none."""
        try:
            return self._file(origin).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unavailable(error) from error

    def remember(self, origin: str, note: bytes) -> None:
        """On disk before it returns. A crash leaves the old or the new checkpoint, whole. Only within `locked`."""
        try:
            _write(self._file(origin), note)
        except OSError as error:
            raise _unavailable(error) from error

    def keep_conflict(self, seen: bytes, offered: bytes) -> None:
        """Two signed checkpoints that cannot both be true. Only within `locked`."""
        folder, pair = self._root / "conflicts", seen + b"\n" + offered
        if len(pair) <= 2 * NOTE_BYTES_MAX + 1 and sum(1 for _ in folder.iterdir()) < CONFLICTS_MAX:
            _write(folder / hashlib.sha256(pair).hexdigest(), pair)

    def _private(self) -> Ed25519PrivateKey:
        return read_signing_key(self._root / "witness.pem").private

    def _file(self, origin: str) -> Path:
        return self._logs / hashlib.sha256(origin.encode("utf-8")).hexdigest()


def _write(path: Path, content: bytes) -> None:
    """Beside, flushed, renamed, and the folder flushed; whoever writes holds the lock, so one name beside is enough."""
    beside = path.with_name(".incoming")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unavailable(error: OSError) -> Unavailable:
    return Unavailable("witness_state_unavailable", f"the witness's folder answered {error.strerror}", "Try again.")
