"""The fingerprint index: which known assets is a file near, and where in them? (FORMATS 8)

Codes are rows, written with their position from the examination that `asset.examined.v1` names by digest. The index
(`index.held`) follows the rows. Frames of low quality are kept and never vote. Codes of different algorithms are never
compared, nor those of our own outputs with those of reference media: each part has an index, and a size, of its own.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from ledger.blobs import Blobs
from ledger.errors import LedgerError, Unavailable
from ledger.media.findings import (
    FRAME_CODES_MAX,
    FRAMED_ALGORITHM,
    LOCAL_FEATURES,
    QUERY_CODES_MAX,
    Examination,
    Finding,
    Fingerprints,
    VariantCode,
)
from ledger.media.local_features import Points, unpack
from ledger.statement import Said
from projections.alignment import Frames
from projections.comparison import (
    Asked,
    Decision,
    Match,
    compared,
    frames_of,
    holds_one_picture,
    rank,
    ranked_near,
    runs_of,
    search_run,
    voting_frames,
)
from projections.confirmation import settle
from projections.database import Snapshot, View, ViewsDatabase
from projections.index.held import HeldIndexes, Opens, in_memory
from projections.matchpolicy import MatchPolicy, current
from projections.matchrows import PLAIN, SCHEMA, Part, keep, numbers_of, withdraw
from projections.topics import EVERY
from schemas.statements.asset import AssetExamined, FindingRecord
from schemas.statements.reference import ReferenceRegistered, ReferenceWithdrawn

__all__ = ["Decision", "Match", "Matches", "Part", "Runs", "pair"]

Runs = Mapping[str, Sequence[tuple[str, Frames]]]
"""By algorithm: how frames were turned before hashing, and those that may vote."""
_LOG = logging.getLogger("countersign.matches")
FAR_MAX = 24  # files beyond a candidate's bits that geometry looks at, the likeliest first; 3 ms a pair of frames
RESULTS_MAX = 50  # more near assets than a person compares


class Matches(View):
    """Rows of codes, and an index in memory over them. Thread-safe."""

    name = "matches"
    version = 5
    schema = SCHEMA
    handled = frozenset(
        {"asset.examined.v1", "reference.registered.v1", "reference.registered.v2", "reference.withdrawn.v1"}
    )
    ignored = EVERY - handled

    def __init__(self, database: ViewsDatabase, blobs: Blobs, opens: Opens = in_memory) -> None:
        super().__init__(database)
        self._blobs = blobs
        self._held = HeldIndexes(self.version, opens)

    def close(self) -> None:
        self._held.close()

    def apply(self, db: sqlite3.Connection, said: Said) -> None:
        """A missing or altered examination stops the view: an index with a hole would say `unknown` of a known clip."""
        body = said.body
        if isinstance(body, AssetExamined) and body.frames:
            self._keep(db, said.index, body.asset, body.examination_sha256, "own", body.findings)
        elif (
            isinstance(body, ReferenceRegistered) and "picture" in body.ways and body.media and body.examination_sha256
        ):
            db.execute("INSERT INTO matches_reference VALUES (?, ?, 1)", (body.reference, body.media))
            self._keep(db, said.index, body.media, body.examination_sha256, "reference")
        elif isinstance(body, ReferenceWithdrawn):
            withdraw(db, body.reference)

    def _keep(
        self,
        db: sqlite3.Connection,
        index: int,
        asset: str,
        examination: str,
        part: Part,
        said: Sequence[Finding | FindingRecord] = (),
    ) -> None:
        """Of a file its frames and their framings; of a reference its frames and its codes to search with, which are compared
        with framings: what is compared later is codes, not pixels."""
        found = Examination.from_json(json.loads(self._blobs.get(examination)))
        if found.fingerprints is None or not found.fingerprints.frames:
            return
        features = features_of(said or found.findings)
        keep(db, index, asset, found.fingerprints, part, [(PLAIN, found.fingerprints.frames)], features)
        if part == "own" and found.framed is not None and found.framed.frames:
            keep(db, index, asset, found.framed, part, [(PLAIN, found.framed.frames)], features)
        if part == "reference" and found.variants:
            framed = replace(found.fingerprints, algorithm=FRAMED_ALGORITHM)
            keep(db, index, asset, framed, part, runs_of(found.variants).items(), features)

    # -- queries -------------------------------------------------------------------------------------------------

    def algorithms(self) -> list[str]:
        """The algorithms that known assets were fingerprinted with; a query in another finds nothing."""
        return [name for (name,) in self._rows("SELECT DISTINCT algorithm FROM matches_asset ORDER BY algorithm")]

    def knows(self, asset: str) -> bool:
        """Whether the file can be found by its picture: frames of it are in the index."""
        return bool(self._rows("SELECT 1 FROM matches_asset WHERE asset = ? AND part = 'own' LIMIT 1", (asset,)))

    def size(self, algorithm: str, part: Part = "own") -> int:
        """How many codes a query in this algorithm is compared with: false matches grow with it."""
        with self._database.snapshot(self.name) as look:
            return self._held.index(look, (algorithm, part)).count

    def compared_for(self, algorithm: str, part: Part = "own") -> int:
        """How many codes are compared with codes of this part for one frame that is looked for: the frame's own with those of
        frames, and each of its parts with the parts of frames."""
        each = QUERY_CODES_MAX if part == "own" else FRAME_CODES_MAX
        return self.size(algorithm, part) + each * self.size(FRAMED_ALGORITHM, part)

    def settle(self) -> None:
        """Codes that were removed leave the index, wherever it is kept, and the journal."""
        try:
            with self._database.snapshot(self.name) as look:
                gone = self._held.settle(look)
        except Unavailable as error:  # stopped, being built, or kept where nobody answers: the next pass settles
            _LOG.warning("what was removed is not settled yet: %s", error.code)
            return
        if gone:
            self._database.empty_journal()

    def search(
        self,
        fingerprints: Fingerprints,
        *,
        variants: Sequence[VariantCode] = (),
        features: bytes = b"",
        exclude: frozenset[str] = frozenset(),
        limit: int = RESULTS_MAX,
        part: Part = "own",
    ) -> list[Match]:
        """Known assets near the fingerprints or one of their variants, best first; `exclude` holds asset digests. With packed
        local `features` geometry confirms, finds what is too far for a code alone, and tells mere likeness apart (`style`).

        Every asset of a family is named: a clip and its signed twin both match. The floor for a clip is the policy's frames
        in order and its share of one side; where one side is a still, or a clip of one picture, one frame does.
        """
        plain, policy = fingerprints.algorithm, current()
        whole = voting_frames(fingerprints.frames, policy)
        held = holds_one_picture(whole, policy)
        radius = policy.near_bits_max if features else policy.candidate_bits_max
        best: dict[str, Match] = {}
        with self._database.snapshot(self.name) as look:
            asked = Asked(look, self._held.index(look, (plain, part)), part, plain, held, radius)
            framed = replace(asked, index=self._held.index(look, (FRAMED_ALGORITHM, part)))
            found = search_run(asked, fingerprints.frames, "plain")
            for transform, codes in runs_of(variants).items():
                found += search_run(framed, codes, transform)
            for match in sorted(found, key=rank):
                if match.asset_sha256 not in exclude:
                    best.setdefault(match.asset_sha256, match)
            known = partial(self._features, look, part)
            settled = settle(list(best.values()), _unpacked(features), known) if features else list(best.values())
        return sorted(settled, key=rank)[:limit]

    def _features(self, look: Snapshot, part: Part, asset: str) -> Sequence[Points] | None:
        """What was stored when it was examined. A blob that is gone or was altered confirms nothing."""
        sql = "SELECT features FROM matches_asset WHERE asset = ? AND part = ? AND features != '' ORDER BY number DESC"
        row = look.rows(sql, (asset, part))
        try:
            return _unpacked(self._blobs.get(row[0][0])) if row else None
        except LedgerError:
            return None

    # -- a file and a reference --------------------------------------------------------------------------------------

    def runs(self, asset: str, part: Part, policy: MatchPolicy) -> Runs:
        """A file's stored frames that may vote; nothing for one without a picture."""
        found: dict[str, list[tuple[str, Frames]]] = {}
        with self._database.snapshot(self.name) as look:
            for number, algorithm, variant in numbers_of(look, asset, part):
                found.setdefault(algorithm, []).append((variant, frames_of(look, number, policy)))
        return found

    def features(self, asset: str, part: Part) -> Sequence[Points]:
        """A file's stored local features; nothing where there are none."""
        with self._database.snapshot(self.name) as look:
            return self._features(look, part, asset) or ()

    def near(self, runs: Runs, part: Part, policy: MatchPolicy, *, far: bool) -> list[str]:
        """Files of this part with codes near the runs', the likeliest first: who may match, undecided. `far`: also those that
        only geometry could confirm, as many as are worth looking at."""
        with self._database.snapshot(self.name) as look:
            indexes = {algorithm: self._held.index(look, (algorithm, part)) for algorithm in runs}
            asked = [
                (indexes[algorithm], frames) for algorithm, found in runs.items() for _, frames in found if len(frames)
            ]
            numbers = ranked_near(asked, policy.candidate_bits_max, policy)
            if far:
                numbers += ranked_near(asked, policy.near_bits_max, policy)[:FAR_MAX]
            sql = "SELECT asset FROM matches_asset WHERE number = ?"
            named = [look.rows(sql, (number,)) for number in dict.fromkeys(numbers)]
        return list(dict.fromkeys(row[0][0] for row in named if row))


