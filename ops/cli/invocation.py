"""One run of the command: which home, in which form to answer. Answers go to stdout, everything else to stderr."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.console import Console, RenderableType

from ops.cli.printing import document, plain
from ops.settings import HOME_VARIABLE, home_folder

if TYPE_CHECKING:
    from api.services.services import Services
    from ops.settings import Settings

T = TypeVar("T")
STEP_PERCENT = 10  # between two lines about one item


@dataclass
class Invocation:
    """`given_home` is `--home`, before or after the command; `json`: exactly one JSON document on stdout."""

    json: bool = False
    given_home: Path | None = None
    _within: Callable[[int], None] = field(default=lambda percent: None, repr=False)

    @cached_property
    def stdout(self) -> Console:
        return Console(highlight=False)

    @cached_property
    def stderr(self) -> Console:
        return Console(stderr=True, highlight=False)

    @property
    def home(self) -> Path:
        """`--home`, else COUNTERSIGN_HOME, else ./countersign-home."""
        return home_folder(self.given_home)

    @property
    def settings(self) -> Settings:
        from ops.settings import read_settings

        return read_settings(self.home)

    @contextmanager
    def services(self) -> Iterator[Services]:
        """The home's services, always closed. Raises what `ops.wiring.open_services` raises."""
        from ops.wiring import services_of

        with services_of(self.home) as services:
            yield services

    def answer(self, value: dict[str, Any], *human: RenderableType | Callable[[], RenderableType]) -> None:
        """The answer of the command: the document with `--json`, otherwise what a person reads."""
        if self.json:
            print(document(value))
            return
        for part in human:
            shown = part() if callable(part) else part
            if isinstance(shown, str):  # to be copied as it is: never wrapped, never read as markup
                print("\n".join(map(plain, shown.split("\n"))))
            else:
                self.stdout.print(shown)

    def note(self, text: str) -> None:
        """A line on stderr: progress, never part of the answer."""
        self.stderr.print(plain(text), style="dim", markup=False, soft_wrap=True)

    def within(self, done: int, total: int) -> None:
        """How far the item of `each` is that is in hand; nothing where the whole is not known."""
        if total > 0:
            self._within(min(100, 100 * done // total))

    @contextmanager
    def counting(self, what: str, total: int) -> Iterator[Callable[[str], None]]:
        """As `each`, where things name themselves as they are done: call it with each name."""
        self._within = _Steps(self.note)
        yield _Counted(self.note, what, total)

    def each(self, what: str, items: Sequence[T], name: Callable[[T], str]) -> Iterator[T]:
        """Goes through `items` while stderr says where it is: a bar on a terminal, a line each elsewhere."""
        if not self.stderr.is_terminal:
            for number, item in enumerate(items, 1):
                self.note(f"{what} {number}/{len(items)} {name(item)}")
                self._within = _Steps(self.note)
                yield item
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        shown_name = TextColumn("{task.fields[item]}", markup=False)
        columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), shown_name)
        with Progress(*columns, console=self.stderr, transient=True) as progress:
            task = progress.add_task(what, total=len(items), item="")
            for item in items:
                shown = plain(name(item))
                progress.update(task, item=shown)
                self._within = partial(_shown_within, progress, task, shown)
                yield item
                progress.advance(task)


class _Counted:
    """Tells of what is done of a number of things whose names are known when they are."""

    def __init__(self, note: Callable[[str], None], what: str, total: int) -> None:
        self._note, self._what, self._total, self._done = note, what, total, 0

    def __call__(self, name: str) -> None:
        self._done += 1
        self._note(f"{self._what} {self._done}/{max(self._total, self._done)} {name}")


class _Steps:
    """Lines at each tenth of a long item; a short one passes without any."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note, self._told = note, 0

    def __call__(self, percent: int) -> None:
        if percent // STEP_PERCENT > self._told // STEP_PERCENT:
            self._note(f"  {percent} %")
        self._told = percent  # the next item begins below


def _shown_within(progress: Any, task: Any, name: str, percent: int) -> None:
    progress.update(task, item=f"{name} {percent} %")


def invocation_of(ctx: typer.Context) -> Invocation:
    """This run's Invocation, which `main` puts on the context."""
    found = ctx.find_object(Invocation)
    assert found is not None, "commands are run through ops.cli.main.main"  # noqa: S101 - a broken wiring, not input
    return found


def _take_home(ctx: typer.Context, value: Path | None) -> Path | None:
    if value is not None:
        invocation_of(ctx).given_home = value  # the one after the command comes last and wins
    return value


def _take_json(ctx: typer.Context, value: bool) -> bool:
    if value:
        invocation_of(ctx).json = True
    return value


HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        metavar="DIR",
        callback=_take_home,
        help=f"The home folder; else {HOME_VARIABLE}, else ./countersign-home.",
        rich_help_panel="Everywhere",
    ),
]
JsonOption = Annotated[
    bool,
    typer.Option(
        "--json", callback=_take_json, help="One JSON document on stdout, errors too.", rich_help_panel="Everywhere"
    ),
]


def everywhere(home: HomeOption = None, json: JsonOption = False) -> None:
    """For a group of commands: the options may stand before the group's command too."""
