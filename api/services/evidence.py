"""Writing an evidence pack: one zip that shows, to somebody who trusts nobody, what the log says of a file (SPEC S8)."""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from api.services.completeness import named_look
from api.services.evidence_blobs import PackBlobs, blobs_of
from api.services.evidence_claims import claims_of, gaps_of, questions_now
from api.services.evidence_contents import Contents, contents_of
from api.services.evidence_outside import Bounds, Outside, bounds_of
from api.services.evidence_report import render_report
from ledger.blobs import Blobs, read_chunks
from ledger.door import Ledger
from ledger.errors import Misuse, NotFound, Unavailable, Untrusted
from ledger.proof.canonical import canonical
from ledger.proof.encoding import base64_text
from ledger.proof.keyring import KeyRing
from ledger.proof.logentry import LogEntry
from ledger.proof.logkeys import LogKeys
from ledger.proof.merkle import inclusion_proof
from ledger.proof.pack import check_pack
from ledger.proof.packclaims import PACK_PAYLOAD_TYPE, entry_name, index_name, proof_name
from ledger.proof.packfile import PACK_JSON_BYTES_MAX
from ledger.proof.packreport import PackReport
from ledger.proof.standalone import standalone_verifier
from ledger.proof.tlogproof import format_proof
from ledger.rules.decision import RULES_VERSION
from ledger.rules.lineage import arrival
from projections.tag_index import TagIndex
from schemas.base import format_instant, parse_instant
from schemas.evidence import PackComplete, PackEntry, PackIndex, PackManifest, PackSubject
from schemas.statements.actor import LogOpened
from schemas.statements.evidence import EvidenceExported

_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the zip format's zero: the same contents give the same archive


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
    asset: str,
    out: Path,
    *,
    at: datetime,
    outside: Outside | None = None,
    with_media: bool = False,
    overwrite: bool = False,
) -> PackWritten:
    """Writes the evidence about one file, and says so in the log (`evidence.exported.v1`) before the pack appears.
    `outside`: where cosignatures and time stamps are kept; what fits goes in.

    Raises NotFound `asset_unknown`, Misuse `pack_exists`, TooLarge `pack_too_large`, Unavailable `pack_not_written`,
    Untrusted `blob_altered`. A crash leaves `out` as it was: at most a stray `.partial` file beside it, and custody of a
    pack that never left.
    """
    _refuse_existing(out, overwrite)
    if arrival(ledger.history(), asset) is None:
        raise NotFound("asset_unknown", "no file with this digest is in the ledger", "Import it first.")
    pack = _Pack(ledger, index, blobs, asset, parse_instant(format_instant(at)), with_media, outside)
    partial = _partial_beside(out)
    try:
        pack.write(partial)
        report = check_pack(partial, pack.vkeys)
        written = PackWritten(out, _sha256(partial), len(pack.contents.said), partial.stat().st_size, report)
        ledger.say(EvidenceExported(asset=asset, pack_sha256=written.sha256, entries=written.entries))
        _refuse_existing(out, overwrite)
        partial.replace(out)
    except OSError as error:
        raise Unavailable("pack_not_written", f"the pack can't be written: {error.strerror}", "Free space.") from error
    finally:
        partial.unlink(missing_ok=True)
    return written


