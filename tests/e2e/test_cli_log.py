"""The log as commands show it, and as strangers read the exported copy."""

from __future__ import annotations

import base64
import hashlib
import struct
from pathlib import Path

import pytest

from ledger.errors import LedgerError
from ledger.proof.note import NoteVerifier, open_checkpoint
from ledger.proof.tlogproof import parse_proof
from ops.log_export import tile_name, verify_export
from tests.cli_of import Command, spawn


def test_the_checkpoint_is_signed_by_the_keys_that_vkeys_shows(cli: Command) -> None:
    shown = cli.json("log", "checkpoint")
    verifiers = [NoteVerifier.parse(vkey) for vkey in cli.json("log", "vkeys")["log_vkeys"]]
    opened = open_checkpoint(shown["checkpoint"].encode(), verifiers, strict=True)
    assert len(opened.signatures) == 2
    assert (opened.checkpoint.size, opened.checkpoint.origin) == (6, "countersign.example/e2e")


def test_what_people_are_shown_of_a_checkpoint_is_the_note_itself(cli: Command) -> None:
    assert cli.run("log", "checkpoint").out == cli.json("log", "checkpoint")["checkpoint"]
    assert cli.run("log", "vkeys").out.splitlines() == cli.json("log", "vkeys")["log_vkeys"]


def test_an_entry_is_shown_with_a_proof_that_verifies(cli: Command) -> None:
    shown = cli.json("log", "show", "1")
    assert shown["type"] == "asset.imported.v1" and shown["actor"] == "operator"
    assert parse_proof(shown["proof"].encode()).index == 1


def test_the_summary_counts_what_was_said(cli: Command) -> None:
    found = cli.json("log", "show")
    assert found["size"] == 6 and found["types"]["actor.enrolled.v1"] == 2


def test_the_tail_is_the_newest_entries_oldest_first(cli: Command) -> None:
    found = cli.json("log", "tail", "-n", "2")
    assert [one["index"] for one in found["entries"]] == [4, 5]


def test_a_stranger_reads_the_exported_log_with_nothing_but_hashes(cli: Command, tmp_path: Path) -> None:
    exported = cli.json("log", "export", tmp_path / "out")
    assert (exported["size"], exported["tiles"], exported["bundles"], exported["index_roots"]) == (6, 1, 1, 0)
    read = spawn("log", "check", tmp_path / "out", "--vkeys", tmp_path / "out/log.vkeys", "--json", cwd=tmp_path)
    assert read.code == 0 and read.document["root"] == exported["root"]
    assert read.document["index"].startswith("no root is named")
    bundle = (tmp_path / "out/tile/entries/000.p/6").read_bytes()
    hashes, at = [], 0
    while at < len(bundle):
        (length,) = struct.unpack_from(">H", bundle, at)
        hashes.append(hashlib.sha256(b"\0" + bundle[at + 2 : at + 2 + length]).digest())
        at += 2 + length
    assert (tmp_path / "out/tile/0/000.p/6").read_bytes() == b"".join(hashes)
    pair = [hashlib.sha256(b"\1" + hashes[n] + hashes[n + 1]).digest() for n in (0, 2, 4)]
    root = hashlib.sha256(b"\1" + hashlib.sha256(b"\1" + pair[0] + pair[1]).digest() + pair[2]).digest()
    lines = (tmp_path / "out/checkpoint").read_text().split("\n")
    assert lines[:3] == ["countersign.example/e2e", "6", base64.b64encode(root).decode()]
    assert (tmp_path / "out/log.vkeys").read_text().splitlines() == cli.json("log", "vkeys")["log_vkeys"]


@pytest.mark.parametrize("name", ["tile/entries/000.p/6", "tile/0/000.p/6", "checkpoint", "log.vkeys"])
def test_an_altered_export_does_not_verify(cli: Command, tmp_path: Path, name: str) -> None:
    cli.json("log", "export", tmp_path / "out")
    assert verify_export(tmp_path / "out").size == 6
    content = bytearray((tmp_path / "out" / name).read_bytes())
    content[len(content) // 2 - 7] ^= 1
    (tmp_path / "out" / name).write_bytes(content)
    with pytest.raises(LedgerError):
        verify_export(tmp_path / "out")


def test_an_export_never_goes_into_a_folder_with_something_in_it(cli: Command, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").touch()
    cli.fails("export_not_empty", 2, "log", "export", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_tile_names_are_those_of_the_specification() -> None:
    assert tile_name(0, 1234067, 256) == "tile/0/x001/x234/067"
    assert tile_name("entries", 5, 17) == "tile/entries/005.p/17"


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        ("entry_unknown", ("log", "show", "6")),
        ("usage", ("log", "show", "-1")),
        ("usage", ("log", "show", "x")),
        ("usage", ("log", "tail", "-n", "0")),
        ("usage", ("log", "tail", "--follow")),
        ("usage", ("log",)),
        ("usage", ("log", "nothing")),
    ],
)
def test_asking_the_log_wrongly_is_misuse(cli: Command, code: str, arguments: tuple[str, ...]) -> None:
    cli.fails(code, 2, *arguments)
