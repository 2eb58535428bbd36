"""A load balancer as small as can be: every connection goes to the next server in turn."""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress


@contextmanager
def balanced(ports: Sequence[int]) -> Iterator[str]:
    """The address under which the servers at ``ports`` of this machine are reached in turn."""
    turns = itertools.cycle(ports)
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    accepting = threading.Thread(target=_accept, args=(listener, turns), daemon=True)
    accepting.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join(5)


def _accept(listener: socket.socket, turns: Iterator[int]) -> None:
    while True:
        try:
            caller, _ = listener.accept()
        except OSError:
            return
        try:
            server = socket.create_connection(("127.0.0.1", next(turns)), timeout=5)
        except OSError:
            caller.close()
            continue
        server.settimeout(None)
        for one, other in ((caller, server), (server, caller)):
            threading.Thread(target=_pass, args=(one, other), daemon=True).start()


def _pass(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(65_536):
            other.sendall(data)
    for end in (one, other):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
    one.close()
