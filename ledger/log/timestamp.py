"""Time stamps (RFC 3161) on checkpoints: what an authority is asked, and what its token shows.

A token says: somebody had bytes of this SHA-256 by then. The bytes are a whole checkpoint, signatures included, so it says
it of every entry that the checkpoint covers. Strict DER: a token with its certificates out of order is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography import x509

from ledger.errors import LedgerError, Misuse, Unavailable, Untrusted
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.logkeys import LogKeys, log_keys_of
from ledger.proof.note import NoteVerifier
from ledger.proof.timetoken import TOKEN_BYTES_MAX
from schemas.base import format_instant

if TYPE_CHECKING:
    from rfc3161_client import TimeStampResponse

_SHA256 = x509.ObjectIdentifier("2.16.840.1.101.3.4.2.1")
_GRANTED = 0


@dataclass(frozen=True)
class StampRequest:
    """The DER of a TimeStampReq, and the number that the answer has to repeat."""

    der: bytes
    nonce: int


@dataclass(frozen=True)
class TimeStamp:
    """The log `origin` had `size` entries under `root` by `stamped_at`, give or take `accuracy` (None: not stated)."""

    origin: str
    size: int
    root: bytes
    stamped_at: datetime
    accuracy: timedelta | None
    authority: str
    """The signing certificate's subject (RFC 4514)."""
    policy: str
    serial: int

    def as_json(self) -> dict[str, Any]:
        return {
            "origin": self.origin,
            "size": self.size,
            "root": self.root.hex(),
            "stamped_at": format_instant(self.stamped_at),
            "accuracy_ms": None if self.accuracy is None else self.accuracy / timedelta(milliseconds=1),
            "authority": self.authority,
            "policy": self.policy,
            "serial": self.serial,
        }


def check_installed() -> None:
    """Raises Unavailable `extra_missing`, so that a worker says so when it starts and not when it is too late."""
    _client()


def stamp_request(checkpoint: bytes) -> StampRequest:
    """Asks for a token over these bytes, with the signer's certificate in it. Raises Unavailable `extra_missing`."""
    client = _client()
    builder = client.TimestampRequestBuilder().data(checkpoint).hash_algorithm(client.HashAlgorithm.SHA256)
    request = builder.nonce(nonce=True).cert_request(cert_request=True).build()
    return StampRequest(request.as_bytes(), request.nonce)


def read_anchors(pem: str) -> tuple[x509.Certificate, ...]:
    """The certificates of authorities that are believed. Raises Misuse `tsa_anchors_missing`, `tsa_anchors_unreadable`."""
    if not pem.strip():
        what = "no authority's certificate is under trust/tsa, so no time stamp can be believed"
        raise Misuse("tsa_anchors_missing", what, "Put the authority's root certificate there, as PEM.")
    try:
        return tuple(x509.load_pem_x509_certificates(pem.encode("utf-8")))
    except ValueError as error:
        raise Misuse("tsa_anchors_unreadable", "trust/tsa holds something else than PEM certificates") from error


def verify_stamp(
    token: bytes,
    checkpoint: bytes,
    log_keys: LogKeys | Sequence[NoteVerifier],
    anchors: Sequence[x509.Certificate],
    nonce: int | None = None,
) -> TimeStamp:
    """What a token over a checkpoint shows. `nonce`: the request's, right after asking; None for a token that was kept.

    (1) the log's keys signed the checkpoint, (2) a token that was granted, (3) over exactly these bytes, (4) for this
    request, (5) the signer's certificate was valid at that time, (6) made for time stamps, under an anchor, and its
    signature fits. Revocation is not asked for. Raises what `open_checkpoint` raises; Untrusted `timestamp_malformed`,
    `timestamp_not_granted`, `timestamp_wrong_digest`, `timestamp_wrong_nonce`, `timestamp_signer_expired`,
    `timestamp_untrusted`; Unavailable `extra_missing`.
    """
    head = log_keys_of(log_keys).open(checkpoint, strict=False).checkpoint  # 1
    return verify_token(token, checkpoint, head, anchors, nonce)


