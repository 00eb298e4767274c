"""`countersign consent …` and `countersign rules …`: from a vague request to a partial withdrawal, and what was known when."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli_of import Command

VAGUE = "Any and all purposes, in perpetuity, throughout the universe."


@pytest.fixture
def desk(cli: Command) -> Command:
    for actor, role in (("mara", "producer"), ("lena", "legal")):
        cli.json("actor", "enrol", actor, "--role", role)
    return cli


def terms(folder: Path, **changes: Any) -> Path:
    body: dict[str, Any] = {
        "person": "p-1",
        "specific_description": "She walks through a café and lifts a cup; no speech, no product claims.",
        "uses": ["advertising", "editorial"],
        "channels": ["social"],
        "territories": ["WORLD"],
        "media": ["video"],
        "valid_from": "2026-01-01T00:00:00Z",
        "valid_until": "2031-01-01T00:00:00Z",
    }
    file = folder / "terms.json"
    file.write_text(json.dumps({"type": "consent.requested.v2", "body": body | changes}))
    return file


def asked(cli: Command, folder: Path) -> str:
    notice = folder / "notice.txt"
    notice.write_text("What we do with your face, and for how long.")
    answer = cli.json("consent", "request", terms(folder), "--as", "mara", "--notice", notice, "--language", "pt-PT")
    assert answer["body"]["notice"]["language"] == "pt-PT"
    return str(answer["body"]["consent"])


def test_a_vague_request_is_refused_with_every_reason_and_its_rule(desk: Command, tmp_path: Path) -> None:
    error = desk.fails(
        "description_stock_phrase", 3, "consent", "request", terms(tmp_path, specific_description=VAGUE), "--as", "mara"
    )
    assert len(error["reasons"]) >= 4
    assert all("[house 2026.11 specific-description; SPEC S4.7]" in one["detail"] for one in error["reasons"])


def test_from_a_request_to_a_partial_withdrawal(desk: Command, tmp_path: Path) -> None:
    consent = asked(desk, tmp_path)
    assert desk.json("consent", "show", consent, code=3)["state"] == "requested"
    desk.json("consent", "grant", consent, "--as", "ines", "--territory", "WORLD")
    given = desk.json("consent", "show", consent)
    assert (given["state"], given["evidence"], given["agreed"]["not_in"]) == ("given", "own_key", [])
    desk.json(
        "consent", "narrow", consent, "--as", "ines", "--use", "editorial", "--territory", "US", "--reason", "less"
    )
    narrowed = desk.json("consent", "show", consent)
    assert (narrowed["agreed"]["uses"], narrowed["agreed"]["not_in"]) == (["advertising"], ["US"])
    before = desk.json("consent", "show", consent, "--at", given["at"])
    assert before["agreed"]["uses"] == ["advertising", "editorial"]
    desk.json("consent", "withdraw", consent, "--as", "ines", "--reason", "changed my mind")
    assert desk.json("consent", "show", consent, code=3)["effect"]["present"] == "stop"
    text = desk.run("consent", "show", consent).out
    assert "withdrawn" in text and "is taken down" in text and "log receipt" in text
    then = desk.json("consent", "show", consent, "--at", given["at"], "--known-at", narrowed["at"])
    assert then["state"] == "given"


def test_suspending_resuming_renewing_and_refusing(desk: Command, tmp_path: Path) -> None:
    consent = asked(desk, tmp_path)
    desk.json("consent", "grant", consent, "--as", "ines", "--until", "2030-01-01T00:00:00Z")
    stop = desk.json("consent", "suspend", consent, "--as", "lena", "--cause", "dispute", "--reason", "a claim")
    assert desk.json("consent", "show", consent, code=3)["suspensions"][0]["cause"] == "dispute"
    number = stop["body"]["suspension"]
    desk.fails(
        "resumption_not_yours", 3, "consent", "resume", consent, number, "--as", "ines", "--reason", "let us go on"
    )
    desk.json("consent", "resume", consent, number, "--as", "lena", "--reason", "settled")
    window = ("--from", "2030-01-01T00:00:00Z", "--until", "2032-01-01T00:00:00Z")
    desk.json("consent", "renew", consent, *window, "--as", "ines")
    found = desk.json("consent", "show", consent, "--at", "2031-06-01T00:00:00Z")
    assert (found["state"], len(found["terms"])) == ("renewed", 2)
    other = asked(desk, tmp_path)
    desk.json("consent", "refuse", other, "--as", "ines", "--reason", "not this")
    assert desk.json("consent", "show", other, code=3)["state"] == "refused"
    desk.fails("consent_unknown", 2, "consent", "withdraw", "0" * 8, "--as", "ines", "--reason", "x")


def test_legal_adopts_a_rule_pack_and_labels_follow(desk: Command, tmp_path: Path) -> None:
    assert desk.json("rules", "labels", "--territory", "CN", "--channel", "social", code=4)["outcome"] == "not_checked"
    desk.fails("rulepack_unknown", 2, "rules", "adopt", "law", "1999.1", "--as", "lena", "--reason", "x")
    desk.json("rules", "adopt", "law", "2026.11", "--as", "lena", "--reason", "counsel", "--on", "us-no-fakes")
    labels = desk.json("rules", "labels", "--territory", "CN", "--channel", "social")["labels"]
    assert [one["text"] for one in labels] == ["AI生成", ""]
    packs = {one["pack"]: one for one in desk.json("rules", "list")["packs"]}
    applies = {one["id"]: one["in_force"] for one in packs["law"]["entries"]}
    assert (applies["us-no-fakes"], applies["dk-own-likeness"]) == (True, False)
    due = desk.json("rules", "due")
    assert {one["event"] for one in due["timers"]} == {"withdrawal", "intimate-depiction", "order"}
    assert "India, G.S.R. 120(E)" in desk.run("rules", "due").out
    text = desk.run("rules", "list")
    assert "Nothing here is legal advice" in text.err and "SAG-AFTRA" in text.out
