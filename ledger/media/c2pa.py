"""Read a file's C2PA manifest: what it says and how far it holds, with the engine's known traps handled.

Runs inside the examiner's child process, whose context it makes (a context does not survive a fork). Never fetches
anything: a manifest elsewhere is the answer `remote_only`. Only SHA-256 of the asset and of the raw manifest store name
a manifest; its label is chosen by whoever wrote it.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

import c2pa as sdk
from cryptography.hazmat.primitives.hashes import SHA256

from ledger.media import c2pa_claims as claims
from ledger.media.beside import Beside
from ledger.media.c2pa_identities import identities, revocation
from ledger.media.c2pa_report import C2paReport, C2paState
from ledger.media.c2pa_source import Source, reading, source_of
from ledger.media.c2pa_validation import Verdict, informational, judge, reachable, stamp_trust
from ledger.media.signature import SignatureCertificates, manifest_boxes, signature_certificates
from ledger.media.trust import TrustSettings, sdk_settings
from schemas.base import format_instant

REPORT_BYTES_MAX: Final = 4 * 2**20  # the largest in 35 real files is 60 kB; more is an attack on our memory
MANIFEST_BYTES_MAX: Final = 32 * 2**20  # thumbnails of every ancestor lie inside
SCAN_BLOCK_BYTES: Final = 1 * 2**20
# A store with thumbnails has some 300 kB; in base64 it must fit the child's answer.
STORE_KEPT_BYTES_MAX: Final = 4 * 2**20
_STORE_MARK: Final = b"jumdc2pa"  # the description box that begins every manifest store
_PURPOSE: Final = "countersign.signer.purpose"  # the certificate is not for signing claims, or could not be read
_ADDITIONAL_EXCLUSIONS: Final = "assertion.bmffHash.additionalExclusionsPresent"


def c2pa_spec() -> tuple[str, str]:
    """(algorithm, version) of every report made here."""
    return C2paReport.algorithm, engine_version()


def engine_version() -> str:
    return f"c2pa-rs {sdk.sdk_version()}"


def read_c2pa(path: Path, trust: TrustSettings, now: datetime, beside: Beside | None = None) -> C2paReport:
    """The report on the file at `path`, judged twice: `state` as of now, `signing_state` as of when it was signed.

    The second needs a time stamp by an authority that was believed at that time; without one nobody knows when that was.
    A file that is a manifest store and nothing else is `detached`: its signature is judged, no file's bytes are.
    Raises OSError when the file can't be read; never for what is inside it.
    """
    source = source_of(path, beside or Beside())
    report = _read_under(source, trust.at(now), now)
    then = _at_signing(source, trust, now) if trust.past_sunset(now) else report
    if then is not None and then.signed_at is not None:
        report = replace(report, signed_at=then.signed_at, signing_state=then.state)
    lists = tuple(one.sha256 for one in trust.lists)
    until = trust.next_sunset(now)
    if until is not None and (report.stands_until is None or until < datetime.fromisoformat(report.stands_until)):
        report = replace(report, stands_until=format_instant(until))
    return replace(report, trust_sha256=trust.sha256, trust_lists=lists, checked_at=format_instant(now))


def _at_signing(source: Source, trust: TrustSettings, now: datetime) -> C2paReport | None:
    """The report under the lists that counted when the file was signed; None when no authority of that time says when."""
    found = _read_under(source, trust.whole, now)
    if found.signed_at is None:
        return None
    signed_at = datetime.fromisoformat(found.signed_at)
    then = _read_under(source, trust.at(signed_at), now)
    return then if then.signed_at == found.signed_at else None


def _read_under(source: Source, trust: TrustSettings, now: datetime) -> C2paReport:
    try:
        stamps, _, _ = _read(source, trust, time_stamps=True)
        signers, store, raw = _read(source, trust, time_stamps=False)
    except sdk.C2paError as error:
        return _without_reading(source.path, error, trust)
    except _Oversized:
        return _report("tampered", trust, validation=("countersign.manifest.oversized",))
    return _with_reading(_Reading(stamps, signers, store, raw, source.detached), trust, now)


def not_checked(trust: TrustSettings) -> C2paReport:
    """The report when nobody asked for one."""
    return _report("not_checked", trust, ingredients_state="not_checked")


@dataclass(frozen=True)
class _Reading:
    """The engine's two reports (see c2pa_validation), the raw manifest store and the raw second report."""

    stamps: dict[str, Any]
    signers: dict[str, Any]
    store: bytes
    raw: bytes
    detached: bool

    @property
    def label(self) -> str:
        return str(self.signers.get("active_manifest"))

    @property
    def manifests(self) -> dict[str, Any]:
        return dict(self.signers.get("manifests") or {})


class _Oversized(Exception):
    """The report or the manifest store is over its bound."""


def _read(source: Source, trust: TrustSettings, *, time_stamps: bool) -> tuple[dict[str, Any], bytes, bytes]:
    """(report, raw manifest store, raw report). One engine context, one pass over the file."""
    context = sdk.Context(sdk.Settings.from_dict(sdk_settings(trust, time_stamps=time_stamps)))
    with reading(source, context) as reader:
        raw = reader.json().encode()
        if len(raw) > REPORT_BYTES_MAX:
            raise _Oversized
        report = json.loads(raw)
        store = _Bounded(MANIFEST_BYTES_MAX)
        reader.resource_to_stream(str(report.get("active_manifest")), store)
        return report, store.getvalue(), raw


