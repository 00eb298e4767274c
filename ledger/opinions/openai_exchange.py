"""One exchange with OpenAI through its own library, made bounded: no redirects, no retries, and no answer taken on trust.

The library is lenient by default (it builds its types from anything and hands text through as text), and its types are strict
about vocabularies that grow. So the raw answer is taken, and validated here as far as it is used. A 429 is told with its
Retry-After: who asks again, and when, is the caller's decision.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from ledger.errors import LedgerError, Misuse, Unavailable
from ledger.proof.canonical import parse_json

ANSWER_BYTES_MAX: Final = 1 * 2**20  # a check has under 2 kB, a moderation under 8
WAIT_S: Final = 60.0  # an upload of some MB and the time to look at it
ADDRESS: Final = "https://api.openai.com/v1"


S = TypeVar("S", bound="Heard")


class Heard(BaseModel):
    """A part of an answer that is read here; the rest is kept in the raw answer and not looked at."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


@dataclass(frozen=True)
class Silence(Exception):
    """No answer: a stable reason, and what is known of it."""

    reason: str
    detail: dict[str, str | None]


class OpenAIExchange:
    """A client for one key and address."""

    def __init__(self, key: str, address: str = ADDRESS, wait_s: float = WAIT_S) -> None:
        """Raises Unavailable `extra_missing`, Misuse `opinion_address_invalid`."""
        try:
            self._sdk: Any = importlib.import_module("openai")
        except ImportError as error:
            what = "asking OpenAI needs its library"
            raise Unavailable("extra_missing", what, "Install the extra: pip install 'countersign[openai]'.") from error
        parts = urlsplit(address)
        local = parts.hostname in ("127.0.0.1", "::1", "localhost")
        if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and local)):
            raise Misuse("opinion_address_invalid", "files leave over https only", "Name an https address.")
        self.host, self.version = parts.hostname, f"openai {self._sdk.__version__}"
        # A redirect would take the file to somebody whom nobody agreed to.
        http = self._sdk.DefaultHttpxClient(follow_redirects=False, timeout=wait_s)
        self.client = self._sdk.OpenAI(api_key=key, base_url=address, max_retries=0, http_client=http)

    def answer(self, call: Callable[[], Any], shape: type[S]) -> tuple[S, bytes]:
        """The answer in the shape that is read here, and its bytes. Raises Silence."""
        raw = self._raw(call)
        kind = raw.headers.get("content-type", "").partition(";")[0].strip().lower()
        content = raw.content
        if kind != "application/json" or len(content) > ANSWER_BYTES_MAX:
            raise Silence("malformed", {"content_type": kind[:80] or "none"})
        try:
            return shape.model_validate(parse_json(content)), content
        except (LedgerError, ValueError) as error:
            raise Silence("malformed", {"what": type(error).__name__}) from None

    def _raw(self, call: Callable[[], Any]) -> Any:
        sdk = self._sdk
        try:
            return call()
        except sdk.APITimeoutError:
            raise Silence("timed_out", {}) from None
        except sdk.APIStatusError as error:
            wait = error.response.headers.get("retry-after")
            raise Silence(_reason(error.status_code), {"status": str(error.status_code), "retry_after": wait}) from None
        except sdk.OpenAIError as error:  # no connection, or one that broke
            raise Silence("unreachable", {"what": type(error).__name__}) from None


def _reason(status: int) -> str:
    if status == 429:
        return "rate_limited"
    if status in (401, 403):
        return "key_refused"
    return "unavailable" if status >= 500 else "refused"
