"""A ledger, as a platform asks it: one call before a file is shown, and passes for where the ledger can't be asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

from api.client.answers import Verification, failure, read_verification
from api.client.carried import carried_in
from api.client.checking import digest_of
from api.client.transport import checked_address, exchange
from ledger.clock import SystemClock
from ledger.errors import Misuse
from ledger.proof.canonical import canonical
from ledger.proof.distributionpass import PassProven, status_address, verify_pass
from ledger.proof.note import NoteVerifier


@dataclass(frozen=True)
class LedgerClient:
    """`address`: https, or http on this machine; `token`: a platform's own. Raises Misuse `ledger_address_invalid`."""

    address: str
    token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        checked_address(self.address)

    def verify(
        self, file: Path, *, use: str | None = None, channel: str | None = None, territory: str | None = None
    ) -> Verification:
        """May it be shown, for this, here, now? The bytes are sent only if the ledger doesn't know their digest.

        Raises Misuse `file_unreadable`, Unavailable `ledger_unreachable`, `answer_not_understood`, and what the ledger raised.
        """
        sha256 = digest_of(file)
        answer = self.verify_digest(sha256, use=use, channel=channel, territory=territory)
        if answer.identified_by != "none":
            return answer
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(file.stat().st_size)}
        with file.open("rb") as stream:
            status, raw = exchange(
                self._address("/v1/verifications", use=use, channel=channel, territory=territory),
                body=stream,
                headers={**headers, **self._authorised()},
            )
        if status != 200:
            raise failure(status, raw)
        return read_verification(raw, sha256)

    def verify_digest(
        self, sha256: str, *, use: str | None = None, channel: str | None = None, territory: str | None = None
    ) -> Verification:
        """The same for bytes that stay here, as far as their digest is known there."""
        path = self._address("/v1/verifications", use=use, channel=channel, territory=territory)
        return read_verification(self._post(path, {"sha256": sha256}, 200), sha256)

    def issue_pass(self, sha256: str, *, use: str, channel: str, territory: str) -> bytes:
        """The pass's bytes, to be kept as they are. Raises Refused `pass_refused` with every reason."""
        asked = {"sha256": sha256, "use": use, "channel": channel, "territory": territory}
        return self._post(self._address("/v1/passes"), asked, 201)

    def check_pass(
        self,
        document: bytes,
        log_keys: Sequence[NoteVerifier],
        *,
        sha256: str,
        use: str | None = None,
        channel: str | None = None,
        territory: str | None = None,
        now: datetime | None = None,
    ) -> PassProven:
        """With the status list fetched from where the proven pass says. Raises what `verify_pass` raises, Unavailable."""
        status = fetch_status(document, log_keys)
        asked = {"use": use, "channel": channel, "territory": territory}
        at = now or SystemClock().now()
        return verify_pass(document, log_keys, subject=sha256, now=at, status=status, asked=asked)

    def check_file(
        self,
        file: Path,
        log_keys: Sequence[NoteVerifier],
        *,
        use: str | None = None,
        channel: str | None = None,
        territory: str | None = None,
        now: datetime | None = None,
    ) -> PassProven:
        """The pass that the file carries, with its status list fetched. Raises what `carried_in` and `verify_pass` raise."""
        carried = carried_in(file)
        status = fetch_status(carried.document, log_keys)
        asked = {"use": use, "channel": channel, "territory": territory}
        at = now or SystemClock().now()
        return verify_pass(carried.document, log_keys, subject=carried.essence, now=at, status=status, asked=asked)

    def _post(self, address: str, asked: dict[str, str], good: int) -> bytes:
        headers = {"Content-Type": "application/json", **self._authorised()}
        status, raw = exchange(address, body=canonical(asked), headers=headers)
        if status != good:
            raise failure(status, raw)
        return raw

    def _authorised(self) -> dict[str, str]:
        if not self.token:
            raise Misuse("token_missing", "a ledger answers those whom it knows", "Give your token.")
        return {"Authorization": f"Bearer {self.token}"}

    def _address(self, path: str, **query: str | None) -> str:
        given = {name: value for name, value in query.items() if value is not None}
        return checked_address(self.address) + path + (f"?{urlencode(given)}" if given else "")


def fetch_status(document: bytes, log_keys: Sequence[NoteVerifier]) -> str:
    """The status list that a pass names, once the log's keys have proven the pass. Raises Untrusted, Unavailable."""
    status, raw = exchange(checked_address(status_address(document, log_keys)))
    if status != 200:
        raise failure(status, raw)
    return raw.decode("ascii", "replace")