class _Bounded(io.BytesIO):
    """Memory with an end: the store's size is the stranger's choice."""

    def __init__(self, size_max: int) -> None:
        super().__init__()
        self._size_max = size_max

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > self._size_max:
            raise OSError("over the bound")
        return super().write(data)


def _with_reading(reading: _Reading, trust: TrustSettings, now: datetime) -> C2paReport:
    manifests, label = reading.manifests, reading.label
    manifest = manifests.get(label) or {}
    below = [one for one in reachable(reading.signers) if one in manifests]
    certificates = signature_certificates(reading.store, label)
    certificates_below = [signature_certificates(reading.store, one) for one in below]
    stamped = _stamp_holds(reading.stamps, certificates, trust)
    verdict = _judged(reading, certificates, certificates_below, expires=None if stamped else now)
    signature = manifest.get("signature_info") or {}
    exclusions = _ADDITIONAL_EXCLUSIONS in informational(reading.signers)
    told = [*claims.remarks(manifests, label, below), *([_ADDITIONAL_EXCLUSIONS] if exclusions else [])]
    boxes = manifest_boxes(reading.store)
    turns = [at for one in (certificates, *certificates_below) if one for at in one.turns if at > now]
    return C2paReport(
        state=verdict.state,
        ingredients_state=verdict.ingredients_state,
        issuer=claims.cut(signature.get("issuer")),
        claim_generator=claims.claim_generator(manifest),
        digital_source_type=claims.digital_source_type(manifests, label),
        validation=(*verdict.validation, *told),
        manifest_sha256=hashlib.sha256(reading.store).hexdigest() if reading.store else None,
        ledger_assertion=claims.ledger_assertion(manifest),
        signed_at=claims.cut(signature.get("time")) if stamped else None,
        version=engine_version(),
        trust_sha256=trust.sha256,
        additional_exclusions=exclusions,
        stands_until=format_instant(min(turns)) if turns else None,
        detached=reading.detached,
        training_mining=claims.training_mining(manifests, [label, *below]),
        beginning=claims.beginning(manifest),
        soft_bindings=claims.soft_bindings(manifest),
        certificate_sha256=certificates.leaf.fingerprint(SHA256()).hex() if certificates else None,
        own_box_sha256=boxes.get(label),
        boxes_below_sha256=tuple(boxes[one] for one in below if one in boxes),
        identities=tuple(one.as_json() for one in identities(manifest, reading.signers)),
        revocation=revocation(reading.stamps),
        raw_report=reading.raw,
        manifest_store=reading.store if len(reading.store) <= STORE_KEPT_BYTES_MAX else b"",
    )


def _judged(
    reading: _Reading,
    certificates: SignatureCertificates | None,
    below: list[SignatureCertificates | None],
    *,
    expires: datetime | None,
) -> Verdict:
    """The verdict with our own checks: what signers' certificates are for and, at `expires`, whether the leaf holds."""
    added = [] if certificates and certificates.may_sign_claims else [_PURPOSE]
    added_below = [_PURPOSE] if any(c is None or not c.may_sign_claims for c in below) else []
    verdict = judge(reading.stamps, reading.signers, added, added_below, detached=reading.detached)
    if (
        verdict.state == "trusted"
        and expires is not None
        and certificates is not None
        and certificates.expired(expires)
    ):
        expired = [*added, "signingCredential.expired"]
        return judge(reading.stamps, reading.signers, expired, added_below, detached=reading.detached)
    return verdict


def _stamp_holds(stamps: dict[str, Any], certificates: SignatureCertificates | None, trust: TrustSettings) -> bool:
    """Whether a time stamp was made by an authority that we list. Old claims' stamps we check ourselves."""
    said = stamp_trust(stamps)
    if said == "legacy":
        return certificates is not None and certificates.stamp_chains_to(trust.tsa_anchors_pem)
    return said == "chained"


def _without_reading(path: Path, error: sdk.C2paError, trust: TrustSettings) -> C2paReport:
    """Which of the outcomes an exception stands for; the engine's words go into the raw report only."""
    state: C2paState
    if isinstance(error, sdk.C2paError.ManifestNotFound):
        state, code = "absent", "countersign.manifest.absent"
    elif isinstance(error, sdk.C2paError.NotSupported):
        state, code = "unsupported", "countersign.container.unsupported"
    elif str(error).startswith("Remote:"):
        state, code = "remote_only", "countersign.manifest.remote"
    elif _holds_store(path):
        state, code = "tampered", "countersign.manifest.undecodable"
    else:
        state, code = "unsupported", "countersign.asset.unparseable"
    return _report(state, trust, validation=(code,), raw_report=json.dumps({"error": claims.cut(str(error))}).encode())


def _holds_store(path: Path) -> bool:
    """Whether the bytes of a manifest store's beginning occur anywhere in the file."""
    with path.open("rb") as stream:
        return _occurs(stream, _STORE_MARK)


def _occurs(stream: BinaryIO, mark: bytes) -> bool:
    kept = b""
    while block := stream.read(SCAN_BLOCK_BYTES):
        if mark in kept + block:
            return True
        kept = block[-len(mark) :]
    return False


def _report(state: C2paState, trust: TrustSettings, **fields: Any) -> C2paReport:
    return C2paReport(state, version=engine_version(), trust_sha256=trust.sha256, **fields)
