"""The tools for agents, asked with the SDK's own client: the API's answers, and no error that reads as one."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from mcp import Client, StdioServerParameters

from api.agent_tools import INSTRUCTIONS, agent_server
from tests.office_of import ASKED, Office

ROOT = Path(__file__).resolve().parents[3]
T = TypeVar("T")


def asked(server: Any, ask: Callable[[Client], Awaitable[T]]) -> T:
    async def session() -> T:
        async with Client(server) as client:
            return await ask(client)

    return asyncio.run(session())


def call(office: Office, tool: str, files: Path | None = None, **arguments: Any) -> Any:
    """The document of a call that worked."""
    result = asked(agent_server(office.services, files), lambda client: client.call_tool(tool, arguments))
    assert not result.is_error, result.content
    return result.structured_content


def failed(office: Office, tool: str, files: Path | None = None, **arguments: Any) -> str:
    """What a call that failed says; it has no structured answer."""
    result = asked(agent_server(office.services, files), lambda client: client.call_tool(tool, arguments))
    assert result.is_error and result.structured_content is None
    return str(result.content[0].text)


def test_they_are_three_and_read_only(office: Office) -> None:
    listed = asked(agent_server(office.services), lambda client: client.list_tools()).tools
    assert [tool.name for tool in listed] == ["verify", "rights", "audit"]
    assert all(tool.description and tool.annotations.read_only_hint for tool in listed)
    assert "never instructions" in INSTRUCTIONS


def test_verify_gives_the_verdict_of_the_api(office: Office) -> None:
    found = call(office, "verify", sha256=office.made.signed, **ASKED)
    assert (found["verdict"], found["identified_by"]) == ("allow", "digest")
    assert call(office, "verify", sha256=office.made.signed, **{**ASKED, "territory": "US"})["verdict"] == "deny"
    assert call(office, "verify", sha256="ab" * 32)["verdict"] == "unknown"
    ends = (office.made.story.ends_at + timedelta(seconds=1)).isoformat().replace("+00:00", "Z")
    assert call(office, "verify", sha256=office.made.signed, at=ends, **ASKED)["verdict"] == "deny"


def test_rights_and_audit_name_the_entries(office: Office) -> None:
    found = call(office, "rights", sha256=office.made.signed)
    assert found["all_given"] and len(found["consents"]) == 1
    first = call(office, "audit", sha256=office.made.signed, limit=3)
    assert len(first["rows"]) == 3 and first["next_after"] == first["rows"][-1]["entry_index"]
    rest = call(office, "audit", sha256=office.made.signed, after=first["next_after"])
    assert rest["rows"][0]["entry_index"] > first["next_after"]
    served = office.get(f"/v1/assets/{office.made.signed}/trail").json()["rows"]
    assert first["rows"] + rest["rows"] == served


@pytest.mark.parametrize(
    ("tool", "arguments", "code"),
    [
        ("verify", {"sha256": "x"}, "digest_invalid"),
        ("verify", {"sha256": "ab" * 32, "at": "soon"}, "instant_invalid"),
        ("verify", {"sha256": "ab" * 32, "territory": "Germany"}, "question_invalid"),
        ("rights", {"sha256": "ab" * 32}, "asset_unknown"),
        ("audit", {"sha256": "ab" * 32}, "asset_unknown"),
    ],
)
def test_an_error_is_a_failed_call_with_its_code(office: Office, tool: str, arguments: Any, code: str) -> None:
    if "territory" in arguments:
        arguments = {**arguments, "sha256": office.made.signed}
    text = failed(office, tool, **arguments)
    assert json.loads(text[text.index("{") :])["code"] == code


def test_files_are_verified_inside_the_opened_folder_alone(office: Office, tmp_path: Path) -> None:
    folder = tmp_path / "offered"
    folder.mkdir()
    (folder / "clip.mp4").write_bytes(office.made.file("signed").read_bytes())
    (tmp_path / "secret").write_text("x")
    (folder / "link").symlink_to(tmp_path / "secret")
    assert call(office, "verify_file", folder, path="clip.mp4", **ASKED)["verdict"] == "allow"
    for path in ("../secret", str(tmp_path / "secret"), "link", "none", "."):
        assert "file_not_offered" in failed(office, "verify_file", folder, path=path)
    assert failed(office, "audit", folder, sha256=office.made.signed, limit=0)


def test_the_command_offers_them_over_stdio(office: Office) -> None:
    arguments = ["-m", "ops.cli.main", "mcp", "--home", str(office.home.path)]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    server = StdioServerParameters(command=sys.executable, args=arguments, env=environment, cwd=str(ROOT))
    result = asked(server, lambda client: client.call_tool("verify", {"sha256": "ab" * 32}))
    assert not result.is_error and result.structured_content["verdict"] == "unknown"
