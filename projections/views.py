"""All views of one ledger, in one file: what routes, commands and the worker ask."""

from __future__ import annotations

import shutil
from pathlib import Path

from ledger.blobs import Blobs
from ledger.door import Ledger
from projections.audit_trail import AuditTrail
from projections.clearance import Clearances
from projections.contract import Projection
from projections.database import ViewsDatabase
from projections.descriptors import Descriptors
from projections.disputes import Disputes
from projections.due import Due
from projections.examinations import Examinations
from projections.holders import Holders
from projections.index.held import Opens, in_memory
from projections.licensed import Licensed
from projections.likeness import LikenessWork
from projections.lineage import Lineage
from projections.matchbook import MatchBook
from projections.matches import Matches
from projections.notices import Notices
from projections.rights import Rights
from projections.runner import Runner
from projections.sounds import Sounds
from projections.status import StatusPlaces
from projections.texts import Texts

PROJECTIONS: tuple[type[Projection], ...] = (
    Lineage,
    AuditTrail,
    Rights,
    Clearances,
    Matches,
    MatchBook,
    Sounds,
    Examinations,
    Descriptors,
    Due,
    Notices,
    Holders,
    Licensed,
    StatusPlaces,
    LikenessWork,
    Disputes,
    Texts,
)
"""Every view there is; a house test holds each against the catalogue."""


class Views(Runner):
    """`Views(path, ledger, blobs)`. Call `catch_up()` or `start()` before asking; `close()` before the ledger's.

    A query answers from the position that its view reached (`positions`), never from a view that stopped or is being
    built: then it raises Unavailable.
    """

    def __init__(self, path: Path, ledger: Ledger, blobs: Blobs, opens: Opens = in_memory) -> None:
        """`opens` says where the codes of pictures are searched."""
        shutil.rmtree(
            path.with_name(f"{path.stem}-codes"), ignore_errors=True
        )  # where earlier releases kept codes as files
        database = ViewsDatabase(path)
        self.lineage = Lineage(database)
        self.audit_trail = AuditTrail(database, self.lineage)
        self.rights = Rights(database, self.lineage)
        self.clearance = Clearances(database)
        self.matches = Matches(database, blobs, opens)
        self.sounds = Sounds(database, blobs)
        self.matchbook = MatchBook(database)
        self.examinations = Examinations(database)
        self.descriptors = Descriptors(database, blobs)
        self.due = Due(database)
        self.notices = Notices(database)
        self.holders = Holders(database)
        self.licensed = Licensed(database)
        self.status = StatusPlaces(database)
        self.likeness = LikenessWork(database)
        self.disputes = Disputes(database)
        self.texts = Texts(database)
        self.projections: tuple[Projection, ...] = (
            self.lineage,
            self.audit_trail,
            self.rights,
            self.clearance,
            self.matches,
            self.matchbook,
            self.sounds,
            self.examinations,
            self.descriptors,
            self.due,
            self.notices,
            self.holders,
            self.licensed,
            self.status,
            self.likeness,
            self.disputes,
            self.texts,
        )
        super().__init__(path, ledger.store, database, self.projections)

    def close(self) -> None:
        super().close()
        self.matches.close()

    def catch_up(self) -> int:
        """As every runner does; and what was withdrawn leaves the index before anybody is answered."""
        size = super().catch_up()
        self.matches.settle()
        self.sounds.settle()
        return size
