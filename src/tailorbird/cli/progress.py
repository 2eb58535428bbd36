"""How far a long command is: a bar where somebody watches, else a line at each quarter; on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_STEPS = 4
_SCALE = 1_000

#: told how much is done and how much there is, in any unit
Advance = Callable[[int, int], None]


@contextmanager
def progress(what: str, *, shown: bool = True) -> Iterator[Advance]:
    """What to call again and again. Not ``shown``: nothing is printed, as scripts want it."""
    if not shown:
        yield lambda done, total: None
    elif sys.stderr.isatty():
        with _bar(what) as advance:
            yield advance
    else:
        yield _Lines(what)


@contextmanager
def _bar(what: str) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=_SCALE)
        yield lambda done, total: bar.update(task, completed=_SCALE * done / max(total, 1))


class _Lines:
    """Says how far it is, four times in all."""

    def __init__(self, what: str) -> None:
        self._what, self._told = what, 0

    def __call__(self, done: int, total: int) -> None:
        step = done * _STEPS // max(total, 1)
        if step > self._told:
            self._told = step
            print(f"{self._what}: {100 * step // _STEPS} %", file=sys.stderr, flush=True)
