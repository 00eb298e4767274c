"""What a manifest of ours says: the claim, and the engine's definition made from it.

An original says `c2pa.created`. A file with a parent says `c2pa.opened` and what was done to it since, with that parent as its
one `parentOf` ingredient and everything that was placed into it as `componentOf`: a manifest that drops its history would still
read as trusted.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any, Final

from ledger.errors import Misuse
from ledger.media.c2pa_claims import (
    DIGITAL_SOURCE_TYPES,
    LEDGER_ASSERTION,
    SOFT_BINDING_ALGORITHMS,
    TRAINED_ALGORITHMIC_MEDIA,
)
from ledger.media.findings import Fingerprints

# No listed algorithm is a PDQ frame code, so this one is named by us: base64 of up to 32 codes of 32 bytes, in time order.
SOFT_BINDING_PDQ: Final = "org.countersign.pdq256-512px.v1"
SOFT_BINDING_FRAMES_MAX: Final = 32  # 1 kB; enough to find a clip, small enough for a query string
SOFT_BINDING_QUALITY_MIN: Final = 50
CLAIM_GENERATOR: Final = {"name": "Countersign", "version": "0.1.0"}
TRAINING_MINING_USES: Final = ("data_mining", "ai_inference", "ai_training", "ai_generative_training")


@dataclass(frozen=True)
class SoftBinding:
    """A value by which the manifest can be found again when it was stripped. `alg` is of the C2PA list, or ours."""

    alg: str
    value: str


@dataclass(frozen=True)
class Claim:
    """What a manifest is to say. `software_agent` made the content; `training_mining` is "notAllowed", "allowed" or
    "constrained" for each of `TRAINING_MINING_USES`; `edits` follow `c2pa.opened` in a derivative, each an
    action, or an action and who did it."""

    title: str
    ledger_assertion: dict[str, Any]
    software_agent: str = CLAIM_GENERATOR["name"]
    digital_source_type: str = TRAINED_ALGORITHMIC_MEDIA
    soft_bindings: tuple[SoftBinding, ...] = ()
    training_mining: dict[str, str] = field(default_factory=lambda: dict.fromkeys(TRAINING_MINING_USES, "notAllowed"))
    edits: tuple[str | tuple[str, str], ...] = ()

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


def carrying(clearance: str, status_uri: str, status_index: int, document: bytes) -> dict[str, Any]:
    """Members of the ledger's assertion that let a file carry its own pass, and say where to ask when that is over."""
    listed = {"status_uri": status_uri, "status_index": status_index}
    return {"clearance": clearance, **listed, "pass": json.loads(document)}


PARENT_ID: Final = "parent"


def definition(claim: Claim, *, derived: bool, components: int = 0) -> dict[str, Any]:
    """The engine's manifest definition. `created` marks what the signer vouches for; the default is hearsay."""
    assertions = [
        {
            "label": "c2pa.actions.v2",
            "data": {"actions": _actions(claim, derived=derived, components=components)},
            "created": True,
        },
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


def component_id(number: int) -> str:
    return f"component-{number}"


def _actions(claim: Claim, *, derived: bool, components: int) -> list[dict[str, Any]]:
    agent = {"name": claim.software_agent}
    if not derived:
        first = {"action": "c2pa.created", "softwareAgent": agent, "digitalSourceType": claim.digital_source_type}
    else:
        first = {"action": "c2pa.opened", "softwareAgent": agent, "parameters": {"ingredientIds": [PARENT_ID]}}
    placed = [
        {"action": "c2pa.placed", "softwareAgent": agent, "parameters": {"ingredientIds": [component_id(n)]}}
        for n in range(components)
    ]
    pairs = [(edit, claim.software_agent) if isinstance(edit, str) else edit for edit in claim.edits]
    edits = [{"action": action, "softwareAgent": {"name": by}} for action, by in pairs]
    return [first, *placed, *(edits if derived else [])]


def _entries(claim: Claim) -> dict[str, dict[str, str]]:
    return {f"cawg.{use}": {"use": answer} for use, answer in claim.training_mining.items()}
