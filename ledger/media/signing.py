"""Sign a file with a C2PA manifest that carries the ledger's assertion, so that the file names its own entry in the log.

The engine works in a fenced child process, which never has the private key: it asks for each signature, and whoever holds the
key answers (a file here, or a key elsewhere). A time stamp is fetched here too, as the child has no network.
"""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.hashes import SHA256

from ledger import errors
from ledger.errors import Misuse, Unavailable
from ledger.media.child import ChildFailedError, Limits, conversed, started
from ledger.media.claim import (
    PARENT_ID,
    SOFT_BINDING_FRAMES_MAX,
    SOFT_BINDING_PDQ,
    Claim,
    SoftBinding,
    component_id,
    definition,
    pdq_soft_binding,
)
from ledger.media.claimkeys import ClaimKey, FileKey, leaf_of
from ledger.media.claimstamp import Stamping, replace_in, stamped
from ledger.media.findings import CHEAP
from ledger.media.media_type import LEADING_BYTES, media_type
from ledger.media.sandbox import Examiner, digest, opened
from ledger.media.signature import manifest_boxes
from ledger.media.trust import TrustSettings

__all__ = [
    "SOFT_BINDING_FRAMES_MAX", "SOFT_BINDING_PDQ", "Claim", "ManifestSigner", "SignedManifest", "SoftBinding",
    "pdq_soft_binding",
]  # fmt: skip

MANIFEST_GROWTH_BYTES_MAX: Final = 64 * 2**20  # how much larger than its source a signed file may be
COMPONENTS_MAX: Final = 16  # files placed into one; descriptors go along with the job
SIGNATURES_MAX: Final = 4  # the engine asks once; a child that asks on and on is not ours any more


@dataclass(frozen=True)
class SignedManifest:
    """The signed file's digest, and the raw manifest store with its own: soft-binding recovery serves those bytes."""

    sha256: str
    size_bytes: int
    manifest_sha256: str
    manifest_bytes: bytes


class ManifestSigner:
    """Signs with one certificate chain (leaf first, PEM) and its key: in PEM (PKCS 8), or whatever answers as a ClaimKey."""

    def __init__(
        self, chain_pem: str, key: str | ClaimKey, *, limits: Limits | None = None, stamping: Stamping | None = None
    ) -> None:
        self._chain_pem, self._given, self._limits, self._stamping = chain_pem, key, limits or Limits(), stamping

    @cached_property
    def certificate_sha256(self) -> str:
        """The leaf's digest, which a report names as `certificate_sha256`. Raises Misuse as `sign` does."""
        return leaf_of(self._chain_pem).fingerprint(SHA256()).hex()

    def sign(
        self,
        source: Path,
        target: Path,
        claim: Claim,
        *,
        parent: Path | None = None,
        components: tuple[Path, ...] = (),
        embed: bool = True,
    ) -> SignedManifest:
        """Write a signed copy of `source` to `target`, whole or not at all; without `embed`, the manifest store alone.

        `parent` is the file that this one was made from; without it, a source that has a manifest is its own parent.
        `components` were placed into it. Raises Misuse `signing_unsupported`, `signing_key_unusable`,
        `signing_chain_unfit`, `signing_in_place`, `signing_components_too_many` or what `Examiner.examine` raises for the
        source, Unavailable `signing_failed`, `signing_timeout`, `signing_crashed`, `signing_no_room`, and what the key
        and the authority raise.
        """
        if source.resolve() == target.resolve():
            raise Misuse("signing_in_place", "Source and target are one file.", "Give another target.")
        if len(components) > COMPONENTS_MAX:
            what = f"More than {COMPONENTS_MAX} files were placed into this one."
            raise Misuse("signing_components_too_many", what, "Combine some of them first.")
        leaf_of(self._chain_pem)
        key = FileKey(self._chain_pem, self._given) if isinstance(self._given, str) else self._given
        parent = parent or (source if _has_manifest(source, self._limits) else None)
        scratch = _scratch(target)
        try:
            manifest = self._sign_into(source, scratch, claim, parent, components, key, embed=embed)
            manifest = self._stamped(scratch, manifest, embed=embed)
            if not embed:
                scratch.write_bytes(manifest)
            signed = _signed(scratch, manifest, self._limits)
            scratch.replace(target)  # a crash before this leaves a dot-file beside the target and no target
            return signed
        finally:
            scratch.unlink(missing_ok=True)

    def _sign_into(
        self,
        source: Path,
        scratch: Path,
        claim: Claim,
        parent: Path | None,
        components: tuple[Path, ...],
        key: ClaimKey,
        *,
        embed: bool,
    ) -> bytes:
        deadline = time.monotonic() + self._limits.wall_seconds
        with ExitStack() as stack:

            def open_one(path: Path) -> int:
                return stack.enter_context(opened(path, self._limits.file_bytes))

            reading = open_one(source)
            writing = os.open(scratch, os.O_RDWR | os.O_CLOEXEC)
            stack.callback(os.close, writing)
            above = None if parent is None else open_one(parent)
            placed = [open_one(one) for one in components]
            job = self._job(reading, writing, above, placed, claim) | {"alg": key.alg, "embed": embed}
            descriptors = tuple(d for d in (reading, writing, above, *placed) if d is not None)
            child = stack.enter_context(started(job, descriptors, talks=True))
            try:
                document = conversed(child, deadline, lambda asked: _signature(key, asked), SIGNATURES_MAX)
            except ChildFailedError as error:
                raise Unavailable(
                    f"signing_{error.code}", "The signing process gave no answer.", "Try again."
                ) from None
        return _manifest(document)

    def _stamped(self, scratch: Path, manifest: bytes, *, embed: bool) -> bytes:
        """The store with a time stamp in it, and the file alike."""
        if self._stamping is None:
            return manifest
        label = list(manifest_boxes(manifest))[-1]
        found, before, after = stamped(manifest, label, self._stamping)
        if embed:
            replace_in(scratch, before, after)
        return found

    def _job(self, reading: int, writing: int, above: int | None, placed: list[int], claim: Claim) -> dict[str, Any]:
        head = os.pread(reading, LEADING_BYTES, 0)
        written_bytes = os.fstat(reading).st_size + MANIFEST_GROWTH_BYTES_MAX
        parts = [_ingredient(above, claim.title, "parentOf", PARENT_ID)] if above is not None else []
        parts += [_ingredient(one, f"part {n + 1}", "componentOf", component_id(n)) for n, one in enumerate(placed)]
        return {
            "kind": "sign",
            "source": f"/dev/fd/{reading}",
            "target": f"/dev/fd/{writing}",
            "media_type": media_type(head).name,
            "manifest": definition(claim, derived=above is not None, components=len(placed)),
            "ingredients": parts,
            "chain_pem": self._chain_pem,
            "trust": TrustSettings().as_json(),
            "limits": self._limits.as_json(written_bytes=written_bytes),
        }


