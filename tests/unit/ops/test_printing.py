"""What others wrote reaches a terminal without doing anything to it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ops.cli.inputs import actor_name, asset_digest, files_in, instant
from ops.cli.printing import document, plain, shown
from tests.house_of import raises_code


@pytest.mark.parametrize("nasty", ["\x1b[2J", "\x07", "a\nb", "\u202eevil", "\u200b", "\ud800", "\x9b31m", "\x00"])
def test_control_and_format_characters_become_visible(nasty: str) -> None:
    assert "\ufffd" in plain(nasty)
    assert all(character.isprintable() or character == "\ufffd" for character in plain(nasty))


def test_ordinary_text_stays_as_it_is() -> None:
    assert plain("Inês, 東京 [bold] — 100 %") == "Inês, 東京 [bold] — 100 %"


def test_a_path_that_is_not_utf8_can_still_be_told() -> None:
    name = os.fsdecode(b"caf\xe9.mp4")
    assert shown(Path(name)) == "caf\ufffd.mp4"
    assert document({"file": name}).isascii()


def test_folders_are_read_in_order_without_hidden_files_or_links_out(tmp_path: Path) -> None:
    for name in ("b.mp4", "a.mp4", ".hidden", "sub/c.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "loop").symlink_to(tmp_path)
    found = files_in([tmp_path, tmp_path / "a.mp4"])
    assert [str(path.relative_to(tmp_path)) for path in found] == ["a.mp4", "b.mp4", "sub/c.mp4"]


@pytest.mark.parametrize("text", ["2026-11-23", "now", "2026-11-23T09:00:00+01:00", "2026-13-01T00:00:00Z", ""])
def test_an_instant_is_not_guessed(text: str) -> None:
    raises_code("instant_invalid", lambda: instant(text, "--at"))


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "A", "-a", "a" * 65])
def test_an_actors_name_never_leads_out_of_the_keys_folder(name: str) -> None:
    raises_code("actor_invalid", lambda: actor_name(name))


def test_an_asset_is_named_by_digest_or_by_file(tmp_path: Path) -> None:
    assert asset_digest("ab" * 32) == "ab" * 32
    (tmp_path / "x").write_bytes(b"")
    assert asset_digest(str(tmp_path / "x")).startswith("e3b0c442")
    raises_code("file_not_found", lambda: asset_digest("AB" * 32))
