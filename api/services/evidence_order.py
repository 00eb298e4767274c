"""What somebody wants an evidence pack to be about, and as of when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ledger.door import Ledger
from ledger.errors import Misuse, NotFound
from ledger.proof.canonical import canonical
from ledger.proof.packknown import shown_name
from ledger.rules.lineage import arrival
from ledger.statement import Said, read_entry
from ledger.store.contract import Store
from ledger.vault import Erased
from schemas.evidence import PackKnown
from schemas.statements.erasure import FieldDisclosed
from schemas.statements.evidence import PACK_ASSETS_MAX


@dataclass(frozen=True)
class PackOrder:
    """`known_at`: tell what was known then. `reader`: show them the fields that the log says were disclosed to them.
    `requested_by`: who asks the service; None at the machine itself.
    """

    assets: tuple[str, ...]
    dispute: str | None = None
    known_at: datetime | None = None
    reader: str | None = None
    requested_by: str | None = None
    with_media: bool = False
    with_documents: bool = False
    """What was shown to people, signed by them or proves an authority; contracts. For legal."""
    with_frames: bool = False
    """Frames of matches side by side: pictures, which may show people."""

    @classmethod
    def about(cls, *assets: str, **options: object) -> PackOrder:
        return cls(tuple(sorted(set(assets))), **options)  # type: ignore[arg-type]

    def require(self, ledger: Ledger, now: datetime) -> None:
        """Raises NotFound `asset_unknown`, Misuse `pack_without_files`, `pack_too_many_files`, `known_at_in_future`."""
        if not self.assets:
            raise Misuse("pack_without_files", "a pack is about at least one file", "Name a file.")
        if len(self.assets) > PACK_ASSETS_MAX:
            what = f"a pack is about at most {PACK_ASSETS_MAX} files"
            raise Misuse("pack_too_many_files", what, "Make several packs.")
        if self.known_at is not None and self.known_at > now:
            raise Misuse("known_at_in_future", "nothing is known of a time to come", "Name an instant of the past.")
        history = ledger.history(as_of=self.known_at)
        for asset in self.assets:
            if arrival(history, asset) is None:
                raise NotFound("asset_unknown", "no file with this digest is in the ledger", "Import it first.")


def size_known(store: Store, upto: int, at: datetime) -> int:
    """How many of the first `upto` entries were recorded by an instant. O(log upto)."""
    low, high = 0, upto
    while low < high:
        middle = (low + high) // 2
        stored = next(iter(store.read_entries(after=middle, limit=1)))
        low, high = (middle + 1, high) if read_entry(stored).recorded_at <= at else (low, middle)
    return low


def require_in_order(found: list[Said], known: PackKnown) -> None:
    """Raises Misuse `known_at_ambiguous`: the ledger's clock was set back across that instant."""
    for said in found:
        if (said.index < known.size) != (said.recorded_at <= known.at):
            what = f"entry {said.index} was recorded before an entry that stands before it: the clock was set back"
            raise Misuse("known_at_ambiguous", what, "Name another instant.")


def shown_to(
    ledger: Ledger, found: list[Said], reader: str, withheld: frozenset[tuple[str, str]] = frozenset()
) -> dict[str, bytes]:
    """Members with every field of these entries that the log says was disclosed to this reader, each with its salt. What was
    erased since is gone, and facts.json says so; `withheld`: (statement, pointer) of what counsel claims privilege over.

    Raises Unavailable `vault_…`, Untrusted `vault_…`.
    """
    by_id = {said.statement.id: said for said in found}
    members: dict[str, bytes] = {}
    for shown in [said.body for said in found if isinstance(said.body, FieldDisclosed)]:
        said = by_id.get(shown.statement)
        if shown.to != reader or said is None or (shown.statement, shown.pointer) in withheld:
            continue
        opening = ledger.vault.open(shown.statement, shown.pointer)
        if not isinstance(opening, Erased):
            field = {"index": said.index, "pointer": shown.pointer, "salt": opening.salt.hex(), "value": opening.value}
            members[shown_name(field)] = canonical(field)
    return members
