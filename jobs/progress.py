"""How far a run is: a bar on a terminal, now and then a plain line elsewhere."""

import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn


class Watcher(Protocol):
    """What a run tells: its start, cells settled, its end."""

    def begin(self, name: str, where: Path, total: int, done: int) -> None: ...

    def settled(self, cells: int) -> None: ...

    def end(self) -> None: ...


class Silence:
    """Tells nothing."""

    def begin(self, name: str, where: Path, total: int, done: int) -> None:
        """Nothing."""

    def settled(self, cells: int) -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""


class Lines(Silence):
    """A plain line every few seconds, for logs."""

    def __init__(self, every: float = 5.0) -> None:
        self._every = every

    def begin(self, name: str, where: Path, total: int, done: int) -> None:
        self._name, self._total, self._done, self._fresh = name, total, done, 0
        self._start = self._last = time.monotonic()
        note = f", {done:,} of them done" if done else ""
        say(f"{name}: {total:,} cells{note}, into {where}")

    def settled(self, cells: int) -> None:
        self._done += cells
        self._fresh += cells
        now = time.monotonic()
        if now - self._last >= self._every:
            self._last = now
            rate = self._fresh / (now - self._start)
            left = (self._total - self._done) / rate
            part = f"{self._done:,} of {self._total:,} cells"
            say(f"{self._name}: {part}, {_pace(rate)}, {left:,.0f} s left")


class Bar:
    """A bar with the rate and the time left."""

    def __init__(self) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )

    def begin(self, name: str, where: Path, total: int, done: int) -> None:
        self._bar.console.print(f"{name}: {total:,} cells, into {where}", markup=False, highlight=False)
        self._start, self._fresh = time.monotonic(), 0
        self._task = self._bar.add_task(name, total=total, completed=done, rate="")
        self._bar.start()

    def settled(self, cells: int) -> None:
        self._fresh += cells
        rate = self._fresh / max(time.monotonic() - self._start, 1e-9)
        self._bar.update(self._task, advance=cells, rate=_pace(rate))

    def end(self) -> None:
        self._bar.stop()


def _pace(rate: float) -> str:
    """Cells in a second; where a cell takes seconds, as many digits as say how many.

    >>> _pace(14217.8), _pace(0.0472)
    ('14,218 cells/s', '0.047 cells/s')
    """
    return f"{rate:,.0f} cells/s" if rate >= 10 else f"{rate:.2g} cells/s"


def watcher(progress: bool | Watcher) -> Watcher:
    """The watcher for `progress=`: a bar on a terminal, lines elsewhere, silence for False."""
    if isinstance(progress, bool):
        if not progress:
            return Silence()
        return Bar() if sys.stderr.isatty() else Lines()
    return progress


def say(text: str) -> None:
    """A line to the people who watch; to a closed pipe nothing is said."""
    with suppress(BrokenPipeError, ValueError):
        print(text, file=sys.stderr, flush=True)