def _signature(key: ClaimKey, asked: dict[str, Any]) -> dict[str, str]:
    return {"signature": base64.b64encode(key.sign(base64.b64decode(asked["to_sign"], validate=True))).decode()}


def _ingredient(descriptor: int, title: str, relationship: str, label: str) -> dict[str, Any]:
    return {
        "path": f"/dev/fd/{descriptor}",
        "media_type": media_type(os.pread(descriptor, LEADING_BYTES, 0)).name,
        "definition": {"title": title, "relationship": relationship, "label": label},
    }


def _has_manifest(source: Path, limits: Limits) -> bool:
    """Whether there is any history to keep; a manifest that can't be read counts, and the engine will say so."""
    state = Examiner(limits=limits).examine(source, extractors=CHEAP).c2pa.state
    if state == "not_checked":
        raise Unavailable(
            "signing_source_unchecked", "The source's own manifest could not be looked for.", "Try again."
        )
    return state not in ("absent", "unsupported")


def _scratch(target: Path) -> Path:
    """An empty file beside the target, readable by us alone."""
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError:
        raise Misuse("signing_target_unwritable", "The target's folder can't be written.", "Give another.") from None
    os.close(descriptor)
    return Path(name)


def _manifest(document: dict[str, Any]) -> bytes:
    """The raw manifest store, or the child's typed error raised again."""
    if error := document.get("error"):
        kind = Misuse if error.get("class") == "Misuse" else errors.Unavailable
        raise kind(str(error.get("code")), str(error.get("what")), str(error.get("do")))
    with suppress(KeyError, TypeError, ValueError):
        if manifest := base64.b64decode(document["signed"]["manifest"], validate=True):
            return manifest
    raise Unavailable("signing_garbage", "The signing process gave no manifest.", "Try again.")


def _signed(scratch: Path, manifest: bytes, limits: Limits) -> SignedManifest:
    with opened(scratch, limits.file_bytes + MANIFEST_GROWTH_BYTES_MAX) as descriptor:
        sha256, size_bytes = digest(descriptor)
    return SignedManifest(sha256, size_bytes, hashlib.sha256(manifest).hexdigest(), manifest)
