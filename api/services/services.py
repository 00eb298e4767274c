"""The parts that a service works with, put together once in ops/wiring.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from api.challenges import Challenges
from api.passkeys import PasskeyBook, RelyingParty
from api.services.evidence_outside import Outside
from api.services.opinions import OpinionDesk
from api.tokens import Tokens
from ledger.blobs import Blobs
from ledger.clock import Clock
from ledger.door import Ledger
from ledger.history import History
from ledger.log.cose import ReceiptIssuer
from ledger.log.published import Published
from ledger.media.sandbox import Examiner
from ledger.media.signing import ManifestSigner
from ledger.media.trust import TrustSettings
from projections.tag_index import TagIndex
from projections.views import Views


@dataclass(frozen=True)
class Services:
    """`signer` is None where no C2PA identity is set up; signing then answers Unavailable. `trust_at` says whom
    that history says is believed, or Unavailable."""

    ledger: Ledger
    blobs: Blobs
    views: Views
    index: TagIndex
    examiner: Examiner
    trust_at: Callable[[History], TrustSettings]
    signer: ManifestSigner | None
    tokens: Tokens
    origin: str
    upload_bytes_max: int
    published: Published
    outside: Outside
    publish_entries: bool
    receipts: ReceiptIssuer
    relying_party: RelyingParty
    passkeys: PasskeyBook
    challenges: Challenges
    public_url: str
    opinions: OpinionDesk = field(default_factory=OpinionDesk)

    @property
    def clock(self) -> Clock:
        return self.ledger.clock

    def close(self) -> None:
        """Stops following, waits for the writer, gives back the files."""
        self.examiner.close()
        self.views.close()
        self.index.close()
        self.ledger.close()
