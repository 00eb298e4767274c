"""What every source of outside opinions promises, on OpenAI's own library and wire format."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from ledger.opinions.openai_exchange import ANSWER_BYTES_MAX, OpenAIExchange
from ledger.opinions.openai_moderation import OpenAIModeration
from ledger.opinions.openai_provenance import OpenAIProvenance
from ledger.opinions.port import Item, OutsideOpinion
from schemas.statements.opinion import Sent
from tests.house_of import raises_code
from tests.openai_of import CHECKS, MODERATIONS, Vendor, check, moderation, vendor

PNG = b"\x89PNG\r\n\x1a\n and so on"
SOURCES = (OpenAIProvenance, OpenAIModeration)
GOOD: dict[type, Any] = {OpenAIProvenance: check(), OpenAIModeration: moderation()}


def item(kind: str = "file", media_type: str = "image/png", content: bytes = PNG) -> Item:
    digest = hashlib.sha256(content).hexdigest()
    shape = {"kind": kind, "sha256": digest, "size_bytes": len(content), "media_type": media_type}
    return Item(Sent.model_validate(shape), content)


@pytest.fixture
def server() -> Iterator[Vendor]:
    with vendor() as found:
        yield found


def source(kind: Any, server: Vendor, wait_s: float = 5.0) -> OutsideOpinion:
    made: OutsideOpinion = kind(OpenAIExchange("a-key", server.url, wait_s))
    return made


def word(kind: Any, server: Vendor, asked: Item | None = None) -> dict[str, tuple[str, str | None]]:
    answer = source(kind, server).ask(asked or item())
    return {one.signal: (one.state, one.reason) for one in answer.signals}


def test_a_detected_signal_comes_with_what_the_vendor_says_of_it(server: Vendor) -> None:
    server.answers(check())
    answer = source(OpenAIProvenance, server).ask(item())
    found = {one.signal: one for one in answer.signals}
    assert (found["c2pa"].state, found["synthid"].state) == ("detected", "detected")
    assert found["c2pa"].detail == {
        "issuer": "OpenAI",
        "model": "gpt-image-2",
        "generated_at": "2026-08-01T10:00:00Z",
        "validation_state": "trusted",
    }
    assert answer.raw == json.dumps(check()).encode()
    path, headers, body = server.got[0]
    assert path == CHECKS and headers["authorization"] == "Bearer a-key"
    assert headers["content-type"].startswith("multipart/form-data") and PNG in body and b"image/png" in body


def test_not_detected_is_the_vendors_word_and_not_ours(server: Vendor) -> None:
    server.answers(check("not_detected", "not_detected"))
    assert word(OpenAIProvenance, server) == {"c2pa": ("not_detected", None), "synthid": ("not_detected", None)}


def test_a_frame_of_ours_has_no_manifest_to_find_and_sound_has_none_at_all(server: Vendor) -> None:
    server.answers(check("not_detected", "detected"))
    assert word(OpenAIProvenance, server, item("frame")) == {
        "c2pa": ("not_checked", "made_here"),
        "synthid": ("detected", None),
    }
    server.answers(check(None, "not_detected"))
    assert word(OpenAIProvenance, server, item("sound", "audio/wav")) == {"synthid": ("not_detected", None)}


def test_a_signal_that_the_answer_does_not_speak_of_was_not_checked(server: Vendor) -> None:
    server.answers(check("detected", None))
    assert word(OpenAIProvenance, server)["synthid"] == ("not_checked", "not_answered")


def test_a_picture_is_moderated_and_its_categories_are_named(server: Vendor) -> None:
    server.answers(moderation("violence", "violence/graphic"))
    answer = source(OpenAIModeration, server).ask(item())
    assert (answer.signals[0].state, answer.signals[0].detail["categories"]) == (
        "flagged",
        "violence, violence/graphic",
    )
    path, _, body = server.got[0]
    asked = json.loads(body)
    assert path == MODERATIONS and asked["model"] == "omni-moderation-latest"
    assert asked["input"][0]["image_url"]["url"].startswith("data:image/png;base64,")
    server.answers(moderation())
    assert word(OpenAIModeration, server) == {"moderation": ("not_flagged", None)}


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (400, "refused"),
        (401, "key_refused"),
        (403, "key_refused"),
        (413, "refused"),
        (500, "unavailable"),
        (503, "unavailable"),
    ],
)
def test_an_error_is_no_answer_and_says_which(server: Vendor, kind: Any, status: int, reason: str) -> None:
    server.answers({"error": {"message": "no", "type": "x", "code": None, "param": None}}, status)
    found = word(kind, server)
    assert set(found.values()) == {("not_checked", reason)}
    assert len(server.got) == 1  # who asks again decides whoever asked


@pytest.mark.parametrize("kind", SOURCES)
def test_a_429_is_told_with_when_to_come_back(server: Vendor, kind: Any) -> None:
    server.answers({"error": {"message": "slow down"}}, 429, Retry_After="17")
    answer = source(kind, server).ask(item())
    assert {(one.reason, one.detail["retry_after"]) for one in answer.signals} == {("rate_limited", "17")}


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", {}),
        (b"{", {}),
        (b"[]", {}),
        (
            b'{"object": "content_provenance_check", "created_at": 1, "results": [{"type": "c2pa", "outcome": "maybe"}]}',
            {},
        ),
        (b'{"id": "m", "model": "m", "results": []}', {}),
        (b'{"a": 1, "a": 2}', {}),
        (b" " * (ANSWER_BYTES_MAX + 1), {}),
        (None, {"Content_Type": "text/html"}),
        (None, {"Content_Type": "text/plain; charset=utf-8"}),
    ],
)
def test_an_answer_that_is_none_is_not_checked(server: Vendor, kind: Any, body: bytes | None, headers: Any) -> None:
    server.answers(GOOD[kind] if body is None else body, **headers)
    assert set(word(kind, server).values()) == {("not_checked", "malformed")}


@pytest.mark.parametrize("kind", SOURCES)
def test_silence_and_a_closed_door_are_told_apart(server: Vendor, kind: Any) -> None:
    server.hangs = True
    answer = source(kind, server, wait_s=0.3).ask(item())
    assert {one.reason for one in answer.signals} == {"timed_out"}
    nobody = kind(OpenAIExchange("a-key", "http://127.0.0.1:9/v1", 1.0))
    assert {one.reason for one in nobody.ask(item()).signals} == {"unreachable"}


@pytest.mark.parametrize("kind", SOURCES)
def test_a_file_does_not_follow_a_redirect_to_somebody_else(server: Vendor, kind: Any) -> None:
    with vendor() as elsewhere:
        elsewhere.answers(GOOD[kind])
        server.answers(b"", 307, Location=f"{elsewhere.url}/moderations")
        assert {reason for _, reason in word(kind, server).values()} == {"refused"}
        assert elsewhere.got == []


@pytest.mark.parametrize("address", ["http://api.example/v1", "ftp://127.0.0.1/v1", "https:///v1"])
def test_files_leave_over_https_only(address: str) -> None:
    raises_code("opinion_address_invalid", lambda: OpenAIExchange("a-key", address))


@pytest.mark.parametrize("kind", SOURCES)
def test_what_a_source_can_not_look_at_it_does_not_take(server: Vendor, kind: Any) -> None:
    made = source(kind, server)
    assert not made.takes(item(media_type="video/mp4").sent)
    assert made.takes(item().sent)
