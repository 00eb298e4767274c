"""COSE receipts taken apart and put together again, by code that is not the issuer's."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


@dataclass(frozen=True)
class Parts:
    """A receipt in plain values; `rebuilt` encodes and, with a key, signs them over `root`."""

    protected: dict[Any, Any]
    unprotected: dict[Any, Any]
    signature: bytes
    payload: bytes | None = None
    tag: int = 18
    proof: list[Any] = field(default_factory=list)

    @classmethod
    def of(cls, raw: bytes) -> Parts:
        tagged = cbor2.loads(raw)
        protected, unprotected, payload, signature = tagged.value
        proof = cbor2.loads(unprotected[396][-1][0])
        return cls(cbor2.loads(protected), unprotected, signature, payload, tagged.tag, proof)

    def changed(self, **values: Any) -> Parts:
        return replace(self, **values)

    def rebuilt(self, *, signed: tuple[Ed25519PrivateKey, bytes] | None = None, canonical: bool = True) -> bytes:
        """`signed`: the key, and the root that it should sign. Else the old signature stays."""
        protected = cbor2.dumps(self.protected, canonical=canonical)
        unprotected = dict(self.unprotected)
        if list(unprotected.get(396, {})) == [-1] and len(unprotected[396][-1]) == 1:
            unprotected[396] = {-1: [cbor2.dumps(self.proof, canonical=canonical)]}
        signature = self.signature
        if signed is not None:
            key, root = signed
            signature = key.sign(cbor2.dumps(["Signature1", protected, b"", root]))
        value = [protected, unprotected, self.payload, signature]
        return cbor2.dumps(cbor2.CBORTag(self.tag, value), canonical=canonical)
