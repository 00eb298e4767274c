"""Sign a file with a C2PA manifest that carries the ledger's assertion, so that the file names its own entry in the log.

An original says `c2pa.created`; a file that already has a manifest, or whose parent is given, says `c2pa.opened` and
carries that parent as its one `parentOf` ingredient: a manifest that drops its history would still read as trusted.
The signature is in the engine's child process; the private key reaches it on stdin.
"""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ledger import errors
from ledger.errors import Misuse, Unavailable
from ledger.media.c2pa_claims import (
    DIGITAL_SOURCE_TYPES,
    LEDGER_ASSERTION,
    SOFT_BINDING_ALGORITHMS,
    TRAINED_ALGORITHMIC_MEDIA,
)
from ledger.media.child import ChildFailedError, Limits, answer, started
from ledger.media.findings import CHEAP, Fingerprints
from ledger.media.media_type import LEADING_BYTES, media_type
from ledger.media.sandbox import Examiner, digest, opened
from ledger.media.trust import TrustSettings

# No listed algorithm is a PDQ frame code, so this one is named by us: base64 of up to 32 codes of 32 bytes, in time order.
SOFT_BINDING_PDQ: Final = "org.countersign.pdq256-512px.v1"
SOFT_BINDING_FRAMES_MAX: Final = 32  # 1 kB; enough to find a clip, small enough for a query string
SOFT_BINDING_QUALITY_MIN: Final = 50
MANIFEST_GROWTH_BYTES_MAX: Final = 64 * 2**20  # how much larger than its source a signed file may be
CLAIM_GENERATOR: Final = {"name": "Countersign", "version": "0.1.0"}
TRAINING_MINING_USES: Final = ("data_mining", "ai_inference", "ai_training", "ai_generative_training")


@dataclass(frozen=True)
class SoftBinding:
    """A value by which the manifest can be found again when it was stripped. `alg` is of the C2PA list, or ours."""

    alg: str
    value: str


@dataclass(frozen=True)
class SignedManifest:
    """The signed file's digest, and the raw manifest store with its own: soft-binding recovery serves those bytes."""

    sha256: str
    size_bytes: int
    manifest_sha256: str
    manifest_bytes: bytes


@dataclass(frozen=True)
class Claim:
    """What a manifest is to say. `software_agent` made the content; `training_mining` is "notAllowed", "allowed" or
    "constrained" for each of `TRAINING_MINING_USES`; `edits` follow `c2pa.opened` in a derivative."""

    title: str
    ledger_assertion: dict[str, Any]
    software_agent: str = CLAIM_GENERATOR["name"]
    digital_source_type: str = TRAINED_ALGORITHMIC_MEDIA
    soft_bindings: tuple[SoftBinding, ...] = ()
    training_mining: dict[str, str] = field(default_factory=lambda: dict.fromkeys(TRAINING_MINING_USES, "notAllowed"))
    edits: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """The engine lets these pass. Raises Misuse `claim_vocabulary`."""
        listed = self.digital_source_type in DIGITAL_SOURCE_TYPES
        bound = all(binding.alg in SOFT_BINDING_ALGORITHMS for binding in self.soft_bindings)
        if (
            not listed
            or not bound
            or not set(self.training_mining.values()) <= {"notAllowed", "allowed", "constrained"}
        ):
            raise Misuse("claim_vocabulary", "A term of the claim is not in its vocabulary.", "See the C2PA lists.")


