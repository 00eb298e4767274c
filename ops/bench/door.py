"""Signed appends through the whole door, in process, against the parts that can't be avoided, taken in turns."""

from __future__ import annotations

from pathlib import Path

from ledger.door import Ledger
from ops.bench.figures import Figure, in_turns
from ops.bench.parts import TIMES, BareRecorder, canonical_and_leaf, signature_check
from ops.bench.speakers import Speaker, append_all, ledger_of, make_home

BATCHES = {1: 150, 10: 60, 100: 25, 1_000: 4}  # statements: runs
REACH = {100: 0.7}
PARTS = "signature + RFC 8785 + leaf + bare recorder insert"


def door_figures(folder: Path) -> list[Figure]:
    """Rates by batch, each statement signed by its actor and answered with a receipt; and the door's own share."""
    speaker = make_home(folder / "door")
    with ledger_of(speaker.home) as ledger:
        append_all(ledger, speaker.envelopes(50))
        figures = [_of_batch(ledger, speaker, folder, batch, runs) for batch, runs in BATCHES.items()]
        return [*figures, _against_verification(ledger, speaker)]


def _of_batch(ledger: Ledger, speaker: Speaker, folder: Path, batch: int, runs: int) -> Figure:
    ready = iter(speaker.envelopes(batch * runs))
    sample = speaker.envelopes(1)[0]
    bare, check = BareRecorder(folder / f"bare-{batch}.sqlite"), signature_check(sample, speaker.key.private)
    works = [
        lambda: append_all(ledger, [next(ready) for _ in range(batch)]),
        lambda: bare.insert(sample, batch),
        check,
    ]
    ours, insert, checks = in_turns(works, runs)
    parts = insert / batch + checks / TIMES + canonical_and_leaf(sample)
    return Figure(f"in process, batch {batch:,}", ours / batch, PARTS, parts, True, REACH.get(batch))


def _against_verification(ledger: Ledger, speaker: Speaker, batch: int = 100, runs: int = 25) -> Figure:
    ready, sample = iter(speaker.envelopes(batch * runs)), speaker.envelopes(1)[0]
    check = signature_check(sample, speaker.key.private)
    ours, checks = in_turns([lambda: append_all(ledger, [next(ready) for _ in range(batch)]), check], runs)
    name = f"client-signed through the door, batch {batch}"
    return Figure(name, ours / batch, "its signature's verification", checks / TIMES, reach=1.5)
