"""What a file's C2PA manifest says and how far it holds: the frozen report, with no I/O and no rule."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from ledger.media.decoding import one_of, text, text_or_none

C2paState = Literal[
    "trusted", "untrusted", "expired", "tampered", "absent", "unsupported", "remote_only", "not_checked"
]
IngredientsState = Literal[
    "trusted", "untrusted", "expired", "tampered", "absent", "unsupported", "remote_only", "not_checked", "none"
]


# Our remarks on what the specification forbids and the engine lets pass (see c2pa_claims.remarks).
_BROKEN: Final = ("digitalSourceType.", "softBinding.", "ingredient.severalParents", "trainingMining.")


@dataclass(frozen=True)
class C2paReport:
    """What the C2PA manifest says and how far it holds.

    `state` is the active manifest's, `ingredients_state` the worst of everything below it ("none" when there is
    nothing below): the SDK's own verdict speaks of the active manifest only. `validation` holds the failure codes and
    our own remarks, sorted; an ingredient's are prefixed `ingredient:`. `trust_sha256` is the digest of the settings
    and anchors that were used, so that the same verdict can be reached again; `trust_lists` those of the imported lists,
    `checked_at` our clock. `signed_at` is RFC 3339, of a trusted time stamp only, and `signing_state` the verdict under
    the lists that counted then ("not_checked": nobody who was believed says when). `stands_until` is the instant from
    which time alone may change the verdict (None: never). `detached` means that only a manifest store was looked at, so
    nothing is known of any file's bytes. `training_mining` is the strictest word on each use, parts included.
    `beginning` is what the manifest says of where the content comes from: "created" (and no parent), "opened" (a parent), or
    nothing. `soft_bindings` are (algorithm, value); `certificate_sha256` is the signer's leaf (DER); `own_box_sha256` and
    `boxes_below_sha256` name the manifests in the store by their bytes, as labels are anybody's. `identities` and
    `revocation` are as `c2pa_identities` has them, and change no state. `raw_report` is the SDK's JSON
    as it came and `manifest_store` the bytes that `manifest_sha256` names (empty when there are none or they are over the
    bound): blobs, never part of a statement.
    """

    state: C2paState
    ingredients_state: IngredientsState = "none"
    issuer: str | None = None
    claim_generator: str | None = None
    digital_source_type: str | None = None
    validation: tuple[str, ...] = ()
    manifest_sha256: str | None = None
    ledger_assertion: dict[str, Any] | None = None
    signed_at: str | None = None
    algorithm: str = "c2pa"
    version: str = ""
    trust_sha256: str | None = None
    signing_state: C2paState = "not_checked"
    trust_lists: tuple[str, ...] = ()
    checked_at: str | None = None
    additional_exclusions: bool = False
    stands_until: str | None = None
    detached: bool = False
    training_mining: dict[str, str] = field(default_factory=dict)
    beginning: str | None = None
    soft_bindings: tuple[tuple[str, str], ...] = ()
    certificate_sha256: str | None = None
    own_box_sha256: str | None = None
    boxes_below_sha256: tuple[str, ...] = ()
    identities: tuple[dict[str, Any], ...] = ()
    revocation: str = "not_checked"
    raw_report: bytes = b""
    manifest_store: bytes = b""

    @property
    def holds(self) -> bool:
        """Whether the signer is trusted, nothing below contradicts it, and what it says is well-formed; a part without a
        manifest contradicts nothing. Never true for `not_checked`, nor for a store without its file."""
        below = self.ingredients_state in ("trusted", "none", "absent")
        return self.state == "trusted" and below and not self.detached and not self.broken_rules

    @property
    def broken_rules(self) -> tuple[str, ...]:
        """The remarks that are breaches of the specification, an ingredient's prefixed `ingredient:`."""
        return tuple(code for code in self.validation if _is_breach(code))

    def as_json(self, *, raw_report: bool = False) -> dict[str, Any]:
        """The report without the raw JSON but with its digest; `raw_report=True` adds it in base64."""
        data: dict[str, Any] = {
            "state": self.state,
            "ingredients_state": self.ingredients_state,
            "issuer": self.issuer,
            "claim_generator": self.claim_generator,
            "digital_source_type": self.digital_source_type,
            "validation": list(self.validation),
            "manifest_sha256": self.manifest_sha256,
            "ledger_assertion": self.ledger_assertion,
            "signed_at": self.signed_at,
            "algorithm": self.algorithm,
            "version": self.version,
            "trust_sha256": self.trust_sha256,
            "signing_state": self.signing_state,
            "trust_lists": list(self.trust_lists),
            "checked_at": self.checked_at,
            "additional_exclusions": self.additional_exclusions,
            "stands_until": self.stands_until,
            "detached": self.detached,
            "training_mining": dict(self.training_mining),
            "beginning": self.beginning,
            "soft_bindings": [list(one) for one in self.soft_bindings],
            "certificate_sha256": self.certificate_sha256,
            "own_box_sha256": self.own_box_sha256,
            "boxes_below_sha256": list(self.boxes_below_sha256),
            "identities": [dict(one) for one in self.identities],
            "revocation": self.revocation,
            "raw_report_sha256": hashlib.sha256(self.raw_report).hexdigest() if self.raw_report else None,
        }
        if raw_report:
            data["raw_report"] = base64.b64encode(self.raw_report).decode()
            data["manifest_store"] = base64.b64encode(self.manifest_store).decode()
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> C2paReport:
        """Raises KeyError, TypeError or ValueError when `data` is not what `as_json` writes."""
        assertion = data["ledger_assertion"]
        return cls(
            state=one_of(data["state"], C2paState),
            ingredients_state=one_of(data["ingredients_state"], IngredientsState),
            issuer=text_or_none(data["issuer"]),
            claim_generator=text_or_none(data["claim_generator"]),
            digital_source_type=text_or_none(data["digital_source_type"]),
            validation=tuple(text(code) for code in data["validation"]),
            manifest_sha256=text_or_none(data["manifest_sha256"]),
            ledger_assertion=None if assertion is None else dict(assertion),
            signed_at=text_or_none(data["signed_at"]),
            algorithm=text(data["algorithm"]),
            version=text(data["version"]),
            trust_sha256=text_or_none(data["trust_sha256"]),
            signing_state=one_of(data.get("signing_state", "not_checked"), C2paState),  # older examinations don't say
            trust_lists=tuple(text(one) for one in data.get("trust_lists", ())),
            checked_at=text_or_none(data.get("checked_at")),
            additional_exclusions=bool(data["additional_exclusions"]),
            stands_until=text_or_none(data.get("stands_until")),
            detached=bool(data.get("detached", False)),
            training_mining={text(use): text(said) for use, said in data.get("training_mining", {}).items()},
            beginning=text_or_none(data.get("beginning")),
            soft_bindings=tuple((text(alg), text(value)) for alg, value in data.get("soft_bindings", ())),
            certificate_sha256=text_or_none(data.get("certificate_sha256")),
            own_box_sha256=text_or_none(data.get("own_box_sha256")),
            boxes_below_sha256=tuple(text(one) for one in data.get("boxes_below_sha256", ())),
            identities=tuple(dict(one) for one in data.get("identities", ())),
            revocation=text(data.get("revocation", "not_checked")),
            raw_report=base64.b64decode(data.get("raw_report", "")),
            manifest_store=base64.b64decode(data.get("manifest_store", "")),
        )


def _is_breach(code: str) -> bool:
    prefix, found, rest = code.removeprefix("ingredient:").partition("countersign.")
    return not prefix and bool(found) and rest.startswith(_BROKEN)
