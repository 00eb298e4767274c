"""Errors as the command tells them: one message, one exit code, never a raw traceback unless asked for."""

from __future__ import annotations

import os
import tempfile
import traceback
from collections.abc import Iterable
from typing import Any, Final

from rich.console import Group, RenderableType

from ledger.errors import LedgerError, Misuse
from ops.cli.invocation import Invocation
from ops.cli.printing import styled, table
from ops.settings import DEBUG_VARIABLE, debugging

UNEXPECTED: Final = 1
EXIT_CODES: Final = {
    0: "allow, or done",
    1: "a fault in Countersign itself",
    2: "misuse: the command, a file or a setting is wrong",
    3: "deny, or refused by a rule",
    4: "review, or unknown: not an allow",
    5: "untrusted evidence: a signature, a digest or a proof fails",
    6: "unavailable: something needed does not answer; try again",
}
_MILD_TO_BAD: Final = (0, 4, 3, 2, 6, 5, 1)  # a fault of ours hides the most, evidence that fails comes next


def worst(codes: Iterable[int]) -> int:
    """The exit code of several answers: the worst of them, 0 for none."""
    return max(codes, key=_MILD_TO_BAD.index, default=0)


def error_json(error: LedgerError) -> dict[str, Any]:
    """`{code, detail, do, reasons}`, the same for every error."""
    reasons = [reason.as_json() for reason in error.reasons]
    return {"code": error.code, "detail": error.what, "do": error.do, "reasons": reasons}


def error_text(error: LedgerError) -> RenderableType:
    """What happened, why, and what to do."""
    parts: list[RenderableType] = [styled(f"{error.code}: {error.what}", "bold red")]
    listed = [reason for reason in error.reasons if (reason.code, reason.detail) != (error.code, error.what)]
    if listed:
        entries = ("" if reason.entry_index is None else reason.entry_index for reason in listed)
        rows = [(reason.code, reason.detail, entry) for reason, entry in zip(listed, entries, strict=True)]
        parts.append(table("reason", "", "entry", rows=rows))
    if error.do:
        parts.append(styled(error.do))
    return Group(*parts)


def tell(invocation: Invocation, error: LedgerError) -> int:
    """Prints a LedgerError where it belongs; returns its exit code."""
    if invocation.json:
        invocation.answer({"error": error_json(error)})
    else:
        invocation.stderr.print(error_text(error))
    return error.exit_code


def tell_usage(invocation: Invocation, message: str) -> int:
    """The command line itself was wrong."""
    return tell(invocation, Misuse("usage", message, "See `countersign --help`."))


def tell_unexpected(invocation: Invocation, error: BaseException) -> int:
    """A fault of ours: a short message, and a file with the traceback (0600, since messages may quote input)."""
    text = "".join(traceback.format_exception(error))
    if debugging():
        invocation.stderr.print(text, markup=False, soft_wrap=True)
    handle, where = tempfile.mkstemp(prefix="countersign-", suffix=".traceback.txt")
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
    do = f"The traceback is in {where}; {DEBUG_VARIABLE}=1 shows it here. Please report it."
    tell(invocation, LedgerError("unexpected", f"{type(error).__name__} in Countersign itself", do))
    return UNEXPECTED
