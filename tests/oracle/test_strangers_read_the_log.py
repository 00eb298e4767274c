"""Tools that others wrote accept what we publish, and neither they nor we accept it with any byte changed."""

from __future__ import annotations

import importlib.util
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from ledger.errors import Untrusted
from ledger.log.published import CHECKPOINT, VKEYS, WITNESSED
from ledger.proof.merkle import leaf_hash
from ledger.proof.tlogproof import verify_entry
from tests.log_of import ManyEntries, witness_key
from tests.oracle.conftest import PROVED, SIZES, Oracle, PublishedLog, missing

SEED = int(os.environ.get("ORACLE_SEED", "20261123"))
FLIPS_A_CHECKPOINT = 60


@pytest.fixture(scope="session", autouse=True)
def tlog_scales() -> None:
    if importlib.util.find_spec("tlog_scales") is None:
        missing("tlog-scales")


@contextmanager
def flipped(path: Path, at: int, bit: int) -> Iterator[None]:
    """The file with one bit of one byte changed, for the length of the block."""
    content = path.read_bytes()
    path.write_bytes(content[:at] + bytes([content[at] ^ (1 << bit)]) + content[at + 1 :])
    try:
        yield
    finally:
        path.write_bytes(content)


@pytest.fixture
def untouched(published_log: PublishedLog, go_oracle: Oracle) -> Iterator[None]:
    """Around tests of what is rejected: before and after, both accept the log, or those tests would show nothing."""

    def accept() -> None:
        published_log.audit()
        assert go_oracle("log", published_log.public, published_log.ed25519_vkey)
        assert go_oracle("chain", published_log.public, published_log.ed25519_vkey, *published_log.chain)

    accept()
    yield
    accept()


def draw(what: str) -> random.Random:
    print(f"seed {SEED}; another with ORACLE_SEED")
    return random.Random(f"{SEED} {what}")


# -- what is accepted ------------------------------------------------------------------------------------------------


def test_we_accept_every_file(published_log: PublishedLog) -> None:
    published_log.audit()


def test_go_accepts_every_file_and_proves_a_sample(published_log: PublishedLog, go_oracle: Oracle) -> None:
    # 40 bundles, 40 tiles of leaves and one above them; every 97th entry
    assert (
        go_oracle("log", published_log.public, published_log.ed25519_vkey)
        == "log 10007 entries, 81 files, 104 proved\n"
    )


def test_go_accepts_that_each_checkpoint_extends_the_one_before(published_log: PublishedLog, go_oracle: Oracle) -> None:
    told = go_oracle("chain", published_log.public, published_log.ed25519_vkey, *published_log.chain)
    assert told == f"chain of {len(SIZES)} to {SIZES[-1]}\n"


def test_go_accepts_proofs_of_single_entries(published_log: PublishedLog, go_oracle: Oracle) -> None:
    for index, (entry, proof) in zip(PROVED, published_log.proofs, strict=True):
        assert go_oracle("entry", entry, proof, published_log.ed25519_vkey) == f"entry {index} of {SIZES[-1]}\n"
    assert (
        go_oracle("entry", published_log.proofs[0][0], published_log.proofs[1][1], published_log.ed25519_vkey) is None
    )


def test_go_does_not_accept_another_logs_checkpoint_in_the_chain(
    published_log: PublishedLog, go_oracle: Oracle, tmp_path: Path
) -> None:
    other = ManyEntries(tmp_path / "other.sqlite")
    other.grow(300, mark="otherwise ")
    (tmp_path / "300.checkpoint").write_bytes(other.store.head()[1])
    other.close()
    chain = [*published_log.chain[:5], tmp_path / "300.checkpoint", *published_log.chain[5:]]
    assert go_oracle("chain", published_log.public, published_log.ed25519_vkey, *chain) is None


def test_tlog_scales_reads_it_and_accepts_all_three_kinds_of_signature(published_log: PublishedLog) -> None:
    from tlog_scales.backend import LocalBackend
    from tlog_scales.reader import TilesReader
    from tlog_scales.signing import Vkey
    from tlog_scales.tlog import Checkpoint

    reader = TilesReader(LocalBackend(published_log.public))
    head = reader.get_checkpoint()
    assert head.size == SIZES[-1] and reader.calculate_root_hash() == head.root_hash
    for key in published_log.keys:
        head.verify(Vkey.from_string(key.vkey()))
    witnessed = Checkpoint.from_text((published_log.public / WITNESSED).read_text("utf-8"))
    for number in (1, 2):
        witnessed.verify(Vkey.from_string(witness_key(number).verifier.vkey()))
    for index in range(0, head.size, 97):
        proof = reader.get_inclusion_proof(index, head.size)
        proof.check(leaf_hash(reader.get_entry(index)), head.root_hash)


def test_tlog_scales_accepts_that_each_checkpoint_extends_the_one_before(published_log: PublishedLog) -> None:
    from tlog_scales.backend import LocalBackend
    from tlog_scales.reader import TilesReader
    from tlog_scales.tlog import Checkpoint

    reader = TilesReader(LocalBackend(published_log.public))
    reader.get_checkpoint()
    heads = [Checkpoint.from_text(path.read_text("utf-8")) for path in published_log.chain]
    for old, new in pairwise(heads):
        reader.get_consistency_proof(old.size, new.size).check(old.root_hash, new.root_hash)