def pdq_soft_binding(fingerprints: Fingerprints) -> SoftBinding | None:
    """The clip's frame codes as one soft binding, evenly spread; None when no frame is good enough to vote."""
    codes = [frame.pdq for frame in fingerprints.frames if frame.quality >= SOFT_BINDING_QUALITY_MIN]
    step = max(1, -(-len(codes) // SOFT_BINDING_FRAMES_MAX))
    value = base64.b64encode(b"".join(bytes.fromhex(code) for code in codes[::step])).decode()
    return SoftBinding(SOFT_BINDING_PDQ, value) if codes else None


class ManifestSigner:
    """Signs with one certificate chain (leaf first, PEM) and its private key (PKCS 8, PEM)."""

    def __init__(self, chain_pem: str, key_pem: str, *, alg: str = "es256", limits: Limits | None = None) -> None:
        self._chain_pem, self._key_pem, self._alg, self._limits = chain_pem, key_pem, alg, limits or Limits()

    def sign(self, source: Path, target: Path, claim: Claim, *, parent: Path | None = None) -> SignedManifest:
        """Write a signed copy of `source` to `target`, whole or not at all.

        `parent` is the file that this one was made from; without it, a source that has a manifest is its own parent.
        Raises Misuse `signing_unsupported`, `signing_key_unusable`, `signing_in_place` or what `Examiner.examine`
        raises for the source, and Unavailable `signing_failed`, `signing_timeout`, `signing_crashed`.
        """
        if source.resolve() == target.resolve():
            raise Misuse("signing_in_place", "Source and target are one file.", "Give another target.")
        parent = parent or (source if _has_manifest(source, self._limits) else None)
        scratch = _scratch(target)
        try:
            manifest = self._sign_into(source, scratch, claim, parent)
            signed = _signed(scratch, manifest, self._limits)
            scratch.replace(target)  # a crash before this leaves a dot-file beside the target and no target
            return signed
        finally:
            scratch.unlink(missing_ok=True)

    def _sign_into(self, source: Path, scratch: Path, claim: Claim, parent: Path | None) -> bytes:
        deadline = time.monotonic() + self._limits.wall_seconds
        with ExitStack() as stack:
            reading = stack.enter_context(opened(source, self._limits.file_bytes))
            writing = os.open(scratch, os.O_RDWR | os.O_CLOEXEC)
            stack.callback(os.close, writing)
            above = None if parent is None else stack.enter_context(opened(parent, self._limits.file_bytes))
            job = self._job(reading, writing, above, claim)
            descriptors = tuple(d for d in (reading, writing, above) if d is not None)
            child = stack.enter_context(started(job, descriptors))
            try:
                document = answer(child, deadline)
            except ChildFailedError as error:
                raise Unavailable(
                    f"signing_{error.code}", "The signing process gave no answer.", "Try again."
                ) from None
        return _manifest(document)

    def _job(self, reading: int, writing: int, above: int | None, claim: Claim) -> dict[str, Any]:
        head = os.pread(reading, LEADING_BYTES, 0)
        written_bytes = os.fstat(reading).st_size + MANIFEST_GROWTH_BYTES_MAX
        return {
            "kind": "sign",
            "source": f"/dev/fd/{reading}",
            "target": f"/dev/fd/{writing}",
            "media_type": media_type(head).name,
            "manifest": _definition(claim, derived=above is not None),
            "ingredients": [] if above is None else [_parent(above, claim)],
            "alg": self._alg,
            "chain_pem": self._chain_pem,
            "key_pem": self._key_pem,
            "trust": TrustSettings().as_json(),
            "limits": self._limits.as_json(written_bytes=written_bytes),
        }


_PARENT_ID: Final = "parent"


def _definition(claim: Claim, *, derived: bool) -> dict[str, Any]:
    """The engine's manifest definition. `created` marks what the signer vouches for; the default is hearsay."""
    assertions = [
        {"label": "c2pa.actions.v2", "data": {"actions": _actions(claim, derived=derived)}, "created": True},
        {"label": "cawg.training-mining", "data": {"entries": _entries(claim)}, "created": True},
        {"label": LEDGER_ASSERTION, "data": claim.ledger_assertion, "created": True},
    ]
    assertions += [
        {
            "label": "c2pa.soft-binding",
            "data": {"alg": binding.alg, "blocks": [{"scope": {}, "value": binding.value}]},
            "created": True,
        }
        for binding in claim.soft_bindings
    ]
    return {"claim_generator_info": [CLAIM_GENERATOR], "title": claim.title, "assertions": assertions}


def _actions(claim: Claim, *, derived: bool) -> list[dict[str, Any]]:
    agent = {"name": claim.software_agent}
    if not derived:
        return [
            {"action": "c2pa.created", "softwareAgent": agent, "digitalSourceType": claim.digital_source_type},
        ]
    opened_action = {"action": "c2pa.opened", "softwareAgent": agent, "parameters": {"ingredientIds": [_PARENT_ID]}}
    return [opened_action, *({"action": edit, "softwareAgent": agent} for edit in claim.edits)]


def _entries(claim: Claim) -> dict[str, dict[str, str]]:
    return {f"cawg.{use}": {"use": answer} for use, answer in claim.training_mining.items()}


def _parent(descriptor: int, claim: Claim) -> dict[str, Any]:
    return {
        "path": f"/dev/fd/{descriptor}",
        "media_type": media_type(os.pread(descriptor, LEADING_BYTES, 0)).name,
        "definition": {"title": claim.title, "relationship": "parentOf", "label": _PARENT_ID},
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
