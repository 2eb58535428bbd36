"""Transactions on a held connection, tried again when they met another one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Concatenate, ParamSpec, TypeVar

from tailorbird.store.postgres.connections import Connection
from tailorbird.store.postgres.errors import is_lost, may_be_repeated

P = ParamSpec("P")
T = TypeVar("T")

#: how often a transaction is begun that others overtake each time
ATTEMPTS = 10
#: attempts that run beside others; the ones after them run alone
_BESIDE_OTHERS = 3
#: the name of the lock that group commits share, and that one takes for itself when others overtook it too often
_TURN = 7_236_103
_PLAIN = "BEGIN"
_SHARED = f"BEGIN; SELECT pg_advisory_xact_lock_shared({_TURN})"
_ALONE = f"BEGIN; SELECT pg_advisory_xact_lock({_TURN})"


async def transact(
    connection: Connection,
    work: Callable[Concatenate[Connection, P], Awaitable[T]],
    /,
    *args: P.args,
    **options: P.kwargs,
) -> T:
    """What ``work`` returns, after its transaction was committed. ``work`` may be run several times."""
    for attempt in count(1):
        try:
            return await _once(connection, _PLAIN, work, *args, **options)
        except Exception as error:
            if attempt == ATTEMPTS or not may_be_repeated(error):
                raise
    raise AssertionError("unreachable")


async def transact_in_turn(
    connection: Connection,
    work: Callable[Concatenate[Connection, P], Awaitable[T]],
    /,
    *args: P.args,
    **options: P.kwargs,
) -> T:
    """Likewise, for the one kind of work that everybody does all the time: who is overtaken again and again gets to run
    alone, so that it ends however many write about the same people."""
    for attempt in count(1):
        try:
            return await _once(connection, _SHARED if attempt <= _BESIDE_OTHERS else _ALONE, work, *args, **options)
        except Exception as error:
            if attempt == ATTEMPTS or not may_be_repeated(error):
                raise
    raise AssertionError("unreachable")


async def once(
    connection: Connection,
    work: Callable[Concatenate[Connection, P], Awaitable[T]],
    /,
    *args: P.args,
    **options: P.kwargs,
) -> T:
    """What ``work``, run once, returns, after its transaction was committed."""
    return await _once(connection, _PLAIN, work, *args, **options)


async def _once(
    connection: Connection,
    begin: str,
    work: Callable[Concatenate[Connection, P], Awaitable[T]],
    /,
    *args: P.args,
    **options: P.kwargs,
) -> T:
    try:
        await connection.execute(begin)
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
    """The error before it is the one to tell, so this raises none."""
    try:
        await connection.execute("ROLLBACK")
    except asyncio.CancelledError:
        connection.terminate()
        raise
    except Exception:  # noqa: BLE001 - as above
        connection.terminate()
