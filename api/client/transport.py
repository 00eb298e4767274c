"""One HTTP exchange with a ledger: bounded, never redirected, and no token over an unprotected line to somewhere else."""

from __future__ import annotations

import ipaddress
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from typing import IO, Any, Final
from urllib.parse import urlsplit

from ledger.errors import Misuse, Unavailable

ANSWER_BYTES_MAX: Final = 8 * 2**20  # a pass is bounded by 4 MiB, an answer with every reason has some 100 kB
TIMEOUT_S: Final = 150.0  # an examination may take two minutes (settings, examination_seconds_max)


class _Unredirected(urllib.request.HTTPRedirectHandler):
    """A redirect would carry token and file to whoever the answer names."""

    def redirect_request(self, *_: Any) -> None:
        return None


def checked_address(url: str) -> str:
    """https, or http on this machine. Raises Misuse `ledger_address_invalid`."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        good = parts.scheme == "https" or (parts.scheme == "http" and _local(host))
    except ValueError:
        good, host = False, ""
    if not good or not host or parts.username or parts.query or parts.fragment:
        raise Misuse(
            "ledger_address_invalid", "a ledger's address is https://…, or http on this machine", "Correct it."
        )
    return url.rstrip("/")


def exchange(
    url: str,
    *,
    body: bytes | IO[bytes] | None = None,
    headers: Mapping[str, str] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> tuple[int, bytes]:
    """(status, body) of a POST where there is a body, else of a GET. Raises Unavailable `ledger_unreachable`,
    `answer_too_large`.
    """
    request = urllib.request.Request(url, data=body, headers=dict(headers or {}))  # noqa: S310  checked_address was here
    opener = urllib.request.build_opener(_Unredirected)
    try:
        with opener.open(request, timeout=timeout_s) as answer:
            return answer.status, _bounded(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _bounded(error)
    except (OSError, HTTPException) as error:
        what = f"the ledger does not answer ({type(error).__name__})"
        raise Unavailable("ledger_unreachable", what, "Try again; until then nothing is allowed.") from error


def _bounded(answer: IO[bytes]) -> bytes:
    content = answer.read(ANSWER_BYTES_MAX + 1)
    if len(content) > ANSWER_BYTES_MAX:
        raise Unavailable("answer_too_large", f"the answer is over {ANSWER_BYTES_MAX} bytes", "Is this a ledger?")
    return content


def _local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
