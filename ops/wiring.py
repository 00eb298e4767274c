"""The only place that puts parts together: a home folder and a clock become Services."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from api.challenges import Challenges
from api.passkeys import PasskeyBook, RelyingParty
from api.services.criteria import looked_for
from api.services.evidence_outside import Outside
from api.services.services import Services
from api.services.trustlists import TrustInForce
from api.tokens import Tokens
from ledger.blobs import FolderBlobs
from ledger.clock import Clock, SystemClock
from ledger.log.cose import ReceiptIssuer
from ledger.log.published import PublishedFolder
from ledger.log.stamps import StampFolder
from ledger.media.brought import BroughtModel
from ledger.media.child import Limits
from ledger.media.children import WARM, Children, ColdChildren, SharedChildren
from ledger.media.claimkeys import ClaimKey, ElsewhereKey, leaf_of
from ledger.media.claimstamp import token_over
from ledger.media.sandbox import Examiner
from ledger.media.scratch import Scratch
from ledger.media.signing import ManifestSigner
from ledger.media.trust import TrustSettings
from ledger.proof.notekeys import LogSigner
from ledger.signers import UriSigner
from ops.home import Home, log_signers, open_ledger
from ops.opinions import opinion_desk
from ops.settings import Settings, key_secret, read_settings
from ops.stores import open_indexes
from projections.tag_index import TagIndex
from projections.views import Views


def open_services(path: Path, clock: Clock | None = None) -> Services:
    """Raises NotFound `home_missing`, Misuse `settings_invalid`, Unavailable, Untrusted."""
    settings = read_settings(path)
    home = Home(path)
    ledger = open_ledger(home, settings, clock or SystemClock())
    blobs, published = FolderBlobs(home.blobs), PublishedFolder(home.public)

    def log_key() -> LogSigner:
        return log_signers(home, settings.origin, ledger.store)[0]

    trust_at = TrustInForce(blobs, lambda: read_trust(home))

    def trust() -> TrustSettings:
        return trust_at(ledger.history())

    def criteria() -> dict[str, Any]:
        return looked_for(ledger.history(), blobs, ledger.clock.now())

    return Services(
        ledger=ledger,
        blobs=blobs,
        views=Views(home.views, ledger, blobs, open_indexes(settings)),
        index=TagIndex(home.tag_index, ledger.store),
        examiner=Examiner(
            trust,
            limits=_limits(settings),
            clock=ledger.clock,
            children=_children(),
            criteria=criteria,
            scratch=Scratch(home.scratch),
            model=_model(home, settings),
        ),
        trust_at=trust_at,
        signer=_signer(home, settings),
        tokens=Tokens(home.tokens),
        origin=settings.origin,
        upload_bytes_max=settings.upload_bytes_max,
        published=published,
        outside=Outside(published, home.witness_policy, StampFolder(home.stamps)),
        publish_entries=settings.publish_entries,
        public_url=settings.public_url.rstrip("/"),
        receipts=ReceiptIssuer(ledger.store, log_key(), log_key),
        relying_party=RelyingParty(settings.passkey_rp_id, settings.passkey_origins),
        passkeys=PasskeyBook(home.passkeys),
        challenges=Challenges(ledger.clock),
        opinions=opinion_desk(settings),
    )


@contextmanager
def services_of(path: Path, clock: Clock | None = None) -> Iterator[Services]:
    """Opens, and always closes."""
    services = open_services(path, clock)
    try:
        yield services
    finally:
        services.close()


def read_trust(home: Home) -> TrustSettings:
    """Every PEM file under trust/signers and trust/tsa, in name order."""

    def bundle(name: str) -> str:
        return "\n".join(file.read_text(encoding="ascii") for file in sorted((home.trust / name).glob("*.pem")))

    return TrustSettings(signer_anchors_pem=bundle("signers"), tsa_anchors_pem=bundle("tsa"))


def _children() -> Children:
    return SharedChildren() if WARM else ColdChildren()


def _limits(settings: Settings) -> Limits:
    seconds = settings.examination_seconds_max
    return Limits(wall_seconds=seconds, cpu_seconds=seconds, file_bytes=settings.upload_bytes_max)


def _model(home: Home, settings: Settings) -> BroughtModel | None:
    if not settings.descriptor_model:
        return None
    path = home.path / settings.descriptor_model  # an absolute one stays what it is
    return BroughtModel(path, settings.descriptor_sha256, settings.descriptor_cosine_permille)


def _signer(home: Home, settings: Settings) -> ManifestSigner | None:
    """With the key in keys/c2pa.pem, or the one behind `c2pa_key`; its time stamps come from `c2pa_tsa_url`."""
    chain, key = home.trust / "own-chain.pem", home.keys / "c2pa.pem"
    if not chain.is_file() or not (settings.c2pa_key or key.is_file()):
        return None
    chain_pem = chain.read_text(encoding="ascii")
    found: str | ClaimKey = (
        chain_elsewhere(chain_pem, settings) if settings.c2pa_key else key.read_text(encoding="ascii")
    )
    url = settings.c2pa_tsa_url
    return ManifestSigner(chain_pem, found, stamping=(lambda data: token_over(url, data)) if url else None)


def chain_elsewhere(chain_pem: str, settings: Settings) -> ClaimKey:
    spki = leaf_of(chain_pem).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return ElsewhereKey(chain_pem, UriSigner(settings.c2pa_key, spki, key_secret))
