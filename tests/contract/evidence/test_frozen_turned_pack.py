"""A frozen pack of a log whose keys were turned twice, with real endorsements; frames, a privilege log, a met clock. And the
frozen history of that log's keys. Both stay good for ever, and no byte of either may change.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from api.services.evidence_replay import replay
from ledger.errors import LedgerError
from ledger.proof.keyhistory import verify_key_history
from ledger.proof.note import NoteVerifier
from tests.contract.evidence.conftest import Verifier
from tests.contract.evidence.story import flipped, members
from tests.oracle.verify_pack import Bad
from tests.oracle.verify_pack import verify as ask_oracle
from tests.turned_of import new_pair, vkeys_of

VECTORS = Path(__file__).resolve().parents[2] / "vectors"
PACK = (VECTORS / "packs" / "evidence-2-turned.zip").read_bytes()
LINKS = [(VECTORS / "packs" / f"evidence-2-turned-{link}.vkeys").read_text().split() for link in range(3)]
HISTORY = (VECTORS / "proof" / "log-keys.json").read_bytes()
FLIPS, SEED = 12, 20261126


def rotations() -> list[str]:
    entries = json.loads(members(PACK)["pack.json"])["entries"]
    return [f"entries/{one['index']}.json" for one in entries if one["type"] == "log.keys-rotated.v1"]


def verifiers(vkeys: Sequence[str]) -> tuple[NoteVerifier, ...]:
    return tuple(map(NoteVerifier.parse, vkeys))


@pytest.mark.parametrize("link", range(3))
def test_keys_of_any_time_accept_it(verifier: Verifier, link: int) -> None:
    assert verifier(PACK, LINKS[link]) == (True, "")


def test_it_holds_what_it_was_frozen_for() -> None:
    report = replay(PACK, LINKS[0])
    assert report.state == "verified" and len(rotations()) == 2
    content = members(PACK)
    assert [name for name in content if name.startswith("frames/")]
    facts = json.loads(content["facts.json"])
    assert (len(facts["log_keys"]), len(facts["privilege_log"]), len(facts["matches"])) == (3, 1, 1)
    assert [clock["state"] for dispute in facts["disputes"] for clock in dispute["clocks"]] == ["met"]


def test_the_stand_alone_oracle_rejects_every_tampering_and_names_it(tmp_path: Path) -> None:
    chosen, content = random.Random(SEED), members(PACK)
    hit = [*rotations() * FLIPS, "keys/log.vkeys", "pack.json", "pack.dsse", *chosen.sample(sorted(content), FLIPS)]
    for number, name in enumerate(hit):
        changed = flipped(content, name, chosen.randrange(len(content[name])), number % 8)
        (tmp_path / "pack.zip").write_bytes(changed)
        with pytest.raises(Bad) as raised:
            ask_oracle(tmp_path / "pack.zip", LINKS[0])
        assert name in ("pack.json", "pack.dsse") or raised.value.args[0] == name


def test_strangers_keys_do_not_accept_it(verifier: Verifier) -> None:
    assert verifier(PACK, vkeys_of(new_pair())) == (False, "keys/log.vkeys")


@pytest.mark.parametrize("link", range(3))
def test_the_frozen_history_walks_from_any_keys_to_all(link: int) -> None:
    told = verify_key_history(HISTORY, verifiers(LINKS[link]))
    assert [list(one.vkeys) for one in told.links] == LINKS


def test_no_byte_of_the_history_may_change() -> None:
    chosen, held = random.Random(SEED), verifiers(LINKS[0])
    for number in range(10 * FLIPS):
        changed = bytearray(HISTORY)
        changed[chosen.randrange(len(changed))] ^= 1 << number % 8
        with pytest.raises(LedgerError):
            verify_key_history(bytes(changed), held)