def _unpacked(features: bytes) -> Sequence[Points]:
    try:
        return unpack(features)
    except ValueError:
        return ()


def features_of(findings: Sequence[Finding | FindingRecord]) -> str:
    """The digest of the blob with the local features, "" where there is none."""
    details = [one.detail.get("sha256", "") for one in findings if one.extractor == LOCAL_FEATURES]
    return str(details[0]) if details else ""


def pair(
    name: str, file: Runs, reference: Runs, policy: MatchPolicy, features: tuple[Sequence[Points], Sequence[Points]]
) -> Match | None:
    """The best match of a file's codes with those of one reference, called `name`, from the file's side; None for none.

    With local features of both geometry confirms it, finds what is too far for codes alone, and drops what is only alike.
    """
    one = any(len(frames) == 1 for side in (file, reference) for runs in side.values() for _, frames in runs)
    floors = policy.floors(still=one, held=_held(file, policy) or _held(reference, policy))
    radius = policy.near_bits_max if all(features) else policy.candidate_bits_max
    found = [
        compared(name, mine, theirs, floors, turned, radius, policy)
        for algorithm, runs in file.items()
        for _, mine in runs
        for turned, theirs in reference.get(algorithm, ())
    ]
    best = sorted((match for match in found if match is not None), key=rank)[:1]
    settled = settle(best, features[0], lambda _: features[1]) if all(features) else best
    return next((match for match in settled if match.tells), None)


def _held(runs: Runs, policy: MatchPolicy) -> bool:
    """Whether a file's frames, as a whole, are one picture."""
    whole = [frames for name, found in runs.items() if name != FRAMED_ALGORITHM for _, frames in found[:1]]
    return any(holds_one_picture(frames, policy) for frames in whole)
