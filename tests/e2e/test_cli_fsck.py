"""fsck on a home that somebody tampered with: it names exactly what was changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ledger.keys import write_private_key
from ledger.proof.merkle import hashes_to_append, leaf_hash
from tests.cli_of import Command

Change = Callable[[sqlite3.Connection], Any]


def tamper(path: Path, change: Change) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        change(db)


def findings(cli: Command, *options: str) -> dict[str, list[tuple[str, str]]]:
    """{check: [(code, item)]} of a home that is not clean."""
    document = cli.json("fsck", *options, code=5)
    assert document["clean"] is False
    return {
        check["name"]: [(one["code"], one["item"]) for one in check["findings"]]
        for check in document["checks"]
        if check["findings"]
    }


def flip(db: sqlite3.Connection, table: str, column: str, where: str, at: int = 200) -> None:
    (value,) = db.execute(f"SELECT {column} FROM {table} WHERE {where}").fetchone()
    changed = bytearray(value)
    changed[at % len(changed)] ^= 1
    db.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (bytes(changed),))


def test_an_untouched_home_is_clean_and_every_check_ran(cli: Command) -> None:
    document = cli.json("fsck")
    assert document["clean"] and document["log_size"] == 6
    assert {check["state"] for check in document["checks"]} == {"ok"}
    assert all(
        check["checked"] for check in document["checks"] if check["name"] not in ("published", "stamps", "index")
    )


def test_fsck_changes_no_byte_of_the_home(cli: Command) -> None:
    def content() -> dict[str, bytes]:
        files = (path for path in cli.home.rglob("*") if path.is_file() and not path.name.endswith(("-shm", "-wal")))
        return {str(path): path.read_bytes() for path in files}

    before = content()
    cli.json("fsck")
    assert content() == before


def test_a_flipped_byte_in_an_entry_names_that_entry(cli: Command) -> None:
    tamper(cli.home / "ledger.sqlite", lambda db: flip(db, "entry", "data", "position = 3"))
    found = findings(cli)
    assert ("entry_altered", "entry 2") in found["tree"]
    assert {item for check in ("signatures", "tree") for _, item in found[check]} == {"entry 2"}


def test_a_flipped_byte_in_a_tile_names_that_tile_and_no_entry(cli: Command) -> None:
    tamper(cli.home / "ledger.sqlite", lambda db: flip(db, "tile", "hashes", "level = 0 AND number = 0"))
    assert findings(cli) == {"tree": [("tile_altered", "tile 0/0")]}


def test_a_tile_that_no_entry_gives_is_named(cli: Command) -> None:
    tamper(cli.home / "ledger.sqlite", lambda db: db.execute("INSERT INTO tile VALUES (1, 0, zeroblob(32))"))
    assert findings(cli) == {"tree": [("tile_extra", "tile 1/0")]}


def test_a_deleted_tag_row_names_its_entry(cli: Command) -> None:
    tamper(cli.home / "ledger.sqlite", lambda db: db.execute("DELETE FROM tag WHERE position = 2"))
    assert findings(cli) == {"tags": [("tag_missing", "entry 1")]}


def test_tag_rows_that_nobody_said_are_named(cli: Command) -> None:
    def add(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO tag VALUES ('asset:x', 'asset.imported.v1', 2)")
        db.execute("INSERT INTO tag VALUES ('asset:x', 'asset.imported.v1', 99)")

    tamper(cli.home / "ledger.sqlite", add)
    assert findings(cli) == {"tags": [("tag_extra", "entry 1"), ("tag_without_entry", "entry 98")]}


def test_a_relabelled_row_names_its_entry(cli: Command) -> None:
    tamper(cli.home / "ledger.sqlite", lambda db: db.execute("UPDATE entry SET type = 'x.y.v1' WHERE position = 2"))
    found = findings(cli)
    assert found["entries"] == [("column_differs", "entry 1")]
    assert {item for _, item in found["tags"]} == {"entry 1"}


def test_an_edited_checkpoint_is_not_signed_any_more(cli: Command) -> None:
    def shrink(db: sqlite3.Connection) -> None:
        (note,) = db.execute("SELECT checkpoint FROM head").fetchone()
        db.execute("UPDATE head SET checkpoint = ?", (note.replace(b"\n6\n", b"\n5\n"),))

    tamper(cli.home / "ledger.sqlite", shrink)
    assert findings(cli) == {"checkpoint": [("note_signature_invalid", "checkpoint")]}


def test_an_edited_log_with_mended_tiles_still_misses_the_signed_root(cli: Command) -> None:
    def forge(db: sqlite3.Connection) -> None:
        flip(db, "entry", "data", "position = 2")
        leaves = [leaf_hash(row[0]) for row in db.execute("SELECT data FROM entry ORDER BY position")]
        for (level, number), hashes in hashes_to_append(0, _NoTiles(), leaves).items():
            db.execute("UPDATE tile SET hashes = ? WHERE level = ? AND number = ?", (hashes, level, number))

    tamper(cli.home / "ledger.sqlite", forge)
    found = findings(cli)
    assert found["checkpoint"] == [("root_differs", "checkpoint")]
    assert found["entries"][0][1] == "entry 1"


class _NoTiles:
    def tile(self, level: int, index: int) -> bytes:
        return b""


@pytest.mark.parametrize(("position", "item"), [(3, "entry 2"), (6, "entry 5")])
def test_a_deleted_row_names_the_gap_and_nothing_after_it(cli: Command, position: int, item: str) -> None:
    def delete(db: sqlite3.Connection) -> None:
        db.execute("DELETE FROM entry WHERE position = ?", (position,))
        db.execute("DELETE FROM tag WHERE position = ?", (position,))

    tamper(cli.home / "ledger.sqlite", delete)
    found = findings(cli, "--skip-blobs")
    assert ("entry_missing", item) in found["rows"]
    assert "entries" not in found and "tree" not in found


def test_a_statement_that_stands_twice_is_named(cli: Command) -> None:
    def double(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO entry SELECT 7, type, tags, NULL, data FROM entry WHERE position = 2")

    tamper(cli.home / "ledger.sqlite", double)
    found = findings(cli)
    assert ("statement_twice", "entry 6") in found["rows"] and ("head_size_differs", "head") in found["rows"]


def test_an_altered_and_a_missing_blob_are_two_findings(cli: Command) -> None:
    examined = cli.json("log", "show", "2")["statement"]["body"]
    digests = examined["asset"], examined["examination_sha256"]
    media, examination = (cli.home / "blobs" / digest[:2] / digest[2:] for digest in digests)
    media.write_bytes(b"something else")
    examination.unlink()
    assert sorted(findings(cli)["blobs"]) == [
        ("blob_altered", f"blob {digests[0]}"),
        ("blob_missing", f"blob {digests[1]}"),
    ]
    assert findings(cli, "--skip-blobs") == {"views": [("view_stopped", "matches")]}
    assert cli.json("fsck", "--skip-blobs", "--skip-views")["clean"]


def test_a_sealed_value_that_was_moved_or_lost_is_named(cli: Command) -> None:
    tamper(cli.home / "vault.sqlite", lambda db: flip(db, "sealed", "content", "1"))
    assert findings(cli) == {"vault": [("vault_altered", "entry 5 /body/name")]}
    tamper(cli.home / "vault.sqlite", lambda db: db.execute("DELETE FROM sealed"))
    assert findings(cli) == {"vault": [("sealed_missing", "entry 5 /body/name")]}


def test_sealed_values_without_a_statement_are_harmless(cli: Command) -> None:
    sql = "INSERT INTO sealed SELECT 'never-said', pointer, subject, content FROM sealed"
    tamper(cli.home / "vault.sqlite", lambda db: db.execute(sql))
    document = cli.json("fsck")
    assert document["clean"] and "harmless" in " ".join(
        next(c for c in document["checks"] if c["name"] == "vault")["notes"]
    )


def test_an_edited_view_is_named_and_a_deleted_one_is_no_finding(cli: Command) -> None:
    views = cli.home / "views.sqlite"
    tamper(views, lambda db: db.execute("UPDATE matches_run SET codes = zeroblob(length(codes))"))
    assert findings(cli) == {"views": [("view_differs", "matches_run")]}
    for path in cli.home.glob("views.sqlite*"):
        path.unlink()
    assert cli.json("fsck")["clean"]


def test_an_index_of_words_that_does_not_fit_its_rows_is_named(cli: Command) -> None:
    tamper(cli.home / "views.sqlite", lambda db: db.execute("DELETE FROM texts_file_data WHERE id > 10"))
    assert findings(cli) == {"views": [("view_differs", "texts_file")]}


def test_a_replaced_key_is_not_the_logs(cli: Command) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    for name in ("log-ed25519.pem", "service.pem"):
        (cli.home / "keys" / name).unlink()
        write_private_key(cli.home / "keys" / name, Ed25519PrivateKey.generate())
    assert [code for code, _ in findings(cli)["keys"]] == ["log_key_differs", "service_key_differs"]


def test_a_log_that_is_no_database_is_one_finding(cli: Command) -> None:
    for path in cli.home.glob("ledger.sqlite-*"):
        path.unlink()
    (cli.home / "ledger.sqlite").write_bytes(b"not a database at all" * 500)
    assert findings(cli) == {"file": [("store_corrupt", "ledger.sqlite")]}


def test_a_home_without_its_log_is_one_finding(cli: Command) -> None:
    (cli.home / "ledger.sqlite").unlink()
    assert findings(cli) == {"file": [("log_missing", "ledger.sqlite")]}


def test_a_log_that_can_not_be_opened_is_unavailable_not_corrupt(cli: Command) -> None:
    with closing(sqlite3.connect(cli.home / "ledger.sqlite", isolation_level=None)) as holder:
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")
        holder.execute("UPDATE head SET size = size")
        cli.fails("store_unavailable", 6, "fsck")


def test_people_read_the_findings_too(cli: Command) -> None:
    tamper(cli.home / "ledger.sqlite", lambda db: db.execute("DELETE FROM tag WHERE position = 2"))
    ran = cli.run("fsck")
    assert ran.code == 5 and "NOT CLEAN" in ran.out and "tag_missing" in ran.out and "entry 1" in ran.out
