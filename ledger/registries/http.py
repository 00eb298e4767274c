"""A registry over HTTP: GET <base>/<reference> answers `{"status": "given" | "ended" | "unknown", "fresh_for_s": 3600}`."""

from __future__ import annotations

import http.client
import ssl
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote, urlsplit

from ledger.errors import LedgerError, Misuse, Unavailable
from ledger.log.authority import cut_off
from ledger.proof.canonical import parse_json
from ledger.registries.port import RegistryWord
from ledger.rules.registries import FRESH_MAX

ANSWER_BYTES_MAX: Final = 4_096  # a status and a number
WAIT_S: Final = 5.0  # somebody waits for a verdict behind this
_STATUSES: Final = {"given": "given", "ended": "ended", "unknown": "unknown"}


class HttpRegistry:
    """One connection a question, no redirects, plain HTTP only to this machine."""

    def __init__(self, name: str, base: str, timeout_s: float = WAIT_S) -> None:
        """Raises Misuse `registry_url_invalid`."""
        parts = urlsplit(base)
        local = parts.hostname in ("127.0.0.1", "::1", "localhost")
        if parts.scheme not in ("https", "http") or not parts.hostname or (parts.scheme == "http" and not local):
            raise Misuse("registry_url_invalid", "a registry is asked over https", "Name its https address.")
        self.name, self._parts, self._timeout_s = name, parts, timeout_s

    def status(self, reference: str) -> RegistryWord:
        """Raises Unavailable `registry_unavailable`."""
        try:
            status, raw = self._get(f"{self._parts.path.rstrip('/')}/{quote(reference, safe='')}")
        except (OSError, http.client.HTTPException) as error:
            raise self._unavailable(type(error).__name__) from None
        if status == 404:
            return RegistryWord("unknown", FRESH_MAX)
        if status != 200 or len(raw) > ANSWER_BYTES_MAX:
            raise self._unavailable(f"HTTP {status}")
        try:
            return self._read(parse_json(raw))
        except (LedgerError, KeyError, TypeError, ValueError):
            raise self._unavailable("an answer that is none") from None

    def _get(self, path: str) -> tuple[int, bytes]:
        host, port = self._parts.hostname or "", self._parts.port
        connection: http.client.HTTPConnection
        if self._parts.scheme == "https":
            context = ssl.create_default_context()
            connection = http.client.HTTPSConnection(host, port, timeout=self._timeout_s, context=context)
        else:
            connection = http.client.HTTPConnection(host, port, timeout=self._timeout_s)
        try:
            connection.connect()
            with cut_off(connection.sock, self._timeout_s) as ended:
                connection.request("GET", path, headers={"Accept": "application/json"})
                answer = connection.getresponse()
                status, raw = answer.status, answer.read(ANSWER_BYTES_MAX + 1)
                if ended.is_set():
                    raise TimeoutError
            return status, raw
        finally:
            connection.close()

    def _read(self, found: Any) -> RegistryWord:
        seconds = found["fresh_for_s"]
        if type(seconds) is not int or seconds <= 0:
            raise ValueError("fresh_for_s is a positive whole number")
        return RegistryWord(_STATUSES[found["status"]], min(timedelta(seconds=seconds), FRESH_MAX))  # type: ignore[arg-type]

    def _unavailable(self, why: str) -> Unavailable:
        return Unavailable("registry_unavailable", f"registry {self.name} gave no answer ({why})", "Ask again later.")
