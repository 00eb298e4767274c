"""A page of questions for each file, adopted, answered and ended by the command (CAPABILITIES, row 38)."""

from __future__ import annotations

from typing import Any

from tests.cli_of import Command
from tests.e2e.conftest import Clips

PAGE = ("one-page", "--gate", "rights", "--reason", "playbook 1.0", "--as", "ivy")
ITEMS = ("--item", "music=Is the music licensed?", "--item", "claims=Is every claim verified?")


def weighed(cli: Command, clips: Clips) -> list[tuple[str, str]]:
    rows: list[dict[str, Any]] = cli.json("checklist", "list", clips.clip)["weighed"]
    return [(row["outcome"], row["code"]) for row in rows]


def test_a_checklist_is_adopted_answered_and_ended(cli: Command, clips: Clips) -> None:
    assert cli.json("checklist", "list") == {"checklists": []}
    assert cli.json("checklist", "adopt", *PAGE, *ITEMS)["version"] == 1
    assert weighed(cli, clips) == [("not_checked", "checklist_not_answered")]
    ran = ("checklist", "answer", clips.clip, "one-page", "--as", "ivy")
    left = cli.json(*ran, "--yes", "music", "--no", "claims=the 40 % has no source", code=3)
    assert left["open"] == ["claims"] and weighed(cli, clips) == [("fail", "checklist_incomplete")]
    assert cli.json(*ran, "--yes", "music", "--not-applicable", "claims")["open"] == []
    assert weighed(cli, clips) == [("pass", "checklist_complete")]
    assert cli.json("checklist", "adopt", *PAGE, "--item", "logo=Is the logo whole?")["version"] == 2
    assert weighed(cli, clips) == [("fail", "checklist_outdated")]
    assert "Is the logo whole?" in cli.run("checklist", "list").out
    assert cli.json("checklist", "end", "one-page", "--reason", "replaced", "--as", "ivy")["version"] == 3
    assert weighed(cli, clips) == []


def test_what_cannot_be_adopted_or_answered_says_why(cli: Command, clips: Clips) -> None:
    cli.fails("item_invalid", 2, "checklist", "adopt", *PAGE, "--item", "music")
    cli.fails("checklist_unknown", 2, "checklist", "answer", clips.clip, "one-page", "--yes", "music", "--as", "ivy")
    cli.fails("checklist_unknown", 2, "checklist", "end", "one-page", "--reason", "x", "--as", "ivy")
    cli.json("checklist", "adopt", *PAGE, *ITEMS)
    ran = ("checklist", "answer", clips.clip, "one-page")
    cli.fails("checklist_item_unknown", 3, *ran, "--yes", "typography", "--as", "ivy")
    cli.fails("role_not_permitted", 3, *ran, "--yes", "music", "--as", "ines")
