"""What the commands that change data run in: the engine over the store, beside a server that may be running."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import msgspec

from tailorbird.cli.place import Place

T = TypeVar("T")


def with_engine(where: Place, work: Callable[[Any], Awaitable[T]], *, as_it_is: bool = False) -> T:
    """What ``work`` makes of a loaded engine. A running server notices within a second what it changed.

    Nobody is in the data whom the log of erasures names, even if it was restored by hand; ``as_it_is``: not looked at.
    """

    import asyncio

    async def run() -> T:
        async with _engine(where, as_it_is) as runtime:
            return await work(runtime)

    quiet()
    return asyncio.run(run())


@asynccontextmanager
async def _engine(where: Place, as_it_is: bool) -> AsyncIterator[Any]:
    from tailorbird.engine import erasurelog
    from tailorbird.engine.erasures import replay
    from tailorbird.engine.refresh import refresh
    from tailorbird.engine.runtime import Runtime

    store = where.store()
    await store.open()
    try:
        if not as_it_is and (told := erasurelog.read(where.folder / erasurelog.FILE)).erasures:
            await replay(store, told.erasures)
        runtime = Runtime(store)
        await refresh(runtime)
        yield runtime
    finally:
        await store.close()


def quiet() -> None:
    """Log warnings and errors only, to standard error: standard output is the command's answer."""
    import logging

    import structlog

    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.KeyValueRenderer(key_order=["event"])],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def print_json(value: Any) -> None:
    """One line of JSON."""
    print(msgspec.json.encode(value).decode())


def print_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Columns of text, as wide as they need to be."""
    lines = [tuple(head), *(tuple(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())
