"""A log of 10,007 entries as strangers find it, and the tools of others that read it.

Where a tool can't be had these tests skip and say so; in CI they fail: ops/setup/oracles.sh should have installed it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ledger.log.audit import audit_published
from ledger.log.published import CHECKPOINT, WITNESSED, PublishedFolder
from ledger.log.publisher import Publisher
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.cosignature import cosignature_lines, with_cosignatures
from ledger.proof.merkle import inclusion_proof
from ledger.proof.notekeys import NoteVerifier
from ledger.proof.policy import TlogPolicy
from ledger.proof.tlogproof import format_proof
from tests.log_of import SEALED_S, ManyEntries, policy_of, witness_key

SIZES = (1, 2, 255, 256, 257, 1_000, 4_096, 9_999, 10_007)  # the edges of tiles, and between
PROVED = (0, 1, 255, 256, 5_000, 10_006)
GOPATH = Path("/usr/share/gocode")  # where Debian's golang-*-dev packages put their sources
PROGRAM = Path(__file__).with_name("go") / "main.go"


@dataclass(frozen=True)
class PublishedLog:
    """`public` has the published files; `chain` the checkpoints of SIZES; `proofs` a .tlog-proof beside its entry."""

    folder: Path
    keys: tuple[NoteVerifier, ...]
    policy: TlogPolicy
    chain: tuple[Path, ...]
    proofs: tuple[tuple[Path, Path], ...]

    @property
    def public(self) -> Path:
        return self.folder / "public"

    @property
    def ed25519_vkey(self) -> str:
        return self.keys[0].vkey()

    def audit(self) -> None:
        """Our own full verification. Raises Untrusted."""
        audit_published(PublishedFolder(self.public), self.keys, self.policy)


@pytest.fixture(scope="session")
def published_log(tmp_path_factory: pytest.TempPathFactory) -> PublishedLog:
    """Made through the store and the publisher, published at each of SIZES on the way, and cosigned by two witnesses."""
    folder = tmp_path_factory.mktemp("strangers")
    log, public = ManyEntries(folder / "ledger.sqlite"), PublishedFolder(folder / "public")
    publisher = Publisher(log.store, public, log.verifiers, with_entries=True)
    chain = []
    for size in SIZES:
        log.grow(size - log.store.size())
        publisher.publish()
        chain.append(folder / f"{size}.checkpoint")
        chain[-1].write_bytes(public.read(CHECKPOINT) or b"")
    policy = _cosign(public)
    proofs = tuple(_proof(folder, log, index) for index in PROVED)
    log.close()
    return PublishedLog(folder, log.verifiers, policy, tuple(chain), proofs)


def _cosign(public: PublishedFolder) -> TlogPolicy:
    note, witnesses = public.read(CHECKPOINT) or b"", [witness_key(1), witness_key(2)]
    head = Checkpoint.parse(note.partition(b"\n\n")[0].decode() + "\n")
    lines = cosignature_lines(head, witnesses, SEALED_S + 1)
    public.replace(WITNESSED, None, with_cosignatures(note, lines, [key.verifier for key in witnesses]))
    return policy_of([*(f"witness {key.name} {key.verifier.vkey()}" for key in witnesses),
                      f"group both all {witnesses[0].name} {witnesses[1].name}", "quorum both"])  # fmt: skip


def _proof(folder: Path, log: ManyEntries, index: int) -> tuple[Path, Path]:
    size, note = log.store.head()
    entry, proof = folder / f"{index}.entry", folder / f"{index}.tlog-proof"
    entry.write_bytes(log.store.entry(index).entry)
    proof.write_bytes(format_proof(index, inclusion_proof(index, size, log.store), note))
    return entry, proof


Oracle = Callable[..., str | None]


@pytest.fixture(scope="session")
def go_oracle(tmp_path_factory: pytest.TempPathFactory) -> Oracle:
    """Runs tests/oracle/go/main.go with arguments: what it checked, or None when it refused."""
    if shutil.which("go") is None or not (GOPATH / "src/golang.org/x/mod/sumdb/tlog").is_dir():
        missing("Go with golang.org/x/mod (Debian: golang-go golang-golang-x-mod-dev)")
    folder = tmp_path_factory.mktemp("go")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GOCACHE": str(folder / "cache"),
        "GOPATH": str(GOPATH),
        "GO111MODULE": "off",  # nothing is fetched: sources come from Debian
        "GOFLAGS": "",
        "GOPROXY": "off",
    }
    subprocess.run(
        ["go", "build", "-o", str(folder / "oracle"), str(PROGRAM)], env=environment, check=True, timeout=120
    )

    def run(*arguments: object) -> str | None:
        done = subprocess.run(
            [str(folder / "oracle"), *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode in (0, 1) and done.stdout and not done.stderr, done.stderr
        return done.stdout if done.returncode == 0 else None

    return run


def missing(what: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing in CI: ops/setup/oracles.sh or the lock should have installed it")
    pytest.skip(f"{what} is not installed here")
