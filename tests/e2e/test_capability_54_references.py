"""Rows 47, 54 and 58: works and forbidden media are looked for in what is here, by command and API; people's words count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from ops.demo.media import reencode
from ops.wiring import services_of
from tests.cli_of import Command
from tests.e2e.conftest import Clips

WORDS = ("--basis", "catalogue agreement", "--as", "ivy")


@pytest.fixture
def work(cli: Command, clips: Clips) -> dict[str, Any]:
    """The home's clip, registered as somebody's work after a copy of it came: what the command answers."""
    cli.json("import", clips.copy)
    return cli.json("reference", "add", clips.clip, "--title", "The Lighthouse", "--owner", "North Sea", *WORDS)


def page(cli: Command, path: str) -> str:
    with (
        services_of(cli.home) as services,
        TestClient(create_app(services, "operator"), base_url="http://localhost") as client,
    ):
        return client.get(path, headers={"Accept": "text/html"}).text


def asked(cli: Command, path: str) -> Any:
    with (
        services_of(cli.home) as services,
        TestClient(create_app(services, "operator"), base_url="http://localhost") as client,
    ):
        token = services.tokens.issue("operator", services.clock.now())
        answer = client.get(path, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_capability_47_who_used_a_work_is_found_in_what_is_here_and_in_what_comes(
    cli: Command, clips: Clips, work: dict[str, Any], tmp_path: Path
) -> None:
    decisions = sorted(one["decision"] for one in work["matches"])
    assert len(decisions) == 2 and decisions[1] == "exact" and decisions[0] in ("copy", "confirmed")
    smaller = reencode(clips.clip, tmp_path / "smaller.mp4", height=120)
    (later,) = cli.json("import", smaller, clips.stranger)["assets"][:1]
    found = asked(cli, f"/v1/references/{work['reference']}")
    assert later["asset_sha256"] in [use["match"]["asset_sha256"] for use in found["used_by"]]
    assert len(found["used_by"]) == 3
    assert len(cli.json("reference", "show", work["reference"])["used_by"]) == 3
    first = asked(cli, f"/v1/references/{work['reference']}?limit=2")
    assert (len(first["used_by"]), found["next_after"]) == (2, None)
    rest = cli.json("reference", "show", work["reference"], "--after", str(first["next_after"]))
    assert [*first["used_by"], *rest["used_by"]] == found["used_by"]
    shown = page(cli, f"/references/{work['reference']}")
    assert "Who used" in shown and all(use["match"]["asset_sha256"] in shown for use in found["used_by"])
    (listed,) = cli.json("search", "--text", "lighthouse")["references"]
    assert listed["reference"] == work["reference"]
    assert f"/references/{work['reference']}" in page(cli, "/search?text=lighthouse")


def test_capability_47_the_false_match_rate_is_published_for_the_present_index(
    cli: Command, work: dict[str, Any]
) -> None:
    rates = cli.json("matches", "rates")
    assert rates == asked(cli, "/v1/matching")
    assert rates["codes"] > 0 and rates["wrong_pairs"] > 800_000
    copy, candidate = (rates["false_per_search"][name] for name in ("copy", "candidate"))
    assert 0 < copy["upper_95"] <= candidate["upper_95"] < 1
    assert rates["progress"] == {"files": 2, "compared": 2, "references": 1, "swept": 1}


def test_capability_47_a_recorded_match_is_decided_again_from_stored_codes(cli: Command, work: dict[str, Any]) -> None:
    for one in work["matches"]:
        assert cli.json("matches", "replay", one["match"])["outcome"] == "same"
        assert asked(cli, f"/v1/matches/{one['match']}/replay")["differs"] == []
    cli.json("reference", "withdraw", work["reference"], "--reason", "the agreement ended", "--as", "ivy")
    cli.fails("reference_codes_gone", 2, "matches", "replay", work["matches"][0]["match"])


def test_capability_54_a_persons_word_on_a_match_counts_and_is_in_the_error_rates(
    cli: Command, work: dict[str, Any]
) -> None:
    waiting = cli.json("matches", "list", "--waiting")["matches"]
    assert len(waiting) == 2
    said = ("--verdict", "different", "--comment", "another lighthouse", "--as", "ivy")
    cli.json("matches", "review", waiting[0]["match"], *said)
    assert len(cli.json("matches", "list", "--waiting")["matches"]) == 1
    assert sum(one["false"] for one in cli.json("matches", "rates")["reviewed"].values()) == 1
    shown = page(cli, f"/assets/{waiting[0]['asset_sha256']}")
    assert "ivy: different" in shown and "1 showed something else" in shown and "by chance at most" in shown


def test_capability_58_search_leaves_out_what_shows_anothers_work(
    cli: Command, clips: Clips, work: dict[str, Any]
) -> None:
    (found,) = cli.json("search", clips.copy)["results"]
    codes = {code for one in found["hidden"] for code in one["codes"]}
    assert "match_not_reviewed" in codes and found["matches"] == []
