"""Putting a server together: store, engine and HTTP over one folder, until somebody says stop."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import functools
import signal
import socket
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import TYPE_CHECKING

from tailorbird.cli.errors import Failed, Usage
from tailorbird.cli.place import Place

if TYPE_CHECKING:
    from tailorbird.engine.runtime import Runtime
    from tailorbird.settings import Settings
    from tailorbird.targeting import Locate

#: the copy of all definitions, from which a server starts while its database is away
COPY = "snapshot.json"

#: facts for analysis, and what does not fit into memory while they are asked
LAKE, SCRATCH = "lake", "lake-scratch"

#: how long a start looks at a shared database where it could do without
_LOOK_S = 1.0

#: what runs once requests are answered: given the engine and the server's address, it says whether to go on serving
Beside = Callable[["Runtime", str], Awaitable[bool]]


def run(settings: Settings, where: Place, beside: Beside) -> None:
    """Serve until SIGINT, SIGTERM, or until ``beside`` says that it was enough. What was queued is written before it
    returns."""
    if settings.workers > 1 and not where.shared:
        raise Usage(
            f"--workers {settings.workers}: SQLite serves exactly one process. Several need PostgreSQL:"
            " --database postgresql://user:password@host/name."
        )
    refuse(where)
    with listen(settings.host, settings.port) as listener:
        if settings.workers == 1:
            _run_one(settings, where, listener, beside)
            return
        from tailorbird.cli.workers import supervise

        worker = functools.partial(_worker, settings, where, beside)
        supervise(worker, settings.workers, listener, grace=settings.shutdown_seconds + 10)


def _run_one(settings: Settings, where: Place, listener: socket.socket, beside: Beside) -> None:
    import uvloop

    until_started = _UntilStarted()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, until_started)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, where, listener, beside, until_started))


def _worker(settings: Settings, where: Place, beside: Beside, number: int, listener: socket.socket) -> None:
    """One of several processes; the first of them does what is beside serving."""
    from tailorbird.web.observe import configure

    configure(settings.log_level)
    _run_one(settings, where, listener, _nothing if number else beside)


async def _nothing(runtime: Runtime, base: str) -> bool:
    return True


class _UntilStarted:
    """What a signal does: it ends a start. Later uvicorn listens itself, and repeats the signal when it is done: that
    must not cut off what is still being written. One that comes in between is noted."""

    def __init__(self) -> None:
        self.started = False
        self.noted = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if not self.started:
            raise KeyboardInterrupt
        self.noted = True


def refuse(where: Place) -> None:
    """Raise what waiting would not mend: another server on the data, a folder, file or schema that cannot be used."""
    where.folder.mkdir(parents=True, exist_ok=True)
    if where.shared:
        _refuse_shared(where)
    else:
        _refuse_file(where)


def _refuse_shared(where: Place) -> None:
    from tailorbird.domain.errors import Unavailable
    from tailorbird.store.postgres.database import checked

    async def look() -> None:
        # with a copy at hand, a database that does not answer is no reason to wait
        async with asyncio.timeout(_LOOK_S if (where.folder / COPY).exists() else None):
            await checked(where.url)

    with contextlib.suppress(Unavailable, TimeoutError):  # one that is away comes back
        asyncio.run(look())


def _refuse_file(where: Place) -> None:
    from tailorbird.domain.errors import Unavailable
    from tailorbird.store.sqlite.file import ServerLock, prepare

    copied = (where.folder / COPY).exists()
    try:
        ServerLock(where.file).release()
    except Unavailable:
        if not copied:
            raise
    if not copied:
        prepare(where.file)  # with a copy at hand, a database that is away is no reason not to start


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; ``Failed`` in plain words when the port is taken."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Failed(
                f"Port {port} of {host} is taken. Stop what listens there, or choose another: --port."
            ) from error
        raise Failed(f"Cannot listen on {host}, port {port}: {error.strerror or error}.") from error


def address(listener: socket.socket) -> str:
    """Where a listening socket is reached from this machine."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        host = "127.0.0.1" if host == "0.0.0.0" else "::1"  # noqa: S104
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def _serve(
    settings: Settings, where: Place, listener: socket.socket, beside: Beside, until_started: _UntilStarted
) -> None:
    from tailorbird.engine.refresh import running
    from tailorbird.web.serve import server, tune_process

    runtime = _engine(settings, where)
    async with running(runtime):
        until_started.started = True
        web = server(runtime, settings.web())
        tune_process()
        serving = asyncio.create_task(web.serve([listener]))

        async def companion() -> bool:
            while not web.started and not serving.done():  # noqa: ASYNC110
                await asyncio.sleep(0.005)  # uvicorn sets a flag and tells nobody
            return web.started and not until_started.noted and await beside(runtime, address(listener))

        company = asyncio.create_task(companion())
        await asyncio.wait({serving, company}, return_when=asyncio.FIRST_COMPLETED)
        stopped = web.should_exit or serving.done()
        if not stopped and (company.exception() is not None or not company.result()):
            web.should_exit = True
        await serving
        await _end(company, stopped=stopped)


def _engine(settings: Settings, where: Place) -> Runtime:
    from tailorbird.engine.limits import Limits
    from tailorbird.engine.runtime import Runtime, nowhere

    locate: Locate = nowhere
    if settings.geo is not None:
        from tailorbird.engine.geo import open_locator

        locate = open_locator(settings.geo)
    limits = Limits(rate=settings.key_rate, burst=settings.key_burst)
    lake = None
    if settings.lake:
        from tailorbird.engine.lakes import open_lake

        lake = open_lake(
            where.url or str(where.file),
            settings.lake_url or str(where.folder / LAKE),
            memory_mb=settings.lake_memory_mb,
            scratch=str(where.folder / SCRATCH),
        )
    return Runtime(
        where.store(),
        data_dir=where.folder,
        locate=locate,
        limits=limits,
        lake=lake,
        lake_seconds=settings.lake_seconds,
    )


async def _end(company: asyncio.Task[bool], *, stopped: bool) -> None:
    """Wait for the companion. Where the server was stopped under it, its complaint is no news."""
    if not stopped:
        await company
        return
    try:
        await asyncio.wait_for(company, 30)
    except (Failed, TimeoutError):
        raise KeyboardInterrupt from None
