"""What a ledger answered, read with suspicion: a word that isn't known is no answer, and no answer is never a yes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from ledger.errors import (
    Forbidden,
    Gone,
    LedgerError,
    Misuse,
    NotFound,
    Reason,
    Refused,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Untrusted,
)

Verdict = Literal["allow", "deny", "review", "unknown"]
EXIT_CODES: Final[dict[Verdict, int]] = {"allow": 0, "deny": 3, "review": 4, "unknown": 4}
_BY_STATUS: Final[dict[int, type[LedgerError]]] = {
    400: Misuse,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Refused,
    410: Gone,
    413: TooLarge,
    422: Untrusted,
}


@dataclass(frozen=True)
class Verification:
    """A verdict. `asset_sha256`: the known file that it is about, by what it was recognised; `document`: the whole answer."""

    verdict: Verdict
    at: str
    file_sha256: str
    asset_sha256: str | None
    identified_by: str
    reasons: tuple[Reason, ...]
    not_checked: tuple[str, ...]
    document: dict[str, Any]

    @property
    def allowed(self) -> bool:
        return self.verdict == "allow"

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.verdict]


def read_verification(raw: bytes, asked_sha256: str) -> Verification:
    """Raises Unavailable `answer_not_understood` for anything that is not an answer about these bytes."""
    try:
        document = json.loads(raw)
        verdict, reasons = document["verdict"], tuple(map(_reason, document["reasons"]))
        if verdict not in get_args(Verdict) or document["file_sha256"] != asked_sha256:
            raise ValueError("another verdict, or about another file")
        if verdict == "allow" and document["identified_by"] != "digest":
            raise ValueError("an allow for bytes that were not cleared")
        return Verification(
            verdict=verdict,
            at=str(document["at"]),
            file_sha256=asked_sha256,
            asset_sha256=document["asset_sha256"],
            identified_by=str(document["identified_by"]),
            reasons=reasons,
            not_checked=tuple(map(str, document["not_checked"])),
            document=document,
        )
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        what = "the ledger's answer is not one that this client understands"
        raise Unavailable("answer_not_understood", what, "Ask again; update the client.") from error


def failure(status: int, raw: bytes) -> LedgerError:
    """The problem that a ledger told, as an error of its branch; what is no problem document is Unavailable."""
    kind = _BY_STATUS.get(status, Unavailable)
    try:
        told = json.loads(raw)
        reasons = tuple(map(_reason, told.get("reasons", ())))
        return kind(str(told["code"])[:80], str(told["detail"])[:600], str(told.get("do", ""))[:300], reasons)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        return Unavailable("answer_not_understood", f"the address answered {status}, not as a ledger does", "")


def _reason(told: dict[str, Any]) -> Reason:
    index = told.get("entry_index")
    return Reason(str(told["code"]), str(told["detail"]), index if type(index) is int else None)
