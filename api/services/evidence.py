"""Writing an evidence pack: one zip that shows, to somebody who trusts nobody, what the log says of files (SPEC S8)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from api.services.completeness import named_look
from api.services.evidence_archive import partial_beside, refuse_existing, sha256_of, write_archive
from api.services.evidence_blobs import PackBlobs, blobs_of
from api.services.evidence_certificate import certificate_text
from api.services.evidence_claims import claims_of, gaps_of, questions_now
from api.services.evidence_contents import Contents, contents_of
from api.services.evidence_order import PackOrder, require_in_order, shown_to, size_known
from api.services.evidence_outside import Bounds, Outside, bounds_of
from api.services.evidence_pairs import frames_of
from api.services.evidence_pdf import pdf_there, render_pdf
from api.services.evidence_privilege import claimed_now, privileged_documents, privileged_fields
from api.services.evidence_reading import Reading
from api.services.evidence_report import render_report
from api.services.facts import facts_bytes, facts_in
from ledger.blobs import Blobs
from ledger.door import Ledger
from ledger.errors import Unavailable, Untrusted
from ledger.history import History
from ledger.proof.canonical import canonical
from ledger.proof.consistency import consistency_file
from ledger.proof.encoding import base64_text
from ledger.proof.keyring import KeyRing
from ledger.proof.logentry import LogEntry
from ledger.proof.logkeys import LogKeys
from ledger.proof.merkle import consistency_proof, inclusion_proofs, tree_root
from ledger.proof.pack import check_pack
from ledger.proof.packclaims import KNOWN_NAME, PACK_PAYLOAD_TYPE, entry_name, index_name, proof_name
from ledger.proof.packfile import PACK_JSON_BYTES_MAX
from ledger.proof.packreport import PackReport
from ledger.proof.standalone import standalone_verifier
from ledger.proof.tlogproof import format_proof
from ledger.rules.decision import RULES_VERSION
from projections.tag_index import TagIndex
from schemas.base import format_instant, parse_instant
from schemas.evidence import PackComplete, PackEntry, PackIndex, PackKnown, PackManifest, PackSubject
from schemas.statements.actor import LogOpened
from schemas.statements.evidence import EvidenceExported


@dataclass(frozen=True)
class PackWritten:
    """A pack on disk. `report` is its own check under this ledger's keys: evidence may fail, and is then named."""

    path: Path
    sha256: str
    entries: int
    bytes: int
    report: PackReport


def write_pack(
    ledger: Ledger,
    index: TagIndex,
    blobs: Blobs,
    about: str | PackOrder,
    out: Path,
    *,
    at: datetime,
    outside: Outside | None = None,
    overwrite: bool = False,
) -> PackWritten:
    """Writes the evidence about one file, or what an order says, and says so in the log (`evidence.exported.v2`) before the
    pack appears. `outside`: where cosignatures and time stamps are kept; what fits goes in.

    Raises NotFound `asset_unknown`, Misuse `pack_exists` and what `PackOrder.require` raises, TooLarge `pack_too_large`,
    Unavailable `pack_not_written`, Untrusted `blob_altered`. A crash leaves `out` as it was: at most a stray `.partial` file
    beside it, and custody of a pack that never left.
    """
    refuse_existing(out, overwrite)
    order = PackOrder.about(about) if isinstance(about, str) else about
    made_at = parse_instant(format_instant(at))
    order.require(ledger, made_at)
    pack = _Pack(ledger, index, blobs, order, made_at, outside)
    partial = partial_beside(out)
    try:
        pack.write(partial)
        report = check_pack(partial, pack.vkeys)
        written = PackWritten(out, sha256_of(partial), len(pack.contents.said), partial.stat().st_size, report)
        ledger.say(_exported(order, written))
        refuse_existing(out, overwrite)
        partial.replace(out)
    except OSError as error:
        raise Unavailable("pack_not_written", f"the pack can't be written: {error.strerror}", "Free space.") from error
    finally:
        partial.unlink(missing_ok=True)
    return written


def _exported(order: PackOrder, written: PackWritten) -> EvidenceExported:
    return EvidenceExported(
        assets=order.assets,
        dispute=order.dispute,
        pack_sha256=written.sha256,
        entries=written.entries,
        requested_by=order.requested_by,
        reader=order.reader,
        known_at=order.known_at,
    )


