"""A notice as it travels: a CloudEvents 1.0 object, signed as a Standard Webhook under the secret that both sides know."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import rfc8785
from standardwebhooks.webhooks import Webhook

from ledger.errors import Misuse, NotFound
from ops.wholefile import write_whole
from projections.holdertables import Notified

SECRET_BYTES = 32  # Standard Webhooks asks for 24 to 64
SECRETS_MAX = 2  # the present one and the one before, so that a receiver can change over
CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"


def event(origin: str, notice: Notified) -> dict[str, Any]:
    """What the holder reads. Ids and digests only; the same after every rebuild."""
    return {
        "specversion": "1.0",
        "id": notice.notice,
        "source": origin,
        "type": f"countersign.notice.{notice.kind}.v1",
        "subject": f"{notice.basis_kind}:{notice.basis}",
        "time": notice.issued_at,
        "datacontenttype": "application/json",
        "data": {
            "notice": notice.notice,
            "kind": notice.kind,
            notice.basis_kind: notice.basis,
            "entry_index": notice.entry_index,
            "about_entry": notice.about,
            "outcome": notice.outcome,
            "due_at": notice.due_at,
            "items": list(notice.items),
            "acknowledge": f"/v1/notices/{notice.notice}/acknowledgements",
        },
    }


def signed(
    secrets: Sequence[str], notice: str, content: Mapping[str, Any], at: datetime
) -> tuple[bytes, dict[str, str]]:
    """The body and its headers: one signature under each secret, the newest first."""
    body = rfc8785.dumps(dict(content))
    signatures = [Webhook(secret).sign(notice, at, body.decode()) for secret in secrets]
    headers = {
        "Content-Type": CONTENT_TYPE,
        "User-Agent": "countersign",
        "webhook-id": notice,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
    return body, headers


class Secrets:
    """`keys/webhooks/<holder>`, 0600: secrets in the form `whsec_…`, a line each, the newest first. Never in the log."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, holder: str) -> tuple[str, ...]:
        """Raises NotFound `webhook_secret_missing`, Misuse `webhook_secret_unreadable`."""
        try:
            lines = (self._folder / holder).read_text(encoding="ascii").split()
        except FileNotFoundError as error:
            what = f"there is no webhook secret for {holder}"
            raise NotFound("webhook_secret_missing", what, "Run `countersign holder secret` for them.") from error
        except (OSError, ValueError) as error:
            raise Misuse(
                "webhook_secret_unreadable", f"the secret of {holder} can't be read", "Make it anew."
            ) from error
        if not lines or not all(line.startswith("whsec_") for line in lines):
            raise Misuse("webhook_secret_unreadable", f"the secret of {holder} is not whsec_…", "Make it anew.")
        return tuple(lines[:SECRETS_MAX])

    def renew(self, holder: str) -> str:
        """A new secret, shown to whoever tells it to the holder; the one before signs too until the next renewal."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        try:
            before = self.of(holder)
        except (NotFound, Misuse):
            before = ()
        secret = "whsec_" + base64.b64encode(os.urandom(SECRET_BYTES)).decode("ascii")
        kept = (secret, *before[: SECRETS_MAX - 1])
        write_whole(self._folder / holder, ("\n".join(kept) + "\n").encode("ascii"))
        return secret
