"""One bounded POST against a real server: what it does with everything that an endpoint can do to it."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from ops.notifying.addresses import is_public
from ops.notifying.post import post
from tests.contract.notices.conftest import Endpoint


@pytest.mark.parametrize("status", [200, 202, 204, 299])
def test_every_2xx_is_taken(endpoint: Endpoint, status: int) -> None:
    endpoint.script = [status]
    answer = post(endpoint.url, b"{}", {"X-Test": "yes"}, private=True)
    assert answer.taken and answer.word == f"answered-{status}"
    assert endpoint.got[0][0]["x-test"] == "yes" and endpoint.got[0][1] == b"{}"


@pytest.mark.parametrize("status", [400, 404, 410, 429, 500, 503])
def test_anything_else_is_not(endpoint: Endpoint, status: int) -> None:
    endpoint.script = [status]
    answer = post(endpoint.url, b"{}", {}, private=True)
    assert not answer.taken and answer.gone == (status == 410)


def test_a_redirect_is_an_answer_and_is_not_followed(endpoint: Endpoint) -> None:
    endpoint.script = ["redirect"]
    assert post(endpoint.url, b"{}", {}, private=True).word == "answered-302"
    assert endpoint.paths == ["/in"]


@pytest.mark.parametrize("how", ["hang", "drip"])
def test_who_does_not_answer_in_time_is_cut_off(endpoint: Endpoint, how: str) -> None:
    endpoint.script = [how]
    assert post(endpoint.url, b"{}", {}, private=True, seconds_max=0.3).word == "timed-out"


def test_an_endless_body_is_not_waited_for(endpoint: Endpoint) -> None:
    endpoint.script = ["endless"]
    assert post(endpoint.url, b"{}", {}, private=True, seconds_max=5).taken


def test_what_is_no_http_is_no_answer(endpoint: Endpoint) -> None:
    endpoint.script = ["garbage"]
    assert post(endpoint.url, b"{}", {}, private=True).word == "answer-malformed"


def test_nobody_there_is_an_answer_too() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert post(f"http://127.0.0.1:{port}/", b"{}", {}, private=True).word == "connection-refused"


def test_a_server_without_tls_fails_as_such(endpoint: Endpoint) -> None:
    assert post(endpoint.url.replace("http:", "https:"), b"{}", {}, private=True).word == "tls-failed"


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("https://127.0.0.1/in", "endpoint-not-public"),
        ("https://localhost/in", "endpoint-not-public"),
        ("https://[::1]/in", "endpoint-not-public"),
        ("https://10.1.2.3/in", "endpoint-not-public"),
        ("https://169.254.169.254/latest/meta-data", "endpoint-not-public"),
        ("https://[::ffff:127.0.0.1]/in", "endpoint-not-public"),
        ("https://[64:ff9b::7f00:1]/in", "endpoint-not-public"),
        ("https://0.0.0.0/in", "endpoint-not-public"),
        ("https://2130706433/in", "endpoint-not-public"),
        ("http://8.8.8.8/in", "endpoint-not-https"),
        ("ftp://video.example/in", "endpoint-invalid"),
        ("https://user:pass@video.example/in", "endpoint-invalid"),
        ("https://video.example:99999/in", "endpoint-invalid"),
        ("https://", "endpoint-invalid"),
        ("https://nobody.invalid/in", "endpoint-unresolved"),
    ],
)
def test_where_notices_do_not_go(url: str, word: str) -> None:
    assert post(url, b"{}", {}).word == word


def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    def both(*_: Any, **__: Any) -> list[Any]:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", 443)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 443)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    assert post("https://video.example/in", b"{}", {}).word == "endpoint-not-public"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("2002:7f00:1::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("64:ff9b::808:808", True),
        ("nonsense", False),
    ],
)
def test_public_means_public_in_every_spelling(address: str, public: bool) -> None:
    assert is_public(address) is public