class _Pack:
    """What goes into one pack, all of it under one checkpoint, and complete up to the size that the index's root is of."""

    def __init__(
        self,
        ledger: Ledger,
        index: TagIndex,
        blobs: Blobs,
        order: PackOrder,
        made_at: datetime,
        outside: Outside | None,
    ) -> None:
        self._ledger, self._order, self._made_at = ledger, order, made_at
        with named_look(ledger, index) as (named, look):
            self._named, self._horizon = named, look.size
            self._known = self._known_then()
            self._reading = Reading(ledger.store, look.size)
            told = self._told()
            now = questions_now(self._reading, told.upto, order.assets, self._as_of)
            self.facts = facts_in(told, order.assets, self._as_of)
            self.contents: Contents = contents_of(self._reading, order.assets, told, now, named)
            self._proofs = {tag: look.prove(tag) for tag in sorted(self.contents.complete)}
        self._size, self._checkpoint = ledger.head()
        self.contents.add(ledger.history().about("log:keys"), "turns the log to new keys")
        if self._known:
            require_in_order(self.contents.ordered(), self._known)
        claims = claimed_now(self._reading.history(), order.assets, made_at)
        self._blobs: PackBlobs = blobs_of(
            self.contents.ordered(),
            blobs,
            with_media=order.with_media,
            with_documents=order.with_documents,
            withheld=privileged_documents(claims),
        )
        documents = frozenset(privileged_documents(claims))
        self._frames = frames_of(self._reading.history(), self.facts, blobs, documents, shown=order.with_frames)
        self._withheld = privileged_fields(claims)
        opening = self.contents.said[0].body
        if not isinstance(opening, LogOpened):
            raise Untrusted("log_not_opened", "the log's first entry does not open it", "Run fsck.")
        self._opening = opening
        self._log_keys = LogKeys.of(LogEntry.parse(one.index, one.entry) for one in self.contents.ordered())
        self._bounds: Bounds = bounds_of(outside, self._log_keys, self._size, self._decisive())

    @property
    def vkeys(self) -> tuple[str, ...]:
        return self._log_keys.link_at(self._size).vkeys

    @property
    def _as_of(self) -> datetime:
        return self._known.at if self._known else self._made_at

    def _known_then(self) -> PackKnown | None:
        if self._order.known_at is None:
            return None
        size = size_known(self._ledger.store, self._horizon, self._order.known_at)
        root = tree_root(size, self._ledger.store)
        return PackKnown(at=self._order.known_at, size=size, root=root.hex())

    def _told(self) -> History:
        return self._reading.history(self._known.size if self._known else None)

    def write(self, path: Path) -> None:
        members = self._members()
        manifest = self._manifest()
        verifier_sha256 = hashlib.sha256(members["verify.py"]).hexdigest()
        members["facts.json"] = facts_bytes(self.facts)
        members["certificate.txt"] = certificate_text(manifest, self.facts, verifier_sha256)
        found = self.contents.ordered()
        shown = sum(name.startswith("disclosures/") for name in members)
        members["report.html"] = render_report(
            manifest, self.facts, found, verifier_sha256, self.vkeys, self._bounds, self._frames, shown
        )
        if pdf_there():
            members["report.pdf"] = render_pdf(manifest, self.facts, verifier_sha256, self._frames, self._bounds)
        claims = canonical(self._sealed(manifest, members).model_dump(mode="json", exclude_none=True))
        attested = self._ledger.attest(claims, PACK_PAYLOAD_TYPE, PACK_JSON_BYTES_MAX)
        write_archive(path, claims, attested.to_bytes(), members, self._blobs.present)

    def _members(self) -> dict[str, bytes]:
        """Every member with a digest but the reports and the blobs. Proofs: O(log size) an entry."""
        members: dict[str, bytes] = {
            "keys/log.vkeys": "".join(f"{vkey}\n" for vkey in self.vkeys).encode("utf-8"),
            "keys/actors.json": canonical(self._actors()),
            "verify.py": standalone_verifier().encode("utf-8"),
        }
        found = self.contents.ordered()
        proofs = inclusion_proofs((said.index for said in found), self._size, self._ledger.store)
        for said, hashes in zip(found, proofs, strict=True):
            members[entry_name(said.index)] = said.entry
            members[proof_name(said.index)] = format_proof(said.index, hashes, self._checkpoint)
        members |= self._frames.members
        members |= self._bounds.reaching(self._size, self._ledger.store)
        for tag, proof in self._proofs.items():
            members[index_name(tag)] = canonical(proof.as_json())
        if self._known:
            hashes = consistency_proof(self._known.size, self._size, self._ledger.store)
            members[KNOWN_NAME] = consistency_file(self._known.size, self._size, hashes)
        if self._order.reader:
            members |= shown_to(self._ledger, self.contents.ordered(), self._order.reader, self._withheld)
        return members

    def _decisive(self) -> int:
        """The last entry about the files themselves: a time stamp over it is one over all that the pack tells of them."""
        about, upto = (
            {f"asset:{asset}" for asset in self._order.assets},
            self._known.size if self._known else self._size,
        )
        told = (said.index for said in self.contents.ordered() if not about.isdisjoint(said.statement.tags))
        return max((index for index in told if index < upto), default=0)

    def _actors(self) -> dict[str, object]:
        """Every key that the pack's entries bring."""
        ring, _ = KeyRing.of(LogEntry.parse(said.index, said.entry) for said in self.contents.ordered())
        return {
            keyid: {"enrolled_at_index": key.enrolled_at_index, "spki": base64_text(key.spki)}
            for keyid, key in ring.keys.items()
        }

    def _manifest(self) -> PackManifest:
        """pack.json before the members are known."""
        found, told, assets, size = self.contents.ordered(), self._reading, self._order.assets, self._told().upto
        return PackManifest(
            origin=self._opening.origin,
            made_at=self._made_at,
            rules=RULES_VERSION,
            size=self._size,
            subject=PackSubject(assets=assets, dispute=self._order.dispute),
            claims=tuple(claims_of(told, size, assets, self._as_of, self._known is not None)),
            entries=tuple(
                PackEntry(index=said.index, type=said.type, why=self.contents.why[said.index]) for said in found
            ),
            omitted=self._blobs.omitted,
            gaps=tuple(gaps_of(told, size, assets, self._blobs.omitted, bounded=self._bounds.any, pdf=pdf_there())),
            members={},
            index=PackIndex(entry=self._named.index, size=self._horizon),
            complete=tuple(
                PackComplete(tag=tag, topics=tuple(sorted(topics)))
                for tag, topics in sorted(self.contents.complete.items())
            ),
            known=self._known,
            reader=self._order.reader,
            frames=self._frames.told or None,
        )

    def _sealed(self, manifest: PackManifest, members: dict[str, bytes]) -> PackManifest:
        digests = {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}
        digests |= {f"blobs/{digest}": digest for digest in self._blobs.present}
        return manifest.model_copy(update={"members": digests})
