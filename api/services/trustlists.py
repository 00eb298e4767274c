"""Trust lists: signed words about files that are blobs, made into the settings for examinations (SPEC S11.1)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from api.services.services import Services
from ledger.blobs import Blobs
from ledger.errors import Misuse, NotFound, TooLarge, Unavailable
from ledger.history import History
from ledger.media.trust import ANCHORS_BYTES_MAX, TrustList, TrustSettings
from ledger.rules.trustlists import imported_lists
from schemas.base import format_instant


@dataclass(frozen=True)
class PemFile:
    """A list that was read and is not yet anybody's word."""

    content: bytes
    certificates: int
    expired: int


def read_pem_file(path: Path, now: datetime) -> PemFile:
    """Raises NotFound `file_not_found`, Misuse `file_unreadable`, `trust_list_malformed`, TooLarge."""
    try:
        with path.open("rb") as file:
            content = file.read(ANCHORS_BYTES_MAX + 1)
    except FileNotFoundError:
        raise NotFound("file_not_found", "there is no such file", "Give the path of a PEM file.") from None
    except OSError as error:
        raise Misuse("file_unreadable", f"the file can't be read: {error.strerror}", "Check its rights.") from error
    if len(content) > ANCHORS_BYTES_MAX:
        raise TooLarge("trust_anchors_too_large", f"the list is over {ANCHORS_BYTES_MAX} bytes", "Give fewer anchors.")
    try:
        found = x509.load_pem_x509_certificates(content)
        content.decode("utf-8")
    except (ValueError, UnsupportedAlgorithm) as error:
        what = "the file is not a list of PEM certificates"
        raise Misuse("trust_list_malformed", what, "Give certificates only, in PEM.") from error
    return PemFile(content, len(found), sum(one.not_valid_after_utc < now for one in found))


def list_name(path: Path) -> str:
    """What a file's list is called when nobody says: its name, in small letters."""
    return re.sub(r"[^a-z0-9._-]+", "-", path.stem.lower()).strip("-._")[:48] or "list"


class TrustInForce:
    """Whom the log says is believed. The last answer is kept: every verification asks, and lists change twice a year."""

    def __init__(self, blobs: Blobs, own: Callable[[], TrustSettings]) -> None:
        self._blobs, self._own = blobs, own
        self._kept: tuple[tuple[object, ...], TrustSettings] | None = None

    def __call__(self, history: History) -> TrustSettings:
        """The home's own anchors and the newest import under each name. Raises Unavailable `trust_list_missing`."""
        own, bodies = self._own(), [body for _, body in imported_lists(history)]
        said = (own, *((body.kind, body.list_sha256, body.until) for body in bodies))
        kept = self._kept
        if kept is not None and kept[0] == said and all(self._blobs.has(body.list_sha256) for body in bodies):
            return kept[1]
        lists = tuple(
            TrustList(body.kind, _pem(self._blobs, body.list, body.list_sha256), body.until) for body in bodies
        )
        trust = TrustSettings(own.signer_anchors_pem, own.tsa_anchors_pem, lists)
        self._kept = (said, trust)
        return trust


def lists_answer(services: Services, at: datetime | None) -> dict[str, Any]:
    """Whom this ledger believes, who said so and since when; for the past, as it was known then."""
    history, instant = services.ledger.history(as_of=at), at or services.clock.now()
    return {
        "at": format_instant(instant),
        "lists": [
            {
                **body.as_json(),
                "until": body.until and format_instant(body.until),
                "counts": body.until is None or instant < body.until,
                "said_by": said.statement.actor,
                "since": format_instant(said.recorded_at),
                "here": services.blobs.has(body.list_sha256),
                "entry_index": said.index,
            }
            for said, body in imported_lists(history)
        ],
    }


def _pem(blobs: Blobs, name: str, sha256: str) -> str:
    """Without a list that somebody imported nothing is examined: a verdict under fewer anchors would be another one."""
    try:
        return blobs.get(sha256).decode("utf-8")
    except (NotFound, UnicodeDecodeError) as error:
        what = f"trust list {name} was imported and its file {sha256} is not here"
        raise Unavailable("trust_list_missing", what, "Put the blob back, or import a list under this name.") from error
