"""The same request id within 10 minutes gets the same answer, and consumes nothing a second time."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable

import msgspec

from tailorbird.domain.errors import Unavailable
from tailorbird.domain.visitor import Context
from tailorbird.engine.breaker import Patience
from tailorbird.engine.calls import Answer, DecideCall
from tailorbird.engine.limits import AnswerMemory
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.snapshot import Snapshot

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Answer)


async def once(
    runtime: Runtime,
    snapshot: Snapshot,
    call: DecideCall,
    make: Callable[[Patience], Awaitable[tuple[Answer, bool]]],
) -> Answer:
    """The remembered answer of this request id, or a newly made one. Calls at the same moment wait for the first.

    Where a display cap was consumed, the answer is durable when it returns, unless the store is slow.
    """
    patience = runtime.breaker.patient()
    name = (snapshot.project.id, _name(call))
    under_way = runtime.answers.under_way.get(name)
    if under_way is not None:
        return await asyncio.shield(under_way)
    future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    runtime.answers.under_way[name] = future
    try:
        answer = await _recall(runtime, name, call.context.now, patience)
        if answer is None:
            answer, consumed = await make(patience)
            storing = _remember(runtime, name, call.context, answer)
            if consumed and storing is not None:
                await asyncio.wait((storing,), timeout=max(patience.left, 0.0))
        future.set_result(answer)
        return answer
    except BaseException as error:
        future.set_exception(error)
        future.exception()
        raise
    finally:
        del runtime.answers.under_way[name]


async def _recall(runtime: Runtime, name: tuple[str, str], now: int, patience: Patience) -> Answer | None:
    held = runtime.answers.recall(name, now)
    if held is not None:
        return held
    try:
        asking = runtime.store.remembered_answer(*name, since=now - AnswerMemory.LIFE_MS)
        body = await runtime.breaker.call(asking, patience)
        return _DECODER.decode(body) if body is not None else None
    except (Unavailable, msgspec.DecodeError):
        return None


def _remember(runtime: Runtime, name: tuple[str, str], context: Context, answer: Answer) -> asyncio.Task[None] | None:
    """Keep an answer, and begin to store it. Degraded answers are not kept."""
    if answer.degraded:
        return None
    runtime.answers.keep(name, context.now, answer)
    return runtime.background(_store(runtime, name, answer, context))


async def _store(runtime: Runtime, name: tuple[str, str], answer: Answer, context: Context) -> None:
    body = _ENCODER.encode(answer)
    try:
        await runtime.store.remember_answer(*name, body, context.now, visitor=context.visitor)
    except Unavailable:
        runtime.breaker.trip()


def _name(call: DecideCall) -> str:
    """A request id belongs to the visitor it came with; what is stored tells neither."""
    visitor = call.context.visitor
    text = "\0".join((call.request_id or "", visitor.id or "", visitor.anonymous_id or ""))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
