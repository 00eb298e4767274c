"""What the demo shows on the terminal: numbered steps with their time, ticks, and a warning where something is refused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from ledger.errors import LedgerError


class Stage:
    """Prints to one console. `fail` is for the demo itself going wrong: it raises, so that `make demo` is red."""

    def __init__(self, console: Console) -> None:
        self._console, self._number = console, 0

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """A numbered step; its lines come as they happen, its time at the end."""
        self._number += 1
        self._console.print(f"[bold]{self._number:>2}  {title}[/bold]")
        begin = time.monotonic()
        yield
        self._console.print(f"    [dim]{time.monotonic() - begin:.1f} s[/dim]")

    def tell(self, line: str) -> None:
        self._console.print(f"    {line}", highlight=False)

    def good(self, line: str) -> None:
        self._console.print(f"    [green]✓[/green] {line}", highlight=False)

    def refused(self, line: str) -> None:
        self._console.print(f"    [yellow]✗[/yellow] {line}", highlight=False)

    def expect(self, holds: bool, line: str) -> None:
        """A claim of the demo. If it doesn't hold, the demo fails loudly instead of telling a nicer story."""
        if not holds:
            raise LedgerError("demo_failed", f"the demo expected: {line}", "Please report this.")
        self.good(line)
