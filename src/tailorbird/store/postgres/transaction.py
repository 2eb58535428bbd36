"""Transactions on a held connection, tried again when they met another one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Concatenate, ParamSpec, TypeVar

from tailorbird.store.postgres.connections import Connection
from tailorbird.store.postgres.errors import is_lost, may_be_repeated

P = ParamSpec("P")
T = TypeVar("T")

#: how often a transaction is begun that others overtake each time
ATTEMPTS = 20


async def transact(
    connection: Connection,
    work: Callable[Concatenate[Connection, P], Awaitable[T]],
    /,
    *args: P.args,
    **options: P.kwargs,
) -> T:
    """What ``work`` returns, after its transaction was committed. ``work`` may be run several times."""
    for _ in range(ATTEMPTS - 1):
        try:
            return await once(connection, work, *args, **options)
        except Exception as error:
            if not may_be_repeated(error):
                raise
    return await once(connection, work, *args, **options)


async def once(
    connection: Connection,
    work: Callable[Concatenate[Connection, P], Awaitable[T]],
    /,
    *args: P.args,
    **options: P.kwargs,
) -> T:
    """Likewise, with ``work`` run at most once."""
    await connection.execute("BEGIN")
    try:
        result = await work(connection, *args, **options)
        await connection.execute("COMMIT")
    except BaseException as error:
        if isinstance(error, asyncio.CancelledError) or is_lost(error):
            connection.terminate()
        else:
            await _roll_back(connection)
        raise
    return result


async def _roll_back(connection: Connection) -> None:
    try:
        await connection.execute("ROLLBACK")
    except BaseException as error:
        connection.terminate()
        with suppress(Exception):
            raise error
        raise