def verify_token(
    token: bytes, checkpoint: bytes, head: Checkpoint, anchors: Sequence[x509.Certificate], nonce: int | None = None
) -> TimeStamp:
    """(2) to (6), for a checkpoint that was opened as `head`. Raises what they raise."""
    response = _granted(token)  # 2
    try:
        info, signer = response.tst_info, _signer(response)
        if (info.message_imprint.hash_algorithm, info.message_imprint.message) != (_SHA256, _digest(checkpoint)):  # 3
            raise Untrusted("timestamp_wrong_digest", "the time stamp is over other bytes than this checkpoint")
        if nonce is not None and info.nonce != nonce:  # 4
            raise Untrusted("timestamp_wrong_nonce", "the time stamp answers another request", "Ask again.")
        stamped_at = info.gen_time.astimezone(UTC)
        if not signer.not_valid_before_utc <= stamped_at <= signer.not_valid_after_utc:  # 5
            what = f"the signer's certificate was not valid at {format_instant(stamped_at)}"
            raise Untrusted("timestamp_signer_expired", what, "Tell the authority.")
        _verify_signature(response, checkpoint, anchors)  # 6
        return TimeStamp(
            head.origin,
            head.size,
            head.root,
            stamped_at,
            _accuracy(info.accuracy),
            signer.subject.rfc4514_string(),
            info.policy.dotted_string,
            info.serial_number,
        )
    except LedgerError:
        raise
    except (
        Exception
    ) as error:  # measured on flipped bytes: ValueError, KeyError and InvalidVersion, none of them promised
        raise _malformed() from error


def granted_token(reply: bytes, content: bytes, nonce: int) -> bytes:
    """The bare TimeStampToken in a reply that is over these bytes and for this request; whose it is, its readers judge.

    Raises Untrusted `timestamp_malformed`, `timestamp_not_granted`, `timestamp_wrong_digest`, `timestamp_wrong_nonce`.
    """
    response = _granted(reply)
    try:
        info, token = response.tst_info, response.time_stamp_token()
        imprint = (info.message_imprint.hash_algorithm, info.message_imprint.message)
        over, answers = imprint == (_SHA256, _digest(content)), info.nonce == nonce
    except Exception as error:  # as below: none of what the parser raises is promised
        raise _malformed() from error
    if not over:
        raise Untrusted("timestamp_wrong_digest", "the time stamp is over other bytes")
    if not answers:
        raise Untrusted("timestamp_wrong_nonce", "the time stamp answers another request", "Ask again.")
    return bytes(token)


def _granted(token: bytes) -> TimeStampResponse:
    if len(token) > TOKEN_BYTES_MAX:
        raise Untrusted("timestamp_malformed", f"a time stamp of more than {TOKEN_BYTES_MAX} bytes")
    try:
        response: TimeStampResponse = _client().decode_timestamp_response(token)
    except ValueError as error:
        raise _malformed() from error
    if response.status != _GRANTED:
        what = f"the authority did not grant the time stamp: status {response.status}"
        raise Untrusted("timestamp_not_granted", what, "Look up PKIStatus in RFC 3161, section 2.4.2.")
    return response


def _signer(response: TimeStampResponse) -> x509.Certificate:
    """The certificate that the one SignerInfo names: one only, or the two readers below could each take another.

    Raises Untrusted `timestamp_untrusted`, and whatever the parsers raise on bytes that are no certificate.
    """
    named = [(one.issuer, one.serial_number) for one in response.signed_data.signer_infos]
    certificates = map(x509.load_der_x509_certificate, response.signed_data.certificates)
    signers = [one for one in certificates if (one.issuer, one.serial_number) in named]
    if len(named) != 1 or len(signers) != 1:
        raise Untrusted("timestamp_untrusted", "the time stamp does not bring its one signer's certificate")
    return signers[0]


def _verify_signature(response: TimeStampResponse, checkpoint: bytes, anchors: Sequence[x509.Certificate]) -> None:
    client = _client()
    try:
        if client.VerifierBuilder(roots=list(anchors)).build().verify_message(response, checkpoint):
            return
    except client.VerificationError as error:
        do = "Compare trust/tsa with what the authority publishes."
        raise Untrusted("timestamp_untrusted", "no authority that we know signed this time stamp", do) from error
    raise Untrusted("timestamp_untrusted", "no authority that we know signed this time stamp")


def _digest(checkpoint: bytes) -> bytes:
    return hashlib.sha256(checkpoint).digest()


def _accuracy(stated: Any) -> timedelta | None:
    if stated is None:
        return None
    parts = {"seconds": stated.seconds, "milliseconds": stated.millis, "microseconds": stated.micros}
    return timedelta(**{unit: value or 0 for unit, value in parts.items()})


def _malformed() -> Untrusted:
    return Untrusted("timestamp_malformed", "not a DER time stamp (RFC 3161)", "Ask the authority again.")


def _client() -> Any:
    try:
        import rfc3161_client
    except ImportError as error:
        what = "time stamps need the package rfc3161-client, which is not installed"
        raise Unavailable("extra_missing", what, "Install countersign[timestamps].") from error
    return rfc3161_client
