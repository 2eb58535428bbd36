"""Serving the application with uvicorn: uvloop and httptools, minutes of keep-alive, and a stop that loses nothing."""

from __future__ import annotations

import gc
import resource
import socket
import sys
from collections.abc import Sequence

import uvicorn

from tailorbird.engine.runtime import Runtime
from tailorbird.web.app import build_app
from tailorbird.web.connection import bounded
from tailorbird.web.drain import Server
from tailorbird.web.options import Options

_OPEN_FILES = 65_536


def server(runtime: Runtime, options: Options, *, host: str = "127.0.0.1", port: int = 8790) -> uvicorn.Server:
    """A server over a running engine, not yet started."""
    config = uvicorn.Config(
        build_app(runtime, options),
        host=host,
        port=port,
        loop="none",  # whoever runs us chose the loop already
        http=bounded(options.body_seconds),
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=options.keep_alive_seconds,
        timeout_graceful_shutdown=options.shutdown_seconds,
        backlog=2048,
    )
    return Server(config)


async def serve(
    runtime: Runtime,
    options: Options,
    *,
    host: str = "127.0.0.1",
    port: int = 8790,
    sockets: Sequence[socket.socket] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; returns when every running request got its answer or its time was up."""
    tune_process()
    await server(runtime, options, host=host, port=port).serve(list(sockets) if sockets else None)


def _allow_many_connections() -> None:
    """A connection is an open file, and the usual limit of 1,024 is soon used up; up to the hard limit it is ours."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def tune_process() -> None:
    """Settings of the interpreter that suit a process which only serves; called once, when all is loaded.

    What was loaded stays, so the garbage collector need not look at it again, and it looks at the rest less often: a
    quarter of an event's cost was that. The store's writing thread gives up the interpreter at every step; half a
    millisecond until it gets it back, instead of five, keeps commits short beside a busy event loop.
    """
    _allow_many_connections()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    sys.setswitchinterval(0.0005)
