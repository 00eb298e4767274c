"""Searching over HTTP: by example and by words; what may be used is offered, the rest is counted and said why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger.media.findings import Examination, Finding
from ledger.media.sandbox import Examiner
from tests.office_of import ASKED, Made, Office, refused
from tests.sounds_of import tune, written


def words(office: Office, text: str, name: str = "lena", **params: Any) -> Any:
    answer = office.get("/v1/search", name, params={"text": text, **params})
    assert answer.status_code == 200, answer.text
    return answer.json()


def example(office: Office, made: Made, which: str, **params: Any) -> Any:
    answer = office.post("/v1/search", "pia", params=params, content=made.file(which).read_bytes())
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_copy_is_found_and_the_stranger_is_not(office: Office, made: Made) -> None:
    found = example(office, made, "copy", name="copy.mp4", rights="all")
    assert found["file"] == "copy.mp4"
    assert {match["asset_sha256"] for match in found["matches"]} == {made.asset, made.signed}
    assert example(office, made, "stranger", rights="all")["matches"] == []


def test_only_what_may_be_used_is_offered_and_the_rest_is_counted(office: Office, made: Made) -> None:
    for found in (example(office, made, "copy"), words(office, "clip.mp4")):
        (offered,) = found.get("matches") or found["files"]
        assert (offered["asset_sha256"], offered["verdict"], offered["codes"]) == (made.signed, "allow", [])
        assert offered["cleared"] == [ASKED]
        assert found["hidden"] == [{"asset_sha256": made.asset, "codes": ["clearance_missing"]}]
        assert found["left_out"] == {"count": 1, "why": {"clearance_missing": 1}}


def test_all_shows_everything_with_its_verdict(office: Office, made: Made) -> None:
    for found in (example(office, made, "copy", rights="all"), words(office, "clip.mp4", rights="all")):
        shown = found.get("matches") or found["files"]
        assert {one["asset_sha256"]: one["verdict"] for one in shown} == {made.signed: "allow", made.asset: "review"}
        assert found["hidden"] == [] and found["left_out"]["count"] == 0


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"territory": "AT"}, "clearance_missing"),
        (ASKED | {"territory": "US"}, "territory_out_of_scope"),
        (ASKED | {"channel": "tv"}, "channel_out_of_scope"),
        ({"at": "2099-01-01T00:00:00Z"}, "consent_expired"),
    ],
)
def test_another_use_place_or_time_is_asked_for(office: Office, made: Made, asked: dict[str, str], code: str) -> None:
    found = words(office, "clip.mp4", **asked)
    assert found["files"] == [] and found["left_out"]["count"] == 2
    assert code in found["left_out"]["why"]
    assert [one["asset_sha256"] for one in words(office, "clip.mp4", **ASKED)["files"]] == [made.signed]


def test_pages_go_on_below_the_last_file_that_was_weighed(office: Office, made: Made) -> None:
    first = words(office, "clip.mp4", rights="all", limit=1)
    assert [one["asset_sha256"] for one in first["files"]] == [made.signed]
    second = words(office, "clip.mp4", rights="all", limit=1, before=first["next_before"])
    assert ([one["asset_sha256"] for one in second["files"]], second["next_before"]) == ([made.asset], None)


def test_bad_questions_are_400_and_strangers_to_the_house_may_not_read_its_words(office: Office, made: Made) -> None:
    refused(office.get("/v1/search", "lena"), 400, "request_invalid")
    refused(office.get("/v1/search?text=%E2%80%94", "lena"), 400, "text_empty")
    for bad in ("rights=some", "limit=0", "limit=101", "before=0", "territory=germany", "at=now"):
        refused(office.get(f"/v1/search?text=clip&{bad}", "lena"), 400, "request_invalid")
    refused(office.get("/v1/search?text=clip", "pia"), 403, "role_not_permitted")
    refused(office.get("/v1/search?text=clip", None), 401, "token_missing")


def test_a_text_of_somebody_elses_syntax_is_only_words(office: Office, made: Made) -> None:
    for text in ('title:"clip', "clip* OR x NEAR/3", "(clip", "'; DROP TABLE texts_file; --"):
        assert office.get("/v1/search", "lena", params={"text": text}).status_code == 200


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    """An examiner whose house has no engine for sound."""
    heard = Examiner.examine

    def examine(self: Examiner, *asked: Any, **named: Any) -> Examination:
        found = heard(self, *asked, **named)
        unheard = Finding("audio_fingerprint", "", "", "not_checked", {"reason": "not_installed"})
        others = (one for one in found.findings if one.extractor != "audio_fingerprint")
        return replace(found, sound=None, sound_variants=(), findings=(*others, unheard))

    monkeypatch.setattr(Examiner, "examine", examine)


@pytest.mark.usefixtures("deaf")
def test_what_could_not_be_looked_for_is_said_and_nothing_near_is_no_answer(
    office: Office, made: Made, tmp_path: Path
) -> None:
    found = office.post("/v1/search", "lena", content=made.file("stranger").read_bytes()).json()
    assert found["matches"] == [] and "audio_fingerprint" in found["not_checked"]
    song = written(tmp_path / "song.wav", tune(3, 6)).read_bytes()
    refused(office.post("/v1/search", "lena", content=song), 503, "sound_not_checked")
