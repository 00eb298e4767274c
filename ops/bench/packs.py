"""Evidence packs of short and long histories, in small and large logs: the cost follows the history, not the log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from api.services.evidence import write_pack
from api.services.services import Services
from ledger.door import Receipt
from ledger.keys import read_signing_key
from ledger.proof.dsse import PAYLOAD_TYPE, sign
from ledger.proof.pack import check_pack
from ledger.statement import compose
from ops.bench.figures import Figure, in_turns
from ops.bench.speakers import Speaker, append_all, make_home
from ops.wiring import services_of
from schemas.statements.asset import AssetExamined, AssetImported

SHORT, LONG, FILLERS, CALL = 10, 1_000, 2_000, 500
RUNS = 3
SHORT_FILE, LONG_FILE = "11" * 32, "22" * 32


@dataclass(frozen=True)
class _World:
    """A log with two files: one of a short history, one of a long."""

    services: Services
    folder: Path

    def write(self, asset: str) -> Path:
        out, parts = self.folder / f"{asset[:4]}.zip", self.services
        write_pack(parts.ledger, parts.index, parts.blobs, asset, out, at=parts.clock.now(), overwrite=True)
        return out


def pack_figures(folder: Path, large: int) -> list[Figure]:
    """`large`: entries of the large log beside those of its files. Writing ends with a check, as every pack's does."""
    with _world(folder / "small", FILLERS) as small, _world(folder / "large", large) as wide:
        packs = [small.write(SHORT_FILE), small.write(LONG_FILE)]
        written = in_turns(
            [lambda: small.write(SHORT_FILE), lambda: small.write(LONG_FILE), lambda: wide.write(LONG_FILE)], RUNS
        )
        checked = in_turns([lambda: check_pack(packs[0]), lambda: check_pack(packs[1])], RUNS)
    size, name = f"in a log of {large:,}", f"of {LONG:,} entries"
    each = LONG / SHORT
    return [
        Figure(f"write a pack {name}", written[1], f"of {SHORT}", written[0], reach=each),
        Figure(f"check a pack {name}", checked[1], f"of {SHORT}", checked[0], reach=each),
        Figure(f"write a pack {name} {size}", written[2], f"in a log of {FILLERS:,}", written[1], reach=1.5),
    ]


@contextmanager
def _world(path: Path, fillers: int) -> Iterator[_World]:
    speaker = make_home(path)
    with services_of(path) as services:
        for asset, count in ((SHORT_FILE, SHORT), (LONG_FILE, LONG)):
            _history(services, speaker, asset, count)
        for start in range(0, fillers, CALL):
            append_all(services.ledger, speaker.envelopes(min(CALL, fillers - start)))
        services.index.catch_up()
        yield _World(services, path)


def _history(services: Services, speaker: Speaker, asset: str, count: int) -> None:
    """Brought in by the administrator, then examined again and again."""
    brought = AssetImported.example().model_copy(update={"asset": asset, "generation": None})
    draft = compose(brought, actor="operator", at=services.clock.now())
    operator = read_signing_key(speaker.home.actor_key("operator"))
    services.ledger.append(sign(draft.payload, PAYLOAD_TYPE, operator.private))
    looked = AssetExamined.example().model_copy(update={"asset": asset, "manifest_sha256": None})
    for start in range(1, count, CALL):
        for outcome in services.ledger.say_many([looked] * min(CALL, count - start)):
            if not isinstance(outcome, Receipt):
                raise outcome
