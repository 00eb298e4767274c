"""COSE receipts (RFC 9942): one signed CBOR item that shows, offline, that an entry is in the log.

    18([ << {1: -8, 4: key id, 15: {1: origin, 2: entry's name}, 395: 1, -69162: size} >>,    protected
         {396: {-1: [ << [size, index, [siblings]] >> ]}},                                    unprotected
         nil,                                                                                 the root, detached
         Ed25519 signature ])                                                                 by the log's note key

Nothing in RFC 9942 signs the proof itself, and trees of neighbouring sizes share paths: the entry at 2 of 3 has the path of
1 of 2. So the size stands in the protected header too, under a label for private use that others pass over. A given entry,
key, place and size have exactly one header and one proof, so a receipt that isn't spelled that way is refused.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cbor2
from cryptography.exceptions import InvalidSignature

from ledger.errors import Misuse, Untrusted
from ledger.proof.keys import ed25519_public_key
from ledger.proof.merkle import HASH_BYTES, inclusion_proof, leaf_hash, root_by_inclusion, verify_inclusion
from ledger.proof.note import open_checkpoint, signature_lines
from ledger.proof.notekeys import ED25519_TYPE, LogSigner, NoteVerifier
from ledger.store.contract import Store

COSE_TYPE = "application/cose"  # RFC 9052 section 9.1
RECEIPT_TYPE = "application/scitt-receipt+cose"  # RFC 9943
RECEIPT_BYTES_MAX = 4 * 2**10  # 63 siblings of 34 bytes, an origin of 255, and 200 for the rest
TREE_SIZE_LABEL = -69_162  # below -65536 is for private use (RFC 9052 section 11.1)

_SIGN1_TAG = 18
_ALG, _KID, _CLAIMS, _STRUCTURE, _PROOFS = 1, 4, 15, 395, 396  # header labels: RFC 9052, 9597, 9942
_EDDSA, _RFC9162_SHA256, _INCLUSION = -8, 1, -1
_ISSUER, _SUBJECT = 1, 2  # CWT claims (RFC 8392); RFC 9943 wants both, and a key id, in a receipt


@dataclass(frozen=True)
class VerifiedReceipt:
    """The entry is at `index` of the log `origin` when it had `size` entries and this root; which key says so."""

    origin: str
    key_id: bytes
    index: int
    size: int
    root: bytes

    def as_json(self) -> dict[str, Any]:
        """The report for people and programs; bytes in hex."""
        return {**self.__dict__, "key_id": self.key_id.hex(), "root": self.root.hex()}


class ReceiptIssuer:
    """Signs receipts with the log's own Ed25519 key, for trees that this key has signed a checkpoint of."""

    def __init__(self, store: Store, key: LogSigner, renew: Callable[[], LogSigner] | None = None) -> None:
        """`renew`: the log's key as it is now, asked when the head was signed by another."""
        self._store, self._key, self._renew = store, key, renew

    def issue(self, index: int) -> bytes:
        """The receipt of an entry at the log's head. O(log size).

        Raises NotFound `entry_unknown`; Untrusted when entry, tiles and checkpoint disagree: nothing is signed then.
        """
        leaf = leaf_hash(entry := self._store.entry(index).entry)
        size, note = self._store.head()  # after the entry was read, so that it covers the entry
        key = self._key_under(note)
        root = open_checkpoint(note, [key.verifier], origin=key.verifier.name).checkpoint.root
        path = inclusion_proof(index, size, self._store)
        verify_inclusion(index, size, leaf, path, root)  # a second root for one size would be a fork that we signed
        protected = _protected(key.verifier, entry, size)
        return _receipt(protected, size, index, path, key.sign_message(_to_be_signed(protected, root)))

    def _key_under(self, note: bytes) -> LogSigner:
        mine = self._key.verifier
        if self._renew and (mine.name, mine.key_id) not in {one[:2] for one in signature_lines(note)}:
            self._key = self._renew()
        return self._key


