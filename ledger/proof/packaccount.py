"""The account that a pack's check keeps: each item is faulted once, and what hangs on a faulty item is skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ParamSpec, TypeVar

from ledger.errors import LedgerError
from ledger.proof.packclaims import entry_index
from ledger.proof.packreport import PackFault, PackStep

_Found = TypeVar("_Found")
_Given = ParamSpec("_Given")


class PackAccount:
    """Faults and skipped items by step. The first fault of an item is the one that counts: the rest follows from it."""

    def __init__(self) -> None:
        self._faults: list[PackFault] = []
        self._skipped: list[tuple[int, str]] = []
        self._checked: dict[int, int] = {}
        self._spoiled: set[str] = set()

    def start(self, step: int, items: int = 0) -> None:
        """The step runs; `items` more were looked at."""
        self._checked[step] = self._checked.get(step, 0) + items

    def attempt(
        self, step: int, item: str, call: Callable[_Given, _Found], *args: _Given.args, **kwargs: _Given.kwargs
    ) -> _Found | None:
        """What `call` gives; None, and a fault, when it raises."""
        self.start(step, 1)
        try:
            return call(*args, **kwargs)
        except LedgerError as error:
            self.fault(step, item, error.code, error.what)
        except (KeyError, TypeError, ValueError, AttributeError):
            self.fault(step, item, "malformed", "it does not have its shape")
        return None

    def fault(self, step: int, item: str, code: str, detail: str) -> None:
        self.start(step)
        if item not in self._spoiled:
            self._spoiled.add(item)
            self._faults.append(PackFault(step, item, code, detail))

    def skip(self, step: int, item: str) -> None:
        self.start(step)
        if (step, item) not in self._skipped:
            self._skipped.append((step, item))

    def fault_unless_explained(self, step: int, item: str, code: str, detail: str) -> None:
        """A fault, unless an entry that fails may be what it hangs on."""
        if self.entry_spoiled():
            self.skip(step, item)
        else:
            self.fault(step, item, code, detail)

    def spoiled(self, *items: str) -> bool:
        return not self._spoiled.isdisjoint(items)

    def entry_spoiled(self) -> bool:
        """Whether any entry fails: it may be the one that brings a key or names a blob."""
        return any(entry_index(item) is not None for item in self._spoiled)

    @property
    def clean(self) -> bool:
        return not self._faults

    def steps(self, numbers: Iterable[int]) -> tuple[PackStep, ...]:
        return tuple(self._step(number) for number in numbers)

    def _step(self, number: int) -> PackStep:
        faults = tuple(fault for fault in self._faults if fault.step == number)
        skipped = tuple(item for step, item in self._skipped if step == number)
        return PackStep(number, self._checked.get(number), faults, skipped)