class _Pack:
    """What goes into one pack, all of it under one checkpoint, and complete up to the size that the index's root is of."""

    def __init__(
        self,
        ledger: Ledger,
        index: TagIndex,
        blobs: Blobs,
        asset: str,
        at: datetime,
        with_media: bool,
        outside: Outside | None,
    ) -> None:
        self._ledger, self._asset, self._at = ledger, asset, at
        with named_look(ledger, index) as (named, look):
            self._named, self._horizon = named, look.size
            questions = questions_now(ledger.store, look.size, asset, at)
            self.contents: Contents = contents_of(ledger.store, look.size, asset, questions, named)
            self._proofs = {tag: look.prove(tag) for tag in sorted(self.contents.complete)}
        self._size, self._checkpoint = ledger.head()
        self.contents.add(ledger.history().about("log:keys"), "turns the log to new keys")
        self._blobs: PackBlobs = blobs_of(self.contents.ordered(), blobs, with_media)
        opening = self.contents.said[0].body
        if not isinstance(opening, LogOpened):
            raise Untrusted("log_not_opened", "the log's first entry does not open it", "Run fsck.")
        self._opening = opening
        self._log_keys = LogKeys.of(LogEntry.parse(one.index, one.entry) for one in self.contents.ordered())
        self._bounds: Bounds = bounds_of(outside, self._log_keys, self._size, self._decisive())

    @property
    def vkeys(self) -> tuple[str, ...]:
        return self._log_keys.link_at(self._size).vkeys

    def write(self, path: Path) -> None:
        members = self._members()
        manifest = self._manifest()
        members["report.html"] = self._report(manifest, members["verify.py"])
        claims = canonical(self._sealed(manifest, members).model_dump(mode="json", exclude_none=True))
        attested = self._ledger.attest(claims, PACK_PAYLOAD_TYPE, PACK_JSON_BYTES_MAX)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            _put(archive, "pack.json", claims)
            _put(archive, "pack.dsse", attested.to_bytes())
            for name in sorted(members):
                _put(archive, name, members[name])
            for digest, source in sorted(self._blobs.present.items()):
                _put_file(archive, f"blobs/{digest}", source, digest)
        with path.open("rb") as file:
            os.fsync(file.fileno())

    def _members(self) -> dict[str, bytes]:
        """Every member with a digest but the report and the blobs. Proofs: O(log size) an entry."""
        members: dict[str, bytes] = {
            "keys/log.vkeys": "".join(f"{vkey}\n" for vkey in self.vkeys).encode("utf-8"),
            "keys/actors.json": canonical(self._actors()),
            "verify.py": standalone_verifier().encode("utf-8"),
        }
        for said in self.contents.ordered():
            hashes = inclusion_proof(said.index, self._size, self._ledger.store)
            members[entry_name(said.index)] = said.entry
            members[proof_name(said.index)] = format_proof(said.index, hashes, self._checkpoint)
        members |= self._bounds.reaching(self._size, self._ledger.store)
        for tag, proof in self._proofs.items():
            members[index_name(tag)] = canonical(proof.as_json())
        return members

    def _decisive(self) -> int:
        """The last entry about the file itself: a time stamp over it is one over all that was said of the file."""
        about = f"asset:{self._asset}"
        return max(said.index for said in self.contents.ordered() if about in said.statement.tags)

    def _actors(self) -> dict[str, object]:
        """Every key that the pack's entries bring."""
        ring, _ = KeyRing.of(LogEntry.parse(said.index, said.entry) for said in self.contents.ordered())
        return {
            keyid: {"enrolled_at_index": key.enrolled_at_index, "spki": base64_text(key.spki)}
            for keyid, key in ring.keys.items()
        }

    def _manifest(self) -> PackManifest:
        """pack.json before the members are known."""
        found, store = self.contents.ordered(), self._ledger.store
        return PackManifest(
            origin=self._opening.origin,
            made_at=self._at,
            rules=RULES_VERSION,
            size=self._size,
            subject=PackSubject(asset=self._asset),
            claims=tuple(claims_of(store, self._horizon, self._asset, self._at)),
            entries=tuple(
                PackEntry(index=said.index, type=said.type, why=self.contents.why[said.index]) for said in found
            ),
            omitted=self._blobs.omitted,
            gaps=tuple(gaps_of(store, self._horizon, self._asset, self._blobs.omitted, bounded=self._bounds.any)),
            members={},
            index=PackIndex(entry=self._named.index, size=self._horizon),
            complete=tuple(
                PackComplete(tag=tag, topics=tuple(sorted(topics)))
                for tag, topics in sorted(self.contents.complete.items())
            ),
        )

    def _sealed(self, manifest: PackManifest, members: dict[str, bytes]) -> PackManifest:
        digests = {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}
        digests |= {f"blobs/{digest}": digest for digest in self._blobs.present}
        return manifest.model_copy(update={"members": digests})

    def _report(self, manifest: PackManifest, verifier: bytes) -> bytes:
        verifier_sha256 = hashlib.sha256(verifier).hexdigest()
        return render_report(manifest, self.contents.ordered(), verifier_sha256, self.vkeys, self._bounds)


def _member_info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _ZIP_EPOCH)
    info.external_attr = 0o100644 << 16
    info.create_system = 3  # Unix, wherever it is written
    return info


def _put(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    archive.writestr(_member_info(name), content)


def _put_file(archive: zipfile.ZipFile, name: str, source: Path, digest: str) -> None:
    """In pieces, and checked on the way: a damaged blob store must not look like evidence."""
    info, seen = _member_info(name), hashlib.sha256()
    info.file_size = source.stat().st_size
    with archive.open(info, "w") as member:
        for chunk in read_chunks(source):
            seen.update(chunk)
            member.write(chunk)
    if seen.hexdigest() != digest:
        raise Untrusted("blob_altered", f"blob {digest} no longer has the bytes it is named for", "Run fsck.")


def _partial_beside(out: Path) -> Path:
    """An empty file in the same folder, so that the last step is one rename."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.", suffix=".partial")
    except OSError as error:
        raise Unavailable("pack_not_written", f"no file can be made there: {error.strerror}", "Look at it.") from error
    os.fchmod(handle, 0o644)
    os.close(handle)
    return Path(name)


def _sha256(path: Path) -> str:
    return _digest_of(read_chunks(path))


def _digest_of(chunks: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def _refuse_existing(out: Path, overwrite: bool) -> None:
    if out.exists() and not overwrite:
        raise Misuse("pack_exists", f"{out.name} is already there", "Choose another name, or say to overwrite it.")