def verify_receipt(raw: bytes, entry: bytes, verifier: NoteVerifier) -> VerifiedReceipt:
    """Where `entry` stands in the log whose Ed25519 key is `verifier`.

    (1) bounds and form, (2) the header is the one for this entry, key and size, (3) no other spelling, (4) the siblings
    give a root, (5) the signature is over that root. Raises Untrusted `receipt_malformed`, `receipt_wrong_log`,
    `receipt_wrong_entry`, `inclusion_proof_invalid`, `receipt_signature_invalid`; Misuse `key_unsupported`.
    """
    if verifier.type != ED25519_TYPE:
        raise Misuse("key_unsupported", "COSE receipts are signed with the log's Ed25519 key", "Give its other vkey.")
    protected, size, index, path, signature = _parsed(raw)  # 1
    _check_header(protected, verifier, entry, size)  # 2
    if _receipt(protected, size, index, path, signature) != raw:  # 3
        raise _malformed("not in the deterministic encoding (RFC 8949 section 4.2)")
    root = root_by_inclusion(index, size, leaf_hash(entry), path)  # 4
    try:
        ed25519_public_key(verifier.public_key).verify(signature, _to_be_signed(protected, root))  # 5
    except InvalidSignature as error:
        what = f"the signature by {verifier.name} is not over a log with this entry at {index}"
        raise Untrusted("receipt_signature_invalid", what, "Ask for the receipt again.") from error
    return VerifiedReceipt(verifier.name, verifier.key_id, index, size, root)


def entry_name(entry: bytes) -> str:
    """What a receipt calls its subject: the entry's SHA-256 as a name (RFC 6920)."""
    digest = urlsafe_b64encode(hashlib.sha256(entry).digest()).rstrip(b"=").decode("ascii")
    return f"ni:///sha-256;{digest}"


def _protected(verifier: NoteVerifier, entry: bytes, size: int) -> bytes:
    return _encoded(
        {
            _ALG: _EDDSA,
            _KID: verifier.key_id,
            _CLAIMS: {_ISSUER: verifier.name, _SUBJECT: entry_name(entry)},
            _STRUCTURE: _RFC9162_SHA256,
            TREE_SIZE_LABEL: size,
        }
    )


def _receipt(protected: bytes, size: int, index: int, path: Sequence[bytes], signature: bytes) -> bytes:
    proof = _encoded([size, index, list(path)])
    return _encoded(cbor2.CBORTag(_SIGN1_TAG, [protected, {_PROOFS: {_INCLUSION: [proof]}}, None, signature]))


def _to_be_signed(protected: bytes, root: bytes) -> bytes:
    """Sig_structure (RFC 9052 section 4.4). Its first byte is no UTF-8, so no signed note can be mistaken for it."""
    return _encoded(["Signature1", protected, b"", root])


def _encoded(item: Any) -> bytes:
    encoded: bytes = cbor2.dumps(item, canonical=True)
    return encoded


def _parsed(raw: bytes) -> tuple[bytes, int, int, tuple[bytes, ...], bytes]:
    """(protected, size, index, siblings, signature), each of its type and none of them verified."""
    if len(raw) > RECEIPT_BYTES_MAX:
        raise _malformed(f"more than {RECEIPT_BYTES_MAX} bytes")
    outer = _decoded(raw)
    if not isinstance(outer, cbor2.CBORTag) or outer.tag != _SIGN1_TAG:
        raise _malformed("not a COSE_Sign1")
    match outer.value:
        case [bytes(protected), unprotected, None, bytes(signature)]:
            pass
        case _:
            raise _malformed("not a COSE_Sign1 with a detached payload")
    match unprotected:
        case {396: {-1: [bytes(proof)]}}:
            pass
        case _:
            raise _malformed("not one inclusion proof")
    match _decoded(proof):
        case [int(size), int(index), [*path]] if all(isinstance(one, bytes) and len(one) == HASH_BYTES for one in path):
            return protected, int(size), int(index), tuple(path), signature
        case _:
            raise _malformed("an inclusion proof is [size, index, [hashes]]")


def _check_header(protected: bytes, verifier: NoteVerifier, entry: bytes, size: int) -> None:
    if protected == _protected(verifier, entry, size):
        return
    header = _decoded(protected)
    claims = header.get(_CLAIMS) if isinstance(header, dict) else None
    if isinstance(claims, dict) and (claims.get(_ISSUER), header.get(_KID)) != (verifier.name, verifier.key_id):
        raise Untrusted("receipt_wrong_log", f"no receipt by {verifier.vkey()[:80]}", "Check which log you asked.")
    if isinstance(claims, dict) and claims.get(_SUBJECT) != entry_name(entry):
        raise Untrusted("receipt_wrong_entry", "a receipt for another entry", "Give the entry's exact bytes.")
    raise _malformed("its header is not that of a receipt for this size of the log")


def _decoded(raw: bytes) -> Any:
    try:
        return cbor2.loads(raw)
    except cbor2.CBORDecodeError as error:
        raise _malformed("not CBOR") from error


def _malformed(what: str) -> Untrusted:
    return Untrusted("receipt_malformed", f"Not a COSE receipt of ours: {what}.", "Ask for the receipt again.")
