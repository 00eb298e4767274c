"""States that many tests begin with, told once a session through the door and copied from then on.

A step of the story (`clip()`, `consent()`, …) on a house that still rests in a state known here is looked up by that
state, the step and its words. What is not there yet is told in a house of its own, closed, and kept as its files; the
house that asked then moves into a copy. A house in which anything else was said is in no known state: it says its own.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

if TYPE_CHECKING:
    from tests.house_of import House

Words = ParamSpec("Words")
Result = TypeVar("Result")
DATABASES = ("ledger.sqlite", "vault.sqlite")


@dataclass(frozen=True, eq=False)
class State:
    """The files of a closed house, how long its log was and when."""

    folder: Path
    size: int
    instant: datetime


class Cupboard:
    """One session's states, under a folder of its own."""

    def __init__(self, folder: Path, closed: House) -> None:
        self._folder, self._closed = folder, closed
        with closing(sqlite3.connect(closed.folder / DATABASES[0])) as db:
            (size,) = db.execute("SELECT size FROM head").fetchone()
        self.first = State(closed.folder, size, closed.instant)
        self._made: dict[tuple[object, ...], tuple[State, Any]] = {}

    def take(self, house: House, step: Callable[..., Any], words: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """The step's result; the house is in the state after it. What can't be looked up the house does itself."""
        before = house.known_state()
        if before is None:
            return step(house, *words, **named)
        try:
            key = (before, house.instant, house.light_seal, step.__name__, json.dumps([words, named], sort_keys=True))
        except TypeError:  # words that are more than words
            return step(house, *words, **named)
        if key not in self._made and not self._make(key, house, before, partial(step, *words, **named)):
            return step(house, *words, **named)
        state, result = self._made[key]
        house.move_to_state(state)
        return result

    def _make(self, key: tuple[object, ...], house: House, before: State, step: Callable[[House], Any]) -> bool:
        """False when the step fails: then the house fails itself, with what it had said until there."""
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        teller = type(house)(folder, like=self._closed)
        teller.light_seal = house.light_seal
        teller.move_to_state(before)
        teller.clock.move_to(house.instant)
        try:
            result = step(teller)
            self._made[key] = State(folder, teller.size, teller.instant), result
        except Exception:
            return False
        finally:
            teller.close()
        return True


def prepared(
    step: Callable[Concatenate[House, Words], Result],
) -> Callable[Concatenate[House, Words], Result]:
    """A step that a house with a cupboard looks up there first."""

    @wraps(step)
    def taken(house: House, *words: Words.args, **named: Words.kwargs) -> Result:
        if house.cupboard is None or threading.current_thread() is not threading.main_thread():
            return step(house, *words, **named)  # where several speak at once nobody may move the house
        result: Result = house.cupboard.take(house, step, words, named)
        return result

    return taken


def overwrite(state: State, folder: Path) -> None:
    """The state's rows instead of those in files that may be open, as when another process had written them."""
    for name in DATABASES:
        with closing(sqlite3.connect(state.folder / name)) as kept, closing(sqlite3.connect(folder / name)) as mine:
            kept.backup(mine)


def copy_files(source: Path, folder: Path) -> None:
    """Those of a closed house."""
    for name in DATABASES:
        shutil.copyfile(source / name, folder / name)
