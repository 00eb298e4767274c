"""`countersign consent export` and `import`: a consent leaves in each format, and comes back as a question."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from schemas.base import new_id
from tests.cli_of import Command
from tests.e2e.test_cli_consents import asked, desk  # noqa: F401 - a fixture
from tests.house_of import START


@pytest.mark.parametrize("form", ["dpv", "adcp", "odrl"])
def test_a_consent_leaves_and_comes_back_as_a_question(desk: Command, tmp_path: Path, form: str) -> None:  # noqa: F811
    consent = asked(desk, tmp_path)
    desk.json("consent", "grant", consent, "--as", "ines")
    file = tmp_path / "out.json"
    desk.json("consent", "export", consent, "--format", form, "--out", file)
    elsewhere = new_id(START)
    document = json.loads(file.read_text().replace(consent, elsewhere))
    document.pop("content_digest", None)
    file.write_text(json.dumps(document))
    answer = desk.json("consent", "import", file, "--format", form, "--as", "mara")
    assert (answer["type"], answer["body"]["consent"]) == ("consent.requested.v2", elsewhere)
    assert desk.json("consent", "show", elsewhere, code=3)["state"] == "requested"


def test_nothing_is_overwritten_and_nothing_revoked_is_said_so(desk: Command, tmp_path: Path) -> None:  # noqa: F811
    consent = asked(desk, tmp_path)
    desk.json("consent", "grant", consent, "--as", "ines")
    file = tmp_path / "out.json"
    desk.json("consent", "export", consent, "--format", "receipt", "--out", file)
    assert json.loads(file.read_text())["@type"] == "dpv:ConsentReceipt"
    desk.fails("file_exists", 2, "consent", "export", consent, "--out", file)
    desk.fails("nothing_revoked", 2, "consent", "export", consent, "--format", "revocation")
    desk.json("consent", "withdraw", consent, "--as", "ines", "--reason", "changed my mind")
    notice = desk.json("consent", "export", consent, "--format", "revocation")
    assert notice["rights_id"] == consent and "changed my mind" not in json.dumps(notice)


def test_what_is_no_record_is_refused(desk: Command, tmp_path: Path) -> None:  # noqa: F811
    file = tmp_path / "in.json"
    file.write_text("{}")
    desk.fails("import_not_dpv", 2, "consent", "import", file, "--as", "mara")
    desk.fails("file_missing", 2, "consent", "import", tmp_path / "none.json", "--as", "mara")
