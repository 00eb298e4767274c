"""What can go wrong, and whose move is next.

    LedgerError
    ├── Untrusted     the evidence fails: a signature, a digest, a proof           HTTP 422  exit 5
    ├── Unavailable   something we need does not answer; the same call may work    HTTP 503  exit 6
    ├── Refused       a rule said no, and lists every reason                       HTTP 409  exit 3
    │   ├── Forbidden     this actor may not say this                              HTTP 403  exit 3
    │   ├── Gone          it was here and was erased, on purpose and for good      HTTP 410  exit 3
    │   └── Conflict      the boundary moved while we decided; say it again        HTTP 409  exit 6
    └── Misuse        the caller's mistake                                         HTTP 400  exit 2
        ├── Unauthenticated  no token or signature that we know                    HTTP 401  exit 2
        ├── NotFound      a thing of that name is not in the ledger                HTTP 404  exit 2
        └── TooLarge      over a named bound                                       HTTP 413  exit 2

Every error has a stable `code` (tests and callers match on it), says `what` happened and what to `do`.
Texts never carry secrets or personal data: ids, digests, pointers and bounds only.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class Reason:
    """One rule's no: a stable code, a sentence, and the index of the entry behind it (None when nothing is)."""

    code: str
    detail: str
    entry_index: int | None = None

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, "detail": self.detail, "entry_index": self.entry_index}


class LedgerError(Exception):
    """The root of the tree; never raised itself."""

    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1
    do_by_default: ClassVar[str] = ""
    """What to do about any error of this branch, where the one who raises it has nothing better to say."""

    def __init__(self, code: str, what: str, do: str = "", reasons: tuple[Reason, ...] = ()) -> None:
        do = do or self.do_by_default
        super().__init__(f"{code}: {what}" + (f" {do}" if do else ""))
        self.code, self.what, self.do, self.reasons = code, what, do, reasons

    def as_problem(self) -> dict[str, Any]:
        """The RFC 9457 problem document of this error."""
        return {
            "type": f"urn:countersign:error:{self.code}",
            "title": type(self).__name__,
            "status": self.status,
            "code": self.code,
            "detail": self.what,
            "do": self.do,
            "reasons": [reason.as_json() for reason in self.reasons],
        }


class Untrusted(LedgerError):
    """The evidence fails."""

    status, exit_code = 422, 5


class Unavailable(LedgerError):
    """Something we need does not answer; retry later."""

    status, exit_code = 503, 6
    do_by_default = "Try again in a moment; if it stays so, look at what does not answer."


class Refused(LedgerError):
    """A rule said no. `reasons` lists every reason, not only the first."""

    status, exit_code = 409, 3


class Forbidden(Refused):
    """This actor may not say this."""

    status = 403


class Gone(Refused):
    """It was here and was erased: neither unknown nor for a moment out of reach (SPEC S6.8)."""

    status = 410


class Conflict(Refused):
    """Somebody else's statement came first; nothing was written and the same statement may be said again."""

    exit_code = 6


class Misuse(LedgerError):
    """The caller's mistake."""

    status, exit_code = 400, 2


class Unauthenticated(Misuse):
    """We don't know who is asking."""

    status = 401


class NotFound(Misuse):
    """Nothing of that name is here."""

    status = 404


class TooLarge(Misuse):
    """Over a named bound."""

    status = 413


_MACHINE = frozenset(
    {
        errno.EIO,
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EROFS,
        errno.EACCES,
        errno.EPERM,
        errno.EMFILE,
        errno.ENFILE,
        errno.EFBIG,
    }
)
"""What a disk, its rights or the machine's bounds answer; any other OSError is a mistake of ours."""


def of_the_machine(error: OSError) -> Unavailable | None:
    """A full, read-only, forbidden or failing disk, told without a path; None when it is something else."""
    if error.errno not in _MACHINE:
        return None
    what = f"a file could not be read or written: {error.strerror}; what was not answered may not have been done"
    return Unavailable("disk_unavailable", what, "Free space or put rights and disk in order, then try again.")
