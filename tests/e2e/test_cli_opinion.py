"""Outside opinions as an operator and a platform meet them: off, asked, answered, and deciding nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.services.opinions import OpinionDesk, ask_opinion
from ledger.opinions.openai_exchange import OpenAIExchange
from ledger.opinions.openai_moderation import OpenAIModeration
from ops.settings import read_settings, write_settings
from ops.wiring import services_of
from tests.cli_of import COMMAND, ROOT, Command
from tests.e2e.conftest import Clips
from tests.e2e.test_capabilities import ASKED, Desk, desk
from tests.openai_of import Vendor, check, moderation, vendor

__all__ = ["desk"]


@pytest.fixture
def server() -> Iterator[Vendor]:
    with vendor() as found:
        found.answers(check("not_detected", "detected"))
        yield found


def allow(home: Path, server: Vendor, *sources: str) -> None:
    settings = read_settings(home).model_copy(update={"outside_opinions": sources, "openai_url": server.url})
    write_settings(home, settings)


def said(home: Path) -> list[Any]:
    with services_of(home) as services:
        return [one for one in services.ledger.read() if one.type.startswith(("opinion.", "generation.moderated"))]


def reasons(answer: Any) -> set[tuple[str, str | None]]:
    return {(one["state"], one["reason"]) for one in answer["signals"]}


def test_nothing_leaves_the_house_unless_the_settings_say_so_and_there_is_a_key(
    cli: Command, clips: Clips, server: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTERSIGN_OPENAI_KEY", "a-key")
    assert reasons(cli.json("opinion", clips.clip, code=4)) == {("not_checked", "not_allowed")}
    monkeypatch.delenv("COUNTERSIGN_OPENAI_KEY")
    allow(cli.home, server, "openai-provenance")
    assert reasons(cli.json("opinion", clips.clip, code=4)) == {("not_checked", "no_key")}
    assert server.got == [] and said(cli.home) == []
    verified = cli.json("verify", clips.clip, code=3)
    assert {one["source"]: one["reason"] for one in verified["opinions"]} == {
        "openai-provenance": "never_asked",
        "openai-moderation": "never_asked",
    }
    cli.fails("opinion_source_unknown", 2, "opinion", clips.clip, "--from", "an-oracle")
    cli.fails("asset_unknown", 2, "opinion", clips.stranger)


def test_what_left_and_what_came_back_is_in_the_log_and_beside_our_findings(
    cli: Command, clips: Clips, server: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTERSIGN_OPENAI_KEY", "a-key")
    allow(cli.home, server, "openai-provenance")
    before = cli.json("verify", clips.clip, code=3)
    answer = cli.json("opinion", clips.clip)
    kinds = [one["kind"] for one in answer["sent"]]
    assert kinds == ["frame", "frame", "frame", "sound"] and len(server.got) == 4
    asked, given = said(cli.home)
    assert [one.sha256 for one in asked.body.sent] == [one["sha256"] for one in answer["sent"]]
    assert (asked.body.host, asked.body.allowed_by, asked.index) == ("127.0.0.1", "settings", given.index - 1)
    after = cli.json("verify", clips.clip, code=3)
    assert (after["verdict"], after["reasons"]) == (before["verdict"], before["reasons"])
    mine = next(one for one in after["opinions"] if one["source"] == "openai-provenance")
    assert ("detected", None) in reasons(mine) and ("not_checked", "made_here") in reasons(mine)
    with services_of(cli.home) as services:
        client = TestClient(create_app(services, "operator"), base_url="http://localhost")
        services.views.catch_up()
        page = client.get(f"/assets/{answer['asset_sha256']}").text
        kept = json.loads(services.blobs.get(given.body.answers_sha256))
    assert len(kept) == 4 and "What others say" in page and "synthid" in page


def test_an_api_caller_without_the_role_sends_nothing(
    cli: Command, clips: Clips, server: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTERSIGN_OPENAI_KEY", "a-key")
    allow(cli.home, server, "openai-provenance", "openai-moderation")
    server.answers(moderation())
    cli.json("actor", "enrol", "pia", "--role", "platform")
    asset = cli.json("verify", clips.clip, code=3)["asset_sha256"]
    with services_of(cli.home) as services, TestClient(create_app(services)) as client:

        def ask(actor: str, source: str) -> Any:
            token = services.tokens.issue(actor, services.clock.now())
            headers = {"Authorization": f"Bearer {token}"}
            return client.post(f"/v1/assets/{asset}/opinions", json={"source": source}, headers=headers)

        assert ask("pia", "openai-moderation").status_code == 403
        assert server.got == []
        assert ask("operator", "an-oracle").status_code in (400, 422)
        answer = ask("operator", "openai-moderation").json()
    assert reasons(answer) == {("not_flagged", None)}


def test_a_crash_between_question_and_answer_reads_as_not_checked(cli: Command, clips: Clips, server: Vendor) -> None:
    allow(cli.home, server, "openai-provenance")
    server.hangs = True
    run = (*COMMAND, "--home", str(cli.home), "opinion", str(clips.clip))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COUNTERSIGN_OPENAI_KEY": "a-key"}
    with subprocess.Popen(run, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=environment) as process:
        assert server.asked.wait(60)
        process.send_signal(signal.SIGKILL)
    assert [one.type for one in said(cli.home)] == ["opinion.asked.v1"]
    mine = cli.json("verify", clips.clip, code=3)["opinions"][0]
    assert (mine["state"], reasons(mine)) == ("asked", {("not_checked", "no_answer")})


@pytest.mark.parametrize(("answer", "outcome"), [(moderation(), "ok"), (moderation("violence"), "flagged")])
def test_capability_59_a_providers_ok_beside_our_own_no_is_a_no(
    desk: Desk, server: Vendor, answer: Any, outcome: str
) -> None:
    server.answers(answer)
    clip = desk.verify("clip.mp4")["asset_sha256"]
    generation = desk.call("lena", "GET", f"/v1/assets/{clip}").json()["arrival"]["generation"]
    source = OpenAIModeration(OpenAIExchange("a-key", server.url))
    allowed = replace(desk.services, opinions=OpinionDesk({source.name: source}))
    ask_opinion(allowed, clip, source.name, actor="lena", method="bearer")
    word = next(one.body for one in desk.services.ledger.read(types=["generation.moderated.v1"]))
    assert (word.generation, word.by, word.outcome) == (generation, "provider", outcome)
    own = {"generation": generation, "by": "house", "source": "own-check", "version": "1", "outcome": "blocked"}
    if outcome == "ok":
        assert desk.say("lena", "generation.moderated.v1", own).status_code == 201
    question = {"asset": clip, **ASKED, "valid_from": "2026-10-25T00:00:00Z", "valid_until": "2026-10-26T00:00:00Z"}
    refused = desk.call("pia", "POST", "/v1/clearances", json=question)
    code = "moderation_house_blocked" if outcome == "ok" else "moderation_provider_flagged"
    assert code in {reason["code"] for reason in refused.json()["reasons"]}
