"""A home with a cleared, signed clip, made once, and the API over a copy of it; people in it speak by token."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ops.cli.main import main
from schemas.base import new_id
from tests.office_of import Made, Office, make_office
from tests.rights_of import TERMS

Command = Callable[..., tuple[int, Any]]


class Desk:
    """The office as different people see it."""

    def __init__(self, office: Office) -> None:
        self.office, self.asset, self.signed = office, office.made.asset, office.made.signed

    def new_id(self) -> str:
        return new_id(self.office.clock.now())

    def say(self, actor: str, wire_type: str, body: dict[str, Any], **sealed: Any) -> Any:
        return self.office.post("/v1/statements", actor, json={"type": wire_type, "body": body, **sealed})

    def said(self, actor: str, wire_type: str, body: dict[str, Any], **sealed: Any) -> dict[str, Any]:
        answer = self.say(actor, wire_type, body, **sealed)
        assert answer.status_code == 201, answer.text
        return body

    def verify(self, name: str = "signed", **asked: str) -> Any:
        file = self.office.home.path.parent / "file.mp4"
        file.write_bytes(self.office.made.file(name).read_bytes())
        params = {"use": "advertising", "channel": "social", "territory": "DE", **asked}
        return self.office.post("/v1/verifications", "pia", params=params, content=file.read_bytes()).json()

    def reasons(self, **asked: str) -> set[str]:
        return {reason["code"] for reason in self.verify(**asked)["reasons"]}

    def clear(self, asset: str, **overrides: Any) -> Any:
        window = {"valid_from": "2026-10-02T00:00:00Z", "valid_until": "2026-10-20T00:00:00Z"}
        asked = {"asset": asset, "use": "advertising", "channel": "social", "territory": "DE", **window, **overrides}
        return self.office.post("/v1/clearances", "pia", json=asked)

    def right(self, **overrides: Any) -> str:
        base = {"kind": "music", "title": "Rain on the Awning", "holder": "label-north", "basis": "original"}
        where = {"territories": ["WORLD"], "valid_from": "2024-01-01T00:00:00Z"}
        return self.said("ivy", "right.recorded.v1", {"right": self.new_id(), **base, **where, **overrides})["right"]

    def licence(self, right: str, *, terms: dict[str, Any] | None = None, **overrides: Any) -> dict[str, Any]:
        parties = {"licence": self.new_id(), "right": right, "licensor": "label-north", "licensee": "studio-1"}
        rest = {"exclusivity": "none", "at_end": {"outcome": "takedown"}, "document_sha256": "99" * 32}
        return {**parties, **rest, "terms": {**TERMS, **(terms or {})}, **overrides}

    def licensed(self, **overrides: Any) -> tuple[str, str]:
        """(right, licence) that the clip rests on from now on."""
        right = self.right()
        licence = self.said("ivy", "licence.granted.v1", self.licence(right, **overrides))["licence"]
        use = {"asset": self.asset, "right": right, "licence": licence, "user": "studio-1"}
        self.said("mara", "asset.right-used.v1", use)
        return right, licence


@pytest.fixture(scope="session")
def rights_office(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make_office(tmp_path_factory.mktemp("rights"))


@pytest.fixture
def desk(rights_office: Made, tmp_path: Path) -> Iterator[Desk]:
    office = Office(rights_office, tmp_path)
    yield Desk(office)
    office.close()


@pytest.fixture
def command(desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command on the office's home, by the office's clock; the exit code and its document."""
    monkeypatch.setattr("ops.wiring.SystemClock", lambda: desk.office.clock)

    def run(*arguments: str, plain: bool = False) -> tuple[int, Any]:
        capsys.readouterr()
        code = main(["--home", str(desk.office.home.path), *([] if plain else ["--json"]), *arguments])
        out = capsys.readouterr().out
        return code, out if plain else json.loads(out)

    return run
