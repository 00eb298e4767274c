"""One clip's life with everything in it that a pack has to show, and ways to change a pack afterwards."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.services.evidence import PackWritten, write_pack
from api.services.evidence_claims import _COMPLETENESS_GAP
from api.services.evidence_order import PackOrder
from ledger.keys import SigningKey
from ledger.proof.canonical import canonical
from ledger.proof.dsse import sign
from ledger.proof.packclaims import PACK_PAYLOAD_TYPE
from ledger.proof.packfile import PACK_JSON_BYTES_MAX
from schemas.statements.asset import AssetExamined, AssetFlagged, AssetImported, FindingRecord
from schemas.statements.clearance import ClearanceRevoked
from schemas.statements.consent import ConsentExpired
from tests.house_of import House

EXAMINATION = b'{"examination": "of the clip", "frames": [1, 2, 3]}'
MANIFEST = b"a raw C2PA manifest store"
CLIP = b"the clip's own bytes, which nobody looks into here"


@dataclass(frozen=True)
class Story:
    """A house, the file that was cleared, and what its clearance and consent are called."""

    house: House
    original: str
    signed: str
    copy: str
    consent: str
    clearance: str

    def write(self, out: Path, **options: Any) -> PackWritten:
        """`options`: those of an order and those of writing it."""
        asked = {name: options.pop(name) for name in ("with_media", "known_at", "reader", "dispute") if name in options}
        order = PackOrder.about(self.signed, **asked)
        options.setdefault("at", self.house.now())
        return write_pack(self.house.ledger, self.house.index, self.house.blobs, order, out, **options)

    @property
    def vkeys(self) -> list[str]:
        return [verifier.vkey() for verifier in self.house.verifiers]


def tell(house: House, *, expire: bool = True) -> Story:
    """Consent, brief, generation, import, examination, three gates, signing, yes, no, a copy; then the consent expires."""
    consent = house.consent()
    original = _imported(house, house.generation(consents=[consent]))
    house.approved(original)
    signed = house.derived(original, relation="signed")
    _examined(house, signed, manifest=MANIFEST)
    clearance = house.cleared(signed)
    house.ledger.say(house.verdict(house.decision(signed, territory="US")))
    copy = house.derived(signed)
    if expire:
        _expire(house, consent, clearance, signed, copy)
    house.asset()  # somebody else's file, which no pack of ours should mention
    return Story(house, original, signed, copy, consent, clearance)


def _imported(house: House, generation: str) -> str:
    asset = house.blobs.put(CLIP)
    body = AssetImported.example().model_copy(update={"asset": asset, "generation": generation})
    house.say_as("mara", body)
    return _examined(house, asset)


def _examined(house: House, asset: str, manifest: bytes | None = None) -> str:
    probed = {"media_type": "video/mp4", "medium": "video"}
    findings = (
        FindingRecord(extractor="probe", algorithm="libav", version="av 18", state="found", detail=probed),
        FindingRecord(extractor="pdq", algorithm="pdq256@512px", version="0.2.8", state="found"),
        FindingRecord(extractor="faces", algorithm="none", version="0", state="not_checked"),
    )
    body = AssetExamined(
        asset=asset,
        examination_sha256=house.blobs.put(EXAMINATION),
        essence_sha256="33" * 32,
        c2pa_state="trusted" if manifest else "absent",
        c2pa_ingredients_state="none",
        manifest_sha256=house.blobs.put(manifest) if manifest else None,
        frames=20,
        findings=findings,
    )
    house.ledger.say(body)
    return asset


def _expire(house: House, consent: str, clearance: str, signed: str, copy: str) -> None:
    grant = house.granted(consent)
    house.move_to(grant.valid_until)
    house.ledger.say(ConsentExpired(consent=consent, person=grant.person, expired_at=grant.valid_until))
    why: dict[str, Any] = {"cause": "consent-ended", "consent": consent, "detail": "the consent expired"}
    house.ledger.say(ClearanceRevoked(clearance=clearance, asset=signed, **why))
    for asset in (signed, copy):
        house.ledger.say(AssetFlagged(asset=asset, **why))


# -- changing packs ------------------------------------------------------------------------------------------------


def members(pack: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(pack)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(content: Mapping[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of these members, as any tool would write it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packing) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return out.getvalue()


def flipped(content: Mapping[str, bytes], name: str, at: int, bit: int) -> bytes:
    """A pack of these members with one bit of one of them changed; the zip is sound, only the evidence can tell."""
    data = bytearray(content[name])
    data[at % len(data)] ^= 1 << bit
    return packed({**content, name: bytes(data)}, zipfile.ZIP_STORED)


def forged(pack: bytes, key: SigningKey, changes: Mapping[str, bytes | None], **claims: Any) -> bytes:
    """What somebody who holds a service's key could make of a pack: digests and signature fixed up over the changes.

    None takes a member or a claim away.
    """
    content = {name: data for name, data in {**members(pack), **changes}.items() if data is not None}
    claimed = {name: one for name, one in {**json.loads(content["pack.json"]), **claims}.items() if one is not None}
    uncovered = {"pack.json", "pack.dsse"}
    claimed["members"] = {n: hashlib.sha256(data).hexdigest() for n, data in content.items() if n not in uncovered}
    content["pack.json"] = canonical(claimed)
    attested = sign(content["pack.json"], PACK_PAYLOAD_TYPE, key.private, PACK_JSON_BYTES_MAX)
    return packed({**content, "pack.dsse": attested.to_bytes()})


def of_format_1(pack: bytes, key: SigningKey, changes: Mapping[str, bytes | None], **claims: Any) -> bytes:
    """As `forged`, in the form that packs had before the log had an index."""
    later = ("index/", "facts.json", "certificate.txt", "report.pdf")
    proofs = {name: None for name in members(pack) if name.startswith(later)}
    claimed = json.loads(members(pack)["pack.json"])
    first = _COMPLETENESS_GAP.model_dump(mode="json", exclude_none=True)
    gaps = [first if gap["code"] == "index" else gap for gap in claimed["gaps"] if gap["code"] != "report-pdf"]
    old: dict[str, Any] = {"format": "countersign.evidence/1", "index": None, "complete": None, "gaps": gaps}
    old["subject"] = {"asset": claimed["subject"]["assets"][0]}
    return forged(pack, key, {**proofs, **changes}, **{**old, **claims})
