"""Every entry and tile of a published log hashed again and compared, against the bare hashes of the same bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ledger.log.audit import audit_published
from ledger.log.published import PublishedFolder
from ledger.proof.note import NoteVerifier
from ledger.proof.tiles import unbundled
from ops.bench.figures import Figure, in_turns
from ops.bench.speakers import append_all, ledger_of, make_home
from ops.home import Home
from ops.publishing import HomePublisher
from ops.settings import read_settings

STATEMENTS, CALL = 10_240, 512
RUNS = 5


def audit_figures(folder: Path) -> list[Figure]:
    """Read, parsed, hashed and compared; the baseline reads the same files and hashes each entry and tile once."""
    speaker = make_home(folder / "audited")
    settings = read_settings(speaker.home.path).model_copy(update={"publish_entries": True})
    with ledger_of(speaker.home) as ledger:
        for _ in range(STATEMENTS // CALL):
            append_all(ledger, speaker.envelopes(CALL))
        HomePublisher(speaker.home, settings, ledger.store).publish()
    published, keys = PublishedFolder(speaker.home.public), _keys(speaker.home, settings.origin)
    full, bare = in_turns([lambda: audit_published(published, keys), lambda: _bare(published)], RUNS)
    return [
        Figure(f"full audit of {STATEMENTS:,} entries", full, "read and SHA-256 of the same bytes", bare, True, 0.4)
    ]


def _keys(home: Home, origin: str) -> tuple[NoteVerifier, ...]:
    return tuple(signer.verifier for signer in home.log_signers(origin))


def _bare(published: PublishedFolder) -> None:
    for name in published.names():
        content = published.read(name) or b""
        for part in unbundled(content) if "/entries/" in name else [content]:
            hashlib.sha256(part).digest()