def test_tlog_scales_makes_the_same_proofs_as_we_do(
    published_log: PublishedLog, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tlog_scales import cli

    for index, (_, proof) in zip(PROVED, published_log.proofs, strict=True):
        monkeypatch.setattr("sys.argv", ["tlog-tiles", "gen-proof", published_log.public.as_uri(), str(index)])
        cli.main()
        assert capsys.readouterr().out.encode() == proof.read_bytes()


# -- what is rejected ------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("untouched")
def test_a_changed_byte_in_any_tile_or_bundle_is_reported_by_both(
    published_log: PublishedLog, go_oracle: Oracle
) -> None:
    drawn = draw("tiles")
    for path in sorted(path for path in (published_log.public / "tile").rglob("*") if path.is_file()):
        with flipped(path, drawn.randrange(path.stat().st_size), drawn.randrange(8)):
            with pytest.raises(Untrusted):
                published_log.audit()
            assert go_oracle("log", published_log.public, published_log.ed25519_vkey) is None, path


@pytest.mark.usefixtures("untouched")
def test_a_missing_or_an_extra_file_is_reported_by_both(published_log: PublishedLog, go_oracle: Oracle) -> None:
    tile = published_log.public / "tile/0/007"
    for moved in ("elsewhere", "public/tile/0/999"):
        tile.rename(published_log.folder / moved)
        with pytest.raises(Untrusted):
            published_log.audit()
        assert go_oracle("log", published_log.public, published_log.ed25519_vkey) is None
        (published_log.folder / moved).rename(tile)
    published_log.audit()


@pytest.mark.usefixtures("untouched")
def test_a_changed_byte_of_the_checkpoint_is_reported(published_log: PublishedLog, go_oracle: Oracle) -> None:
    """Go knows no ML-DSA: the line with that signature is tlog-scales' to reject, and ours."""
    from tlog_scales.signing import Vkey
    from tlog_scales.tlog import Checkpoint

    drawn, path = draw("checkpoint"), published_log.public / CHECKPOINT
    content = path.read_bytes()
    beyond_go = content.rindex(b"\xe2\x80\x94")
    places = sorted(
        drawn.sample(range(beyond_go), FLIPS_A_CHECKPOINT) + drawn.sample(range(beyond_go, len(content)), 30)
    )
    for at in places:
        with flipped(path, at, drawn.randrange(8)):
            with pytest.raises(Untrusted):
                published_log.audit()
            if at < beyond_go:
                assert go_oracle("log", published_log.public, published_log.ed25519_vkey) is None, at
            else:
                with pytest.raises(Exception):  # noqa: B017 - whatever it raises: it does not accept
                    Checkpoint.from_text(path.read_bytes().decode()).verify(
                        Vkey.from_string(published_log.keys[1].vkey())
                    )


@pytest.mark.parametrize("name", [WITNESSED, VKEYS])
@pytest.mark.usefixtures("untouched")
def test_a_changed_byte_of_the_other_files_is_reported(published_log: PublishedLog, name: str) -> None:
    drawn, path = draw(name), published_log.public / name
    for at in drawn.sample(range(path.stat().st_size), FLIPS_A_CHECKPOINT):
        with flipped(path, at, drawn.randrange(8)), pytest.raises(Untrusted):
            published_log.audit()


@pytest.mark.usefixtures("untouched")
def test_a_changed_byte_of_a_proof_is_reported_by_both(published_log: PublishedLog, go_oracle: Oracle) -> None:
    drawn = draw("proofs")
    for entry, proof in published_log.proofs:
        beyond_go = proof.read_bytes().rindex(b"\xe2\x80\x94")
        for at in drawn.sample(range(beyond_go), 25):
            with flipped(proof, at, drawn.randrange(8)):
                with pytest.raises(Untrusted):
                    verify_entry(entry.read_bytes(), proof.read_bytes(), published_log.keys, strict=True)
                assert go_oracle("entry", entry, proof, published_log.ed25519_vkey) is None, at
        with flipped(entry, drawn.randrange(entry.stat().st_size), drawn.randrange(8)):
            with pytest.raises(Untrusted):
                verify_entry(entry.read_bytes(), proof.read_bytes(), published_log.keys, strict=True)
            assert go_oracle("entry", entry, proof, published_log.ed25519_vkey) is None


@pytest.mark.usefixtures("untouched")
def test_a_changed_byte_of_a_checkpoint_in_the_chain_is_reported(
    published_log: PublishedLog, go_oracle: Oracle
) -> None:
    drawn = draw("chain")
    for path in published_log.chain:
        beyond_go = path.read_bytes().rindex(b"\xe2\x80\x94")
        for at in drawn.sample(range(beyond_go), 5):
            with flipped(path, at, drawn.randrange(8)):
                told = go_oracle("chain", published_log.public, published_log.ed25519_vkey, *published_log.chain)
            assert told is None, (path.name, at)
