"""Steady, light traffic: decide calls whose answers are judged, events that are sent until they are acknowledged."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from tests.outages.line import Line
from tests.outages.shop import ASKED, Shop, fault, shows_once, visitor

#: how many callers there are
DECIDERS, SENDERS = 4, 2


class Sample(msgspec.Struct, frozen=True):
    """One decide call."""

    at: float
    ms: float
    degraded: bool
    #: empty when the answer was right or rightly degraded
    fault: str
    #: whether it was sent while there may have been no process to answer it: its time tells how long that took to start
    waited: bool


class Traffic:
    """What was asked and sent, and what came of it."""

    def __init__(self, shop: Shop, port: int, *, name: str = "t", rate: float = 20.0) -> None:
        self._shop = shop
        self._port = port
        self._name = name
        #: calls a second of each caller
        self._rate = rate
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._numbers = itertools.count()
        self._sent = itertools.count()
        self.samples: list[Sample] = []
        #: (when, status, ms) of every call with events that was answered
        self.recorded: list[tuple[float, int, float]] = []
        self.acknowledged: set[str] = set()
        #: whether a disk gives up just now: what is acknowledged meanwhile may be lost, for its kernel may say that
        #: a write is durable which is not
        self.unsure = False
        #: answers that nobody should give: other statuses, a 503 without Retry-After
        self.odd: list[str] = []
        #: connections that broke in the middle
        self.broken = 0
        #: visitor → how often the campaign that is shown once was shown
        self.shown_once: Counter[str] = Counter()
        #: whether a server that is killed is a part of the test
        self.mortal = False

    @contextlib.asynccontextmanager
    async def flowing(self) -> AsyncIterator[Traffic]:
        """Traffic for as long as the block lasts; then every batch under way is sent until it is acknowledged."""
        tasks = [asyncio.create_task(self._decide(n)) for n in range(DECIDERS)]
        tasks += [asyncio.create_task(self._send(n)) for n in range(SENDERS)]
        self._tasks = tasks
        try:
            yield self
            self.stop()
            await self.idle()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def stop(self) -> None:
        """Ask for no more."""
        self._stop.set()

    async def idle(self) -> None:
        """Wait until everything that was begun has its answer."""
        await asyncio.wait_for(asyncio.gather(*self._tasks), 30)

    async def _decide(self, offset: int) -> None:
        with contextlib.closing(Line(self._port, self._shop.secret)) as line:
            await self._decide_on(line, offset)

    async def _decide_on(self, line: Line, offset: int) -> None:
        await asyncio.sleep(offset / DECIDERS / self._rate)
        while not self._stop.is_set():
            name = visitor(next(self._numbers))
            began, waited = time.monotonic(), self.mortal
            try:
                answer = await line.ask("POST", "/v1/decide", {"visitor": {"id": name}, "campaigns": ASKED})
            except OSError as error:
                self._broke(began, error, waited)
                await asyncio.sleep(0.02)
                continue
            if answer.status == 200:
                found = fault(self._shop, name, answer.body)
                self.samples.append(Sample(began, answer.ms, answer.body["degraded"], found, waited))
                self.shown_once[name] += shows_once(answer.body)
            else:
                self.samples.append(Sample(began, answer.ms, False, f"{answer.status} {answer.body}", waited))
            await self._pause(began)

    def _broke(self, began: float, error: OSError, waited: bool) -> None:
        self.broken += 1
        if not (self.mortal or waited):
            self.samples.append(Sample(began, 0.0, False, f"no answer: {error!r}", False))

    async def _send(self, offset: int) -> None:
        with contextlib.closing(Line(self._port, self._shop.secret)) as line:
            while not self._stop.is_set():
                numbers = list(itertools.islice(self._sent, 5))
                began = time.monotonic()
                await self._deliver(line, [self._event(number) for number in numbers])
                await self._pause(began)

    def _event(self, number: int) -> dict[str, Any]:
        return {
            "id": f"{self._name}-{number}",
            "name": "view",
            "visitor": {"id": visitor(number)},
            "properties": {"page": number},
        }

    async def _deliver(self, line: Line, events: list[dict[str, Any]]) -> None:
        """The same batch again until it is acknowledged."""
        while True:
            began, waited = time.monotonic(), self.mortal
            try:
                answer = await line.ask("POST", "/v1/events", {"events": events})
            except OSError as error:
                self.broken += 1
                if not (self.mortal or waited):
                    self.odd.append(f"events: no answer: {error!r}")
                await asyncio.sleep(0.02)
                continue
            self.recorded.append((began, answer.status, answer.ms))
            if answer.status == 200:
                self._acknowledge(events, answer.body)
                return
            if answer.status != 503 or int(answer.headers.get("retry-after", "0")) < 1:
                self.odd.append(f"events: {answer.status} {answer.headers} {answer.body}")
            await asyncio.sleep(0.1)

    def _acknowledge(self, events: list[dict[str, Any]], told: Any) -> None:
        if told["accepted"] + told["duplicates"] != len(events):
            self.odd.append(f"events: {told}")
        if not self.unsure:
            self.acknowledged.update(event["id"] for event in events)

    async def _pause(self, began: float) -> None:
        left = began + 1 / self._rate - time.monotonic()
        if left > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), left)

    # -- what it was like --------------------------------------------------------------------------------------------

    @property
    def faults(self) -> list[str]:
        """Every decide call that was not answered, or answered wrongly."""
        return [sample.fault for sample in self.samples if sample.fault]

    @property
    def shown_twice(self) -> list[str]:
        """Visitors to whom the campaign that is shown once was shown again."""
        return [name for name, count in self.shown_once.items() if count > 1]

    def answered(self, since: float, until: float) -> list[int]:
        """The statuses of the calls with events that were sent and answered within a time."""
        return [status for at, status, ms in self.recorded if since <= at and at + ms / 1000 < until]
